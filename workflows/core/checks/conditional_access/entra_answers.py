"""Read one answer of Entra's What If evaluation: which policies apply to a sign-in, and why the others do not."""

from collections.abc import Mapping, Sequence
from typing import Final

from workflows.core.checks.conditional_access.scope import ConditionType
from workflows.core.settings.canonical import JsonObject

ANSWERED_REASONS: Final = frozenset(
    {"users", "workloadIdentities", "policyNotEnabled", "emptyPolicy", "application", "clientApps"}
    | {"signInRisk", "userRisk"}
)
"""Entra's reasons why a policy does not apply, about conditions that a question contains."""
UNANSWERED_REASONS: Final[Mapping[str, frozenset[ConditionType]]] = {
    "users": frozenset({ConditionType.MEMBERSHIP}),
    "devicePlatform": frozenset({ConditionType.PLATFORMS}),
    "devices": frozenset({ConditionType.DEVICES}),
    "location": frozenset({ConditionType.LOCATIONS}),
    "time": frozenset({ConditionType.OTHER}),
    "insiderRisk": frozenset({ConditionType.INSIDER_RISK}),
    "authenticationFlow": frozenset({ConditionType.FLOWS}),
    "authenticationContext": frozenset({ConditionType.AUTHENTICATION_CONTEXT}),
    "userActions": frozenset({ConditionType.REGISTRATION}),
    "application": frozenset(
        {ConditionType.OTHER_APPLICATIONS, ConditionType.AUTHENTICATION_CONTEXT, ConditionType.REGISTRATION}
    ),
}
"""Entra's reasons about conditions that no question contains. The policy may apply to a real sign-in."""


def rows_by_policy(answer: Sequence[JsonObject]) -> Mapping[str, JsonObject]:
    """Return what an answer says about each policy, by the policy's id."""
    return {str(row.get("id") or ""): row for row in answer}


def reason_of(row: JsonObject | None) -> str:
    """Return Entra's code for why a policy does not apply; the name of the member when there is none."""
    if row is None or row.get("policyApplies") is not False:
        return "policyApplies"
    reason = row.get("analysisReasons")
    return reason if isinstance(reason, str) and reason else "analysisReasons"

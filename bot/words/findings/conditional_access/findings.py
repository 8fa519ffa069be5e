"""The sentence and the details of each finding about Conditional Access."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from bot.words.findings.conditional_access.stated_verdict import StatedVerdict, stated_verdicts
from bot.words.findings.conditional_access.verdicts import (
    CLIENTS,
    MAX_POLICY_GROUPS,
    MEANINGS,
    VISITORS,
    list_words,
    policy_lines,
    quoted_name,
    summary_words,
)
from bot.words.unavailable.not_read import UNREAD_REASON_WORDS
from workflows.core.checks.conditional_access.application_coverage import ALL
from workflows.core.checks.conditional_access.controls import PolicyEffect, VisitorType
from workflows.core.checks.conditional_access.policy import NO_RISK
from workflows.core.checks.findings import FindingCode
from workflows.core.checks.tenant_facts import UnreadableReason
from workflows.core.errors.facts import Values

MAX_LINES: Final = 100
"""Lines of details about one finding. The rest is counted."""
SHARED: Final = (
    "The effect of Conditional Access is an estimate, as for every partner with this access. "
    "No policy names this tenant, so Entra was not asked about it alone."
)
_ORDER: Final = (
    *(PolicyEffect.LOCKED_OUT, PolicyEffect.NOT_KNOWN, PolicyEffect.DEPENDS),
    *(PolicyEffect.REQUIRED_IN_OUR_TENANT, PolicyEffect.REQUIRED_IN_PARTNER_TENANT, PolicyEffect.WORKS),
)


def access_finding_words(code: str, values: Values) -> str:
    """Return the sentence of a finding about Conditional Access."""
    return _WORDS[FindingCode(code)](values)


def access_finding_lines(code: str, values: Values) -> tuple[str, ...]:
    """Return the details line by line: policy by policy, or sign-in by sign-in."""
    match FindingCode(code):
        case FindingCode.CA_UNLISTED | FindingCode.CA_SHARED:
            return ()
        case FindingCode.CA_ESTIMATE:
            return _cut([f"Not checked: {question_words(value)}." for value in values["questions"]], values["left_out"])
        case _:
            lines = policy_lines(stated_verdicts(values))
            return _cut(lines, len(lines))


def locked_out_words(values: Values) -> str:
    """State on one line whom enforced policies lock out."""
    return summary_words(stated_verdicts(values))


def estimate_words(values: Values) -> str:
    """State that a part of the result is an estimate, and why."""
    if values["why"] is not None:
        why = UNREAD_REASON_WORDS[UnreadableReason(values["why"])]
        return (
            f"Entra did not evaluate every sign-in ({why}). Conditional Access policies "
            "were read instead, so this is an estimate."
        )
    left_out = values["left_out"]
    return (
        f"{left_out} of {values['answered'] + left_out} kinds of sign-in were not checked with Entra, which takes one "
        "request a second. For these, Conditional Access policies were read instead, so this is an estimate."
    )


def question_words(question: Mapping[str, Any]) -> str:
    """Describe a sign-in that was not evaluated, from `question_values`."""
    risks = [
        f"at {question[key]} {risk_kind} risk"
        for key, risk_kind in (("user_risk", "user"), ("sign_in_risk", "sign-in"))
        if question[key] != NO_RISK
    ]
    application = "all applications" if question["application"] == ALL else question["application"]
    visitor, client = VISITORS[VisitorType(question["visitor"])], CLIENTS[question["client"]]
    return " ".join([visitor, "in", client, "to", application, *risks])


def _effect(code: FindingCode) -> Callable[[Values], str]:
    label = MEANINGS[PolicyEffect(code.value.removeprefix("ca_"))]
    return lambda values: f"{label}: {summary_words(stated_verdicts(values))}."


def _report_only_words(values: Values) -> str:
    verdicts: Sequence[StatedVerdict] = stated_verdicts(values)
    parts = [
        f"{MEANINGS[meaning].lower()}: {summary_words(some)}"
        for meaning in _ORDER
        if (some := [verdict for verdict in verdicts if verdict.effect is meaning])
    ]
    return f"Report-only policies are not enforced. If they were enforced: {'; '.join(parts)}."


def _unlisted_words(values: Values) -> str:
    names = list_words([quoted_name(name) for name in values["policies"]], MAX_POLICY_GROUPS, values["count"])
    return f"Entra's evaluation names policies that its list of policies does not have: {names}."


_WORDS: Final[Mapping[FindingCode, Callable[[Values], str]]] = {
    **{
        code: _effect(code)
        for code in (
            *(FindingCode.CA_LOCKED_OUT, FindingCode.CA_NOT_KNOWN, FindingCode.CA_DEPENDS),
            *(FindingCode.CA_REQUIRED_IN_OUR_TENANT, FindingCode.CA_REQUIRED_IN_PARTNER_TENANT, FindingCode.CA_WORKS),
        )
    },
    FindingCode.CA_REPORT_ONLY: _report_only_words,
    FindingCode.CA_ESTIMATE: estimate_words,
    FindingCode.CA_SHARED: lambda _: SHARED,
    FindingCode.CA_UNLISTED: _unlisted_words,
}


def _cut(lines: Sequence[str], count: int) -> tuple[str, ...]:
    first_lines = tuple(lines[:MAX_LINES])
    return first_lines if count <= len(first_lines) else (*first_lines, f"and {count - len(first_lines)} more.")

"""What a report about Conditional Access means for a request, as codes and values: one for each kind of effect."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, TypeVar

from workflows.core.checks.conditional_access.controls import PolicyEffect
from workflows.core.checks.conditional_access.questions import Question
from workflows.core.checks.conditional_access.scope import PolicyCondition
from workflows.core.checks.conditional_access.verdicts import AccessReport, PolicyVerdict
from workflows.core.checks.findings import Finding, FindingCode, Severity
from workflows.core.checks.unreadable_facts import CONDITIONAL_ACCESS, unreadable_finding
from workflows.core.errors.facts import Values

WHAT_IF: Final = "Graph: “conditionalAccessRoot: evaluate”"
MAX_KEPT: Final = 100
"""The most sign-ins and policy names in one fact. The others are counted."""
MAX_VALUES: Final = 10
"""The most values of one condition in a fact. The others are counted."""


_Item = TypeVar("_Item")


_SEVERITIES: Final[Mapping[PolicyEffect, Severity]] = {
    PolicyEffect.LOCKED_OUT: Severity.WARNING,
    PolicyEffect.NOT_KNOWN: Severity.UNCHECKED,
    PolicyEffect.DEPENDS: Severity.UNCHECKED,
    PolicyEffect.REQUIRED_IN_OUR_TENANT: Severity.NOTE,
    PolicyEffect.REQUIRED_IN_PARTNER_TENANT: Severity.NOTE,
    PolicyEffect.WORKS: Severity.NOTE,
}
"""The severity of each effect, in the order in which the findings are shown."""


class AccessBasis(StrEnum):
    """What a report is based on. The values are printed as JSON and CSV."""

    TENANT = "tenant"
    """Entra was asked about this tenant, or no policy is switched on."""
    TEMPLATE = "template"
    """An estimate: Entra was asked once for all partners with this access."""
    POLICIES = "policies"
    """An estimate: for some sign-ins, only the policies were read."""
    NOT_READ = "not_read"


def basis_of(report: AccessReport) -> AccessBasis:
    """Return what a report is based on, the least certain of several."""
    if report.unreadable is not None:
        return AccessBasis.NOT_READ
    if report.is_partly_unanswered:
        return AccessBasis.POLICIES
    return AccessBasis.TEMPLATE if report.is_estimate else AccessBasis.TENANT


def access_findings(report: AccessReport) -> tuple[Finding, ...]:
    """List the findings of a report: one for each effect, one for report-only policies, and what is an estimate."""
    return tuple(
        unreadable_finding("conditional_access", report.unreadable)
        if report.unreadable is not None
        else _findings(report)
    )


def locked_out_values(report: AccessReport) -> Values | None:
    """Return the values of `FindingCode.CA_LOCKED_OUT`; None when no enforced policy certainly locks somebody out."""
    verdicts = [
        verdict for verdict in report.verdicts if verdict.is_enforced and verdict.effect is PolicyEffect.LOCKED_OUT
    ]
    return {"verdicts": _grouped_values(verdicts)} if verdicts else None


def estimate_values(report: AccessReport) -> dict[str, Any] | None:
    """Return the values of `FindingCode.CA_ESTIMATE` without the sign-ins; None when Entra answered every question."""
    if not report.is_partly_unanswered:
        return None
    why = None if report.unanswered_because is None else report.unanswered_because.reason.value
    return {"why": why, "answered": report.answered_count, "left_out": len(report.left_out)}


def verdict_values(verdict: PolicyVerdict) -> dict[str, Any]:
    """Return a verdict as JSON values. The names of the values never change."""
    return {
        "policy_id": verdict.policy_id,
        "policy": verdict.policy,
        "is_enforced": verdict.is_enforced,
        "visitor": verdict.visitor.value,
        "meaning": verdict.effect.value,
        "where_it_applies": verdict.effect_where_applied.value,
        "reasons": [
            {
                "because": reason.code.value,
                "control": None if reason.kind is None else reason.kind.value,
                "name": reason.name or None,
            }
            for reason in verdict.reasons
        ],
        "conditions": [{"when": each.kind.value, "values": list(each.values)} for each in verdict.conditions],
        "remedies": [remedy.value for remedy in verdict.remedies],
        "source": verdict.source.value,
    }


def question_values(question: Question) -> dict[str, Any]:
    """Return a sign-in as JSON values, without the tenant id."""
    return {
        "visitor": question.visitor.value,
        "client": question.client.value,
        "application": question.application,
        "user_risk": question.user_risk,
        "sign_in_risk": question.sign_in_risk,
    }


def _findings(report: AccessReport) -> Iterator[Finding]:
    enforced = [verdict for verdict in report.verdicts if verdict.is_enforced]
    for effect, severity in _SEVERITIES.items():
        if verdicts := [verdict for verdict in enforced if verdict.effect is effect]:
            yield _about(FindingCode(f"ca_{effect}"), severity, verdicts)
    if reporting := [verdict for verdict in report.verdicts if not verdict.is_enforced]:
        yield _about(FindingCode.CA_REPORT_ONLY, Severity.NOTE, reporting)
    if (estimate := estimate_values(report)) is not None:
        questions = [question_values(question) for question in report.left_out[:MAX_KEPT]]
        yield Finding(
            code=FindingCode.CA_ESTIMATE,
            severity=Severity.UNCHECKED,
            values={**estimate, "questions": questions},
            source=WHAT_IF,
        )
    if report.is_shared and report.answered_count:
        yield Finding(code=FindingCode.CA_SHARED, severity=Severity.UNCHECKED, source=WHAT_IF)
    if report.unlisted_policies:
        yield Finding(
            code=FindingCode.CA_UNLISTED,
            severity=Severity.UNCHECKED,
            values={"policies": list(report.unlisted_policies[:MAX_KEPT]), "count": len(report.unlisted_policies)},
            source=WHAT_IF,
        )


def _about(code: FindingCode, severity: Severity, verdicts: Sequence[PolicyVerdict]) -> Finding:
    values = {"verdicts": _grouped_values(verdicts)}
    return Finding(code=code, severity=severity, values=values, source=CONDITIONAL_ACCESS)


def _grouped_values(verdicts: Sequence[PolicyVerdict]) -> list[dict[str, Any]]:
    """Return verdicts as JSON values. Verdicts that differ only in the visitor become one."""
    alike = group_by(verdicts, lambda verdict: tuple(getattr(verdict, name) for name in _COMPARED))
    return [_group_values(group) for group in alike]


_COMPARED: Final = (
    *("policy_id", "policy", "is_enforced", "effect", "effect_where_applied"),
    *("reasons", "conditions", "remedies", "source"),
)


def _group_values(verdicts: Sequence[PolicyVerdict]) -> dict[str, Any]:
    values = verdict_values(verdicts[0])
    del values["visitor"]
    visitors = [verdict.visitor.value for verdict in verdicts]
    return {
        **values,
        "visitors": visitors,
        "conditions": [_condition_values(condition) for condition in verdicts[0].conditions],
    }


def _condition_values(condition: PolicyCondition) -> dict[str, Any]:
    return {"when": condition.kind.value, "values": list(condition.values[:MAX_VALUES]), "count": len(condition.values)}


def group_by(items: Sequence[_Item], key: Callable[[_Item], object]) -> list[Sequence[_Item]]:
    """Group items by a key, in the order of first appearance."""
    groups: dict[object, list[_Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return list(groups.values())

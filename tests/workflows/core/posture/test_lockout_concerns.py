"""Whom Conditional Access locks out of a partner today, and what of that is not known."""

from typing import Any

from tests.workflows.core.builders import TENANT
from tests.workflows.core.policies import NOTHING, policy
from workflows.core.checks.conditional_access.controls import VisitorType
from workflows.core.checks.conditional_access.policy import parse_policy
from workflows.core.checks.conditional_access.questions import VisitorAccess, questions
from workflows.core.checks.conditional_access.verdicts import AccessReport, assess
from workflows.core.checks.tenant_facts import UnreadableFact, UnreadableReason
from workflows.core.posture.access_concerns import lockout_concerns
from workflows.core.posture.concern_codes import ConcernCode
from workflows.core.posture.model import Concern, ConcernSeverity

GUESTS = (VisitorAccess(visitor=VisitorType.GUEST, applications=("Office365",)),)


def concerns(*documents: dict[str, Any], answered: dict[str, Any] | None = None) -> list[Concern]:
    """What the posture says where Entra answers that each policy applies, unless told otherwise."""
    chosen = questions([parse_policy(one) for one in documents], GUESTS, TENANT)
    answer = {"policyApplies": True, "analysisReasons": "notSet", **(answered or {})}
    answers = {question: [{**one, **answer} for one in documents] for question in chosen.questions}
    return list(lockout_concerns(assess(documents, GUESTS, TENANT, NOTHING, chosen, answers)))


def test_whom_an_enforced_policy_locks_out_is_a_warning() -> None:
    (concern,) = concerns(policy("block", name="No guests"))
    assert (concern.code, concern.severity) == (ConcernCode.LOCKED_OUT, ConcernSeverity.WARNING)
    (verdict,) = concern.values["verdicts"]
    assert (verdict["policy"], verdict["visitors"], verdict["meaning"], verdict["source"]) == (
        "No guests",
        ["b2bCollaborationGuest"],
        "locked_out",
        "entra",
    )


def test_who_comes_in_and_whom_only_a_report_names_is_no_concern() -> None:
    assert concerns() == []
    assert concerns(policy("mfa")) == []
    assert concerns(policy("block", state="enabledForReportingButNotEnforced")) == []


def test_what_could_not_be_read_is_said_and_never_fine() -> None:
    report = AccessReport(visitors=(VisitorType.GUEST,), unreadable=UnreadableFact(reason=UnreadableReason.NO_LICENCE))
    assert list(lockout_concerns(report)) == [
        Concern(
            code=ConcernCode.CONDITIONAL_ACCESS_UNREADABLE,
            severity=ConcernSeverity.UNCHECKED,
            values={"why": UnreadableReason.NO_LICENCE.value},
        )
    ]


def test_what_was_only_estimated_is_said_with_the_reason() -> None:
    documents = [policy("block")]
    chosen = questions([parse_policy(one) for one in documents], GUESTS, TENANT)
    throttled = dict.fromkeys(chosen.questions, UnreadableFact(reason=UnreadableReason.THROTTLED))
    locked_out, estimate = lockout_concerns(assess(documents, GUESTS, TENANT, NOTHING, chosen, throttled))
    assert locked_out.code is ConcernCode.LOCKED_OUT
    assert locked_out.values["verdicts"][0]["source"] == "estimate"
    assert estimate == Concern(
        code=ConcernCode.ESTIMATE,
        severity=ConcernSeverity.UNCHECKED,
        values={"why": "throttled", "answered": 0, "left_out": 1},
    )


def test_a_concern_can_be_in_a_set_although_its_values_are_lists() -> None:
    (concern,) = concerns(policy("block"))
    (same,) = concerns(policy("block"))
    (other,) = concerns(policy("block", name="Other"))
    assert len({concern, same, other}) == 2

"""A suspension is lifted to exactly what was approved, while it is young, as it was read back, and before its end."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from bot.words.requests.notes import refusal_words
from tests.workflows.core.builders import (
    DANA,
    NOW,
    RILEY,
    SAM,
    STAGES,
    current_roles,
    particulars,
    partnership,
    prepared,
    reduction_plan,
    request,
    situation,
)
from workflows.core.errors.raised import Refused
from workflows.core.partners.closing.lifting import (
    USUAL_LIFT_WITHIN,
    CannotLift,
    is_liftable,
    liftable_request,
    require_may_lift,
)
from workflows.core.partners.outcome.advancing import advance_request_and_record
from workflows.core.partners.partnership import Partnership, PartnershipState, SettingsBasis, Suspension
from workflows.core.partners.reviewing.review_events import start_review
from workflows.core.people import GATEHOUSE, command_line_person, is_chat_user
from workflows.core.policy.template import Stage
from workflows.core.requests.commands.automatic import RecordApplied, RecordApplyFailed
from workflows.core.requests.commands.review_event import ReviewReason, ReviewReasonCode, StartReview
from workflows.core.requests.request import RequestId, RequestKind, RequestState

OPENED_BY: Final = RequestId("r-opened")
SUSPENSION: Final = Suspension(at=NOW, request_id=OPENED_BY)
LATER: Final = NOW + timedelta(days=3)


def suspended(**changes: Any) -> Partnership:
    """Return the record of a suspended partner."""
    state: dict[str, Any] = {"state": PartnershipState.SUSPENDED, "suspension": SUSPENSION, "next_review_at": None}
    return partnership(**{**state, **changes})


def test_the_records_say_whether_it_is_offered() -> None:
    assert is_liftable(suspended(), now=LATER)
    assert not is_liftable(suspended(), now=LATER, within=timedelta(days=2))
    assert not is_liftable(None, now=LATER)


def test_it_names_what_becomes_active_again_and_its_end() -> None:
    record = suspended()
    found = liftable_request(record, now=LATER, within=USUAL_LIFT_WITHIN, is_drifted=False)
    assert found == (record, OPENED_BY, record.ends_at)


@pytest.mark.parametrize(
    ("record", "changes", "why"),
    [
        (None, {}, CannotLift.NOT_SUSPENDED),
        (partnership(), {}, CannotLift.NOT_SUSPENDED),
        (suspended(suspension=replace(SUSPENSION, request_id=None)), {}, CannotLift.NO_ACCESS_BEFORE),
        (suspended(ends_at=None), {}, CannotLift.NO_ACCESS_BEFORE),
        (
            suspended(suspension=replace(SUSPENSION, basis=SettingsBasis.PARTLY_APPLIED)),
            {},
            CannotLift.NOT_AS_APPROVED,
        ),
        (suspended(ends_at=LATER), {}, CannotLift.ENDED),
        (suspended(), {"within": timedelta(days=2)}, CannotLift.TOO_OLD),
        (suspended(), {"is_drifted": True}, CannotLift.DRIFTED),
    ],
    ids=lambda one: one.value if isinstance(one, CannotLift) else None,
)
def test_everything_else_is_refused_with_what_to_do(
    record: Partnership | None, changes: dict[str, Any], why: CannotLift
) -> None:
    usual: dict[str, Any] = {"now": LATER, "within": USUAL_LIFT_WITHIN, "is_drifted": False}
    with pytest.raises(Refused) as refused:
        liftable_request(record, **{**usual, **changes})
    assert refused.value.fact.values["why"] == why
    assert "/partner" in refusal_words(refused.value)


def test_admins_and_the_sponsor_may_ask_for_it() -> None:
    roles = current_roles(dana="admin")
    require_may_lift(suspended(), DANA, roles)
    require_may_lift(suspended(), SAM, roles)
    with pytest.raises(Refused) as refused:
        require_may_lift(suspended(), RILEY, roles)
    assert refused.value.code == "not_the_sponsor"


def lifted(record: Partnership, stages: tuple[Stage, ...] = STAGES) -> tuple[Partnership, set[str]]:
    """Return the record after a lift was read back, and the codes of the messages."""
    fields = replace(particulars(RequestKind.RESTORATION), restores=OPENED_BY, restores_result=True, lifts=True)
    one = request(RequestState.APPLYING, RequestKind.RESTORATION, fields=fields, prepared=prepared(stages=stages))
    outcome = advance_request_and_record(one, RecordApplied(configuration={}), replace(situation(), now=LATER), record)
    assert outcome.partnership is not None
    return outcome.partnership, {effect.fact.code for effect in outcome.effects if effect.kind == "tell"}


def test_the_record_is_as_it_was_with_a_new_review_and_the_stricter_chain() -> None:
    record = suspended(ends_at=NOW + timedelta(days=20))
    after, told = lifted(record, STAGES[:1])
    assert (after.state, after.suspension, after.not_closed) == (PartnershipState.ACTIVE, None, None)
    assert (after.ends_at, after.sponsor, after.template, after.stages) == (
        record.ends_at,
        record.sponsor,
        record.template,
        STAGES,
    )
    assert after.next_review_at == record.ends_at, "sooner than its interval"
    assert told == {"lifted"}


def test_the_review_of_before_is_over_and_the_same_event_is_a_reason_again() -> None:
    drift = ReviewReason(code=ReviewReasonCode.DRIFT, at=NOW)
    record = suspended(
        review_reasons=(drift,),
        review_events=("drift:d-1", "no_sign_in:2026-11-01"),
        regular_review_at=NOW,
        asked_since=NOW,
        reminders=3,
    )
    after, _ = lifted(record)
    assert (after.review_reasons, after.regular_review_at, after.asked_since, after.reminders) == ((), None, None, 0)
    assert after.review_events == ("no_sign_in:2026-11-01",), "nobody has signed in since"
    again = start_review(after, StartReview(reason=ReviewReasonCode.DRIFT, event="d-1"), LATER)
    assert again.state is PartnershipState.REVIEW_DUE


@pytest.mark.parametrize("is_part", [False, True])
def test_a_suspended_partner_that_was_opened_outside_and_reduced_stays_suspended(is_part: bool) -> None:
    """What is still open was approved by nobody, so the partner is not active: a sweep goes on to report it."""
    record = suspended(request_id=RequestId("r-suspension"))
    one = request(RequestState.APPLYING, prepared=prepared(plan=reduction_plan()), writing_since=NOW)
    command = RecordApplyFailed(reason=(), configuration={}) if is_part else RecordApplied(configuration={})
    outcome = advance_request_and_record(one, command, replace(situation(), now=LATER), record)
    assert outcome.partnership == replace(record, version=record.version + 1)
    assert is_liftable(outcome.partnership, now=LATER), "its whole chain still lifts it, once it is blocked again"


def test_a_lift_of_what_is_not_suspended_any_more_is_an_approved_restore() -> None:
    after, _ = lifted(partnership(state=PartnershipState.REVOKED))
    assert (after.state, after.stages) == (PartnershipState.ACTIVE, STAGES)


def test_neither_the_bot_nor_the_command_line_gets_messages() -> None:
    user = command_line_person("os:dana")
    assert (user.id, user.name) == ("os:dana", "dana (command line)")
    assert [is_chat_user(one) for one in (GATEHOUSE.chat_id, user.chat_id, SAM.chat_id)] == [False, False, True]

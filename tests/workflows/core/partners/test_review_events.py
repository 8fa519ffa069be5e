"""Events start a review before its time: each once, as a reason of the one open review."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.words.requests.notes import refusal_words
from tests.workflows.core.builders import NOW, REQUEST, SAM, TENANT, current_roles, everybody, partnership, request
from workflows.core.errors.raised import Refused
from workflows.core.partners.outcome.new_records import opened_partnership
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.reviewing.review_events import has_event, kept_events
from workflows.core.partners.reviewing.reviews import ReviewTransition, advance_review
from workflows.core.requests.commands.partner_record import (
    AskReview,
    GoneReason,
    Keep,
    PartnershipCommand,
    RecordSponsorGone,
)
from workflows.core.requests.commands.review_event import (
    EndReviewReason,
    ReviewReason,
    ReviewReasonCode,
    StartReview,
)
from workflows.core.requests.effects import ShowReview
from workflows.core.requests.request import RequestState

DAY = timedelta(days=1)
MOVED = StartReview(reason=ReviewReasonCode.DOMAIN_MOVED, event="other", values={"tenant_id": "other"})
DRIFT = StartReview(reason=ReviewReasonCode.DRIFT, event="f1", values={"drift": "absent"}, is_told=True)
DRIFT_OVER = EndReviewReason(reason=ReviewReasonCode.DRIFT)
KEEP = Keep(actor=SAM, tenant_id=TENANT, reason="The launch moved to July")


def step(known: Partnership, command: PartnershipCommand, days: int = 1) -> ReviewTransition:
    return advance_review(known, command, current_roles=current_roles(), now=NOW + days * DAY)


def codes(known: Partnership) -> list[str]:
    return [reason.code.value for reason in known.review_reasons]


def test_an_event_makes_a_review_due_now_and_asks_once() -> None:
    transition = step(partnership(), MOVED)
    reason = ReviewReason(code=ReviewReasonCode.DOMAIN_MOVED, at=NOW + DAY, values={"tenant_id": "other"})
    assert transition == ReviewTransition(
        partnership=partnership(
            version=4,
            state=PartnershipState.REVIEW_DUE,
            review_reasons=(reason,),
            review_events=("domain_moved:other",),
            regular_review_at=NOW + 30 * DAY,
            next_review_at=NOW + DAY,
        ),
        effects=(ShowReview(tenant_id=TENANT),),
    )


def test_an_event_that_people_were_told_of_is_asked_about_with_the_next_reminder() -> None:
    transition = step(partnership(), DRIFT)
    assert transition.effects == (ShowReview(tenant_id=TENANT),)
    assert transition.partnership.reminders == 0
    asked = step(transition.partnership, AskReview(), 4)
    assert (asked.partnership.reminders, codes(asked.partnership)) == (1, ["drift"])


def test_another_event_is_a_reason_of_the_open_review_and_sends_no_second_question() -> None:
    first = step(partnership(), MOVED).partnership
    second = step(first, DRIFT, 2)
    assert second.effects == (ShowReview(tenant_id=TENANT),)
    assert codes(second.partnership) == ["domain_moved", "drift"]
    assert (second.partnership.reminders, second.partnership.next_review_at) == (0, first.next_review_at)
    assert second.partnership.regular_review_at == first.regular_review_at


def test_the_same_event_is_a_reason_once_also_after_an_answer() -> None:
    known = step(partnership(), MOVED).partnership
    for after in (known, step(known, KEEP, 2).partnership):
        with pytest.raises(Refused) as refused:
            step(after, MOVED, 3)
        assert refused.value.code == "not_due"
        assert refusal_words(refused.value) == "This is known already."


def test_an_answer_ends_the_reasons_and_sets_the_regular_review() -> None:
    kept = step(step(partnership(), MOVED).partnership, KEEP, 2).partnership
    assert (kept.review_reasons, kept.regular_review_at) == ((), None)
    assert kept.next_review_at == NOW + 32 * DAY
    assert has_event(kept, ReviewReasonCode.DOMAIN_MOVED)
    assert has_event(kept, ReviewReasonCode.DOMAIN_MOVED, "other")
    assert not has_event(kept, ReviewReasonCode.DOMAIN_MOVED, "oth")


def test_a_review_that_only_drift_started_ends_with_the_drift() -> None:
    known = step(partnership(), DRIFT).partnership
    ended = step(known, DRIFT_OVER, 2)
    assert ended.partnership == partnership(version=5, review_ended_by=known.review_reasons[0], ended_reviews=1)
    assert ended.effects == (ShowReview(tenant_id=TENANT),)
    again = step(ended.partnership, DRIFT, 3).partnership
    assert (codes(again), again.review_ended_by) == (["drift"], None)


def test_a_regular_review_that_became_due_meanwhile_is_asked_about_when_the_drift_is_over() -> None:
    known = replace(step(partnership(), DRIFT).partnership, regular_review_at=None)
    ended = step(known, DRIFT_OVER, 40).partnership
    asked = step(ended, AskReview(), 40).partnership
    assert (codes(asked), asked.review_ended_by) == (["calendar"], None)


def test_a_review_with_another_reason_stays_open_when_the_drift_is_over() -> None:
    known = step(step(partnership(), MOVED).partnership, DRIFT, 2).partnership
    ended = step(known, DRIFT_OVER, 3).partnership
    assert (ended.state, codes(ended)) == (PartnershipState.REVIEW_DUE, ["domain_moved"])


def test_whether_unused_access_is_needed_stays_a_question_when_somebody_signs_in() -> None:
    silent = StartReview(reason=ReviewReasonCode.NO_SIGN_IN, event="none")
    known = step(partnership(), silent).partnership
    seen = step(known, EndReviewReason(reason=ReviewReasonCode.NO_SIGN_IN), 2).partnership
    assert (seen.state, codes(seen), seen.review_events) == (PartnershipState.REVIEW_DUE, ["no_sign_in"], ())
    again = step(seen, silent, 3).partnership
    assert [(reason.code.value, reason.at) for reason in again.review_reasons] == [("no_sign_in", NOW + 3 * DAY)]


def test_an_event_that_is_over_after_the_answer_may_come_again() -> None:
    kept = step(step(partnership(), MOVED).partnership, KEEP, 2).partnership
    over = step(kept, EndReviewReason(reason=ReviewReasonCode.DOMAIN_MOVED), 3).partnership
    assert (over.state, over.review_events) == (PartnershipState.ACTIVE, ())
    assert codes(step(over, MOVED, 4).partnership) == ["domain_moved"]


def test_an_end_of_what_never_was_changes_nothing() -> None:
    with pytest.raises(Refused) as refused:
        step(partnership(), DRIFT_OVER)
    assert refused.value.code == "not_due"


def test_an_open_review_that_an_earlier_version_started_stays_open_when_drift_is_over() -> None:
    known = partnership(state=PartnershipState.REVIEW_DUE, review_events=("drift:f1",))
    after = step(known, DRIFT_OVER).partnership
    assert (after.state, after.review_events) == (PartnershipState.REVIEW_DUE, ())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "calendar"),
        ({"ends_at": NOW + 20 * DAY, "next_review_at": NOW + 20 * DAY}, "access_ended"),
        ({"basis": "overwritten", "next_review_at": NOW}, "not_approved"),
    ],
)
def test_a_review_of_the_calendar_says_why_it_is_due(changes: dict[str, object], code: str) -> None:
    known = step(partnership(**changes), AskReview(), 30).partnership
    assert codes(known) == [code]
    assert codes(step(known, AskReview(), 33).partnership) == [code], "the reminder adds no second reason"


def test_a_review_of_an_event_is_a_regular_one_too_once_its_day_has_come() -> None:
    known = step(partnership(), MOVED, 28).partnership
    known = step(known, AskReview(), 31).partnership
    assert codes(known) == ["domain_moved", "calendar"]
    assert codes(step(known, AskReview(), 34).partnership) == ["domain_moved", "calendar"]


def test_a_sponsor_without_an_account_is_the_reason_of_the_review() -> None:
    gone = RecordSponsorGone(sponsor=SAM.id, reason=GoneReason.DISABLED)
    known = step(partnership(), gone).partnership
    assert [(reason.code.value, reason.values) for reason in known.review_reasons] == [
        ("sponsor_gone", {"cause": "disabled"})
    ]
    again = step(replace(known, sponsor_gone_at=None), gone, 2).partnership
    assert codes(again) == ["sponsor_gone"], "the same reason twice is one reason"


def test_a_new_approval_answers_every_event_but_a_silence() -> None:
    known = partnership(
        state=PartnershipState.REVIEW_DUE,
        review_reasons=(ReviewReason(code=ReviewReasonCode.DRIFT, at=NOW),),
        review_events=("drift:f1", "no_sign_in:none"),
        regular_review_at=NOW,
    )
    applied = request(RequestState.APPLIED)
    opened = opened_partnership(applied, known, NOW + DAY)
    assert (opened.review_reasons, opened.review_events) == ((), ("no_sign_in:none",))
    assert opened.regular_review_at is None
    assert opened.request_id == REQUEST
    assert kept_events(replace(known, state=PartnershipState.REVOKED)) == kept_events(None) == ()


def test_who_may_keep_does_not_depend_on_the_reason() -> None:
    known = step(partnership(), MOVED).partnership
    kept = advance_review(known, KEEP, current_roles=everybody(sam=""), now=NOW + 2 * DAY).partnership
    assert kept.state is PartnershipState.ACTIVE

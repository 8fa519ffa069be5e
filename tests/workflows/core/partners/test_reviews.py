"""When a review is due, who answers it, and what an answer does."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.words.requests.notes import refusal_words
from tests.workflows.core.builders import (
    AMARA,
    DANA,
    MILLISECOND,
    NOW,
    REDEEM_STEP,
    REQUEST,
    RILEY,
    SAM,
    TENANT,
    access_plan,
    current_roles,
    everybody,
    partnership,
    prepared,
    request,
)
from workflows.core.errors.raised import Refused
from workflows.core.partners.outcome.new_records import closed_partnership, opened_partnership
from workflows.core.partners.partnership import Attestation, Partnership, PartnershipState
from workflows.core.partners.reviewing.reviews import ReviewTransition, advance_review, may_revoke
from workflows.core.people import CurrentRoles, Person
from workflows.core.policy.reviews.silence import ASKED_EARLY, ReviewReminder
from workflows.core.policy.reviews.sponsorship import FormerSponsor
from workflows.core.requests.commands.partner_record import AskReview, Keep, PartnershipCommand
from workflows.core.requests.commands.review_event import ReviewReason, ReviewReasonCode
from workflows.core.requests.effects import ShowRequest, ShowReview
from workflows.core.requests.request import RequestState

DAY = timedelta(days=1)
DUE = NOW + 30 * DAY
END = NOW + 90 * DAY
KEEP = Keep(actor=SAM, tenant_id=TENANT, reason="The launch moved to July")


def due(**changes: object) -> Partnership:
    """A partnership whose review was asked once, at DUE."""
    usual: dict[str, object] = {
        "state": PartnershipState.REVIEW_DUE,
        "next_review_at": DUE + 3 * DAY,
        "reminders": 1,
    }
    return partnership(**{**usual, **changes})


def refusal(
    known: Partnership, command: PartnershipCommand, now: datetime = DUE, on: CurrentRoles | None = None
) -> Refused:
    with pytest.raises(Refused) as refused:
        advance_review(known, command, current_roles=on or everybody(), now=now)
    assert refusal_words(refused.value)
    return refused.value


def test_a_review_is_asked_a_quarter_of_an_hour_early_at_most() -> None:
    met = refusal(partnership(), AskReview(), DUE - ASKED_EARLY - MILLISECOND)
    assert (met.code, refusal_words(met)) == ("not_due", "The review is not due yet.")
    for now in (DUE, DUE + MILLISECOND, DUE + 400 * DAY):
        assert advance_review(partnership(), AskReview(), current_roles=current_roles(), now=now) == ReviewTransition(
            partnership=partnership(
                version=4,
                state=PartnershipState.REVIEW_DUE,
                next_review_at=now + 3 * DAY,
                reminders=1,
                review_reminders=(ReviewReminder(number=1, sponsor=SAM.id, issued_at=now, batch=""),),
                asked_since=now,
                review_reasons=(
                    ReviewReason(
                        code=ReviewReasonCode.ACCESS_ENDED if now >= END else ReviewReasonCode.CALENDAR, at=now
                    ),
                ),
            ),
            effects=(ShowRequest(request_id=REQUEST),) if now >= END else (),
        )


def test_an_unanswered_review_is_asked_again_with_longer_pauses() -> None:
    known, now = partnership(ends_at=None), DUE
    for count, pause in enumerate((3, 7, 14, 14, 14, 5, 14, 14), start=1):
        known = advance_review(known, AskReview(), current_roles=current_roles(), now=now).partnership
        assert (known.reminders, known.version) == (count, 3 + count)
        assert refusal(known, AskReview(), now).code == "not_due", "the same moment asks once"
        assert refusal(known, AskReview(), now + pause * DAY - ASKED_EARLY - MILLISECOND).code == "not_due"
        now += pause * DAY


def test_a_partnership_without_a_date_is_never_asked_about() -> None:
    met = refusal(partnership(next_review_at=None), AskReview(), END + 1000 * DAY)
    assert met.code == "not_due"


@pytest.mark.parametrize("actor", [SAM, DANA], ids=["sponsor", "admin"])
def test_sponsor_and_admins_keep_an_access_with_a_reason(actor: Person) -> None:
    now = DUE + DAY
    transition = advance_review(
        due(),
        Keep(actor=actor, tenant_id=TENANT, reason="  The launch moved to July\n"),
        current_roles=everybody(sam=""),
        now=now,
    )
    assert transition == ReviewTransition(
        partnership=partnership(
            version=4,
            next_review_at=now + 30 * DAY,
            attestations=(Attestation(person=actor, reason="The launch moved to July", at=now),),
        ),
        effects=(ShowReview(tenant_id=TENANT),),
    )


def test_attestations_are_added_never_replaced() -> None:
    first = Attestation(person=DANA, reason="Audit", at=NOW)
    kept = advance_review(due(attestations=(first,)), KEEP, current_roles=everybody(), now=DUE).partnership
    assert kept.attestations == (first, Attestation(person=SAM, reason=KEEP.reason, at=DUE))


@pytest.mark.parametrize(
    ("reason", "problem"),
    [("yes", "too_short"), ("Still needed.", "too_short"), ("the launch MOVED to July", "repeated")],
)
def test_a_reason_without_substance_keeps_nothing(reason: str, problem: str) -> None:
    first = Attestation(person=DANA, reason=KEEP.reason, at=NOW)
    met = refusal(due(attestations=(first,)), Keep(actor=SAM, tenant_id=TENANT, reason=reason))
    assert (met.code, met.fact.values["problem"]) == ("reason_without_substance", problem)


def test_the_next_review_never_lies_behind_the_end_of_what_was_approved() -> None:
    late = END - DAY
    assert advance_review(due(), KEEP, current_roles=everybody(), now=late).partnership.next_review_at == END
    exact = END - 30 * DAY
    assert advance_review(due(), KEEP, current_roles=everybody(), now=exact).partnership.next_review_at == END
    early = exact - MILLISECOND
    assert (
        advance_review(due(), KEEP, current_roles=everybody(), now=early).partnership.next_review_at
        == END - MILLISECOND
    )


@pytest.mark.parametrize(
    ("interval", "ends_at", "expected"),
    [(None, END, END), (None, None, None), (30 * DAY, None, DUE + 30 * DAY)],
)
def test_an_access_without_interval_or_end_is_reviewed_by_the_other(
    interval: timedelta | None, ends_at: datetime | None, expected: datetime | None
) -> None:
    known = due(review_interval=interval, ends_at=ends_at)
    assert advance_review(known, KEEP, current_roles=everybody(), now=DUE).partnership.next_review_at == expected


@pytest.mark.parametrize("actor", [AMARA, RILEY], ids=["approver", "requester"])
def test_nobody_else_keeps_an_access(actor: Person) -> None:
    met = refusal(due(), Keep(actor=actor, tenant_id=TENANT, reason="Needed"), on=everybody(riley="security"))
    assert met.code == "not_the_sponsor"
    assert refusal_words(met) == "Only the sponsor, Sam, or an admin can keep this access. Ask one of them."


def test_an_admin_of_yesterday_keeps_nothing() -> None:
    assert (
        refusal(due(), Keep(actor=DANA, tenant_id=TENANT, reason="Needed"), on=everybody(dana="")).code
        == "not_the_sponsor"
    )


def test_a_review_is_answered_once() -> None:
    kept = advance_review(due(), KEEP, current_roles=everybody(), now=DUE).partnership
    met = refusal(kept, KEEP)
    assert (met.code, refusal_words(met)) == (
        "not_due",
        "Somebody has answered this review already. You need to do nothing.",
    )
    assert refusal(partnership(), KEEP).code == "not_due"


@pytest.mark.parametrize("reason", ["", "  ", "\n"])
def test_keeping_needs_a_reason(reason: str) -> None:
    met = refusal(due(), Keep(actor=SAM, tenant_id=TENANT, reason=reason))
    assert (met.code, refusal_words(met)) == ("reason_missing", "Write why the access is still needed.")


def test_nobody_prolongs_an_access_past_its_approved_end() -> None:
    assert advance_review(due(), KEEP, current_roles=everybody(), now=END - MILLISECOND)
    for now in (END, END + MILLISECOND):
        met = refusal(due(), KEEP, now)
        assert met.code == "past_its_end"
        assert refusal_words(met) == (
            "The access period ended, so one person cannot extend it. Send a new request with /partner request for "
            "contoso.com, or revoke."
        )


def test_an_access_past_its_end_is_still_asked_about() -> None:
    assert (
        advance_review(due(), AskReview(), current_roles=current_roles(), now=END + 9 * DAY).partnership.reminders == 2
    )


@pytest.mark.parametrize("command", [AskReview(), KEEP])
def test_a_revoked_partnership_absorbs_everything(command: PartnershipCommand) -> None:
    known = partnership(state=PartnershipState.REVOKED)
    met = refusal(known, command, END)
    assert (met.code, refusal_words(met)) == (
        "revoked",
        "This partner is already revoked. Request access with /partner request if it is needed.",
    )


@pytest.mark.parametrize(
    ("person", "on", "known", "may"),
    [
        (DANA, everybody(), partnership(), True),
        (DANA, everybody(), None, True),
        (DANA, everybody(dana="security"), partnership(), False),
        (SAM, everybody(sam=""), partnership(state=PartnershipState.REVIEW_DUE), True),
        (SAM, everybody(sam=""), partnership(), False),
        (SAM, everybody(sam=""), None, False),
        (SAM, everybody(sam=""), partnership(sponsor=RILEY, state=PartnershipState.REVIEW_DUE), False),
        (AMARA, everybody(), partnership(), False),
    ],
    ids=[
        "an admin",
        "an admin, a partner that Gatehouse did not open",
        "an admin of yesterday",
        "the sponsor who is asked",
        "the sponsor who is not asked",
        "a sponsor of nothing",
        "the sponsor of another partner",
        "an approver",
    ],
)
def test_admins_may_close_a_partner_and_its_sponsor_in_answer_to_a_review(
    person: Person, on: CurrentRoles, known: Partnership | None, may: bool
) -> None:
    assert may_revoke(known, person, on) is may


# --- Opening and closing --------------------------------------------------------------------------------------------


def test_an_opened_partnership_is_first_reviewed_after_its_interval_or_at_its_end() -> None:
    opened = opened_partnership(request(RequestState.APPLYING), None, NOW)
    assert opened == partnership(version=1, setup=(REDEEM_STEP,), setup_prompt_at=NOW + 7 * DAY)
    short = prepared(review_interval=200 * DAY)
    assert opened_partnership(request(RequestState.APPLYING, prepared=short), None, NOW).next_review_at == END


def test_opening_again_starts_clean_and_keeps_what_was_said() -> None:
    said = Attestation(person=DANA, reason="Audit", at=NOW)
    known = due(version=7, sponsor=DANA, attestations=(said,))
    opened = opened_partnership(request(RequestState.APPLYING), known, NOW)
    assert opened == partnership(
        version=8,
        attestations=(said,),
        setup=(REDEEM_STEP,),
        setup_prompt_at=NOW + 7 * DAY,
        former_sponsors=(FormerSponsor(person=DANA, until=NOW),),
    )


def test_an_access_without_an_end_is_reviewed_by_its_interval_alone() -> None:
    endless = request(RequestState.APPLYING, prepared=prepared(plan=replace(access_plan(), duration=None)))
    opened = opened_partnership(endless, None, NOW)
    assert (opened.ends_at, opened.next_review_at) == (None, DUE)
    assert not opened.is_past_its_end(END + 1000 * DAY)


def test_a_closed_partnership_has_no_end_and_is_not_reviewed() -> None:
    closed = closed_partnership(request(RequestState.APPLYING), due(version=9), NOW + DAY)
    assert (closed.state, closed.version, closed.since) == (PartnershipState.REVOKED, 10, NOW + DAY)
    assert (closed.ends_at, closed.review_interval, closed.next_review_at) == (None, None, None)
    assert closed.reminders == 0
    assert closed_partnership(request(RequestState.APPLYING), None, NOW).version == 1


def test_an_end_is_reached_at_its_exact_instant() -> None:
    assert not partnership().is_past_its_end(END - MILLISECOND)
    assert partnership().is_past_its_end(END)

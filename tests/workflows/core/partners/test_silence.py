"""A review that nobody answers: its reminders, who counts as told, and the suspension. No day here is chosen twice."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import pytest

from tests.bot.words.refused import worded_refusal
from tests.workflows.core.builders import DANA, NOW, RILEY, SAM, TENANT, current_roles, everybody, partnership, person
from workflows.core.errors.raised import Refused
from workflows.core.partners.closing.revoking import require_may_revoke
from workflows.core.partners.partnership import Attestation, Partnership, PartnershipState, SettingsBasis
from workflows.core.partners.reviewing.pointless_reviews import next_after_skipping, why_pointless
from workflows.core.partners.reviewing.reviews import advance_review
from workflows.core.partners.reviewing.silence import is_urgent
from workflows.core.partners.reviewing.silence_decision import SilenceSituation, SilenceStep, silence_step
from workflows.core.people import Person
from workflows.core.plans.plan import AtEnd, OnSilence
from workflows.core.policy.reviews.silence import (
    LAST_CALL,
    MAX_KEPT,
    PAUSES,
    REMINDER_AGE,
    AskedAs,
    ManagerSkipped,
    Reminded,
    ReviewReminder,
    asked_roles,
    consequence_at,
    with_issued,
)
from workflows.core.policy.reviews.terms import AttestedText, MfaAttestation
from workflows.core.requests.commands.partner_record import AskReview, Keep, PartnershipCommand
from workflows.core.requests.commands.review_event import (
    RecordReviewReminder,
    ReviewReason,
    ReviewReasonCode,
    SkipReason,
    SkipReview,
    SuspendForSilence,
)
from workflows.core.requests.delays.downtime import Gap
from workflows.core.requests.effects import ShowReview
from workflows.core.requests.request import RequestId

DAY: Final = timedelta(days=1)
DUE: Final = NOW + 30 * DAY
MONA: Final = person("mona")
AS_SPONSOR: Final = Reminded(person=SAM.chat_id, asked_as=(AskedAs.SPONSOR,))
AS_ADMIN: Final = Reminded(person=DANA.chat_id, asked_as=(AskedAs.ADMIN,))
ONLY: Final = Reminded(person=SAM.chat_id, asked_as=(AskedAs.SPONSOR, AskedAs.ADMIN))


def silent(**changes: object) -> Partnership:
    """A partner that is suspended when nobody answers, whose review is due at DUE."""
    usual: dict[str, object] = {"on_silence": OnSilence.SUSPEND, "ends_at": None, "next_review_at": DUE}
    return partnership(**{**usual, **changes})


def step(known: Partnership, command: PartnershipCommand, now: datetime) -> Partnership:
    return advance_review(known, command, current_roles=everybody(), now=now).partnership


def sent(known: Partnership, now: datetime, *people: Reminded, manager: Person | None = None) -> Partnership:
    """Ask once, and record who got it."""
    asked = step(known, AskReview(batch=now.isoformat()), now)
    return step(asked, RecordReviewReminder(batch=now.isoformat(), people=people, manager=manager), now)


def reminder(number: int, at: datetime, *people: Reminded) -> ReviewReminder:
    """One reminder to Sam, and who got it."""
    return ReviewReminder(
        number=number,
        sponsor=SAM.id,
        issued_at=at,
        batch=f"b{number}",
        is_sent=True,
        delivered_at=at if people else None,
        people=people,
    )


def called(*people: Reminded, **changes: object) -> Partnership:
    """A partner whose last reminder these people got, and whose earlier ones were all delivered."""
    days = ((1, 0), (2, 3), (3, 10), (4, 24), (5, 38), (6, 52))
    earlier = tuple(reminder(number, DUE - (57 - day) * DAY, AS_SPONSOR, AS_ADMIN) for number, day in days)
    reminders = (*earlier, reminder(LAST_CALL, DUE, *people))
    return silent(state=PartnershipState.REVIEW_DUE, review_reminders=reminders, **changes)


def attested(until: datetime) -> Attestation:
    """An answer a while ago, with an attestation of MFA that counts until then."""
    mfa = MfaAttestation(text=AttestedText.EVERYBODY_USES_MFA, until=until)
    return Attestation(person=SAM, reason="x", at=DUE - 30 * DAY, mfa=mfa)


def situation(now: datetime, **changes: object) -> SilenceSituation:
    usual: dict[str, object] = {"now": now, "gaps": (), "closings_left": 1}
    return SilenceSituation(**{**usual, **changes})  # type: ignore[arg-type]


def test_silence_lasts_sixty_days_and_who_is_asked_when() -> None:
    assert sum(PAUSES[: LAST_CALL - 1], REMINDER_AGE) == 60 * DAY
    asked = {number: [role.value for role in asked_roles(number)] for number in range(1, LAST_CALL + 1)}
    assert asked[1] == asked[2] == ["sponsor"]
    assert asked[3] == ["sponsor", "manager"]
    assert asked[4] == asked[LAST_CALL] == ["sponsor", "manager", "admin"]


def test_every_reminder_is_on_record_and_the_next_one_counts_from_the_last_that_was_sent() -> None:
    known, now, days = silent(), DUE, []
    for _ in range(LAST_CALL):
        known = sent(known, now, AS_SPONSOR)
        days.append((now - DUE).days)
        assert known.silence_ends_at == DUE + 60 * DAY, "every reminder names the same day"
        assert known.next_review_at is not None
        now = known.next_review_at
    assert days == [0, 3, 10, 24, 38, 52, 57]
    assert [one.number for one in known.review_reminders] == list(range(1, LAST_CALL + 1))
    late = step(silent(), AskReview(batch="b"), DUE)
    late = step(late, RecordReviewReminder(batch="b", people=(AS_SPONSOR,)), DUE + 5 * DAY)
    assert late.next_review_at == DUE + 8 * DAY, "a week without Slack makes the silence longer"


def test_a_reminder_that_nobody_got_is_sent_again_a_day_later_and_replaced() -> None:
    known = sent(sent(silent(), DUE, AS_SPONSOR), DUE + 3 * DAY)
    assert (known.reminders, known.next_review_at) == (2, DUE + 4 * DAY)
    again = sent(known, DUE + 4 * DAY, AS_SPONSOR)
    assert [one.number for one in again.review_reminders] == [1, 2]
    assert again.review_reminders[-1].delivered_at == DUE + 4 * DAY


def test_a_result_is_recorded_once_and_updates_the_cards() -> None:
    asked = step(silent(), AskReview(batch="b"), DUE)
    record = RecordReviewReminder(
        batch="b", people=(AS_SPONSOR,), manager=MONA, manager_skipped=ManagerSkipped.UNREADABLE
    )
    transition = advance_review(asked, record, current_roles=everybody(), now=DUE)
    assert transition.effects == (ShowReview(tenant_id=TENANT),)
    [reminder] = transition.partnership.review_reminders
    assert (reminder.people, reminder.manager, reminder.manager_skipped) == (
        (AS_SPONSOR,),
        MONA,
        ManagerSkipped.UNREADABLE,
    )
    for batch in ("b", "other"):
        with worded_refusal(Refused, match="not due"):
            step(transition.partnership, RecordReviewReminder(batch=batch, people=()), DUE)


def test_another_sponsor_is_asked_from_the_beginning() -> None:
    known = replace(called(AS_SPONSOR, AS_ADMIN), sponsor=RILEY, reminders=LAST_CALL)
    asked = step(known, AskReview(batch="c"), DUE + 2 * DAY)
    assert [(one.number, one.sponsor) for one in asked.review_reminders] == [(1, RILEY.id)]


def test_questions_of_an_earlier_version_count_until_the_admins_are_asked() -> None:
    known = silent(state=PartnershipState.REVIEW_DUE, reminders=20)
    assert step(known, AskReview(), DUE).reminders == 4
    assert known.silence_ends_at is None, "nobody knows who got them"


def test_the_earliest_consequence_is_known_without_a_record_of_the_questions() -> None:
    """The next question is the first that somebody certainly got, and suspends after sixty days only."""
    asked = silent(state=PartnershipState.REVIEW_DUE, reminders=20, next_review_at=DUE)
    assert asked.earliest_consequence_at == DUE + 60 * DAY
    escalates = replace(asked, on_silence=OnSilence.ESCALATE)
    assert escalates.earliest_consequence_at == DUE + (14 + 14 + 5 + 3) * DAY
    assert silent().earliest_consequence_at is None
    assert replace(asked, next_review_at=None).earliest_consequence_at is None


def test_the_earliest_alarm_needs_nobody_who_was_reached() -> None:
    known = step(silent(), AskReview(batch="b"), DUE)
    assert known.earliest_consequence_at == known.silence_ends_at == DUE + 60 * DAY
    late = step(known, RecordReviewReminder(batch="b", people=(AS_SPONSOR,)), DUE + 5 * DAY)
    assert late.earliest_consequence_at == DUE + 65 * DAY
    assert replace(late, on_silence=OnSilence.ESCALATE).earliest_consequence_at == DUE + 65 * DAY


def test_settings_that_nobody_approved_lead_to_an_alarm() -> None:
    known = silent()
    assert known.silence_leads_to is OnSilence.SUSPEND
    assert replace(known, basis=SettingsBasis.OVERWRITTEN).silence_leads_to is OnSilence.ESCALATE


def test_without_an_open_review_nobody_waits_and_earlier_questions_do_not_count() -> None:
    lifted = replace(called(AS_SPONSOR), state=PartnershipState.ACTIVE)
    assert lifted.silence_ends_at is None
    assert lifted.silence_step_at is None
    [first] = step(lifted, AskReview(batch="c"), DUE).review_reminders
    assert first.number == 1


def test_the_admins_are_asked_at_once_where_the_sponsor_is_gone_the_access_ended_or_the_domain_moved() -> None:
    moved = ReviewReason(code=ReviewReasonCode.DOMAIN_MOVED, at=DUE)
    assert not is_urgent(silent(), DUE)
    assert is_urgent(silent(ends_at=DUE), DUE)
    assert is_urgent(silent(sponsor_gone_at=DUE), DUE)
    assert is_urgent(silent(review_reasons=(moved,)), DUE)


def test_a_record_keeps_the_first_reminder_and_the_newest() -> None:
    reminders: tuple[ReviewReminder, ...] = ()
    for number in range(1, 40):
        one = ReviewReminder(number=number, sponsor=SAM.id, issued_at=NOW, batch=str(number))
        reminders = with_issued(reminders, one)
    assert [one.number for one in reminders] == [1, *range(40 - MAX_KEPT + 1, 40)]


def test_without_a_next_question_no_day_is_known() -> None:
    one = ReviewReminder(number=1, sponsor=SAM.id, issued_at=NOW, batch="b")
    assert consequence_at((one,), None) is None
    assert consequence_at((), NOW) is None
    assert silent().silence_ends_at is None


def test_nobody_is_suspended_before_the_last_reminder_is_three_days_old() -> None:
    known = called(AS_SPONSOR, AS_ADMIN)
    assert silence_step(known, situation(DUE + 3 * DAY - timedelta(seconds=1))) is SilenceStep.WAIT
    assert silence_step(known, situation(DUE + 3 * DAY)) is SilenceStep.SUSPEND
    assert silence_step(known, situation(DUE + 3 * DAY, closings_left=0)) is SilenceStep.TOO_MANY
    assert silence_step(known, situation(DUE - 3 * DAY)) is SilenceStep.WAIT, "a clock that was set back"


def test_time_in_which_the_bot_did_not_run_does_not_count() -> None:
    known, jumped = called(AS_SPONSOR, AS_ADMIN), DUE + 40 * DAY
    gap = Gap(since=DUE + DAY, until=jumped)
    assert silence_step(known, situation(jumped, gaps=(gap,))) is SilenceStep.WAIT
    assert silence_step(known, situation(jumped + 2 * DAY, gaps=(gap,))) is SilenceStep.SUSPEND
    unknown = Gap(since=None, until=jumped)
    assert silence_step(known, situation(jumped + 2 * DAY, gaps=(unknown,))) is SilenceStep.WAIT
    before = Gap(since=DUE - 9 * DAY, until=DUE - DAY)
    assert silence_step(known, situation(DUE + 3 * DAY, gaps=(before,))) is SilenceStep.SUSPEND


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        ((), SilenceStep.SPONSOR_NOT_REACHED),
        ((AS_ADMIN,), SilenceStep.SPONSOR_NOT_REACHED),
        ((AS_SPONSOR,), SilenceStep.ADMINS_NOT_REACHED),
        ((ONLY,), SilenceStep.SUSPEND),
    ],
)
def test_the_sponsor_and_an_admin_must_have_got_the_last_reminder(
    people: tuple[Reminded, ...], expected: SilenceStep
) -> None:
    assert silence_step(called(*people), situation(DUE + 30 * DAY)) is expected


def test_earlier_reminders_and_those_to_a_former_sponsor_do_not_count() -> None:
    known = called(AS_SPONSOR, AS_ADMIN)
    early = replace(known, review_reminders=known.review_reminders[:-1])
    assert silence_step(early, situation(DUE + 30 * DAY)) is SilenceStep.SPONSOR_NOT_REACHED
    assert silence_step(replace(known, sponsor=RILEY), situation(DUE + 30 * DAY)) is SilenceStep.SPONSOR_NOT_REACHED


def test_questions_that_slack_never_took_are_no_silence() -> None:
    """After an outage of two months only the last reminder was delivered: nobody is suspended three days later."""
    known, now = silent(), DUE
    for _ in range(LAST_CALL - 1):
        known = step(known, AskReview(batch=now.isoformat()), now)
        assert known.next_review_at is not None
        now = known.next_review_at
    known = sent(known, now, AS_SPONSOR, AS_ADMIN)
    assert [one.number for one in known.review_reminders if one.delivered_at] == [LAST_CALL]
    assert silence_step(known, situation(now + 3 * DAY)) is SilenceStep.WAIT
    shown, first = known.silence_ends_at, now
    assert shown is not None
    assert shown >= first + 60 * DAY, "the card names no day before it"
    while now < first + 60 * DAY - 14 * DAY:
        now += 14 * DAY
        known = sent(known, now, AS_SPONSOR, AS_ADMIN)
        assert known.silence_ends_at == shown
    assert silence_step(known, situation(first + 60 * DAY - timedelta(seconds=1))) is SilenceStep.WAIT
    assert silence_step(known, situation(first + 60 * DAY)) is SilenceStep.SUSPEND


def test_a_first_and_a_last_question_with_nothing_delivered_between_are_not_enough() -> None:
    known = called(AS_SPONSOR, AS_ADMIN)
    first, last = known.review_reminders[0], known.review_reminders[-1]
    known = replace(known, review_reminders=(first, last), next_review_at=DUE + 14 * DAY)
    assert silence_step(known, situation(DUE + 3 * DAY)) is SilenceStep.WAIT
    assert known.silence_ends_at == DUE + 31 * DAY, "two more, and three days after them"
    known = sent(sent(known, DUE + 14 * DAY, AS_SPONSOR, AS_ADMIN), DUE + 28 * DAY, AS_SPONSOR, AS_ADMIN)
    assert silence_step(known, situation(DUE + 31 * DAY - timedelta(seconds=1))) is SilenceStep.WAIT
    assert silence_step(known, situation(DUE + 31 * DAY)) is SilenceStep.SUSPEND


def test_the_admins_must_have_got_more_than_one_too() -> None:
    known = called(AS_SPONSOR, AS_ADMIN)
    *earlier, last = known.review_reminders
    only_sponsor = tuple(replace(one, people=(AS_SPONSOR,)) for one in earlier)
    known = replace(known, review_reminders=(*only_sponsor, last))
    assert silence_step(known, situation(DUE + 3 * DAY)) is SilenceStep.WAIT


def test_a_hand_over_of_an_old_review_brings_the_last_reminders_and_not_the_first() -> None:
    """Otherwise two people who hand over to each other would never be suspended."""
    known = replace(called(AS_SPONSOR, AS_ADMIN), asked_since=DUE - 61 * DAY, sponsor=RILEY)
    assert silence_step(known, situation(DUE + 3 * DAY)) is SilenceStep.SPONSOR_NOT_REACHED
    asked = step(known, AskReview(batch="c"), DUE + 14 * DAY)
    assert asked.review_reminders[-1].number == LAST_CALL + 1
    assert len(asked.review_reminders) == LAST_CALL + 1, "what was sent to the former sponsor stays"
    assert asked.asked_since == DUE - 61 * DAY
    early = replace(known, review_reminders=known.review_reminders[:2], next_review_at=DUE)
    assert step(early, AskReview(batch="c"), DUE + DAY).review_reminders[-1].number == LAST_CALL


def test_after_a_hundred_and_twenty_days_no_hand_over_postpones_anything() -> None:
    known = replace(called(AS_SPONSOR, AS_ADMIN), asked_since=DUE - 57 * DAY, sponsor=RILEY)
    last_day = DUE + 63 * DAY
    assert silence_step(known, situation(last_day - timedelta(seconds=1))) is SilenceStep.SPONSOR_NOT_REACHED
    assert silence_step(known, situation(last_day)) is SilenceStep.SUSPEND


def test_a_hand_over_keeps_when_the_review_began_and_an_answer_ends_it() -> None:
    known = sent(silent(), DUE, AS_SPONSOR)
    assert known.asked_since == DUE
    asked = step(replace(known, sponsor=RILEY, next_review_at=DUE + DAY), AskReview(batch="c"), DUE + DAY)
    assert ([one.number for one in asked.review_reminders], asked.asked_since) == ([1], DUE)
    old = replace(known, asked_since=None)
    assert sent(old, DUE + 3 * DAY, AS_SPONSOR).asked_since == DUE, "a record of an earlier version"
    keep = Keep(actor=RILEY, tenant_id=TENANT, reason="The launch moved to July")
    assert step(asked, keep, DUE + 2 * DAY).asked_since is None


def test_a_reminder_that_is_being_sent_is_waited_for() -> None:
    known = called()
    being_sent = replace(known, review_reminders=(replace(known.review_reminders[0], is_sent=False),))
    assert silence_step(being_sent, situation(DUE + 30 * DAY)) is SilenceStep.WAIT
    assert silence_step(replace(known, review_reminders=()), situation(DUE)) is SilenceStep.WAIT


@pytest.mark.parametrize(
    ("record", "context", "expected"),
    [
        ({"on_silence": OnSilence.ESCALATE}, {}, SilenceStep.ESCALATE),
        ({"basis": SettingsBasis.OVERWRITTEN}, {}, SilenceStep.NOT_AS_APPROVED),
        ({"suspended_by": RequestId("r-9")}, {}, SilenceStep.NOT_CLOSED),
        ({}, {"is_answered": True}, SilenceStep.CLICK_WAITS),
        ({}, {"is_request_waited_for": True}, SilenceStep.REQUEST_WAITS),
    ],
)
def test_what_else_decides(record: dict[str, object], context: dict[str, object], expected: SilenceStep) -> None:
    known = called(AS_SPONSOR, AS_ADMIN, **record)
    assert silence_step(known, situation(DUE + 30 * DAY, **context)) is expected


def test_a_suspension_is_requested_once_and_nobody_is_asked_meanwhile() -> None:
    known = called(AS_SPONSOR, AS_ADMIN)
    suspend = SuspendForSilence(request_id=RequestId("r-9"))
    suspending = step(known, suspend, DUE + 3 * DAY)
    assert suspending.suspended_by == "r-9"
    assert suspending.review_due_at is None
    for command in (suspend, AskReview()):
        with worded_refusal(Refused, match="not due|requested already"):
            step(suspending, command, DUE + 30 * DAY)
    with worded_refusal(Refused, match="nobody was reminded"):
        step(silent(state=PartnershipState.REVIEW_DUE), suspend, DUE + 30 * DAY)


def test_an_answer_ends_the_silence() -> None:
    known = called(AS_SPONSOR, AS_ADMIN, suspended_by=RequestId("r-9"))
    kept = step(known, Keep(actor=SAM, tenant_id=TENANT, reason="Still needed for the launch in July"), DUE)
    assert (kept.state, kept.review_reminders, kept.suspended_by, kept.reminders) == (
        PartnershipState.ACTIVE,
        (),
        None,
        0,
    )


def test_the_manager_who_was_asked_may_answer_and_revoke_and_nobody_elses_manager() -> None:
    keep = Keep(actor=MONA, tenant_id=TENANT, reason="The launch moved to July")
    unasked = sent(silent(), DUE, AS_SPONSOR)
    with worded_refusal(Refused, match="sponsor|admin"):
        step(unasked, keep, DUE + DAY)
    with worded_refusal(Refused, match="sponsor|admin"):
        require_may_revoke(unasked, MONA, current_roles())
    asked = sent(silent(), DUE, Reminded(person=MONA.chat_id, asked_as=(AskedAs.MANAGER,)), manager=MONA)
    assert step(asked, keep, DUE + DAY).attestations[-1].person == MONA
    require_may_revoke(asked, MONA, current_roles())
    with worded_refusal(Refused, match="sponsor|admin"):
        require_may_revoke(replace(asked, sponsor=RILEY), MONA, current_roles())
    kept = step(asked, keep, DUE + DAY)
    with worded_refusal(Refused, match="sponsor|admin"):
        require_may_revoke(kept, MONA, current_roles())


# --- reviews that are left out ---


@pytest.mark.parametrize(
    ("record", "context", "expected"),
    [
        ({}, {}, None),
        ({}, {"is_being_closed": True}, SkipReason.BEING_CLOSED),
        ({"ends_at": DUE + 14 * DAY, "at_end": AtEnd.BLOCK}, {}, SkipReason.ENDS_SOON),
        ({"ends_at": DUE + 15 * DAY, "at_end": AtEnd.BLOCK}, {}, None),
        ({"ends_at": DUE + 3 * DAY, "at_end": AtEnd.ASK}, {}, None),
        ({"ends_at": DUE - DAY, "at_end": AtEnd.BLOCK}, {"approved_at": DUE}, SkipReason.ENDS_SOON),
        ({"ends_at": DUE, "at_end": AtEnd.ASK}, {"approved_at": DUE - 3 * DAY}, None),
        (
            {"ends_at": DUE, "attestations": (Attestation(person=SAM, reason="x", at=DUE - DAY),)},
            {"is_being_closed": False},
            None,
        ),
        ({"ends_at": DUE}, {"is_being_closed": True}, SkipReason.BEING_CLOSED),
        ({"ends_at": DUE + DAY, "at_end": AtEnd.ASK}, {"approved_at": DUE}, SkipReason.JUST_APPROVED),
        ({}, {"approved_at": DUE - 7 * DAY}, SkipReason.JUST_APPROVED),
        ({}, {"approved_at": DUE - 8 * DAY}, None),
        ({}, {"approved_at": DUE + DAY}, None),
        ({"attestations": (Attestation(person=SAM, reason="x", at=DUE - DAY),)}, {}, SkipReason.JUST_ANSWERED),
        ({"attestations": (Attestation(person=SAM, reason="x", at=DUE - 9 * DAY),)}, {}, None),
        ({"attestations": (attested(DUE),)}, {"approved_at": DUE - 3 * DAY}, None),
        ({"attestations": (attested(DUE + DAY),)}, {"approved_at": DUE - 3 * DAY}, SkipReason.JUST_APPROVED),
        ({"attestations": (Attestation(person=SAM, reason="x", at=NOW - DAY),), "since": DUE - DAY}, {}, None),
        ({"basis": SettingsBasis.OVERWRITTEN}, {"is_being_closed": True}, None),
        ({"sponsor_gone_at": DUE}, {"is_being_closed": True}, None),
        ({"state": PartnershipState.REVIEW_DUE}, {"is_being_closed": True}, None),
    ],
)
def test_which_reviews_are_pointless(
    record: dict[str, object], context: dict[str, object], expected: SkipReason | None
) -> None:
    assert why_pointless(silent(**record), DUE, **context) is expected  # type: ignore[arg-type]


def test_the_next_review_is_set_when_one_is_left_out() -> None:
    known = silent(review_interval=30 * DAY)
    assert next_after_skipping(known, SkipReason.BEING_CLOSED, NOW, DUE) == DUE + DAY
    assert next_after_skipping(known, SkipReason.JUST_ANSWERED, DUE - DAY, DUE) == DUE + 29 * DAY
    assert next_after_skipping(known, SkipReason.ENDS_SOON, NOW, DUE) == DUE + 30 * DAY
    ends = replace(known, ends_at=DUE + 5 * DAY)
    assert next_after_skipping(ends, SkipReason.ENDS_SOON, NOW, DUE) == DUE + 5 * DAY
    assert next_after_skipping(replace(known, review_interval=None), SkipReason.ENDS_SOON, NOW, DUE) is None


def test_a_review_is_left_out_only_when_it_is_due() -> None:
    skip = SkipReview(reason=SkipReason.JUST_ANSWERED)
    answer = Attestation(person=SAM, reason="x", at=DUE - DAY)
    known = silent(attestations=(answer,), review_interval=30 * DAY)
    transition = advance_review(known, skip, current_roles=everybody(), now=DUE)
    assert transition.effects == ()
    assert (transition.partnership.state, transition.partnership.next_review_at) == (
        PartnershipState.ACTIVE,
        DUE + 29 * DAY,
    )
    for early in (silent(), silent(next_review_at=None)):
        with worded_refusal(Refused, match="not due"):
            step(early, skip, DUE - DAY)

"""What happens while a request waits: escalation step by step, one notice before the expiry, and a clock that stops."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.workflows.core.builders import (
    AMARA,
    BATCH,
    BRUNO,
    DANA,
    EXPIRY,
    NOW,
    REQUEST,
    STAGES,
    WHOLE_CHAIN,
    approval,
    edit,
    particulars,
    prepared,
    request,
    situation,
)
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.people import Role
from workflows.core.policy.template import Stage
from workflows.core.policy.working_time import WorkingCalendar
from workflows.core.requests.commands.automatic import Expire, RecordPrepared, Reopen
from workflows.core.requests.commands.request import Approve, RemindApprovers, RequestCommand, Withdraw
from workflows.core.requests.deadlines.commands import (
    AnnounceExpiry,
    Escalate,
    RecordEscalation,
    ResumeClock,
    StopClock,
)
from workflows.core.requests.deadlines.next_due import next_due_at
from workflows.core.requests.deadlines.reminder_times import asked_at, next_reminder_at
from workflows.core.requests.deadlines.stage_times import next_escalation, next_notice_at
from workflows.core.requests.effects import MessageCode, SendMessage, SendReminders, ShowRequest, TellEscalation
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import (
    AccessRequest,
    EscalationStep,
    RequestState,
    SkippedReason,
    StopCause,
)

DAY = timedelta(days=1)
DIGEST = prepared().plan.digest
ALTERNATES, MANAGERS, ADMINS = EscalationStep
QUESTION, NOBODY = StopCause
EMPTY = Fact(SkippedReason.ROLE_EMPTY, {"role": "deputy"})


def chain(alternates: str = "deputy", after: int | None = 2) -> tuple[Stage, ...]:
    return (replace(STAGES[0], alternates=Role(alternates) if alternates else None, escalate_after=after), *STAGES[1:])


def asked(
    stages: tuple[Stage, ...] = STAGES, *, days: int = 14, calendar: WorkingCalendar | None = None
) -> AccessRequest:
    """A request whose first stage was just asked, on a Monday at nine."""
    lifetime = days * DAY
    preparing = request(RequestState.PREPARING, expires_at=NOW + lifetime, lifetime=lifetime, prepared=None)
    moment = replace(situation(), calendar=calendar or WorkingCalendar())
    return advance(preparing, RecordPrepared(prepared=prepared(stages=stages)), moment).request


def after(known: AccessRequest, command: RequestCommand, day: float) -> AccessRequest:
    return advance(known, command, situation(NOW + day * DAY)).request


def test_reminders_count_working_days_without_the_holidays() -> None:
    times = asked(calendar=WorkingCalendar(holidays=frozenset({date(2027, 3, 3)}))).stage_times
    assert times is not None
    assert [(moment - NOW).days for moment in times.reminders] == [1, 4, 8]


def test_the_template_chooses_the_days_of_the_reminders() -> None:
    preparing = request(RequestState.PREPARING, expires_at=NOW + 14 * DAY, lifetime=14 * DAY, prepared=None)
    chosen = RecordPrepared(prepared=prepared(remind_after=(2, 4)))
    times = advance(preparing, chosen, situation()).request.stage_times
    assert times is not None
    assert [(moment - NOW).days for moment in times.reminders] == [2, 4]


def test_each_step_of_the_escalation_comes_after_the_same_number_of_working_days() -> None:
    waiting, seen = asked(chain(), days=30), []
    while (due := next_escalation(waiting)) is not None:
        seen.append((due[0], (due[1] - NOW).days))
        with pytest.raises(Refused):
            advance(waiting, Escalate(), situation(due[1] - timedelta(seconds=1)))
        waiting = advance(waiting, Escalate(), situation(due[1])).request
    assert seen == [(ALTERNATES, 2), (MANAGERS, 4), (ADMINS, 8)], "six working days are eight days"
    assert waiting.escalated == (0,)
    with pytest.raises(Refused):
        after(waiting, Escalate(), 20)


def test_a_stage_without_alternates_begins_with_the_managers_and_one_without_a_wait_tells_nobody() -> None:
    due = next_escalation(asked(chain("")))
    assert due == (MANAGERS, NOW + 2 * DAY)
    assert next_escalation(asked(chain(after=None))) is None
    assert next_escalation(request()) is None


def test_a_step_asks_and_is_recorded_once_with_who_was_told() -> None:
    transition = advance(asked(chain()), Escalate(), situation(NOW + 2 * DAY))
    tell = TellEscalation(request_id=REQUEST, round=0, stage=0, step=ALTERNATES)
    assert transition.effects == (ShowRequest(request_id=REQUEST), tell)
    told = RecordEscalation(stage=0, step=ALTERNATES, told=(DANA,))
    recorded = after(transition.request, told, 2)
    assert recorded.escalations[0].told == (DANA,)
    assert after(recorded, RecordEscalation(stage=0, step=ALTERNATES, told=(BRUNO,)), 3) == recorded
    assert after(recorded, RecordEscalation(stage=1, step=ALTERNATES), 3) == recorded


def test_an_escalation_to_nobody_goes_to_the_admins_at_once() -> None:
    first = after(asked(chain()), Escalate(), 2)
    transition = advance(first, RecordEscalation(stage=0, step=ALTERNATES, skipped=(EMPTY,)), situation(NOW + 2 * DAY))
    assert transition.effects[1] == TellEscalation(request_id=REQUEST, round=0, stage=0, step=ADMINS)
    told = after(transition.request, RecordEscalation(stage=0, step=ADMINS, told=(DANA,)), 2)
    assert [one.step for one in told.escalations] == [ALTERNATES, ADMINS]
    second = after(told, Escalate(), 4)
    last = advance(second, RecordEscalation(stage=0, step=MANAGERS, skipped=(EMPTY,)), situation(NOW + 4 * DAY))
    assert last.effects == (ShowRequest(request_id=REQUEST),), "the admins know it already"
    assert next_escalation(last.request) is None


def test_a_later_stage_has_its_own_times() -> None:
    decided = after(asked(chain()), Approve(actor=AMARA, request_id=REQUEST, digest=DIGEST), 1.5)
    assert decided.stage_times is not None
    assert decided.stage_times.stage == 1
    assert asked_at(decided) == NOW + 1.5 * DAY
    assert next_escalation(decided) is None
    assert next_reminder_at(decided) == NOW + 2.5 * DAY


def test_the_notice_of_the_expiry_is_sent_once_to_approvers_and_requester() -> None:
    waiting = asked(days=5)
    assert next_notice_at(waiting) == NOW + 3.625 * DAY, "a working day before Saturday begins with Friday"
    with pytest.raises(Refused):
        after(waiting, AnnounceExpiry(), 3)
    transition = advance(waiting, AnnounceExpiry(), situation(NOW + 4 * DAY))
    message = transition.effects[-1]
    assert SendReminders(request_id=REQUEST, reminded_at=NOW + 4 * DAY) in transition.effects
    assert isinstance(message, SendMessage)
    assert message.fact.code is MessageCode.EXPIRES_SOON
    with pytest.raises(Refused):
        after(transition.request, AnnounceExpiry(), 4.5)


def test_the_notice_of_the_expiry_takes_the_place_of_a_reminder_that_is_due_at_the_same_time() -> None:
    waiting = asked(days=5)
    due_at = next_reminder_at(waiting)
    assert due_at is not None
    assert due_at < NOW + 4 * DAY
    told = after(waiting, AnnounceExpiry(), 4)
    assert (told.reminders, told.reminded_at) == (1, NOW + 4 * DAY)
    with pytest.raises(Refused):
        after(told, RemindApprovers(), 4)


@pytest.mark.parametrize("hours", [1, 4])
def test_a_very_short_time_has_no_notice(hours: int) -> None:
    preparing = request(RequestState.PREPARING, expires_at=NOW + timedelta(hours=hours), lifetime=None)
    preparing = replace(preparing, created_at=NOW)
    assert next_notice_at(advance(preparing, RecordPrepared(prepared=prepared()), situation()).request) is None


def test_a_notice_that_would_come_with_the_question_is_left_out() -> None:
    preparing = request(RequestState.PREPARING, expires_at=NOW + DAY, lifetime=10 * DAY)
    assert next_notice_at(advance(preparing, RecordPrepared(prepared=prepared()), situation()).request) is None


def test_while_the_clock_is_stopped_nobody_is_reminded_and_afterwards_everything_comes_later() -> None:
    stopped = after(asked(chain()), StopClock(cause=QUESTION), 0.5)
    assert (next_reminder_at(stopped), next_notice_at(stopped), next_escalation(stopped)) == (None, None, None)
    assert stopped.clock_stop is not None
    assert next_due_at(stopped) == stopped.clock_stop.ends_by == NOW + 7.5 * DAY
    # While it is prepared again, the end of the stop changes nothing.
    assert next_due_at(replace(stopped, state=RequestState.PREPARING)) == stopped.expires_at
    with pytest.raises(Refused):
        after(stopped, ResumeClock(cause=QUESTION), 2)
    resumed = after(stopped, ResumeClock(cause=QUESTION), 8)
    assert resumed.expires_at == NOW + 21 * DAY
    assert next_reminder_at(resumed) == NOW + 8 * DAY
    assert next_escalation(resumed) == (ALTERNATES, NOW + 9 * DAY)
    assert after(resumed, ResumeClock(cause=QUESTION), 9) == resumed
    kept = after(after(asked(), StopClock(cause=NOBODY), 1.5), ResumeClock(cause=NOBODY), 2.5)
    assert kept.stage_times is not None
    assert kept.stage_times.reminders[0] == NOW + DAY, "what was due before it stays"


def test_when_nobody_could_decide_for_ten_working_days_the_request_ends_and_says_so() -> None:
    stopped = after(asked(), StopClock(cause=NOBODY), 1)
    assert stopped.expires_at == NOW + 15 * DAY == next_due_at(stopped)
    with pytest.raises(Refused):
        after(stopped, Expire(), 14.9)
    ended = after(stopped, Expire(), 15)
    assert ended.note == (Fact(NoteCode.NOBODY_COULD_DECIDE, {"stage": STAGES[0].title}),)
    assert ended.clock_stop is None
    usual = after(after(asked(), StopClock(cause=QUESTION), 1), Expire(), 30)
    assert usual.note == (Fact(NoteCode.UNDECIDED),)


def test_a_stop_ends_with_the_decision_and_the_time_that_was_left_stays() -> None:
    waiting = replace(asked(), decisions=WHOLE_CHAIN[:2])
    stopped = after(waiting, StopClock(cause=QUESTION), 1)
    last = Approve(actor=WHOLE_CHAIN[2].person, request_id=REQUEST, digest=DIGEST)
    applying = after(stopped, last, 3)
    assert (applying.state, applying.clock_stop) == (RequestState.APPLYING, None)
    assert applying.expires_at == NOW + 16 * DAY
    reopened = advance(applying, Reopen(reason=()), situation(NOW + 4 * DAY, amara="")).request
    assert asked_at(reopened) == NOW + 4 * DAY
    withdrawn = after(stopped, Withdraw(actor=particulars().requester, request_id=REQUEST), 2)
    assert withdrawn.clock_stops[-1].ended_at == NOW + 2 * DAY


def test_an_edit_begins_a_new_round_with_a_running_clock() -> None:
    stopped = after(after(asked(chain()), Escalate(), 2), StopClock(cause=QUESTION), 3)
    edited = after(stopped, edit(), 4)
    assert (edited.clock_stop, edited.escalations, edited.stage_times) == (None, (), None)


def test_a_request_of_an_earlier_version_gets_the_times_from_when_it_was_asked() -> None:
    earlier = request(expires_at=NOW + 14 * DAY, lifetime=14 * DAY, decisions=(approval(AMARA, 0, at=NOW + DAY),))
    known = after(earlier, StopClock(cause=QUESTION), 2)
    assert asked_at(known) == NOW + DAY
    assert known.expires_at > EXPIRY


def test_a_member_of_a_batch_has_no_times_of_its_own() -> None:
    member = request(batch=BATCH)
    assert after(member, StopClock(cause=NOBODY), 1) == member
    with pytest.raises(Refused):
        after(member, Escalate(), 5)


def test_who_lost_a_role_leaves_the_times_as_they_are() -> None:
    complete = request(decisions=WHOLE_CHAIN)
    assert after(complete, StopClock(cause=NOBODY), 1).stage_times is None

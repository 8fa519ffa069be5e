"""The clock of a request stops for a question and while nobody can decide, for a limited number of working days."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from tests.workflows.core.builders import EXPIRY, NOW, particulars, request, situation
from workflows.core.policy.working_time import WorkingCalendar
from workflows.core.requests.commands.automatic import Expire
from workflows.core.requests.deadlines.clock_stops import resume_clock, stop_clock, time_left_to_stop
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, StopCause

DAY = timedelta(days=1)
CALENDAR = WorkingCalendar()
QUESTION, NOBODY = StopCause.QUESTION, StopCause.NOBODY_CAN_DECIDE


def stopped(asked: AccessRequest, cause: StopCause = QUESTION, at: datetime = NOW + DAY) -> AccessRequest:
    return stop_clock(asked, cause, at, CALENDAR)


def test_while_a_question_is_open_the_request_keeps_the_time_that_is_left() -> None:
    asked = stopped(request())
    stop = asked.clock_stop
    assert stop is not None
    assert stop.ends_by == NOW + 8 * DAY, "five working days after Tuesday, over a weekend"
    assert asked.expires_at == EXPIRY + 7 * DAY, "the latest end"
    answered = resume_clock(asked, QUESTION, NOW + 3 * DAY)
    assert answered.expires_at == EXPIRY + 2 * DAY
    assert answered.clock_stop is None


def test_all_questions_together_stop_the_clock_for_five_working_days() -> None:
    once = resume_clock(stopped(request()), QUESTION, NOW + 4 * DAY)
    assert time_left_to_stop(once, QUESTION, CALENDAR) == 2 * DAY
    assert time_left_to_stop(once, NOBODY, CALENDAR) == 10 * DAY
    twice = stopped(once, at=NOW + 4 * DAY)
    assert twice.clock_stop is not None
    assert twice.clock_stop.ends_by == NOW + 8 * DAY
    ended = resume_clock(twice, QUESTION, NOW + 30 * DAY)
    assert ended.clock_stops[-1].ended_at == NOW + 8 * DAY, "it took no more than it may"
    assert ended.expires_at == EXPIRY + 7 * DAY
    assert stopped(ended, at=NOW + 8 * DAY) == ended, "nothing is left"


def test_when_nobody_can_decide_the_request_ends_after_ten_working_days() -> None:
    empty = stopped(request(), NOBODY)
    assert empty.expires_at == NOW + 15 * DAY
    assert resume_clock(empty, NOBODY, NOW + 2 * DAY).expires_at == EXPIRY + DAY


def test_a_request_with_more_time_keeps_it_when_nobody_can_decide() -> None:
    long = NOW + 30 * DAY
    empty = stopped(request(expires_at=long), NOBODY)
    stop = empty.clock_stop
    assert stop is not None
    assert (stop.ends_by, empty.expires_at) == (NOW + 15 * DAY, long)
    assert resume_clock(empty, NOBODY, NOW + 20 * DAY).expires_at == long + 14 * DAY
    expired = advance(empty, Expire(), replace(situation(), now=long)).request
    assert [fact.code for fact in expired.note] == [NoteCode.NOBODY_COULD_DECIDE]


def test_a_holiday_does_not_count() -> None:
    calendar = WorkingCalendar(holidays=frozenset({date(2027, 3, 3)}))
    assert stop_clock(request(), QUESTION, NOW + DAY, calendar).expires_at == EXPIRY + 8 * DAY


def test_a_clock_is_stopped_once_at_a_time_and_resumed_by_what_stopped_it() -> None:
    asked = stopped(request())
    assert stopped(asked, NOBODY) == asked
    assert resume_clock(asked, NOBODY, NOW + 2 * DAY) == asked
    assert resume_clock(request(), QUESTION, NOW) == request()
    assert stopped(request(), at=EXPIRY) == request(), "it is too late"


@pytest.mark.parametrize("cause", list(StopCause))
def test_no_stop_outlasts_the_requested_access(cause: StopCause) -> None:
    ends_at = NOW + 9 * DAY
    asked = stopped(request(fields=replace(particulars(), ends_at=ends_at)), cause)
    assert asked.expires_at == min(ends_at, asked.expires_at)
    assert resume_clock(asked, cause, NOW + 7 * DAY).expires_at == ends_at

"""Stop and resume the clock of a request: while it is stopped, the time to decide does not pass. Pure.

A stop always has an end. While the clock is stopped, the request's `expires_at` is the latest moment at which it can
expire; when the clock runs again, it is the old deadline plus the time that the stop took.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from workflows.core.conversation.remarks import open_questions
from workflows.core.policy.working_time import WorkingCalendar, add_working_time, working_time_between
from workflows.core.requests.request import AccessRequest, ClockStop, StopCause

MAX_STOPPED: Final[Mapping[StopCause, timedelta]] = {
    StopCause.QUESTION: timedelta(days=5),
    StopCause.NOBODY_CAN_DECIDE: timedelta(days=10),
}
"""For how long, in working days, the clock of one request may be stopped for each cause: all stops together."""


def stop_clock(request: AccessRequest, cause: StopCause, now: datetime, calendar: WorkingCalendar) -> AccessRequest:
    """Return the request with its clock stopped; unchanged when it is stopped already, or no time is left for that.

    A question leaves the request the rest of its time afterwards. When nobody can decide, it ends with the stop, but
    not before its own deadline.
    """
    left = time_left_to_stop(request, cause, calendar)
    is_possible = request.clock_stop is None and request.batch is None and now < request.expires_at
    if not is_possible or left <= timedelta(0):
        return request
    ends_by = not_after_the_end(request, add_working_time(now, left, calendar))
    stop = ClockStop(cause=cause, began_at=now, ends_by=ends_by, deadline=request.expires_at)
    if cause is StopCause.NOBODY_CAN_DECIDE:
        latest = not_after_the_end(request, max(request.expires_at, ends_by))
    else:
        latest = _shifted_deadline(request, stop, ends_by)
    return replace(request, clock_stops=(*request.clock_stops, stop), expires_at=latest)


def resume_clock(request: AccessRequest, cause: StopCause, now: datetime) -> AccessRequest:
    """Return the request with its clock running again; unchanged when it is not stopped for this cause."""
    stop = request.clock_stop
    if stop is None or stop.cause is not cause:
        return request
    ended_at = min(now, stop.ends_by)
    ended = replace(stop, ended_at=ended_at)
    return replace(
        request,
        clock_stops=(*request.clock_stops[:-1], ended),
        expires_at=_shifted_deadline(request, stop, ended_at),
    )


def resume_when_over(request: AccessRequest, now: datetime) -> AccessRequest:
    """Return the request with its clock running again when the stop has reached its end; otherwise unchanged."""
    stop = request.clock_stop
    return request if stop is None or now < stop.ends_by else resume_clock(request, stop.cause, now)


def with_new_deadline(
    request: AccessRequest, expires_at: datetime, now: datetime, calendar: WorkingCalendar
) -> AccessRequest:
    """Return the request with another deadline. A stop ends, and begins again while a question that stops is open."""
    if (stop := request.clock_stop) is not None:
        request = resume_clock(request, stop.cause, now)
    request = replace(request, expires_at=expires_at)
    if is_answer_awaited(request):
        return stop_clock(request, StopCause.QUESTION, now, calendar)
    return request


def is_answer_awaited(request: AccessRequest) -> bool:
    """Return whether the time to decide does not pass because people wait for an answer, or for an edit."""
    is_asked = any(question.stops_clock for question in open_questions(request.remarks))
    return is_asked or request.changes_requested is not None


def time_left_to_stop(request: AccessRequest, cause: StopCause, calendar: WorkingCalendar) -> timedelta:
    """Return for how long, in working days, the clock may still be stopped for a cause."""
    used = (
        working_time_between(stop.began_at, stop.ended_at or stop.ends_by, calendar)
        for stop in request.clock_stops
        if stop.cause is cause
    )
    return MAX_STOPPED[cause] - sum(used, timedelta(0))


def _shifted_deadline(request: AccessRequest, stop: ClockStop, ended_at: datetime) -> datetime:
    return not_after_the_end(request, stop.deadline + (ended_at - stop.began_at))


def not_after_the_end(request: AccessRequest, moment: datetime) -> datetime:
    """Return a moment, but not one after the day on which the requested access ends."""
    return moment if request.fields.ends_at is None else min(moment, request.fields.ends_at)


def lifetime_of(request: AccessRequest) -> timedelta:
    """Return the whole time to decide on a request. Earlier versions did not store it."""
    return request.expires_at - request.created_at if request.lifetime is None else request.lifetime

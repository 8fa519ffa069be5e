"""The times of the open stage of a request, computed in working days when the stage opens. Pure.

They are stored with the request, so a later change of the holidays or of the template does not move them.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from workflows.core.policy.template import Stage
from workflows.core.policy.working_time import WorkingCalendar, add_working_days, subtract_working_time
from workflows.core.requests.deadlines.clock_stops import is_answer_awaited, lifetime_of, resume_clock
from workflows.core.requests.deadlines.reminder_times import MIN_AROUND_APPROVER_REMINDER, asked_at, fitting_reminders
from workflows.core.requests.request import AccessRequest, ClockStop, EscalationStep, RequestState, StageTimes

LONGEST_NOTICE: Final = timedelta(days=2)
"""The longest time, in working days, between the notice that a request expires soon and its expiry."""
_PART_FOR_NOTICE: Final = 5
"""The notice is sent when this part of the time to decide is left: a fifth."""


def steps_of(stage: Stage) -> tuple[EscalationStep, ...]:
    """Return the steps of the escalation of a stage, in order; empty when it has none."""
    if stage.escalate_after is None:
        return ()
    others = (EscalationStep.MANAGERS, EscalationStep.ADMINS)
    return others if stage.alternates is None else (EscalationStep.ALTERNATES, *others)


def with_stage_times(
    before: AccessRequest | None, after: AccessRequest, now: datetime, calendar: WorkingCalendar
) -> AccessRequest:
    """Return the request with the times of its open stage, and with a clock that runs unless somebody can decide.

    :param before: the request before the command.
    """
    if after.state is not RequestState.AWAITING_APPROVAL or after.batch is not None:
        ended = replace(after, stage_times=None)
        # NB. a question that was asked before a new plan is still to be answered.
        is_asked = after.state is RequestState.PREPARING and is_answer_awaited(after)
        return ended if is_asked else _with_ended_stop(ended, now)
    stage = after.verdict().open_stage
    if stage is None:
        return after
    was_waiting = before is not None and before.state is after.state and before.round == after.round
    if before is None or not was_waiting or before.batch is not None or before.verdict().open_stage != stage:
        return replace(after, stage_times=times_of_stage(after, stage, now, calendar))
    if before.stage_times is None:
        return replace(after, stage_times=times_of_stage(before, stage, asked_at(before), calendar))
    if before.clock_stop is not None and after.clock_stop is None:
        return replace(after, stage_times=_later_times(before.stage_times, after.clock_stops[-1], after, calendar))
    return after


def times_of_stage(request: AccessRequest, stage: int, asked: datetime, calendar: WorkingCalendar) -> StageTimes:
    """Return the times of a stage whose approvers were asked at a moment.

    :param stage: its index.
    """
    prepared, expires_at = request.require_prepared(), request.expires_at
    after, steps = prepared.stages[stage].escalate_after, steps_of(prepared.stages[stage])
    waits = [add_working_days(asked, days, calendar) for days in prepared.remind_after]
    return StageTimes(
        stage=stage,
        asked_at=asked,
        reminders=fitting_reminders(waits, asked, expires_at),
        escalations=tuple(add_working_days(asked, (after or 0) * place, calendar) for place, _ in enumerate(steps, 1)),
        notice_at=_notice_at(request, asked, calendar),
    )


def next_escalation(request: AccessRequest) -> tuple[EscalationStep, datetime] | None:
    """Return the next step of the escalation and when it is due; None when there is none, or the clock is stopped."""
    times = request.stage_times
    if times is None or request.clock_stop is not None or request.prepared is None:
        return None
    done = {escalation.step for escalation in request.escalations if escalation.stage == times.stage}
    steps = zip(steps_of(request.prepared.stages[times.stage]), times.escalations, strict=False)
    return next(((step, moment) for step, moment in steps if step not in done), None)


def notice_time(
    expires_at: datetime, lifetime: timedelta, asked: datetime, calendar: WorkingCalendar
) -> datetime | None:
    """Return when a fifth of the time to decide is left, at most two working days; None for a very short time.

    :param lifetime: the whole time to decide.
    :param asked: when the approvers were asked.
    """
    ahead = min(lifetime / _PART_FOR_NOTICE, LONGEST_NOTICE)
    if ahead < MIN_AROUND_APPROVER_REMINDER:
        return None
    moment = subtract_working_time(expires_at, ahead, calendar)
    return moment if moment - asked >= MIN_AROUND_APPROVER_REMINDER else None


def next_notice_at(request: AccessRequest) -> datetime | None:
    """Return when the notice that the request expires soon is due; None when there is none."""
    times = request.stage_times
    is_due = times is not None and request.expiry_told_at is None and request.clock_stop is None
    return times.notice_at if times is not None and is_due else None


def _notice_at(request: AccessRequest, asked: datetime, calendar: WorkingCalendar) -> datetime | None:
    return notice_time(request.expires_at, lifetime_of(request), asked, calendar)


def _later_times(times: StageTimes, stop: ClockStop, after: AccessRequest, calendar: WorkingCalendar) -> StageTimes:
    """Return the times after a stop: what was not due before it comes as much later as the stop took."""
    took = (stop.ended_at or stop.ends_by) - stop.began_at

    def later(moments: tuple[datetime, ...]) -> tuple[datetime, ...]:
        return tuple(moment + took if moment > stop.began_at else moment for moment in moments)

    return replace(
        times,
        reminders=later(times.reminders),
        escalations=later(times.escalations),
        notice_at=_notice_at(after, times.asked_at, calendar),
    )


def _with_ended_stop(request: AccessRequest, now: datetime) -> AccessRequest:
    """Return a request that nobody decides on now without a stopped clock; if approved, with the time that was left."""
    stop = request.clock_stop
    if stop is None:
        return request
    if request.state in (RequestState.APPLYING, RequestState.SCHEDULED):
        return resume_clock(request, stop.cause, now)
    return replace(request, clock_stops=(*request.clock_stops[:-1], replace(stop, ended_at=min(now, stop.ends_by))))

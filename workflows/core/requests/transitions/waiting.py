"""Changes because of the time that a request waits: escalation, notice before expiry, a stopped clock, the start."""

from dataclasses import replace

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.requests.deadlines.clock_stops import lifetime_of, not_after_the_end, resume_clock, stop_clock
from workflows.core.requests.deadlines.commands import (
    AnnounceExpiry,
    Escalate,
    RecordEscalation,
    ResumeClock,
    Start,
    StopClock,
)
from workflows.core.requests.deadlines.stage_times import next_escalation, next_notice_at
from workflows.core.requests.effects import Effect, MessageCode, SendReminders, ShowRequest, TellEscalation
from workflows.core.requests.request import AccessRequest, Escalation, EscalationStep, RequestState, StopCause
from workflows.core.requests.transitions.transition import (
    Situation,
    Transition,
    begin_to_apply,
    changed,
    tell_requester,
)


def escalate(request: AccessRequest, command: Escalate, situation: Situation) -> Transition:
    """Take the next step of the escalation. From then on, alternates may decide; nobody else gets a right."""
    due, times = next_escalation(request), request.stage_times
    if due is None or times is None or not due[1] <= situation.now < request.expires_at:
        raise Refused(RefusalCode.NOT_DUE_YET, what="escalation")
    return _escalated(request, times.stage, due[0], situation)


def record_escalation(request: AccessRequest, command: RecordEscalation, situation: Situation) -> Transition:
    """Store who was asked or told. When that is nobody, the admins are told at once."""
    found = next(
        (place for place in request.escalations if (place.stage, place.step) == (command.stage, command.step)), None
    )
    if found is None or found.told or found.skipped:
        return Transition(request=request, effects=())
    recorded = replace(found, told=command.told, skipped=command.skipped)
    escalations = tuple(recorded if each is found else each for each in request.escalations)
    admins_told = any(each.stage == found.stage and each.step is EscalationStep.ADMINS for each in escalations)
    request = replace(request, escalations=escalations)
    if command.told or admins_told:
        request = changed(request, request.state, situation)
        return Transition(request=request, effects=(ShowRequest(request_id=request.id),))
    return _escalated(request, found.stage, EscalationStep.ADMINS, situation)


def _escalated(request: AccessRequest, stage: int, step: EscalationStep, situation: Situation) -> Transition:
    escalation = Escalation(stage=stage, step=step, at=situation.now)
    request = changed(request, request.state, situation, escalations=(*request.escalations, escalation))
    tell = TellEscalation(request_id=request.id, round=request.round, stage=stage, step=step)
    return Transition(request=request, effects=(ShowRequest(request_id=request.id), tell))


def announce_expiry(request: AccessRequest, command: AnnounceExpiry, situation: Situation) -> Transition:
    """Tell the approvers and the requester when the request expires. It is a reminder: one that is due is not sent."""
    due_at = next_notice_at(request)
    if due_at is None or not due_at <= situation.now < request.expires_at:
        raise Refused(RefusalCode.NOT_DUE_YET, what="expiry_notice")
    told = {"expiry_told_at": situation.now, "reminders": request.reminders + 1, "reminded_at": situation.now}
    request = changed(request, request.state, situation, **told)
    message = tell_requester(request, MessageCode.EXPIRES_SOON, expires_at=request.expires_at.isoformat())
    reminders = SendReminders(request_id=request.id, reminded_at=situation.now)
    effects: tuple[Effect, ...] = (reminders, ShowRequest(request_id=request.id))
    return Transition(request=request, effects=(*effects, *message))


def start(request: AccessRequest, command: Start, situation: Situation) -> Transition:
    """Begin to write an approved plan on the day on which its access starts.

    Every check before a write is made then. A check that asks for approval again leaves the whole time to decide from
    the start, as another plan does: little of it may have been left at the last approval.
    """
    if request.plan.start_if_approved(situation.now) > situation.now:
        raise Refused(RefusalCode.NOT_DUE_YET, what="start")
    waited, lifetime = situation.now - request.changed_at, lifetime_of(request)
    expires_at = not_after_the_end(request, max(request.expires_at + waited, situation.now + lifetime))
    return begin_to_apply(changed(request, RequestState.APPLYING, situation, expires_at=expires_at))


def stop(request: AccessRequest, command: StopClock, situation: Situation) -> Transition:
    return _with_clock(request, stop_clock(request, command.cause, situation.now, situation.calendar), situation)


def resume(request: AccessRequest, command: ResumeClock, situation: Situation) -> Transition:
    """Let the clock run again. A question ends by itself only when its time is used up; an answer ends it before."""
    present = request.clock_stop
    is_question = present is not None and present.cause is command.cause is StopCause.QUESTION
    if present is not None and is_question and situation.now < present.ends_by:
        raise Refused(RefusalCode.NOT_DUE_YET, what="end_of_question")
    return _with_clock(request, resume_clock(request, command.cause, situation.now), situation)


def _with_clock(before: AccessRequest, after: AccessRequest, situation: Situation) -> Transition:
    """Store and show a clock that was stopped or runs again; nothing when it did not change."""
    if after == before:
        return Transition(request=before, effects=())
    request = changed(after, after.state, situation)
    return Transition(request=request, effects=(ShowRequest(request_id=request.id),))

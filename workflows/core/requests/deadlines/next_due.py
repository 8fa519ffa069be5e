"""When something is due next for a request that is undecided or scheduled. The store finds due requests by it. Pure."""

from datetime import datetime
from typing import Final

from workflows.core.requests.deadlines.reminder_times import next_reminder_at
from workflows.core.requests.deadlines.stage_times import next_escalation, next_notice_at
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState, StopCause

UNDECIDED: Final = (RequestState.PREPARING, RequestState.AWAITING_CONFIRMATION, RequestState.AWAITING_APPROVAL)
"""The states in which a request expires."""


def next_due_at(request: AccessRequest) -> datetime | None:
    """Return the earliest of a request's expiry and of what is due before it; None when nothing is.

    For a scheduled request, that is its start. A member of a batch has neither: its batch expires.
    """
    if request.state is RequestState.SCHEDULED:
        return request.plan.starts_at
    if request.state not in UNDECIDED or request.fields.kind is RequestKind.REVOCATION or request.batch is not None:
        return None
    escalation = next_escalation(request)
    moments = (
        request.expires_at,
        next_reminder_at(request),
        next_notice_at(request),
        None if escalation is None else escalation[1],
        _end_of_question(request),
    )
    return min(moment for moment in moments if moment is not None)


def _end_of_question(request: AccessRequest) -> datetime | None:
    """Return when the clock runs again although a question is open. While it is prepared, nothing happens then."""
    stop = request.clock_stop
    is_waiting = request.state is RequestState.AWAITING_APPROVAL
    return stop.ends_by if is_waiting and stop is not None and stop.cause is StopCause.QUESTION else None

"""The times of reminders of requests and partner setup, and when the approvers of a waiting request are reminded.

To change how often people are reminded, change a constant here; for reviews, in `workflows.core.policy.silence`.
`workflows.app.schedule.ticker` asks what is due; the notifier sends.
"""

from datetime import datetime, timedelta
from typing import Final

from workflows.core.requests.request import AccessRequest, RequestKind, RequestState

APPROVERS_REMINDED_AFTER: Final = (timedelta(days=1), timedelta(days=3), timedelta(days=7))
"""The times of the reminders of approvers, counted from the moment when they were asked.

When there is less than twice the first of these times to decide, there is one reminder, at half of the time.
"""
MIN_AROUND_APPROVER_REMINDER: Final = timedelta(hours=1)
"""The shortest time between the question and a reminder, and between a reminder and the end of the time to decide."""
MIN_BETWEEN_APPROVER_REMINDERS: Final = timedelta(days=1)
"""The shortest time between the last reminder of approvers and one that the requester asks for."""
SETUP_REMINDED_AFTER: Final = timedelta(days=7)
"""The time from asking for a reminder of the partner setup to that reminder."""
SETUP_PROMPTED_AFTER: Final = tuple(timedelta(days=days) for days in (7, 14, 28))
"""The times between the reminders of open steps of the partner setup that nobody asked for. The last one repeats."""
SETUP_PROMPTS_APART: Final = timedelta(days=1)
"""The shortest time between two such reminders to one person, whatever partners they are about."""

_UNDECIDED: Final = (RequestState.PREPARING, RequestState.AWAITING_APPROVAL)


def asked_at(request: AccessRequest) -> datetime:
    """Return when the approvers of the open stage were asked: when the stage before it was complete.

    For the first stage this is when approval was requested; for requests of earlier versions, when they were filed.
    """
    start = request.created_at if request.lifetime is None else request.expires_at - request.lifetime
    # NB. earlier versions stored the whole usual time, also when the end of the access was nearer.
    start = max([request.created_at, start, *(edit.at for edit in request.edits)])
    verdict = request.verdict()
    earlier = {person.id for people in verdict.counted_people[: verdict.open_stage] for person in people}
    return max([start, *(decision.at for decision in request.decisions if decision.person.id in earlier)])


def next_reminder_at(request: AccessRequest) -> datetime | None:
    """Return when the next reminder is due; None when the request does not wait, or none fits before it expires."""
    if request.state is not RequestState.AWAITING_APPROVAL:
        return None
    last = request.reminded_at
    return next((moment for moment in _reminder_times(request) if last is None or moment > last), None)


def _reminder_times(request: AccessRequest) -> list[datetime]:
    """Return the times of all reminders of the open stage that fit into the time to decide."""
    return times_of_reminders(asked_at(request), request.expires_at)


def times_of_reminders(last_asked_at: datetime, expires_at: datetime) -> list[datetime]:
    """Return the times of all reminders that fit between a question and the end of the time to decide."""
    time = expires_at - last_asked_at
    is_short = time < 2 * APPROVERS_REMINDED_AFTER[0]
    delays = (time / 2,) if is_short else APPROVERS_REMINDED_AFTER
    least = MIN_AROUND_APPROVER_REMINDER
    return [last_asked_at + after for after in delays if least <= after <= time - least]


def next_due_at(request: AccessRequest) -> datetime | None:
    """Return the earlier of a request's expiry and its next reminder; None when neither is due.

    A member of a batch has neither: its batch expires.
    """
    if request.state not in _UNDECIDED or request.fields.kind is RequestKind.REVOCATION or request.batch is not None:
        return None
    reminder = next_reminder_at(request)
    return request.expires_at if reminder is None else min(request.expires_at, reminder)


def reminder_possible_at(request: AccessRequest) -> datetime | None:
    """Return from when the requester may ask for a reminder; None when the request does not wait, or expires before."""
    if request.state is not RequestState.AWAITING_APPROVAL:
        return None
    possible_at = (request.reminded_at or asked_at(request)) + MIN_BETWEEN_APPROVER_REMINDERS
    return possible_at if possible_at < request.expires_at else None


def may_be_reminded(request: AccessRequest, now: datetime) -> bool:
    """Return whether the requester may ask for a reminder now: once a day, not on the first day."""
    possible = reminder_possible_at(request)
    return possible is not None and possible <= now < request.expires_at

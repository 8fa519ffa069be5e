"""The times of reminders of requests and partner setup, and when the approvers of a waiting request are reminded.

The template of a request chooses how often its approvers are reminded, see `stage_times`. For reviews, see
`workflows.core.policy.reviews.silence`.
`workflows.app.schedule.ticker` asks what is due; the notifier sends.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from workflows.core.requests.request import AccessRequest, RequestState

APPROVERS_REMINDED_AFTER: Final = (timedelta(days=1), timedelta(days=3), timedelta(days=7))
"""The times of the reminders of approvers where no working days are known: requests and batches of earlier versions.

Every other one has the times that its template chooses, see `stage_times`.
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


def asked_at(request: AccessRequest) -> datetime:
    """Return when the approvers of the open stage were asked: when the stage before it was complete.

    For the first stage this is when approval was requested; for requests of earlier versions, when they were filed.
    """
    if request.stage_times is not None:
        return request.stage_times.asked_at
    start = request.created_at if request.lifetime is None else request.expires_at - request.lifetime
    # NB. earlier versions stored the whole usual time, also when the end of the access was nearer.
    start = max([request.created_at, start, *(edit.at for edit in request.edits)])
    verdict = request.verdict()
    earlier = {person.id for people in verdict.counted_people[: verdict.open_stage] for person in people}
    return max([start, *(decision.at for decision in request.decisions if decision.person.id in earlier)])


def next_reminder_at(request: AccessRequest) -> datetime | None:
    """Return when the next reminder is due; None when the request does not wait, or none fits before it expires."""
    if request.state is not RequestState.AWAITING_APPROVAL or request.clock_stop is not None:
        return None
    last = request.reminded_at
    return next((moment for moment in _reminder_times(request) if last is None or moment > last), None)


def _reminder_times(request: AccessRequest) -> Sequence[datetime]:
    """Return the times of all reminders of the open stage that fit into the time to decide."""
    if request.stage_times is not None:
        return request.stage_times.reminders
    return times_of_reminders(asked_at(request), request.expires_at)


def times_of_reminders(last_asked_at: datetime, expires_at: datetime) -> Sequence[datetime]:
    """Return the times of all reminders that fit between a question and the end of the time to decide."""
    return fitting_reminders([last_asked_at + after for after in APPROVERS_REMINDED_AFTER], last_asked_at, expires_at)


def fitting_reminders(moments: Sequence[datetime], asked: datetime, expires_at: datetime) -> tuple[datetime, ...]:
    """Return the reminders that fit between a question and the end of the time to decide.

    When there is less than twice the time of the first one to decide, there is one, at half of the time.

    :param moments: the times of all reminders, the first one first.
    """
    is_short = expires_at - asked < 2 * (moments[0] - asked)
    wanted = (asked + (expires_at - asked) / 2,) if is_short else moments
    least = MIN_AROUND_APPROVER_REMINDER
    return tuple(moment for moment in wanted if asked + least <= moment <= expires_at - least)


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

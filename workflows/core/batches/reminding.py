"""When the approvers of a batch are reminded: on working days, as those of its members would be. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import zip_longest
from typing import TYPE_CHECKING

from workflows.core.batches.batch import Batch, BatchState
from workflows.core.batches.transition import BatchTransition, changed, tell_expires_soon
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.policy.working_time import WorkingCalendar, add_working_days
from workflows.core.requests.deadlines.reminder_times import fitting_reminders, times_of_reminders
from workflows.core.requests.deadlines.stage_times import notice_time
from workflows.core.requests.effects import ShowBatch
from workflows.core.requests.transitions.transition import Situation

if TYPE_CHECKING:
    from workflows.core.batches.commands import RemindBatchApprovers


def strictest_cadence(cadences: Iterable[Sequence[int]]) -> tuple[int, ...]:
    """Return after how many working days people are reminded who are asked about several requests together.

    The first reminder comes when the first one of any request would, the second when the second one of any, and so on.

    :param cadences: the working days of each request, in order.
    """
    return tuple(min(day for day in days if day is not None) for days in zip_longest(*cadences))


def with_reminder_times(batch: Batch, calendar: WorkingCalendar) -> Batch:
    """Return a batch with the times of the reminders of its open stage. They are computed once for each stage.

    The notice that the batch expires soon is the last reminder. It takes the place of one that would come later.
    """
    asked = _asked_at(batch)
    if batch.state is not BatchState.AWAITING_APPROVAL or not batch.remind_after or batch.reminders_from == asked:
        return batch
    waits = [add_working_days(asked, days, calendar) for days in batch.remind_after]
    reminders, notice = fitting_reminders(waits, asked, batch.expires_at), _notice_at(batch, asked, calendar)
    if notice is not None:
        reminders = (*(moment for moment in reminders if moment < notice), notice)
    return replace(batch, reminders=reminders, reminders_from=asked, notice_at=notice)


def _notice_at(batch: Batch, asked: datetime, calendar: WorkingCalendar) -> datetime | None:
    lifetime = batch.lifetime or batch.expires_at - batch.created_at
    return notice_time(batch.expires_at, lifetime, asked, calendar)


def next_batch_reminder_at(batch: Batch) -> datetime | None:
    """Return when the next reminder is due; None when nobody can approve, or none fits before the batch expires."""
    if batch.state is not BatchState.AWAITING_APPROVAL or not batch.is_list_current:
        return None
    last = batch.reminded_at
    # NB. a batch of an earlier version is reminded in days of 24 hours.
    times = batch.reminders if batch.remind_after else times_of_reminders(_asked_at(batch), batch.expires_at)
    return next((moment for moment in times if last is None or moment > last), None)


def next_batch_due_at(batch: Batch) -> datetime | None:
    """Return the earlier of the expiry of a batch and its next reminder; None when it does not expire any more."""
    if not batch.may_expire:
        return None
    reminder = next_batch_reminder_at(batch)
    return batch.expires_at if reminder is None else min(batch.expires_at, reminder)


def _asked_at(batch: Batch) -> datetime:
    """Return when the approvers of the open stage were asked: when the round began, or the stage before ended."""
    start = batch.created_at if batch.lifetime is None else batch.expires_at - batch.lifetime
    verdict = batch.verdict()
    earlier = {person.id for people in verdict.counted_people[: verdict.open_stage] for person in people}
    return max([start, *(decision.at for decision in batch.decisions if decision.person.id in earlier)])


def remind(batch: Batch, command: "RemindBatchApprovers", situation: Situation) -> BatchTransition:
    due = next_batch_reminder_at(batch)
    if due is None or not due <= situation.now < batch.expires_at:
        raise Refused(RefusalCode.NOT_DUE_YET, what="reminder")
    reminded = changed(batch, batch.state, situation, reminded_at=situation.now)
    is_notice = batch.notice_at is not None and situation.now >= batch.notice_at
    told = tell_expires_soon(batch) if is_notice else ()
    return BatchTransition(batch=reminded, effects=(ShowBatch(batch_id=batch.id, remind=True), *told))

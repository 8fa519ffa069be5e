"""When the approvers of a batch are reminded: at the same times as those of a request. Pure."""

from datetime import datetime

from workflows.core.batches.batch import Batch, BatchState
from workflows.core.batches.commands import RemindBatchApprovers
from workflows.core.batches.transition import BatchTransition, changed
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.requests.deadlines.reminder_times import times_of_reminders
from workflows.core.requests.effects import ShowBatch
from workflows.core.requests.transitions.transition import Situation


def next_batch_reminder_at(batch: Batch) -> datetime | None:
    """Return when the next reminder is due; None when nobody can approve, or none fits before the batch expires."""
    if batch.state is not BatchState.AWAITING_APPROVAL or not batch.is_list_current:
        return None
    last = batch.reminded_at
    times = times_of_reminders(_asked_at(batch), batch.expires_at)
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


def remind(batch: Batch, command: RemindBatchApprovers, situation: Situation) -> BatchTransition:
    due = next_batch_reminder_at(batch)
    if due is None or not due <= situation.now < batch.expires_at:
        raise Refused(RefusalCode.NOT_DUE_YET, what="reminder")
    reminded = changed(batch, batch.state, situation, reminded_at=situation.now)
    return BatchTransition(batch=reminded, effects=(ShowBatch(batch_id=batch.id, remind=True),))

"""What a command about a batch leads to: the changed batch and the effects to perform."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from workflows.core.batches.batch import Batch, BatchState, RowState, tally
from workflows.core.errors.facts import Fact, Facts, as_values
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.effects import AdvanceBatch, Effect, MessageCode, SendMessage, ShowBatch
from workflows.core.requests.transitions.transition import Situation


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchTransition:
    """What to store in one transaction: the new batch, and the effects to perform after it."""

    batch: Batch
    effects: tuple[Effect, ...]


def changed(batch: Batch, state: BatchState, situation: Situation, **changes: Any) -> Batch:
    """Return the batch in another state, with the time and the number of the change."""
    return replace(batch, state=state, changed_at=situation.now, version=batch.version + 1, **changes)


def new_deadline(batch: Batch, situation: Situation) -> datetime:
    """Return until when people can decide, counted from now: the usual time of the batch."""
    return batch.expires_at if batch.lifetime is None else situation.now + batch.lifetime


def end_batch(
    batch: Batch, state: BatchState, situation: Situation, note: Facts = (), **changes: Any
) -> BatchTransition:
    """End a batch, tell the requester, and end what is left of its members."""
    ended = changed(batch, state, situation, note=note, **changes)
    return BatchTransition(batch=ended, effects=(*show(ended), *tell_end(ended), AdvanceBatch(batch_id=batch.id)))


def show(batch: Batch) -> tuple[Effect, ...]:
    """Return the effect that shows the batch. A draft has no card: it is shown to whoever opens it."""
    return () if batch.confirmed_at is None else (ShowBatch(batch_id=batch.id),)


def tell_end(batch: Batch, person: ChatId | None = None) -> tuple[Effect, ...]:
    """Return the message about the end to the requester, or to a person; nobody for a draft, which has no requester."""
    counts = tally(batch)
    return _tell(
        batch,
        MessageCode.BATCH_ENDED,
        person,
        state=batch.state.value,
        applied=counts.applied,
        left=counts.left,
        alone=counts.alone,
        ended=counts.ended + counts.ended_before,
        scheduled=counts.scheduled,
        note=as_values(batch.note),
    )


def tell_halted(batch: Batch) -> tuple[Effect, ...]:
    """Return the message to the requester that it halted by itself, and what is applied."""
    counts, run = batch.counts(), batch.runs[-1]
    return _tell(
        batch,
        MessageCode.BATCH_HALTED,
        tried=run.tried,
        failed=run.failed,
        applied=counts.get(RowState.APPLIED, 0),
        left=counts.get(RowState.PLANNED, 0),
        expires_at=batch.expires_at.isoformat(),
    )


def tell_asked(batch: Batch) -> tuple[Effect, ...]:
    """Return the message to the requester that the approvers are asked."""
    counts = batch.counts()
    return _tell(
        batch,
        MessageCode.BATCH_ASKED,
        members=counts.get(RowState.PLANNED, 0),
        alone=counts.get(RowState.LEFT, 0),
        ended=counts.get(RowState.ENDED, 0),
    )


def tell_expires_soon(batch: Batch) -> tuple[Effect, ...]:
    """Return the message to the requester that the batch expires soon."""
    return _tell(batch, MessageCode.BATCH_EXPIRES_SOON, expires_at=batch.expires_at.isoformat())


def _tell(batch: Batch, code: MessageCode, person: ChatId | None = None, **values: Any) -> tuple[Effect, ...]:
    told = person if batch.requester is None else batch.requester.chat_id
    if told is None:
        return ()
    fact = Fact(code, {"batch": batch.id, **values})
    return (SendMessage(person=told, subject=CommandSubject(batch_id=batch.id), fact=fact),)


def not_possible_now(batch: Batch | None) -> Refused:
    """Return the refusal of a command that is not allowed in the present state."""
    if batch is None:
        return Refused(RefusalCode.UNKNOWN_BATCH)
    return Refused(RefusalCode.BATCH_NOT_POSSIBLE_NOW, state=batch.state.value, is_closed=batch.has_ended)

"""When a run over many partners halts by itself, and what an admin answers. Pure.

A mistake in a sheet, in a template or in the tenant shows in the first partners. Then the others are not written until
an admin has looked at it.
"""

from dataclasses import replace
from typing import Final

from workflows.core.batches.batch import Batch, BatchRow, BatchState, RowCode, RowState, Run
from workflows.core.batches.commands import HaltBatch
from workflows.core.batches.transition import (
    BatchTransition,
    changed,
    end_batch,
    new_deadline,
    not_possible_now,
    show,
    tell_halted,
)
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN, Person
from workflows.core.requests.commands.batch import AnswerHalt
from workflows.core.requests.effects import AdvanceBatch
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import RequestState
from workflows.core.requests.transitions.transition import Situation

_BY_PEOPLE: Final = frozenset({RequestState.WITHDRAWN, RequestState.REJECTED})
"""The ends of a member that people chose, besides a revocation of the partner."""
_BEGUN: Final = Fact(RowCode.FINISHED_ALONE)


def counted(run: Run, before: tuple[BatchRow, ...], after: tuple[BatchRow, ...]) -> Run:
    """Return a run with what came of the members between two versions of the rows of a batch.

    One that is finished alone counts as neither: what comes of it is not known yet.
    """
    ended = [
        row
        for earlier, row in zip(before, after, strict=True)
        if earlier.state is RowState.PLANNED
        and row.state not in (RowState.PLANNED, RowState.WAITING)
        and not (row.state is RowState.LEFT and _BEGUN in row.reason)
    ]
    return replace(run, tried=run.tried + len(ended), failed=run.failed + sum(map(_has_failed, ended)))


def _has_failed(row: BatchRow) -> bool:
    if row.state in (RowState.APPLIED, RowState.SCHEDULED):
        return False
    return row.state is RowState.LEFT or not any(map(_is_by_people, row.reason))


def _is_by_people(fact: Fact) -> bool:
    """Return whether people ended a member. A plan that Gatehouse stopped may show a cause that all of them share."""
    state, note = fact.values.get("state"), fact.values.get("note")
    codes = [one.get("code") for one in note if isinstance(one, dict)] if isinstance(note, list | tuple) else []
    return state in _BY_PEOPLE or (state == RequestState.STOPPED and NoteCode.REVOKED_MEANWHILE in codes)


def halt(batch: Batch, command: HaltBatch, situation: Situation) -> BatchTransition:
    """Halt a run. What was sent before is finished alone, so nothing of the batch is written any more."""
    if not (batch.writes and batch.runs and command.rule.is_met(batch.runs[-1])):
        raise not_possible_now(batch)
    halted = changed(batch, BatchState.HALTED, situation, runs=_with_last(batch, halted_at=situation.now))
    halted = replace(halted, expires_at=new_deadline(batch, situation))
    return BatchTransition(batch=halted, effects=(*show(halted), *tell_halted(halted)))


def answer(batch: Batch, command: AnswerHalt[Person], situation: Situation) -> BatchTransition:
    """Continue a halted batch with a new run, or end it. Only an admin may; the approvals stay what they were.

    :raises Refused: for everybody else, and for an answer to an earlier halt.
    """
    if not situation.current_roles.holds(command.actor.id, ADMIN):
        raise Refused(RefusalCode.ONLY_ADMINS_ANSWER_HALT)
    if command.halt != len(batch.runs):
        raise Refused(RefusalCode.HALT_ANSWERED)
    if command.goes_on and situation.now >= batch.expires_at:
        raise Refused(RefusalCode.EXPIRED)  # the approvals are too old to be used
    reason = command.reason.strip()
    if not reason:
        raise Refused(RefusalCode.HALT_REASON_MISSING)
    runs = _with_last(batch, answered_by=command.actor, answered_at=situation.now, goes_on=command.goes_on)
    if not command.goes_on:
        note = (Fact(NoteCode.BATCH_ENDED_AFTER_HALT, {"name": command.actor.name, "reason": reason}),)
        return end_batch(batch, BatchState.STOPPED, situation, note, runs=runs)
    runs = (*runs, Run(since=situation.now))
    again = changed(batch, BatchState.APPLYING, situation, runs=runs, note=())
    return BatchTransition(batch=again, effects=(*show(again), AdvanceBatch(batch_id=batch.id)))


def _with_last(batch: Batch, **changes: object) -> tuple[Run, ...]:
    *earlier, last = batch.runs
    return (*earlier, replace(last, **changes))  # type: ignore[arg-type]  # the names are those of `Run`

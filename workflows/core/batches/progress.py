"""Changes of a batch that are not decisions: drafted, confirmed, prepared, its rows, its list, asked again."""

from dataclasses import replace

from workflows.core.batches.batch import Batch, BatchRow, BatchState, RowState, batch_digest, with_rows
from workflows.core.batches.commands import (
    ConfirmDraft,
    DraftBatch,
    PlanBatchAgain,
    RecordBatchPrepared,
    RecordListNotUploaded,
    RecordListUploaded,
    RecordRows,
    ReopenBatch,
)
from workflows.core.batches.members import rows_to_end
from workflows.core.batches.running.halting import counted
from workflows.core.batches.running.retries import after_progress
from workflows.core.batches.transition import (
    BatchTransition,
    changed,
    end_batch,
    new_deadline,
    not_possible_now,
    show,
    tell_asked,
)
from workflows.core.errors.facts import Fact, Facts
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.requests.effects import AdvanceBatch, UploadBatchList
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.transitions.transition import Situation
from workflows.core.settings.canonical import Digest

S = BatchState


def draft(_: None, command: DraftBatch, situation: Situation) -> BatchTransition:
    batch = Batch(
        id=command.batch_id,
        version=1,
        state=S.DRAFT,
        kind=command.kind,
        rows=tuple(sorted(command.rows, key=_order)),
        drafted_by=command.drafted_by,
        sheet=command.sheet,
        created_at=situation.now,
        changed_at=situation.now,
        expires_at=situation.now + command.lifetime,
    )
    return BatchTransition(batch=batch, effects=())


def _order(row: BatchRow) -> tuple[int, str, str]:
    return 0 if row.asked is None else row.asked.row, row.name, row.tenant_id


def confirm(batch: Batch, command: ConfirmDraft, situation: Situation) -> BatchTransition:
    if situation.now >= batch.expires_at:
        raise Refused(RefusalCode.EXPIRED)
    if command.shown_version != batch.version:
        raise Refused(RefusalCode.BATCH_DRAFT_CHANGED)
    batch = with_rows(batch, command.rows)
    if not any(row.is_asked for row in batch.rows):
        raise Refused(RefusalCode.BATCH_EMPTY)
    confirmed = changed(
        batch,
        S.PREPARING,
        situation,
        requester=command.actor,
        drafter=command.drafter,
        sponsor=command.sponsor,
        justification=command.justification,
        duration=command.duration,
        confirmed_at=situation.now,
        expires_at=situation.now + command.lifetime,
        lifetime=command.lifetime,
    )
    return BatchTransition(batch=confirmed, effects=(*show(confirmed), AdvanceBatch(batch_id=batch.id)))


def record_prepared(batch: Batch, command: RecordBatchPrepared, situation: Situation) -> BatchTransition:
    if batch.in_state(RowState.WAITING, RowState.ALONE):
        raise not_possible_now(batch)
    if not batch.members:
        return end_batch(batch, S.DONE, situation)
    if command.problem is not None:
        # Nobody could decide on it. Its members end with it.
        return end_batch(batch, S.WITHDRAWN, situation, (command.problem,))
    prepared = changed(
        batch,
        S.AWAITING_APPROVAL,
        situation,
        stages=command.stages,
        roles=command.roles,
        templates=command.templates,
        remind_after=command.remind_after,
        digest=batch_digest(batch.id, batch.members, command.stages),
        list_file=None,
        list_problem=(),
    )
    # The card follows the list: without the list nobody can decide.
    upload = UploadBatchList(batch_id=batch.id)
    return BatchTransition(batch=prepared, effects=(upload, *show(prepared), *tell_asked(prepared)))


def record_rows(batch: Batch, command: RecordRows, situation: Situation) -> BatchTransition:
    rows = with_rows(batch, command.rows).rows
    if rows == batch.rows:
        return BatchTransition(batch=batch, effects=())
    after = changed(batch, batch.state, situation, rows=rows)
    if all(before.state is row.state for before, row in zip(batch.rows, rows, strict=True)):
        # They could not be advanced now. What tried them is tried again after a pause.
        return BatchTransition(batch=after, effects=())
    match batch.state:
        case S.AWAITING_APPROVAL:
            return _without(batch, after, situation)
        case S.APPLYING:
            return _after_wave(batch, after, situation)
        case S.HALTED if not after.members:
            return end_batch(replace(after, version=batch.version), S.DONE, situation)
        case S.HALTED:
            return BatchTransition(batch=after, effects=show(after))
        case S.PREPARING:
            return BatchTransition(batch=after, effects=(*show(after), AdvanceBatch(batch_id=batch.id)))
        case _:
            is_left = bool(rows_to_end(after))
            more = (AdvanceBatch(batch_id=batch.id),) if is_left else ()
            return BatchTransition(batch=after, effects=(*show(after), *more))


def _after_wave(before: Batch, after: Batch, situation: Situation) -> BatchTransition:
    """Count what came of the members of a wave, and go on with the next, or end."""
    if after.runs:
        after = replace(after, runs=(*after.runs[:-1], counted(after.runs[-1], before.rows, after.rows)))
    if not after.members:
        return end_batch(replace(after, version=before.version), S.DONE, situation)
    return BatchTransition(batch=after, effects=(*show(after), AdvanceBatch(batch_id=before.id)))


def _without(before: Batch, after: Batch, situation: Situation) -> BatchTransition:
    """Ask for approval again, because something other than what the approvers saw is decided now."""
    if not after.members:
        return end_batch(replace(after, version=before.version), S.DONE, situation)
    left = [row.name for row in before.members if row not in after.members]
    note = (Fact(NoteCode.BATCH_MEMBER_LEFT, {"names": left}), Fact(NoteCode.ASKED_AGAIN))
    digest = batch_digest(after.id, after.members, after.stages)
    # NB. the chain stays as it was: it may not become weaker because somebody changed a strict member.
    return _asked_again(after, note, digest, situation)


def record_list_uploaded(batch: Batch, command: RecordListUploaded, situation: Situation) -> BatchTransition:
    if command.file.digest != batch.digest:
        raise Refused(RefusalCode.CARD_OUT_OF_DATE)
    uploaded = changed(batch, batch.state, situation, list_file=command.file, list_problem=())
    return BatchTransition(batch=uploaded, effects=show(uploaded))


def record_list_not_uploaded(batch: Batch, command: RecordListNotUploaded, situation: Situation) -> BatchTransition:
    if batch.is_list_current or batch.list_problem == command.reason:
        return BatchTransition(batch=batch, effects=())
    failed = changed(batch, batch.state, situation, list_problem=command.reason)
    return BatchTransition(batch=failed, effects=show(failed))


def reopen(batch: Batch, command: ReopenBatch, situation: Situation) -> BatchTransition:
    verdict = batch.verdict(situation.current_roles)
    if verdict.is_complete:
        raise Refused(RefusalCode.ALL_APPROVALS_STILL_COUNT)
    counted = {person.id for people in verdict.counted_people for person in people}
    again = changed(batch, S.AWAITING_APPROVAL, situation)
    # What is decided now are the members that are left. Of what was approved nothing else was added.
    digest = batch_digest(again.id, again.members, again.stages)
    if digest == batch.digest:
        kept = tuple(one for one in batch.decisions if one.person.id in counted and one.digest == digest)
        void = tuple(one for one in batch.decisions if one not in kept)
        reopened = replace(
            again,
            decisions=kept,
            void_decisions=(*batch.void_decisions, *void),
            round=batch.round + 1,
            note=command.reason,
            expires_at=new_deadline(batch, situation),
        )
        return BatchTransition(batch=reopened, effects=show(reopened))
    return _asked_again(again, command.reason, digest, situation)


def plan_again(batch: Batch, command: PlanBatchAgain, situation: Situation) -> BatchTransition:
    rows = tuple(
        after_progress(row, replace(row, state=RowState.WAITING, plan_digest=None))
        if row.state is RowState.PLANNED
        else row
        for row in batch.rows
    )
    again = changed(batch, S.PREPARING, situation, rows=rows)
    transition = _asked_again(again, command.reason, None, situation)
    return replace(transition, effects=(*show(again), AdvanceBatch(batch_id=batch.id)))


def _asked_again(batch: Batch, note: Facts, digest: Digest | None, situation: Situation) -> BatchTransition:
    """Give up every decision: nobody has seen a list of exactly these members. There is the whole time to decide."""
    again = replace(
        batch,
        expires_at=new_deadline(batch, situation),
        digest=digest,
        list_file=None,
        list_problem=(),
        decisions=(),
        void_decisions=(*batch.void_decisions, *batch.decisions),
        round=batch.round + 1,
        note=note,
    )
    return BatchTransition(batch=again, effects=(UploadBatchList(batch_id=batch.id), *show(again)))

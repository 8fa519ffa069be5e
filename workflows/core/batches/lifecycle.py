"""The lifecycle of a batch: which command is allowed in which state, and its results. Pure.

`TABLE` lists every allowed pair of state and command, and where it may lead. Any other pair is refused, and nothing
happens. A state that ended accepts no command but that its members ended too (`record_rows`).

The diagram shows the table (a test compares them):

```mermaid
stateDiagram-v2
    [*] --> draft: draft_batch
    draft --> preparing: confirm_draft
    draft --> withdrawn: withdraw_batch
    draft --> expired: expire_batch
    preparing --> preparing: record_rows
    preparing --> awaiting_approval: record_batch_prepared
    preparing --> done: record_batch_prepared
    preparing --> withdrawn: record_batch_prepared
    preparing --> withdrawn: withdraw_batch
    preparing --> expired: expire_batch
    awaiting_approval --> awaiting_approval: record_rows
    awaiting_approval --> done: record_rows
    awaiting_approval --> awaiting_approval: record_list_uploaded
    awaiting_approval --> awaiting_approval: record_list_not_uploaded
    awaiting_approval --> awaiting_approval: approve_batch
    awaiting_approval --> applying: approve_batch
    awaiting_approval --> rejected: reject_batch
    awaiting_approval --> withdrawn: withdraw_batch
    awaiting_approval --> expired: expire_batch
    awaiting_approval --> awaiting_approval: remind_batch_approvers
    awaiting_approval --> preparing: plan_batch_again
    applying --> applying: record_rows
    applying --> done: record_rows
    applying --> awaiting_approval: reopen_batch
    applying --> preparing: plan_batch_again
    applying --> halted: halt_batch
    applying --> stopped: expire_batch
    halted --> halted: record_rows
    halted --> done: record_rows
    halted --> applying: answer_halt
    halted --> stopped: answer_halt
    halted --> stopped: expire_batch
    stopped --> stopped: record_rows
    rejected --> rejected: record_rows
    withdrawn --> withdrawn: record_rows
    expired --> expired: record_rows
```
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from workflows.core.batches import deciding, progress, reminding
from workflows.core.batches.batch import Batch, BatchState
from workflows.core.batches.commands import (
    BatchCommand,
    ConfirmDraft,
    DraftBatch,
    ExpireBatch,
    HaltBatch,
    PlanBatchAgain,
    RecordBatchPrepared,
    RecordListNotUploaded,
    RecordListUploaded,
    RecordRows,
    RemindBatchApprovers,
    ReopenBatch,
)
from workflows.core.batches.running import halting
from workflows.core.batches.transition import BatchTransition, not_possible_now
from workflows.core.requests.commands.batch import AnswerHalt, ApproveBatch, RejectBatch, WithdrawBatch
from workflows.core.requests.transitions.transition import Situation

S = BatchState

TABLE: Final[Mapping[tuple[BatchState | None, type[Any]], frozenset[BatchState]]] = {
    (None, DraftBatch): frozenset({S.DRAFT}),
    (S.DRAFT, ConfirmDraft): frozenset({S.PREPARING}),
    (S.DRAFT, WithdrawBatch): frozenset({S.WITHDRAWN}),
    (S.DRAFT, ExpireBatch): frozenset({S.EXPIRED}),
    (S.PREPARING, RecordRows): frozenset({S.PREPARING}),
    (S.PREPARING, RecordBatchPrepared): frozenset({S.AWAITING_APPROVAL, S.DONE, S.WITHDRAWN}),
    (S.PREPARING, WithdrawBatch): frozenset({S.WITHDRAWN}),
    (S.PREPARING, ExpireBatch): frozenset({S.EXPIRED}),
    (S.AWAITING_APPROVAL, RecordRows): frozenset({S.AWAITING_APPROVAL, S.DONE}),
    (S.AWAITING_APPROVAL, RecordListUploaded): frozenset({S.AWAITING_APPROVAL}),
    (S.AWAITING_APPROVAL, RecordListNotUploaded): frozenset({S.AWAITING_APPROVAL}),
    (S.AWAITING_APPROVAL, ApproveBatch): frozenset({S.AWAITING_APPROVAL, S.APPLYING}),
    (S.AWAITING_APPROVAL, RejectBatch): frozenset({S.REJECTED}),
    (S.AWAITING_APPROVAL, WithdrawBatch): frozenset({S.WITHDRAWN}),
    (S.AWAITING_APPROVAL, ExpireBatch): frozenset({S.EXPIRED}),
    (S.AWAITING_APPROVAL, RemindBatchApprovers): frozenset({S.AWAITING_APPROVAL}),
    (S.AWAITING_APPROVAL, PlanBatchAgain): frozenset({S.PREPARING}),
    (S.APPLYING, RecordRows): frozenset({S.APPLYING, S.DONE}),
    (S.APPLYING, ReopenBatch): frozenset({S.AWAITING_APPROVAL}),
    (S.APPLYING, PlanBatchAgain): frozenset({S.PREPARING}),
    (S.APPLYING, HaltBatch): frozenset({S.HALTED}),
    (S.APPLYING, ExpireBatch): frozenset({S.STOPPED}),
    (S.HALTED, RecordRows): frozenset({S.HALTED, S.DONE}),
    (S.HALTED, AnswerHalt): frozenset({S.APPLYING, S.STOPPED}),
    (S.HALTED, ExpireBatch): frozenset({S.STOPPED}),
    (S.STOPPED, RecordRows): frozenset({S.STOPPED}),
    (S.REJECTED, RecordRows): frozenset({S.REJECTED}),
    (S.WITHDRAWN, RecordRows): frozenset({S.WITHDRAWN}),
    (S.EXPIRED, RecordRows): frozenset({S.EXPIRED}),
}


def advance_batch(batch: Batch | None, command: BatchCommand, situation: Situation) -> BatchTransition:
    """Apply a command to a batch. Pure.

    :param batch: the batch before the command; None before `DraftBatch`.
    :raises Refused: when the command is not allowed in this state or for this person; nothing changes.
    """
    state = None if batch is None else batch.state
    allowed = TABLE.get((state, type(command)))
    if allowed is None:
        raise not_possible_now(batch)
    transition = _HANDLERS[type(command)](batch, command, situation)
    if transition.batch.state not in allowed:
        raise AssertionError(f"{state} --{command.name}--> {transition.batch.state} is not in the table")
    return replace(transition, batch=reminding.with_reminder_times(transition.batch, situation.calendar))


_HANDLERS: Final[Mapping[type[Any], Callable[..., BatchTransition]]] = {
    DraftBatch: progress.draft,
    ConfirmDraft: progress.confirm,
    RecordRows: progress.record_rows,
    RecordBatchPrepared: progress.record_prepared,
    RecordListUploaded: progress.record_list_uploaded,
    RecordListNotUploaded: progress.record_list_not_uploaded,
    ReopenBatch: progress.reopen,
    PlanBatchAgain: progress.plan_again,
    HaltBatch: halting.halt,
    AnswerHalt: halting.answer,
    ApproveBatch: deciding.approve,
    RejectBatch: deciding.reject,
    WithdrawBatch: deciding.withdraw,
    ExpireBatch: deciding.expire,
    RemindBatchApprovers: reminding.remind,
}

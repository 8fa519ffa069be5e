"""The lifecycle of a request: which command is allowed in which state, and its results.

Rule 1: every change of a request's state goes through `advance`; the package `transitions` has one function for each
command, and no other module creates a new state.
Rule 2: `TABLE` lists every allowed pair of state and command, and where it may lead. Any other pair is refused, and
nothing happens.
Rule 3: a terminal state accepts no command.
Rule 4: only a request in APPLYING or UNCONFIRMED may write to the tenant. An access or restore request gets there only
with every approval that the approval policy requires: its own, or those of its batch. A revocation gets there when a
person with the right requests it.
Rule 5: a revocation does not end before it is confirmed, unless there is no such partner. A newer revocation of the
same partner may replace it once it is sent. A block at the end of an access ends when the partner was approved again
before anything was sent.
Rule 6: a request in SCHEDULED is approved, and waits for the day on which its access starts. Nothing of it is written,
and every check before a write is made on that day. Who approved it, and an admin, can still reject it.
Rule 7: guest accounts are shown first, and nothing is written or approved before the admin who asked confirmed them.
Enabling them needs an approval chain, unless it undoes a disabling of the same admin. Once an account was sent, the
request ends only when everything that was sent is read back.
Rule 8: of an approval and a rejection at the same time the rejection wins. An approved request of which no write was
stored yet can still be rejected by whoever could decide on it, and by an admin. From the first stored write on it
cannot.

It is long because the diagram and the table stand together.

The diagram shows the table (a test compares them):

```mermaid
stateDiagram-v2
    [*] --> preparing: submit
    preparing --> preparing: record_delayed
    preparing --> awaiting_approval: record_prepared
    preparing --> applying: record_prepared
    preparing --> awaiting_confirmation: record_prepared
    preparing --> unfit: record_unfit
    preparing --> withdrawn: withdraw
    preparing --> expired: expire
    preparing --> stopped: stop
    preparing --> preparing: leave_batch
    preparing --> rejected: end_with_batch
    preparing --> withdrawn: end_with_batch
    preparing --> expired: end_with_batch
    preparing --> stopped: end_with_batch
    awaiting_confirmation --> applying: confirm
    awaiting_confirmation --> awaiting_approval: confirm
    awaiting_confirmation --> withdrawn: withdraw
    awaiting_confirmation --> expired: expire
    awaiting_confirmation --> stopped: stop
    awaiting_approval --> awaiting_approval: approve
    awaiting_approval --> scheduled: approve
    awaiting_approval --> applying: approve
    awaiting_approval --> rejected: reject
    awaiting_approval --> awaiting_approval: support
    awaiting_approval --> withdrawn: withdraw
    awaiting_approval --> preparing: edit
    awaiting_approval --> awaiting_approval: request_changes
    awaiting_approval --> awaiting_approval: record_proposal
    awaiting_approval --> awaiting_approval: decline_proposal
    awaiting_approval --> awaiting_approval: remind_approvers
    awaiting_approval --> awaiting_approval: ask
    awaiting_approval --> awaiting_approval: answer
    preparing --> preparing: answer
    awaiting_approval --> awaiting_approval: comment
    awaiting_approval --> expired: expire
    awaiting_approval --> awaiting_approval: escalate
    awaiting_approval --> awaiting_approval: record_escalation
    awaiting_approval --> awaiting_approval: announce_expiry
    awaiting_approval --> awaiting_approval: stop_clock
    awaiting_approval --> awaiting_approval: resume_clock
    awaiting_approval --> preparing: replan
    awaiting_approval --> stopped: stop
    awaiting_approval --> awaiting_approval: record_sponsors
    awaiting_approval --> awaiting_approval: reassign
    awaiting_approval --> awaiting_approval: record_relations
    awaiting_approval --> applying: accept_batch_decisions
    awaiting_approval --> scheduled: accept_batch_decisions
    awaiting_approval --> awaiting_approval: leave_batch
    awaiting_approval --> rejected: end_with_batch
    awaiting_approval --> withdrawn: end_with_batch
    awaiting_approval --> expired: end_with_batch
    awaiting_approval --> stopped: end_with_batch
    applying --> applying: leave_batch
    unconfirmed --> unconfirmed: leave_batch
    scheduled --> applying: start
    scheduled --> rejected: reject
    applying --> rejected: reject
    scheduled --> withdrawn: withdraw
    scheduled --> stopped: stop
    scheduled --> rejected: end_with_batch
    scheduled --> withdrawn: end_with_batch
    scheduled --> expired: end_with_batch
    scheduled --> stopped: end_with_batch
    applying --> applying: record_delayed
    applying --> applying: record_writing
    applying --> overwritten: record_overwritten
    applying --> unconfirmed: record_unseen
    applying --> applied: record_applied
    applying --> applying: record_refusal
    applying --> failed: record_apply_failed
    applying --> preparing: replan
    applying --> awaiting_approval: reopen
    applying --> stopped: stop
    applying --> applying: stop
    applying --> applying: record_accounts_sending
    applying --> applying: record_account_results
    applying --> unconfirmed: record_accounts_read
    applying --> applied: record_accounts_read
    applying --> failed: record_accounts_read
    applying --> stopped: record_accounts_read
    unconfirmed --> unconfirmed: record_delayed
    unconfirmed --> unconfirmed: record_writing
    unconfirmed --> unconfirmed: record_unseen
    unconfirmed --> unconfirmed: record_resent
    unconfirmed --> applied: record_applied
    unconfirmed --> unconfirmed: record_refusal
    unconfirmed --> failed: record_apply_failed
    unconfirmed --> overwritten: record_overwritten
    unconfirmed --> preparing: replan
    unconfirmed --> stopped: stop
    unconfirmed --> unconfirmed: stop
    unconfirmed --> unconfirmed: record_accounts_read
    unconfirmed --> applied: record_accounts_read
    unconfirmed --> failed: record_accounts_read
    unconfirmed --> stopped: record_accounts_read
```
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from workflows.core.requests.commands.automatic import (
    AcceptBatchDecisions,
    EndWithBatch,
    Expire,
    LeaveBatch,
    RecordAccountResults,
    RecordAccountsRead,
    RecordAccountsSending,
    RecordApplied,
    RecordApplyFailed,
    RecordDelayed,
    RecordOverwritten,
    RecordPrepared,
    RecordRefusal,
    RecordRelations,
    RecordResent,
    RecordSponsors,
    RecordUnfit,
    RecordUnseen,
    RecordWriting,
    Reopen,
    Replan,
    Stop,
)
from workflows.core.requests.commands.editing import DeclineProposal, RecordProposal, RequestChanges
from workflows.core.requests.commands.people import Reassign
from workflows.core.requests.commands.request import (
    Answer,
    Approve,
    Ask,
    Comment,
    Confirm,
    Edit,
    Reject,
    RemindApprovers,
    RequestCommand,
    Submit,
    SupportRequest,
    Withdraw,
)
from workflows.core.requests.deadlines.commands import (
    AnnounceExpiry,
    Escalate,
    RecordEscalation,
    ResumeClock,
    Start,
    StopClock,
)
from workflows.core.requests.deadlines.stage_times import with_stage_times
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.requests.transitions import (
    changing,
    conversation,
    decisions,
    guest_accounts,
    in_batch,
    planning,
    waiting,
    writes,
)
from workflows.core.requests.transitions.taking_part import reassigning, supporting
from workflows.core.requests.transitions.transition import Situation, Transition, not_possible_now, with_review_update

S = RequestState

_ENDED_WITH_BATCH: Final = frozenset({S.REJECTED, S.WITHDRAWN, S.EXPIRED, S.STOPPED})
_READ_BACK: Final = frozenset({S.UNCONFIRMED, S.APPLIED, S.FAILED, S.STOPPED})

TABLE: Final[Mapping[tuple[RequestState | None, type[Any]], frozenset[RequestState]]] = {
    (None, Submit): frozenset({S.PREPARING}),
    (S.PREPARING, RecordDelayed): frozenset({S.PREPARING}),
    (S.PREPARING, RecordPrepared): frozenset({S.AWAITING_APPROVAL, S.APPLYING, S.AWAITING_CONFIRMATION}),
    (S.PREPARING, RecordUnfit): frozenset({S.UNFIT}),
    (S.PREPARING, Withdraw): frozenset({S.WITHDRAWN}),
    (S.PREPARING, Expire): frozenset({S.EXPIRED}),
    (S.PREPARING, Stop): frozenset({S.STOPPED}),
    (S.PREPARING, LeaveBatch): frozenset({S.PREPARING}),
    (S.PREPARING, EndWithBatch): _ENDED_WITH_BATCH,
    (S.AWAITING_CONFIRMATION, Confirm): frozenset({S.APPLYING, S.AWAITING_APPROVAL}),
    (S.AWAITING_CONFIRMATION, Withdraw): frozenset({S.WITHDRAWN}),
    (S.AWAITING_CONFIRMATION, Expire): frozenset({S.EXPIRED}),
    (S.AWAITING_CONFIRMATION, Stop): frozenset({S.STOPPED}),
    (S.AWAITING_APPROVAL, Approve): frozenset({S.AWAITING_APPROVAL, S.SCHEDULED, S.APPLYING}),
    (S.AWAITING_APPROVAL, Reject): frozenset({S.REJECTED}),
    (S.AWAITING_APPROVAL, SupportRequest): frozenset({S.AWAITING_APPROVAL}),
    (S.AWAITING_APPROVAL, Withdraw): frozenset({S.WITHDRAWN}),
    (S.AWAITING_APPROVAL, Edit): frozenset({S.PREPARING}),
    (S.AWAITING_APPROVAL, RequestChanges): frozenset({S.AWAITING_APPROVAL}),
    (S.AWAITING_APPROVAL, RecordProposal): frozenset({S.AWAITING_APPROVAL}),
    (S.AWAITING_APPROVAL, DeclineProposal): frozenset({S.AWAITING_APPROVAL}),
    (S.AWAITING_APPROVAL, RemindApprovers): frozenset({S.AWAITING_APPROVAL}),
    (S.AWAITING_APPROVAL, Ask): frozenset({S.AWAITING_APPROVAL}),
    (S.AWAITING_APPROVAL, Answer): frozenset({S.AWAITING_APPROVAL}),
    (S.PREPARING, Answer): frozenset({S.PREPARING}),
    (S.AWAITING_APPROVAL, Comment): frozenset({S.AWAITING_APPROVAL}),
    (S.AWAITING_APPROVAL, Expire): frozenset({S.EXPIRED}),
    (S.AWAITING_APPROVAL, Escalate): frozenset({S.AWAITING_APPROVAL}),
    (S.AWAITING_APPROVAL, RecordEscalation): frozenset({S.AWAITING_APPROVAL}),
    (S.AWAITING_APPROVAL, AnnounceExpiry): frozenset({S.AWAITING_APPROVAL}),
    (S.AWAITING_APPROVAL, StopClock): frozenset({S.AWAITING_APPROVAL}),
    (S.AWAITING_APPROVAL, ResumeClock): frozenset({S.AWAITING_APPROVAL}),
    (S.AWAITING_APPROVAL, Replan): frozenset({S.PREPARING}),
    (S.AWAITING_APPROVAL, Stop): frozenset({S.STOPPED}),
    (S.AWAITING_APPROVAL, RecordSponsors): frozenset({S.AWAITING_APPROVAL}),
    (S.AWAITING_APPROVAL, Reassign): frozenset({S.AWAITING_APPROVAL}),
    (S.AWAITING_APPROVAL, RecordRelations): frozenset({S.AWAITING_APPROVAL}),
    (S.AWAITING_APPROVAL, AcceptBatchDecisions): frozenset({S.SCHEDULED, S.APPLYING}),
    (S.AWAITING_APPROVAL, LeaveBatch): frozenset({S.AWAITING_APPROVAL}),
    (S.AWAITING_APPROVAL, EndWithBatch): _ENDED_WITH_BATCH,
    (S.SCHEDULED, Start): frozenset({S.APPLYING}),
    (S.SCHEDULED, Reject): frozenset({S.REJECTED}),
    (S.SCHEDULED, Withdraw): frozenset({S.WITHDRAWN}),
    (S.SCHEDULED, Stop): frozenset({S.STOPPED}),
    (S.SCHEDULED, EndWithBatch): _ENDED_WITH_BATCH,
    (S.APPLYING, Reject): frozenset({S.REJECTED}),
    (S.APPLYING, RecordDelayed): frozenset({S.APPLYING}),
    (S.APPLYING, RecordWriting): frozenset({S.APPLYING}),
    (S.APPLYING, RecordOverwritten): frozenset({S.OVERWRITTEN}),
    (S.APPLYING, RecordUnseen): frozenset({S.UNCONFIRMED}),
    (S.APPLYING, RecordApplied): frozenset({S.APPLIED}),
    (S.APPLYING, RecordRefusal): frozenset({S.APPLYING}),
    (S.APPLYING, RecordApplyFailed): frozenset({S.FAILED}),
    (S.APPLYING, Replan): frozenset({S.PREPARING}),
    (S.APPLYING, Reopen): frozenset({S.AWAITING_APPROVAL}),
    (S.APPLYING, Stop): frozenset({S.STOPPED, S.APPLYING}),
    (S.APPLYING, LeaveBatch): frozenset({S.APPLYING}),
    (S.APPLYING, RecordAccountsSending): frozenset({S.APPLYING}),
    (S.APPLYING, RecordAccountResults): frozenset({S.APPLYING}),
    (S.APPLYING, RecordAccountsRead): _READ_BACK,
    (S.UNCONFIRMED, RecordDelayed): frozenset({S.UNCONFIRMED}),
    (S.UNCONFIRMED, RecordWriting): frozenset({S.UNCONFIRMED}),
    (S.UNCONFIRMED, RecordUnseen): frozenset({S.UNCONFIRMED}),
    (S.UNCONFIRMED, RecordResent): frozenset({S.UNCONFIRMED}),
    (S.UNCONFIRMED, RecordApplied): frozenset({S.APPLIED}),
    (S.UNCONFIRMED, RecordRefusal): frozenset({S.UNCONFIRMED}),
    (S.UNCONFIRMED, RecordApplyFailed): frozenset({S.FAILED}),
    (S.UNCONFIRMED, RecordOverwritten): frozenset({S.OVERWRITTEN}),
    (S.UNCONFIRMED, Replan): frozenset({S.PREPARING}),
    (S.UNCONFIRMED, Stop): frozenset({S.STOPPED, S.UNCONFIRMED}),
    (S.UNCONFIRMED, LeaveBatch): frozenset({S.UNCONFIRMED}),
    (S.UNCONFIRMED, RecordAccountsRead): _READ_BACK,
}


def advance(request: AccessRequest | None, command: RequestCommand, situation: Situation) -> Transition:
    """Apply a command to a request. Pure.

    :param request: the request before the command; None before `Submit`.

    :raises Refused: when the command is not allowed in this state or for this person; nothing changes.
    """
    state = None if request is None else request.state
    allowed = TABLE.get((state, type(command)))
    if allowed is None:
        raise not_possible_now(request)
    in_batch.require_not_of_batch(request, command)
    guest_accounts.require_right_writes(request, command)
    transition = _HANDLERS[type(command)](request, command, situation)
    if transition.request.state not in allowed:
        raise AssertionError(f"{state} --{command.name}--> {transition.request.state} is not in the table")
    transition = _with_times(request, changing.without_unanswered(transition, situation), situation)
    transition = supporting.with_supporters_told(with_review_update(state, transition))
    return in_batch.with_effects_of_batch(request, transition=transition)


def _with_times(before: AccessRequest | None, transition: Transition, situation: Situation) -> Transition:
    """Return the transition with the times of the stage that is open now; unchanged when nothing is stored."""
    after = transition.request
    if before is not None and after.version == before.version:
        return transition
    return replace(transition, request=with_stage_times(before, after, situation.now, situation.calendar))


_HANDLERS: Final[Mapping[type[Any], Callable[..., Transition]]] = {
    Submit: planning.submit,
    RecordPrepared: planning.record_prepared,
    RecordUnfit: planning.record_unfit,
    RecordDelayed: planning.record_delayed,
    Confirm: guest_accounts.confirm,
    RecordAccountsSending: guest_accounts.record_sending,
    RecordAccountResults: guest_accounts.record_results,
    RecordAccountsRead: guest_accounts.record_read,
    Approve: decisions.approve,
    Reject: decisions.reject,
    SupportRequest: supporting.support,
    Withdraw: decisions.withdraw,
    Edit: planning.edit,
    RequestChanges: changing.request_changes,
    RecordProposal: changing.record_proposal,
    DeclineProposal: changing.decline_proposal,
    RemindApprovers: decisions.remind_approvers,
    Ask: conversation.ask,
    Answer: conversation.answer,
    Comment: conversation.comment,
    Expire: decisions.expire,
    Escalate: waiting.escalate,
    RecordEscalation: waiting.record_escalation,
    AnnounceExpiry: waiting.announce_expiry,
    StopClock: waiting.stop,
    ResumeClock: waiting.resume,
    Start: waiting.start,
    RecordSponsors: decisions.record_sponsors,
    Reassign: reassigning.reassign,
    RecordRelations: decisions.record_relations,
    Replan: planning.replan,
    Reopen: planning.reopen,
    Stop: writes.stop,
    RecordWriting: writes.record_writing,
    RecordOverwritten: writes.record_overwritten,
    RecordUnseen: writes.record_unseen,
    RecordResent: writes.record_resent,
    RecordApplied: writes.record_applied,
    RecordRefusal: writes.record_refusal,
    RecordApplyFailed: writes.record_apply_failed,
    AcceptBatchDecisions: in_batch.accept_batch_decisions,
    LeaveBatch: in_batch.leave_batch,
    EndWithBatch: in_batch.end_with_batch,
}

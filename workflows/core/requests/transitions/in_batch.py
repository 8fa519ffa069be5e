"""Changes of a request that belongs to a batch: it gets the batch's decisions, leaves the batch, or ends with it."""

from dataclasses import replace
from typing import Any, Final

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.policy.approval import ChainRule
from workflows.core.requests.commands.automatic import AcceptBatchDecisions, EndWithBatch, Expire, LeaveBatch
from workflows.core.requests.commands.editing import DeclineProposal, RecordProposal, RequestChanges
from workflows.core.requests.commands.people import Reassign
from workflows.core.requests.commands.request import (
    Answer,
    Approve,
    Ask,
    Comment,
    Edit,
    Reject,
    RemindApprovers,
    SupportRequest,
    Withdraw,
)
from workflows.core.requests.deadlines.clock_stops import lifetime_of, not_after_the_end
from workflows.core.requests.effects import (
    AdvanceBatch,
    Apply,
    Prepare,
    SendExpiryMessages,
    SendMessage,
    SendReminders,
    ShowRequest,
)
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.requests.transitions.transition import (
    Situation,
    Transition,
    begin_to_apply,
    begin_when_due,
    changed,
    preparation,
    with_note,
)

_CHANGES: Final = (RequestChanges, RecordProposal, DeclineProposal)
_REMARKS: Final = (Ask, Answer, Comment)
_DECISIONS: Final = (Approve, Reject, SupportRequest, Reassign, Withdraw, Edit, RemindApprovers, Expire)
_ABOUT_THE_BATCH: Final = (*_DECISIONS, *_REMARKS, *_CHANGES)
"""What people, and time, do with the whole batch and with none of its members."""
_WRITTEN: Final = (Ask, Answer, Comment)
_DONE_BY_THE_BATCH: Final = (ShowRequest, SendMessage, SendReminders, SendExpiryMessages, Prepare, Apply)
"""A member has no card and sends no messages. The batch prepares and records its members."""


def require_not_of_batch(request: AccessRequest | None, command: Any) -> None:
    """Refuse a command about a member that people give to the whole batch.

    :raises Refused: naming the batch.
    """
    if request is not None and request.batch is not None and isinstance(command, _ABOUT_THE_BATCH):
        writes = {"writes": True} if isinstance(command, _WRITTEN) else {}
        raise Refused(RefusalCode.IN_A_BATCH, batch=request.batch, **writes)


def with_effects_of_batch(before: AccessRequest | None, transition: Transition) -> Transition:
    """Leave to the batch what it does for its members, and let it look when a member left, or was ended by others."""
    batch, after = None if before is None else before.batch, transition.request
    if after.batch is not None:
        effects = tuple(effect for effect in transition.effects if not isinstance(effect, _DONE_BY_THE_BATCH))
        is_news = after.state is RequestState.STOPPED
        more = (AdvanceBatch(batch_id=after.batch),) if is_news else ()
        return replace(transition, effects=(*effects, *more))
    if batch is not None:
        return replace(transition, effects=(*transition.effects, AdvanceBatch(batch_id=batch)))
    return transition


def out_of_batch(request: AccessRequest) -> AccessRequest:
    """Return a request that goes on alone, if it was a member of a batch."""
    return request if request.batch is None else replace(request, batch=None, left_batch=request.batch)


def accept_batch_decisions(request: AccessRequest, command: AcceptBatchDecisions, situation: Situation) -> Transition:
    """Give a member the decisions on its batch, if they are about exactly its plan and are enough for it.

    A member with a later start leaves the batch with them, and starts by itself.

    :raises Refused: otherwise.
    """
    prepared = request.require_prepared()
    is_of_plan = all(decision.digest == prepared.plan.digest for decision in command.decisions)
    if request.batch != command.batch or command.plan_digest != prepared.plan.digest or not is_of_plan:
        raise Refused(RefusalCode.NOT_APPROVED_IN_BATCH, batch=command.batch)
    rule = prepared.chain_rule if command.stages == prepared.stages else ChainRule.STRICTER
    accepted = changed(
        request if request.plan.starts_at is None else out_of_batch(request),
        RequestState.APPLYING,
        situation,
        prepared=replace(prepared, stages=command.stages, roles={**command.roles}, chain_rule=rule),
        decisions=command.decisions,
        note=(),
    )
    if not accepted.verdict(situation.current_roles).is_complete:
        raise Refused(RefusalCode.NOT_APPROVED_IN_BATCH, batch=command.batch)
    # One with a later start waits for its day alone: the batch does not wait for it.
    return begin_when_due(accepted)


def leave_batch(request: AccessRequest, command: LeaveBatch, situation: Situation) -> Transition:
    """Let a member go on alone, with its own card: it asks for its own approval, or its approved plan is applied."""
    if request.batch is None:
        raise Refused(RefusalCode.NOT_IN_A_BATCH)
    alone = changed(out_of_batch(request), request.state, situation, note=command.reason)
    if alone.state in (RequestState.APPLYING, RequestState.UNCONFIRMED):
        return begin_to_apply(alone)  # with the decisions that it has
    # It has the whole time to decide: the batch may have waited for longer than its own deadline.
    whole = not_after_the_end(alone, situation.now + lifetime_of(alone))
    alone = replace(alone, expires_at=max(alone.expires_at, whole), lifetime=lifetime_of(alone))
    is_planned = alone.state is not RequestState.PREPARING
    effects = () if is_planned else (preparation(alone),)  # the batch does not prepare it any more
    return Transition(request=alone, effects=(*effects, ShowRequest(request_id=request.id)))


def end_with_batch(request: AccessRequest, command: EndWithBatch, situation: Situation) -> Transition:
    """End a member because its batch ended: nobody approved it, or its run halted. A later start does not come then."""
    is_scheduled = request.state is RequestState.SCHEDULED and request.left_batch is not None
    if request.batch is None and not is_scheduled:
        raise Refused(RefusalCode.NOT_IN_A_BATCH)
    ended = with_note(request, command.state, situation, command.note)
    effects = (ShowRequest(request_id=request.id),) if is_scheduled else ()
    return Transition(request=replace(ended, decisions=(*ended.decisions, *command.decisions)), effects=effects)

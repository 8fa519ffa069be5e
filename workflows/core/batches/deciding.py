"""Decisions on a batch: who may decide, approve, reject, withdraw. And what happens when nobody decides."""

from dataclasses import replace
from typing import TYPE_CHECKING

from workflows.core.batches.batch import Batch, BatchState, Run
from workflows.core.batches.transition import BatchTransition, changed, end_batch, not_possible_now, show, tell_end
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, CurrentRoles, Person, PersonId, is_chat_user
from workflows.core.policy.approval import Choice, Decision
from workflows.core.requests.commands.batch import ApproveBatch, RejectBatch, WithdrawBatch
from workflows.core.requests.deciding import deciding_stage
from workflows.core.requests.effects import AdvanceBatch
from workflows.core.requests.eligibility import Eligibility, ids_of
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.transitions.transition import Situation
from workflows.core.settings.canonical import Digest

if TYPE_CHECKING:
    from workflows.core.batches.commands import ExpireBatch

S = BatchState


def batch_eligibility(batch: Batch, current_roles: CurrentRoles | None = None) -> Eligibility:
    """Compute who may decide on a batch, from its people and decisions. Pure.

    :param current_roles: the current roles. None counts every decision without checking roles, which is only for
        display.
    """
    verdict = batch.verdict(current_roles)
    counted = [person for people in verdict.counted_people for person in people]
    sponsors = batch.row_sponsors if batch.sponsor is None else (batch.sponsor, *batch.row_sponsors)
    named = [batch.requester, batch.drafter, *sponsors, *batch.authors, *batch.partner_sponsors, *counted]
    return Eligibility(
        stages=batch.stages,
        verdict=verdict,
        requester=_ids(batch.requester),
        sponsor=ids_of(sponsors),
        authors=ids_of(batch.authors),
        partner_sponsors=ids_of(batch.partner_sponsors),
        drafter=_ids(batch.drafter),
        chat_ids=frozenset(one.chat_id for one in named if one is not None and one.chat_id),
    )


def _ids(person: Person | None) -> frozenset[ChatId | PersonId]:
    return frozenset() if person is None else ids_of((person,))


def current_batch_eligibility(batch: Batch) -> Eligibility | None:
    """Return who may decide on a batch that waits for approvals; None for any other batch."""
    if batch.state is not S.AWAITING_APPROVAL:
        return None
    who = batch_eligibility(batch)
    return who if who.open_stages else None


def approve(batch: Batch, command: ApproveBatch[Person], situation: Situation) -> BatchTransition:
    stage = _stage(batch, command.actor, command.digest, situation)
    if stage is None:
        # An earlier approver has the role again, so the approval chain is complete without this approval.
        return _begin(changed(batch, S.APPLYING, situation, note=()), situation)
    decision = _decision(command, Choice.APPROVE, stage, situation)
    approved = changed(batch, batch.state, situation, decisions=(*batch.decisions, decision), note=())
    if approved.verdict(situation.current_roles).is_complete:
        return _begin(changed(batch, S.APPLYING, situation, decisions=approved.decisions, note=()), situation)
    return BatchTransition(batch=approved, effects=show(approved))


def reject(batch: Batch, command: RejectBatch[Person], situation: Situation) -> BatchTransition:
    # NB. without the list, too: otherwise only its requester could end a batch whose list cannot be attached.
    stage = _stage(batch, command.actor, command.digest, situation, is_rejection=True)
    if stage is None:
        raise Refused(RefusalCode.ALL_APPROVALS_GIVEN)
    reason = command.reason.strip()
    if not reason:
        raise Refused(RefusalCode.REASON_MISSING, is_review=False)
    decision = _decision(command, Choice.REJECT, stage, situation, reason)
    note = (Fact(NoteCode.REJECTED, {"name": decision.names, "reason": reason}),)
    return end_batch(batch, S.REJECTED, situation, note, decisions=(*batch.decisions, decision))


def withdraw(batch: Batch, command: WithdrawBatch, situation: Situation) -> BatchTransition:
    if batch.state is S.DRAFT:
        return _discard(batch, command, situation)
    if command.is_of_draft:
        raise not_possible_now(batch)
    is_same_id = batch.requester is not None and command.actor == batch.requester.chat_id
    if not is_same_id and not command.is_requester:
        raise Refused(RefusalCode.NOT_THE_REQUESTER)
    return end_batch(batch, S.WITHDRAWN, situation, (Fact(NoteCode.WITHDRAWN),))


def _discard(batch: Batch, command: WithdrawBatch, situation: Situation) -> BatchTransition:
    """Discard a draft: whoever made it, and of the command line any member, as any may confirm it."""
    if batch.drafter_chat_id not in (None, command.actor):
        raise Refused(RefusalCode.NOT_THE_REQUESTER)
    ended = end_batch(batch, S.WITHDRAWN, situation, (Fact(NoteCode.DRAFT_DISCARDED),))
    told = tell_end(ended.batch, command.actor) if is_chat_user(command.actor) else ()
    return replace(ended, effects=(*ended.effects, *told))


def expire(batch: Batch, command: "ExpireBatch", situation: Situation) -> BatchTransition:
    if command.is_unproven:
        ended = S.STOPPED if batch.state in (S.APPLYING, S.HALTED) else S.EXPIRED
        note = (Fact(NoteCode.BATCH_NOT_BELIEVED),)
        # NB. without its decisions: this is stored and signed, and what somebody else wrote must not be signed.
        return end_batch(batch, ended, situation, note, decisions=(), void_decisions=())
    if batch.state is S.APPLYING:
        raise not_possible_now(batch)
    if command.is_void:
        ended = S.STOPPED if batch.state is S.HALTED else S.EXPIRED
        return end_batch(batch, ended, situation, (Fact(NoteCode.VOID_AFTER_RESTORE),))
    if situation.now < batch.expires_at:
        raise Refused(RefusalCode.NOT_DUE_YET, what="expiry")
    if batch.state is S.HALTED:
        return end_batch(batch, S.STOPPED, situation, (Fact(NoteCode.BATCH_HALT_UNANSWERED),))
    code = NoteCode.DRAFT_NOT_CONFIRMED if batch.state is S.DRAFT else NoteCode.BATCH_UNDECIDED
    return end_batch(batch, S.EXPIRED, situation, (Fact(code),))


def is_batch_believed(batch: Batch) -> bool:
    """Return whether nothing in a batch says that something other than Gatehouse changed it."""
    return not {NoteCode.BATCH_CHANGED, NoteCode.BATCH_NOT_BELIEVED}.intersection(fact.code for fact in batch.note)


def batch_as_not_believed(batch: Batch) -> Batch:
    """Return a batch that something else changed as it is shown: without decisions. It is never stored."""
    code = NoteCode.BATCH_NOT_BELIEVED if batch.has_ended else NoteCode.BATCH_CHANGED
    return replace(batch, decisions=(), void_decisions=(), note=(Fact(code),))


def _stage(
    batch: Batch, actor: Person, digest: Digest, situation: Situation, *, is_rejection: bool = False
) -> int | None:
    """Check that a person may decide on exactly what the card showed.

    :returns: the index of the stage; None when the approval chain is complete with the current roles.
    :raises Refused: when this person may not decide, or nobody may.
    """
    if (situation.received_at or situation.now) >= batch.expires_at:
        raise Refused(RefusalCode.EXPIRED)
    if digest != batch.digest:
        raise Refused(RefusalCode.CARD_OUT_OF_DATE)
    if not (batch.is_list_current or is_rejection):
        raise Refused(RefusalCode.BATCH_LIST_MISSING)
    people = batch_eligibility(batch, situation.current_roles)
    return deciding_stage(people, actor, current_roles=situation.current_roles, may_repeat=is_rejection)


def _decision(
    command: ApproveBatch[Person] | RejectBatch[Person],
    choice: Choice,
    stage: int,
    situation: Situation,
    reason: str = "",
) -> Decision:
    return Decision(
        person=command.actor,
        choice=choice,
        stage=stage,
        digest=command.digest,
        reason=reason,
        at=situation.received_at or situation.now,
        on_behalf_of=command.on_behalf_of,
    )


def _begin(batch: Batch, situation: Situation) -> BatchTransition:
    batch = replace(batch, runs=(*batch.runs, Run(since=situation.now)))
    return BatchTransition(batch=batch, effects=(*show(batch), AdvanceBatch(batch_id=batch.id)))

"""Changes that people decide: approve, reject, withdraw, remind the approvers. And what happens when nobody decides."""

from dataclasses import replace
from typing import Final

from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import Person
from workflows.core.policy.approval import Choice, Decision
from workflows.core.requests.commands.automatic import Expire, RecordSponsors
from workflows.core.requests.commands.request import Approve, Reject, RemindApprovers, Withdraw
from workflows.core.requests.deadlines.reminder_times import may_be_reminded, next_reminder_at, reminder_possible_at
from workflows.core.requests.deciding import require_may_decide
from workflows.core.requests.effects import Effect, SendExpiryMessages, SendReminders, ShowRequest
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState, StopCause
from workflows.core.requests.transitions.transition import (
    Situation,
    Transition,
    begin_to_apply,
    changed,
    end_request,
    with_note,
)

S = RequestState

_UNDECIDED: Final = {
    RequestKind.RESTORATION: NoteCode.RESTORE_UNDECIDED,
    RequestKind.ADOPTION: NoteCode.ADOPTION_UNDECIDED,
}


def approve(request: AccessRequest, command: Approve[Person], situation: Situation) -> Transition:
    received = situation.received_at or situation.now
    stage = require_may_decide(
        request, command.actor, command.digest, current_roles=situation.current_roles, now=received
    )
    if stage is None:
        # An earlier approver has the role again, so the approval chain is complete without this approval.
        return begin_to_apply(changed(request, S.APPLYING, situation, note=()))
    decision = Decision(
        person=command.actor, choice=Choice.APPROVE, stage=stage, digest=command.digest, reason="", at=received
    )
    request = changed(request, request.state, situation, decisions=(*request.decisions, decision), note=())
    verdict = request.verdict(situation.current_roles)
    if verdict.is_complete:
        return begin_to_apply(replace(request, state=S.APPLYING))
    # No message to the requester, who need not do anything: their card shows it.
    return Transition(request=request, effects=(ShowRequest(request_id=request.id),))


def reject(request: AccessRequest, command: Reject[Person], situation: Situation) -> Transition:
    received = situation.received_at or situation.now
    stage = require_may_decide(
        request, command.actor, command.digest, current_roles=situation.current_roles, now=received, may_repeat=True
    )
    if stage is None:
        raise Refused(RefusalCode.ALL_APPROVALS_GIVEN)
    if not command.reason.strip():
        raise Refused(RefusalCode.REASON_MISSING, is_review=False)
    decision = Decision(
        person=command.actor,
        choice=Choice.REJECT,
        stage=stage,
        digest=command.digest,
        reason=command.reason.strip(),
        at=received,
    )
    request = replace(request, decisions=(*request.decisions, decision))
    return end_request(
        request,
        S.REJECTED,
        situation,
        note=(Fact(NoteCode.REJECTED, {"name": command.actor.name, "reason": decision.reason}),),
    )


def withdraw(request: AccessRequest, command: Withdraw, situation: Situation) -> Transition:
    if command.actor != request.fields.requester and not command.is_requester:
        raise Refused(RefusalCode.NOT_THE_REQUESTER)
    request = with_note(request, S.WITHDRAWN, situation, (Fact(NoteCode.WITHDRAWN),))
    # No message: the requester withdrew it, and their card shows it.
    return Transition(request=request, effects=(ShowRequest(request_id=request.id),))


def remind_approvers(request: AccessRequest, command: RemindApprovers, situation: Situation) -> Transition:
    if command.actor is None:
        due_at = next_reminder_at(request)
        if due_at is None or situation.now < due_at:
            raise Refused(RefusalCode.NOT_DUE_YET, what="approver_reminder")
    elif not request.is_filed_by(command.actor) and not command.is_requester:
        raise Refused(RefusalCode.NOT_THE_REQUESTER, reminds=True)
    elif not may_be_reminded(request, situation.now):
        raise Refused(RefusalCode.REMINDED_WITHIN_A_DAY)
    request = changed(request, request.state, situation, reminders=request.reminders + 1, reminded_at=situation.now)
    show_effects: tuple[Effect, ...] = (SendReminders(request_id=request.id), ShowRequest(request_id=request.id))
    if possible := reminder_possible_at(request):
        show_effects = (*show_effects, ShowRequest(request_id=request.id, not_before=possible))
    return Transition(request=request, effects=show_effects)


def expire(request: AccessRequest, command: Expire, situation: Situation) -> Transition:
    if request.fields.kind is RequestKind.REVOCATION:
        raise Refused(RefusalCode.REVOCATION_NEVER_EXPIRES)
    if situation.now < request.expires_at:
        raise Refused(RefusalCode.NOT_DUE_YET, what="expiry")
    request = with_note(request, S.EXPIRED, situation, (_reason_of_expiry(request),))
    # Also before there is a plan: the requester is told, and an update of their card notifies nobody.
    messages = SendExpiryMessages(request_id=request.id)
    return Transition(request=request, effects=(ShowRequest(request_id=request.id), messages))


def _reason_of_expiry(request: AccessRequest) -> Fact:
    stop, stage = request.clock_stop, None if request.prepared is None else request.verdict().open_stage
    if stop is not None and stop.cause is StopCause.NOBODY_CAN_DECIDE and stage is not None:
        return Fact(NoteCode.NOBODY_COULD_DECIDE, {"stage": request.require_prepared().stages[stage].title})
    code = _UNDECIDED.get(request.fields.kind)
    return Fact(NoteCode.UNDECIDED) if code is None else Fact(code, {"target": request.fields.target})


def record_sponsors(request: AccessRequest, command: RecordSponsors, situation: Situation) -> Transition:
    """Name the partner's sponsors on the request: none of them is asked, and an approval of theirs does not count."""
    prepared = request.require_prepared()
    people = {person.id: person for person in (*command.people, *prepared.partner_sponsors)}
    prepared = replace(prepared, partner_sponsors=tuple(people.values()))
    request = changed(request, S.AWAITING_APPROVAL, situation, prepared=prepared)
    return Transition(request=request, effects=(ShowRequest(request_id=request.id),))

"""Changes that people decide: approve, reject, withdraw, remind the approvers. And what happens when nobody decides."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import Person
from workflows.core.policy.approval import Choice, Decision, NotCountedReason
from workflows.core.policy.relations import Relations
from workflows.core.requests.commands.automatic import Expire, RecordRelations, RecordSponsors
from workflows.core.requests.commands.request import Approve, CommandSubject, Reject, RemindApprovers, Withdraw
from workflows.core.requests.deadlines.next_round import values_of_next_round
from workflows.core.requests.deadlines.reminder_times import may_be_reminded, next_reminder_at, reminder_possible_at
from workflows.core.requests.deciding import (
    is_begun,
    require_may_decide,
    require_may_reject_scheduled,
    require_may_reject_unwritten,
)
from workflows.core.requests.effects import (
    Effect,
    MessageCode,
    SendExpiryMessages,
    SendMessage,
    SendReminders,
    ShowRequest,
)
from workflows.core.requests.notes import NoteCode, is_first_plan
from workflows.core.requests.request import AccessRequest, PreparedRequest, RequestKind, RequestState, StopCause
from workflows.core.requests.transitions.changing import taken_back_by
from workflows.core.requests.transitions.transition import (
    Situation,
    Transition,
    begin_when_due,
    changed,
    end_request,
    not_possible_now,
    partner_of,
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
        return begin_when_due(changed(request, request.state, situation, note=()))
    request = taken_back_by(request, command.actor, situation)
    decision = Decision(
        person=command.actor,
        choice=Choice.APPROVE,
        stage=stage,
        digest=command.digest,
        reason="",
        at=received,
        on_behalf_of=command.on_behalf_of,
        asked_at=None if request.stage_times is None else request.stage_times.asked_at,
        profile_changes=command.profile_changes,
    )
    request = changed(request, request.state, situation, decisions=(*request.decisions, decision), note=())
    told = _tell_of_profile(request, command)
    verdict = request.verdict(situation.current_roles)
    if verdict.is_complete:
        begun = begin_when_due(request)
        return replace(begun, effects=(*begun.effects, *told))
    # No message to the requester, who need not do anything: their card shows it.
    return Transition(request=request, effects=(ShowRequest(request_id=request.id), *told))


def _tell_of_profile(request: AccessRequest, command: Approve[Person]) -> tuple[SendMessage, ...]:
    """Return the messages to the other approvers about a profile that changed shortly before this approval."""
    if not command.profile_changes:
        return ()
    fact = Fact(
        MessageCode.PROFILE_CHANGED,
        {
            "partner": partner_of(request),
            "request": request.id,
            "digest": command.digest,
            "name": command.actor.name,
            "changes": [
                {
                    "part": change.part.value,
                    "unchanged_at": change.unchanged_at.isoformat(),
                    "noticed_at": change.noticed_at.isoformat(),
                }
                for change in command.profile_changes
            ],
        },
    )
    about = CommandSubject(request_id=request.id)
    return tuple(SendMessage(person=person, subject=about, fact=fact) for person in command.others)


def reject(request: AccessRequest, command: Reject[Person], situation: Situation) -> Transition:
    received = situation.received_at or situation.now
    stage = _rejected_stage(request, command, situation, received)
    if not command.reason.strip():
        raise Refused(RefusalCode.REASON_MISSING, is_review=False)
    decision = Decision(
        person=command.actor,
        choice=Choice.REJECT,
        stage=stage,
        digest=command.digest,
        reason=command.reason.strip(),
        at=received,
        on_behalf_of=command.on_behalf_of,
    )
    request = replace(request, decisions=(*request.decisions, decision))
    return end_request(
        request,
        S.REJECTED,
        situation,
        note=(Fact(NoteCode.REJECTED, {"name": decision.names, "reason": decision.reason}),),
    )


def _rejected_stage(request: AccessRequest, command: Reject[Person], situation: Situation, received: datetime) -> int:
    actor, digest, roles = command.actor, command.digest, situation.current_roles
    if request.state is S.SCHEDULED:
        return require_may_reject_scheduled(request, actor, digest, current_roles=roles)
    if request.state is S.APPLYING:
        if is_begun(request):
            raise Refused(RefusalCode.CANNOT_REJECT_ANY_MORE)
        return require_may_reject_unwritten(request, actor, digest, current_roles=roles)
    stage = require_may_decide(request, actor, digest, current_roles=roles, now=received, may_repeat=True)
    if stage is None:
        raise Refused(RefusalCode.ALL_APPROVALS_GIVEN)
    return stage


def withdraw(request: AccessRequest, command: Withdraw, situation: Situation) -> Transition:
    if not request.is_filed_by(command.actor) and not command.is_requester:
        raise Refused(RefusalCode.NOT_THE_REQUESTER)
    request = with_note(request, S.WITHDRAWN, situation, (Fact(NoteCode.WITHDRAWN),))
    # No message: the requester withdrew it, and their card shows it.
    return Transition(request=request, effects=(ShowRequest(request_id=request.id),))


def remind_approvers(request: AccessRequest, command: RemindApprovers, situation: Situation) -> Transition:
    if command.actor is None:
        due_at = next_reminder_at(request)
        # NB. after a pause, one that is late may expire in this tick: its approvers hear only that.
        if due_at is None or not due_at <= situation.now < request.expires_at:
            raise Refused(RefusalCode.NOT_DUE_YET, what="approver_reminder")
    elif not request.is_filed_by(command.actor) and not command.is_requester:
        raise Refused(RefusalCode.NOT_THE_REQUESTER, reminds=True)
    elif not may_be_reminded(request, situation.now):
        raise Refused(RefusalCode.REMINDED_WITHIN_A_DAY)
    request = changed(request, request.state, situation, reminders=request.reminders + 1, reminded_at=situation.now)
    show_effects: tuple[Effect, ...] = (
        SendReminders(request_id=request.id, reminded_at=situation.now),
        ShowRequest(request_id=request.id),
    )
    if possible := reminder_possible_at(request):
        show_effects = (*show_effects, ShowRequest(request_id=request.id, not_before=possible))
    return Transition(request=request, effects=show_effects)


def expire(request: AccessRequest, command: Expire, situation: Situation) -> Transition:
    if request.fields.kind is RequestKind.REVOCATION:
        raise Refused(RefusalCode.REVOCATION_NEVER_EXPIRES)
    if situation.now < request.expires_at:
        raise Refused(RefusalCode.NOT_DUE_YET, what="expiry")
    if request.state is S.AWAITING_CONFIRMATION:  # only the requester was asked
        return end_request(request, S.EXPIRED, situation, note=(Fact(NoteCode.ACCOUNTS_NOT_CONFIRMED),))
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


def record_relations(request: AccessRequest, command: RecordRelations, situation: Situation) -> Transition:
    """Ask the people who have the relation roles of a request now. What others approved by relation is void.

    :raises Refused: when the same people have them as before.
    """
    prepared = request.require_prepared()
    if command.relations == prepared.relations:
        raise not_possible_now(request)
    former, prepared = prepared.relations, replace(prepared, relations=command.relations)
    lost = tuple(decision for decision in request.decisions if _is_lost(prepared, decision, former))
    if lost:
        values = [{"person": one.person.name, "stage": prepared.stages[one.stage].title} for one in lost]
        reason = tuple(Fact(NotCountedReason.LOST_ROLE, value) for value in values)
        kept = tuple(decision for decision in request.decisions if decision not in lost)
        request = replace(request, decisions=kept)
        request = replace(
            request,
            **values_of_next_round(request, situation.current_roles),
            void_decisions=(*request.void_decisions, *lost),
            asked_again=(*reason, Fact(NoteCode.STAGE_OPEN_AGAIN, {"is_first": is_first_plan(request)})),
            previously_shown=None,
            previous_fields=None,
        )
    request = changed(
        request, S.AWAITING_APPROVAL, situation, prepared=prepared, note=request.asked_again if lost else request.note
    )
    return Transition(request=request, effects=(ShowRequest(request_id=request.id),))


def _is_lost(prepared: PreparedRequest, decision: Decision, former: Relations) -> bool:
    """Return whether somebody approved by relation who does not have the relation role any more.

    What a delegate or an alternate approved does not follow from it: whether that counts is read at the last decision
    and before the write.
    """
    role = prepared.stages[decision.stage].role
    before, now = former.person_of(role), prepared.relations.person_of(role)
    return before is not None and before.id == decision.person.id and (now is None or now.id != before.id)

"""Changes around the plan: a request is submitted, prepared, edited, planned again, or needs new approvals."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from workflows.core.errors.facts import Fact, Facts, as_values
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.plans.plan import Plan
from workflows.core.plans.planning import plan_revocation
from workflows.core.requests.commands.automatic import RecordDelayed, RecordPrepared, RecordUnfit, Reopen, Replan
from workflows.core.requests.commands.editing import changed_field_names, require_may_edit, with_edited_values
from workflows.core.requests.commands.request import Edit, Submit
from workflows.core.requests.deadlines.clock_stops import lifetime_of, with_new_deadline
from workflows.core.requests.deadlines.next_round import values_of_next_round
from workflows.core.requests.effects import MessageCode, SendMessage, ShowRequest
from workflows.core.requests.notes import NoteCode, with_earlier_write
from workflows.core.requests.proposals import require_open_proposal
from workflows.core.requests.request import (
    AccessRequest,
    EditRecord,
    Proposal,
    RequestFields,
    RequestKind,
    RequestState,
)
from workflows.core.requests.transitions import guest_accounts
from workflows.core.requests.transitions.in_batch import out_of_batch
from workflows.core.requests.transitions.resending import pause_before_replan
from workflows.core.requests.transitions.transition import (
    Situation,
    Transition,
    begin_to_apply,
    changed,
    end_request,
    not_possible_now,
    preparation,
    require_no_revocation,
    tell_requester,
)

S = RequestState

NO_PARTNER: Final = frozenset({RefusalCode.UNKNOWN_TENANT, RefusalCode.OWN_TENANT})
"""The only reasons for which a revocation may end without a write: there is no partner to close."""


def submit(_: None, command: Submit, situation: Situation) -> Transition:
    expires_at = _decision_deadline(command.fields, situation.now + command.lifetime)
    request = AccessRequest(
        id=command.request_id,
        version=1,
        state=S.PREPARING,
        fields=command.fields,
        created_at=situation.now,
        changed_at=situation.now,
        expires_at=expires_at,
        lifetime=expires_at - situation.now,
        observation=command.observation,
        submitter=command.submitter,
        account=command.account,
        batch=command.batch,
        drafter=command.drafter,
    )
    return Transition(request=request, effects=(preparation(request),))


def record_prepared(request: AccessRequest, command: RecordPrepared, situation: Situation) -> Transition:
    """Store the prepared plan. A revocation is then applied at once; every other plan waits for approval.

    Guest accounts wait to be confirmed first.

    :raises Refused: when the request was edited in the meantime, or the plan is not of the kind that was requested: a
        revocation, an adoption of current settings, or another change.
    """
    is_revocation = request.fields.kind is RequestKind.REVOCATION
    plan = command.prepared.plan
    _require_newest_edition(request, plan.edition)
    revocation = plan_revocation(
        tenant_id=plan.tenant_id,
        before=plan.before,
        default=command.prepared.observation.default,
        is_cross_cloud=plan.is_cross_cloud,
    )
    if is_revocation and plan != revocation:
        raise Refused(RefusalCode.NOT_A_REVOCATION)
    _require_consistent_adoption(request, plan)
    guest_accounts.require_consistent_accounts(request, plan)
    if plan.accounts is not None:
        return guest_accounts.record_prepared(request, command, situation)
    request = changed(
        request,
        S.APPLYING if is_revocation else S.AWAITING_APPROVAL,
        situation,
        prepared=command.prepared,
        note=(),
    )
    if is_revocation:
        return begin_to_apply(request)
    return Transition(request=request, effects=(ShowRequest(request_id=request.id),))


def _require_consistent_adoption(request: AccessRequest, plan: Plan) -> None:
    """Refuse an adoption that would write something, and any other request that would make settings the record."""
    is_adoption = request.fields.kind is RequestKind.ADOPTION
    if is_adoption is not (plan.adoption is not None) or (is_adoption and plan.operations):
        raise Refused(RefusalCode.NOT_AN_ADOPTION)


def _require_newest_edition(request: AccessRequest, edition: int) -> None:
    """Refuse what was prepared from an earlier text: the request was edited while that was being read."""
    if edition != len(request.edits):
        raise not_possible_now(request)


def record_unfit(request: AccessRequest, command: RecordUnfit, situation: Situation) -> Transition:
    _require_newest_edition(request, command.edition)
    if command.code not in NO_PARTNER:
        require_no_revocation(request)
    return end_request(request, S.UNFIT, situation, note=command.reason)


def record_delayed(request: AccessRequest, command: RecordDelayed, situation: Situation) -> Transition:
    since = None if command.has_sent_nothing and request.state is S.APPLYING else request.writing_since
    if request.note == command.reason:
        if since == request.writing_since:
            return Transition(request=request, effects=())
        return Transition(request=changed(request, request.state, situation, writing_since=since), effects=())
    # NB. who waits is told of a freeze itself, once.
    is_told = bool(request.note) or any(fact.code in (NoteCode.FROZEN, NoteCode.HELD) for fact in command.reason)
    messages = () if is_told else tell_requester(request, MessageCode.REQUEST_WAITS, note=as_values(command.reason))
    request = changed(request, request.state, situation, note=command.reason, writing_since=since)
    return Transition(request=request, effects=(ShowRequest(request_id=request.id), *messages))


def replan(request: AccessRequest, command: Replan, situation: Situation) -> Transition:
    is_over = request.state is S.AWAITING_APPROVAL and situation.now >= request.expires_at
    if is_over and not command.stays_in_batch:  # a member has the time of its batch
        # NB. a new plan starts a new decision period, which a request that has expired must not get.
        raise Refused(RefusalCode.EXPIRED)
    lifetime = lifetime_of(request)
    is_revocation = request.fields.kind is RequestKind.REVOCATION
    replans = request.replans + is_revocation
    pause = pause_before_replan(replans)
    transition = _plan_again(
        request if command.stays_in_batch else out_of_batch(request),
        situation,
        command.reason,
        lifetime,
        has_written_nothing=command.has_written_nothing,
        round=request.round + (not is_revocation),
        previous_fields=None,
        drift=command.drift,
        observation=None,
        replans=replans,
        not_before=situation.now + pause if pause else None,
    )
    if request.state is not S.APPLYING or is_revocation or command.stays_in_batch:
        return transition
    return replace(transition, effects=(*transition.effects, *_tell_asked_again(transition.request)))


def edit(request: AccessRequest, command: Edit, situation: Situation) -> Transition:
    require_may_edit(request, command.actor, command.digest, situation.now)
    if command.observation.identity.tenant_id != request.plan.tenant_id:
        raise Refused(RefusalCode.TARGET_LEADS_TO_OTHER_TENANT, target=request.fields.target)
    accepted = request.proposal if command.accepts else None
    if command.accepts:
        accepted = require_open_proposal(
            request, command.actor.id, command.digest, command.accepts, situation.received_at or situation.now
        )
    new_fields = command.new_fields if accepted is None else accepted.fields
    edited_fields = with_edited_values(request.fields, new_fields)
    if not changed_field_names(request.fields, edited_fields):
        raise Refused(RefusalCode.NOTHING_EDITED)
    return _plan_again(
        request,
        situation,
        (_edited_fact(command.actor.name, accepted), Fact(NoteCode.ASKED_AGAIN)),
        command.lifetime,
        fields=edited_fields,
        previous_fields=request.fields,
        edits=(*request.edits, EditRecord(person=command.actor, at=situation.now)),
        drift=None,
        observation=command.observation,
    )


def _edited_fact(name: str, accepted: Proposal | None) -> Fact:
    if accepted is None:
        return Fact(NoteCode.EDITED, {"name": name})
    return Fact(NoteCode.PROPOSAL_ACCEPTED, {"name": name, "proposer": accepted.person.name})


def _plan_again(
    request: AccessRequest,
    situation: Situation,
    reasons: Facts,
    lifetime: timedelta,
    *,
    has_written_nothing: bool = False,
    **changes: Any,
) -> Transition:
    """Give up the plan and every decision on it, and prepare the request again, with its whole time to decide."""
    # The note is made from the request as it was before this change.
    reason = with_earlier_write(request, reasons)
    write_started_at = None if has_written_nothing else request.writing_since or request.unconfirmed_since
    expires_at = _decision_deadline(changes.get("fields", request.fields), situation.now + lifetime)
    reset_values: dict[str, Any] = {
        "note": reason,
        "asked_again": reason,
        "changes_requested": None,
        "proposal": None,
        "round": request.round + 1,
        "previously_shown": request.prepared,
        "void_decisions": (*request.void_decisions, *request.decisions),
        "writing_since": None,
        "earlier_write_at": request.earlier_write_at or write_started_at,
        "unconfirmed_since": None,
        "resent_at": None,
        "write_refusal": None,
        "accounts": None,
        "reminders": 0,
        "reminded_at": None,
        "escalations": (),
        "expiry_told_at": None,
        "decisions": (),  # also when the new plan is the same: approval is requested again
        "lifetime": expires_at - situation.now,
    }
    request = changed(request, S.PREPARING, situation, **{**reset_values, **changes})
    request = with_new_deadline(request, expires_at, situation.now, situation.calendar)
    return Transition(request=request, effects=(ShowRequest(request_id=request.id), preparation(request)))


def _decision_deadline(fields: RequestFields, usual_deadline: datetime) -> datetime:
    """Return when an undecided request expires: at the usual time, but not later than the requested end."""
    return usual_deadline if fields.ends_at is None else min(usual_deadline, fields.ends_at)


def reopen(request: AccessRequest, command: Reopen, situation: Situation) -> Transition:
    verdict = request.verdict(situation.current_roles)
    if verdict.is_complete or request.fields.kind is RequestKind.REVOCATION:
        raise Refused(RefusalCode.ALL_APPROVALS_STILL_COUNT)
    counted = {person.id for people in verdict.counted_people for person in people}
    digest = request.plan.digest
    kept_decisions = tuple(d for d in request.decisions if d.person.id in counted and d.digest == digest)
    reason, prepared = with_earlier_write(request, command.reason), request.require_prepared()
    was_approved = request.state is S.APPLYING
    next_round = values_of_next_round(replace(request, decisions=kept_decisions), situation.current_roles)
    request = changed(
        out_of_batch(request),
        S.AWAITING_APPROVAL,
        situation,
        prepared=prepared if command.relations is None else replace(prepared, relations=command.relations),
        decisions=kept_decisions,
        note=reason,
        asked_again=reason,
        previously_shown=None,
        previous_fields=None,
        void_decisions=(
            *request.void_decisions,
            *(decision for decision in request.decisions if decision not in kept_decisions),
        ),
        drift=None,
        **next_round,
    )
    messages = _tell_asked_again(request) if was_approved else ()
    return Transition(request=request, effects=(ShowRequest(request_id=request.id), *messages))


def _tell_asked_again(request: AccessRequest) -> tuple[SendMessage, ...]:
    """Return the message to who expects an approved access. An update of their card notifies nobody."""
    return tell_requester(request, MessageCode.ASKED_AGAIN, note=as_values(request.note))

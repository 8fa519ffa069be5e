"""What approvers ask the requester to change: changes in their own words, or a proposal to ask for less."""

from dataclasses import replace

from workflows.core.conversation.remarks import Remark, RemarkKind
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import Person
from workflows.core.requests.commands.editing import DeclineProposal, RecordProposal, RequestChanges
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.deadlines.clock_stops import (
    is_answer_awaited,
    resume_clock,
    resume_when_over,
    stop_clock,
)
from workflows.core.requests.deciding import require_may_decide
from workflows.core.requests.effects import MessageCode, SendMessage, ShowRequest
from workflows.core.requests.proposals import require_can_be_changed, require_less, require_open_proposal
from workflows.core.requests.request import AccessRequest, ChangesRequested, RequestState, StopCause
from workflows.core.requests.transitions.conversation import new_remark, require_comment, require_text
from workflows.core.requests.transitions.transition import Situation, Transition, changed, partner_of


def request_changes(request: AccessRequest, command: RequestChanges[Person], situation: Situation) -> Transition:
    """Ask the requester to change the request. The time to decide does not pass until they do; see `clock_stops`."""
    _require_may_ask(request, command.actor, command.digest, situation)
    require_comment(request, command.text)
    remark = new_remark(request, RemarkKind.CHANGES, command.actor, command.text, situation)
    asked = ChangesRequested(person=command.actor, text=remark.text, at=remark.at, remark=remark.id)
    running = resume_when_over(request, situation.now)
    stopped = stop_clock(running, StopCause.QUESTION, remark.at, situation.calendar)
    return _recorded(replace(stopped, changes_requested=asked), remark, situation)


def record_proposal(request: AccessRequest, command: RecordProposal, situation: Situation) -> Transition:
    """Store a proposal, in place of an earlier one. The requester is asked.

    :raises Refused: when it does not certainly give less.
    """
    proposal = command.proposal
    _require_may_ask(request, proposal.person, proposal.digest, situation)
    require_comment(request, proposal.reason)
    try:
        require_less(request, proposal.plan, command.review_interval, situation.now)
    except InvalidField as error:
        raise Refused(RefusalCode(error.code), **error.fact.values) from error
    remark = new_remark(request, RemarkKind.PROPOSAL, proposal.person, proposal.reason, situation)
    proposal = replace(proposal, number=int(remark.id), reason=remark.text, at=remark.at)
    return _recorded(replace(request, proposal=proposal), remark, situation)


def decline_proposal(request: AccessRequest, command: DeclineProposal[Person], situation: Situation) -> Transition:
    """Keep the request as it is, and tell the proposer why."""
    asked_at = situation.received_at or situation.now
    proposal = require_open_proposal(request, command.actor.id, command.digest, command.number, asked_at)
    require_text(command.reason)
    remark = new_remark(request, RemarkKind.DECLINED, command.actor, command.reason, situation)
    fact = Fact(
        MessageCode.PROPOSAL_DECLINED,
        {"partner": partner_of(request), "request": request.id, "name": command.actor.name, "reason": remark.text},
    )
    told = SendMessage(person=proposal.person.chat_id, subject=CommandSubject(request_id=request.id), fact=fact)
    transition = _recorded(replace(request, proposal=None), remark, situation)
    return replace(transition, effects=(*transition.effects, told))


def taken_back_by(request: AccessRequest, actor: Person, situation: Situation) -> AccessRequest:
    """Return the request without the changes and the proposal of a person who approves it as it is."""
    if request.changes_requested is not None and request.changes_requested.person.id == actor.id:
        request = replace(request, changes_requested=None)
        if not is_answer_awaited(request):
            request = resume_clock(request, StopCause.QUESTION, situation.now)
    if request.proposal is not None and request.proposal.person.id == actor.id:
        request = replace(request, proposal=None)
    return request


def without_unanswered(transition: Transition, situation: Situation) -> Transition:
    """Forget what the requester was asked to change when the request waits for approvals no more."""
    request = transition.request
    is_asked = request.changes_requested is not None or request.proposal is not None
    if not is_asked or request.state is RequestState.AWAITING_APPROVAL:
        return transition
    running = resume_clock(request, StopCause.QUESTION, situation.now)
    return replace(transition, request=replace(running, changes_requested=None, proposal=None))


def _recorded(request: AccessRequest, remark: Remark, situation: Situation) -> Transition:
    """Record a remark, which is posted under the channel's card."""
    after = changed(request, request.state, situation, remarks=(*request.remarks, remark))
    return Transition(request=after, effects=(ShowRequest(request_id=request.id),))


def _require_may_ask(request: AccessRequest, actor: Person, digest: str, situation: Situation) -> None:
    """Check that somebody may ask for changes: who may decide on the request now, also after their own approval."""
    require_can_be_changed(request)
    asked_at, roles = situation.received_at or situation.now, situation.current_roles
    if require_may_decide(request, actor, digest, current_roles=roles, now=asked_at, may_repeat=True) is None:
        raise Refused(RefusalCode.ALL_APPROVALS_GIVEN)

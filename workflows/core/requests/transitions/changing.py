"""What approvers ask the requester to change: changes in their own words, or a proposal to ask for less."""

from dataclasses import replace
from typing import Final

from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import Person
from workflows.core.requests.commands.editing import DeclineProposal, RecordProposal, RequestChanges
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.deadlines.clock_stops import stop_clock
from workflows.core.requests.deciding import require_may_decide
from workflows.core.requests.effects import MessageCode, SendMessage, ShowRequest
from workflows.core.requests.proposals import require_can_be_changed, require_less, require_open_proposal
from workflows.core.requests.request import AccessRequest, ChangesRequested, RequestState, StopCause
from workflows.core.requests.transitions.transition import (
    Situation,
    Transition,
    changed,
    partner_of,
    tell_requester,
    with_clock_running,
)

MAX_TEXT: Final = 1000
"""Characters of what shall be changed, and of the reasons of a proposal and of its refusal."""


def request_changes(request: AccessRequest, command: RequestChanges[Person], situation: Situation) -> Transition:
    """Ask the requester to change the request. The time to decide does not pass until they do; see `clock_stops`."""
    _require_may_ask(request, command.actor, command.digest, situation)
    text = checked_text(command.text, is_required=True)
    asked = ChangesRequested(person=command.actor, text=text, at=situation.now)
    stopped = stop_clock(request, StopCause.QUESTION, situation.now, situation.calendar)
    after = changed(stopped, request.state, situation, changes_requested=asked)
    values = {"name": command.actor.name, "text": text}
    messages = tell_requester(after, MessageCode.CHANGES_REQUESTED, **values)
    return Transition(request=after, effects=(ShowRequest(request_id=request.id), *messages))


def record_proposal(request: AccessRequest, command: RecordProposal, situation: Situation) -> Transition:
    """Store a proposal, in place of an earlier one, and ask the requester.

    :raises Refused: when it does not certainly give less.
    """
    proposal = command.proposal
    _require_may_ask(request, proposal.person, proposal.digest, situation)
    try:
        require_less(request, proposal.plan, command.review_interval, situation.now)
    except InvalidField as error:
        raise Refused(RefusalCode(error.code), **error.fact.values) from error
    number = 1 if request.proposal is None else request.proposal.number + 1
    reason = checked_text(proposal.reason, is_required=False)
    proposal = replace(proposal, number=number, reason=reason, at=situation.now)
    after = changed(request, request.state, situation, proposal=proposal)
    values = {"digest": proposal.digest, "number": number, "name": proposal.person.name, "reason": reason}
    messages = tell_requester(after, MessageCode.LESS_PROPOSED, **values)
    return Transition(request=after, effects=(ShowRequest(request_id=request.id), *messages))


def decline_proposal(request: AccessRequest, command: DeclineProposal[Person], situation: Situation) -> Transition:
    """Keep the request as it is, and tell the proposer why."""
    asked_at = situation.received_at or situation.now
    proposal = require_open_proposal(request, command.actor.id, command.digest, command.number, asked_at)
    reason = checked_text(command.reason, is_required=True)
    after = changed(request, request.state, situation, proposal=None)
    fact = Fact(
        MessageCode.PROPOSAL_DECLINED,
        {"partner": partner_of(request), "request": request.id, "name": command.actor.name, "reason": reason},
    )
    told = SendMessage(person=proposal.person.chat_id, subject=CommandSubject(request_id=request.id), fact=fact)
    return Transition(request=after, effects=(ShowRequest(request_id=request.id), told))


def taken_back_by(request: AccessRequest, actor: Person, situation: Situation) -> AccessRequest:
    """Return the request without the changes and the proposal of a person who decides on it as it is."""
    if request.changes_requested is not None and request.changes_requested.person.id == actor.id:
        request = replace(with_clock_running(request, situation.now), changes_requested=None)
    if request.proposal is not None and request.proposal.person.id == actor.id:
        request = replace(request, proposal=None)
    return request


def without_answered_questions(transition: Transition, situation: Situation) -> Transition:
    """Forget what the requester was asked to change when the request waits for approvals no more."""
    request = transition.request
    is_asked = request.changes_requested is not None or request.proposal is not None
    if not is_asked or request.state is RequestState.AWAITING_APPROVAL:
        return transition
    ended = replace(with_clock_running(request, situation.now), changes_requested=None, proposal=None)
    return replace(transition, request=ended)


def checked_text(text: str, *, is_required: bool) -> str:
    """Return a text as it is stored.

    :raises Refused: when it is missing or too long.
    """
    text = text.strip()
    if is_required and not text:
        raise Refused(RefusalCode.CHANGES_MISSING)
    if len(text) > MAX_TEXT:
        raise Refused(RefusalCode.CHANGES_TOO_LONG, maximum=MAX_TEXT, characters=len(text))
    return text


def _require_may_ask(request: AccessRequest, actor: Person, digest: str, situation: Situation) -> None:
    """Check that somebody may ask for changes: who may decide on the request now, also after their own approval."""
    require_can_be_changed(request)
    asked_at, roles = situation.received_at or situation.now, situation.current_roles
    if require_may_decide(request, actor, digest, current_roles=roles, now=asked_at, may_repeat=True) is None:
        raise Refused(RefusalCode.ALL_APPROVALS_GIVEN)

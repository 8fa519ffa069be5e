"""Support of an open request: whoever asks for the same partner joins it, never decides on it, and is told its end."""

from dataclasses import replace
from typing import Final

from workflows.core.errors.facts import Fact, as_values
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, Person, PersonId
from workflows.core.plans.closing import closes_everything
from workflows.core.requests.commands.request import CommandSubject, SupportRequest
from workflows.core.requests.effects import MessageCode, SendMessage, ShowRequest
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState, Support
from workflows.core.requests.transitions.transition import Situation, Transition, changed, partner_of

MAX_SUPPORTERS: Final = 50
"""The most people who support one request."""
MAX_REASON_CHARACTERS: Final = 500
"""The most characters of a supporter's reason."""


def may_support(
    request: AccessRequest, person: ChatId, account: PersonId | None = None, *, is_closing: bool = False
) -> bool:
    """Return whether to offer this person to support an open request. The click itself is checked again.

    :param is_closing: whether the person asks to close the partner. Nobody supports the opposite of what they ask for.
    """
    if request.fields.kind is not RequestKind.ACCESS or request.state is not RequestState.AWAITING_APPROVAL:
        return False
    supporters = {known_id for one in request.supporters for known_id in (one.chat_id, one.id)}
    is_free = request.batch is None and not request.is_filed_by(person, account) and person not in supporters
    return is_free and account not in supporters and closes_everything(request.plan) is is_closing


def support(request: AccessRequest, command: SupportRequest[Person], situation: Situation) -> Transition:
    """Add a supporter. Nobody is ever taken from the list, so nobody who supported a request decides on it later."""
    actor, reason = command.actor, command.reason.strip()
    if request.is_filed_by(actor.chat_id, actor.id):
        raise Refused(RefusalCode.OWN_REQUEST_NOT_SUPPORTED)
    if actor.id in {person.id for person in request.supporters}:
        raise Refused(RefusalCode.ALREADY_SUPPORTED)
    if actor.id in {person.id for people in request.verdict().counted_people for person in people}:
        raise Refused(RefusalCode.APPROVED_NOT_SUPPORTED)
    if len(request.supports) >= MAX_SUPPORTERS:
        raise Refused(RefusalCode.TOO_MANY_SUPPORTERS, limit=MAX_SUPPORTERS)
    if len(reason) > MAX_REASON_CHARACTERS:
        raise Refused(RefusalCode.SUPPORT_TOO_LONG, limit=MAX_REASON_CHARACTERS)
    if (situation.received_at or situation.now) >= request.expires_at:
        raise Refused(RefusalCode.EXPIRED)
    supports = (*request.supports, Support(person=actor, at=situation.now, reason=reason))
    request = changed(request, request.state, situation, supports=supports)
    told = _message(request, actor, MessageCode.SUPPORT_RECORDED, requester=request.require_prepared().requester.name)
    return Transition(request=request, effects=(ShowRequest(request_id=request.id), told))


def with_supporters_told(transition: Transition) -> Transition:
    """Tell every supporter how the request ended, when it has just ended: no command changes it afterwards."""
    request = transition.request
    if not request.is_terminal:
        return transition
    values = {"state": request.state.value, "part": request.applied_part, "note": as_values(request.note)}
    told = (_message(request, one, MessageCode.SUPPORTED_ENDED, **values) for one in request.supporters)
    return replace(transition, effects=(*transition.effects, *told))


def _message(request: AccessRequest, person: Person, code: MessageCode, **values: object) -> SendMessage:
    fact = Fact(code, {"partner": partner_of(request), "request": request.id, **values})
    return SendMessage(person=person.chat_id, subject=CommandSubject(request_id=request.id), fact=fact)

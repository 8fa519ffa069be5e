"""The messages about what was written: opened, closed, overwritten. Pure."""

from datetime import timedelta
from typing import Any, Final

from workflows.core.checks.partner_setup.confirmations import open_steps
from workflows.core.errors.facts import Fact, as_values
from workflows.core.partners.partnership import Partnership
from workflows.core.people import Person, is_chat_user
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.effects import (
    MessageCode,
    SendMessage,
)
from workflows.core.requests.request import AccessRequest, RequestKind
from workflows.core.requests.transitions.transition import partner_of, senders_of
from workflows.core.settings.block import is_synchronization_allowed
from workflows.core.settings.capabilities import without_switched_off
from workflows.core.settings.model import M365_CAPABILITIES

TOKENS_USUALLY_WORK_FOR: Final = timedelta(hours=1)
"""How long a token usually works that was issued before a block. A token lifetime policy can make it longer."""
_ONLY_REQUESTER: Final = frozenset(
    {MessageCode.OPENED, MessageCode.PUT_BACK, MessageCode.APPROVED_AGAIN, MessageCode.LIFTED, MessageCode.ADOPTED}
)
"""Messages that only the requester gets. The sponsor's own message shows the same."""


def messages_to_people(
    request: AccessRequest, message: Fact | None, sponsor: Person | None = None
) -> tuple[SendMessage, ...]:
    """Return the message to the requester, and to the sponsor unless `_ONLY_REQUESTER` contains its code.

    :param sponsor: who stays the sponsor, although the request names another; None: who is named on it.
    """
    if message is None:
        return ()
    people = set(senders_of(request))
    if message.code not in _ONLY_REQUESTER:
        people.add(request.fields.sponsor if sponsor is None else sponsor.chat_id)
    people = set(filter(is_chat_user, people))
    return tuple(
        SendMessage(person=person, subject=CommandSubject(request_id=request.id), fact=message)
        for person in sorted(people)
    )


def message_about(request: AccessRequest, code: MessageCode, **values: Any) -> Fact:
    """Return a message about the partner and the request, with the request's note."""
    about = {"partner": partner_of(request), "request": request.id}
    return Fact(code, {**about, **values, "note": as_values(request.note)})


def closed_message(request: AccessRequest) -> Fact:
    """Return the message about a closed partner. `is_all` is true only when the read-back showed nothing open."""
    values: dict[str, Any] = {"is_suspended": True} if request.is_suspension else {}
    before = request.plan.before
    if before is not None and is_synchronization_allowed(before):
        values["was_synchronized"] = True
    if before is not None and without_switched_off(before.get(M365_CAPABILITIES)):
        values["had_capabilities"] = True
    confirmed_at = request.confirmed_at or request.changed_at
    if request.prepared is not None and is_chat_user(request.fields.requester):
        values |= {"by": request.prepared.requester.name, "reason": request.fields.justification}
    values["tokens_until"] = (confirmed_at + TOKENS_USUALLY_WORK_FOR).isoformat()
    return message_about(request, MessageCode.CLOSED, is_all=request.not_closed == (), **values)


def opened_message(request: AccessRequest, partnership: Partnership) -> Fact | None:
    """Return the message about an opened partner; None when the partner setup card says the same."""
    if request.fields.kind is RequestKind.ADOPTION:
        return message_about(request, MessageCode.ADOPTED)
    if request.fields.lifts:
        return message_about(request, MessageCode.LIFTED, restores=request.fields.restores)
    if any(step.is_needed for step in open_steps(partnership.setup, partnership.confirmations)):
        return None
    if request.fields.kind is RequestKind.RESTORATION:
        code = MessageCode.APPROVED_AGAIN if request.fields.restores_result else MessageCode.PUT_BACK
        return message_about(request, code, restores=request.fields.restores)
    return message_about(request, MessageCode.OPENED)

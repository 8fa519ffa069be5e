"""What a click stores: a command whose actor is a chat id, until the permission check knows whose."""

from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, overload

from workflows.core.people import ChatId, Person
from workflows.core.requests.commands.partner import (
    ConfirmSetup,
    Keep,
    PartnershipCommand,
    RemindSetup,
    Revoke,
    UnconfirmSetup,
)
from workflows.core.requests.commands.request import Approve, Details, Reject, RequestCommand, Subject, Withdraw


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryEffect:
    """An admin wants a given up effect tried again."""

    name: Literal["retry_effect"] = field(default="retry_effect")
    actor: ChatId
    effect_id: int
    channel: str = ""

    def audit_details(self) -> Details:
        """Name the work."""
        return {"effect_id": self.effect_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class DropEffect:
    """An admin wants a given up effect forgotten."""

    name: Literal["drop_effect"] = field(default="drop_effect")
    actor: ChatId
    effect_id: int
    channel: str = ""

    def audit_details(self) -> Details:
        """Name the work."""
        return {"effect_id": self.effect_id}


DecisionClick = Approve[ChatId] | Reject[ChatId]

HalfClick = ConfirmSetup[ChatId] | UnconfirmSetup[ChatId] | RemindSetup[ChatId]

EffectClick = RetryEffect | DropEffect

Click = DecisionClick | Withdraw | Keep[ChatId] | Revoke | HalfClick | EffectClick

RECEIVED_AS: Final = "want_"
"""What stands before a command's name in the audit log while nobody has judged it, and where it is refused."""


def received_name(click: Click) -> str:
    """Name a click in the audit log, as it was received."""
    return f"{RECEIVED_AS}{click.name}"


def subject_of(click: Click) -> Subject:
    """Return which request or partner a click names."""
    match click:
        case Approve() | Reject() | Withdraw():
            return Subject(request_id=click.request_id)
        case Keep() | ConfirmSetup() | UnconfirmSetup() | RemindSetup():
            return Subject(tenant_id=click.tenant_id)
        case Revoke() | RetryEffect() | DropEffect():
            return Subject()


def given_by(command: RequestCommand | PartnershipCommand) -> Person | ChatId | None:
    """Return who gave a command; None where nobody did: it is the bot's own."""
    match command:
        case Approve() | Reject() | Withdraw() | Keep() | ConfirmSetup() | UnconfirmSetup() | RemindSetup():
            return command.actor
        case _:
            return None


@overload
def identified(click: Approve[ChatId], actor: Person) -> Approve[Person]: ...
@overload
def identified(click: Reject[ChatId], actor: Person) -> Reject[Person]: ...
@overload
def identified(click: Keep[ChatId], actor: Person) -> Keep[Person]: ...
@overload
def identified(click: ConfirmSetup[ChatId], actor: Person) -> ConfirmSetup[Person]: ...
@overload
def identified(click: UnconfirmSetup[ChatId], actor: Person) -> UnconfirmSetup[Person]: ...
@overload
def identified(click: RemindSetup[ChatId], actor: Person) -> RemindSetup[Person]: ...
def identified(click: Any, actor: Person) -> Any:
    """Return the command of a click, by the person whom the directory knows: the one way from the one to the other.

    :param actor: whom the permission check found behind the click's chat id.
    """
    return replace(click, actor=actor)

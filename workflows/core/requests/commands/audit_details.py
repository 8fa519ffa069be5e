"""The parts of an audit entry that several kinds of commands share."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

from workflows.core.people import ChatId, Person
from workflows.core.plans.plan import SentWrite
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.canonical import JsonObject

Details: TypeAlias = dict[str, Any]
"""What an audit entry contains about one command; written as JSON."""


def account_details(actor: ChatId | Person) -> Details:
    """Return the account behind a command; empty when only a chat id is known."""
    return {"account": actor.id} if isinstance(actor, Person) else {}


def behalf_details(absent: Person | None) -> Details:
    """Return in whose place the actor was asked; empty when it was in their own."""
    return {} if absent is None else {"on_behalf_of": absent.id, "on_behalf_of_name": absent.name}


def clicked_details(**values: str) -> Details:
    """Return the given details without the empty ones."""
    return {name: value for name, value in values.items() if value}


def plan_digest(request: AccessRequest) -> Details:
    """Return the digest of the request's plan; empty when it has none."""
    return {} if request.prepared is None else {"digest": request.prepared.plan.digest}


def configuration_details(configuration: JsonObject | None) -> Details:
    """Return the configuration that was read, under its stored name; empty when nothing was read."""
    return {} if configuration is None else {"image": configuration}


def sent_details(sent_writes: Sequence[SentWrite]) -> Details:
    """Return the writes that Graph accepted, with the ids by which its logs name them; empty when none is known."""
    if not sent_writes:
        return {}
    return {
        "sent": [
            {"method": sent_write.method, "path": sent_write.path, **asdict(sent_write.ids)}
            for sent_write in sent_writes
        ]
    }

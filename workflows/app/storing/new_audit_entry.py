"""Entries of the audit log for what the bot accepted, with who did it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from workflows.core import people
from workflows.core.people import Person, PersonId
from workflows.core.requests.request import RequestId
from workflows.core.settings.model import TenantId
from workflows.ports.audit_log import AuditEntry

GATEHOUSE: Final[str] = people.GATEHOUSE.chat_id
"""The actor's name in the audit log for the bot itself."""


def entry_of(
    key: str,
    at: datetime,
    actor: Person | str | None,
    command: str,
    details: Mapping[str, Any],
    *,
    request_id: RequestId | None = None,
    tenant_id: TenantId | None = None,
    account: PersonId | None = None,
) -> AuditEntry:
    """Return the audit entry of an accepted command.

    :param actor: a person, or the name of an actor that is no person; None for the bot itself.
    :param account: the Entra account of the actor, for an actor given by name.
    """
    if isinstance(actor, Person):
        account, actor = actor.id, actor.chat_id
    return AuditEntry(
        key=key,
        at=at,
        actor=GATEHOUSE if actor is None else actor,
        command=command,
        outcome="accepted",
        request_id=request_id,
        tenant_id=tenant_id,
        account=account,
        details=details,
    )

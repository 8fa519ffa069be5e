"""Read the managers of accounts of our tenant: one read each, several in one `$batch`."""

from collections.abc import Mapping, Sequence
from typing import Final

from kiota_abstractions.method import Method

from workflows.core.people import PersonId
from workflows.core.settings.model import is_guid
from workflows.entra.addresses import request_to
from workflows.entra.answers.answers import (
    ACCOUNT_PROPERTIES,
    account_of,
    chunks,
    is_not_found,
    json_object,
    read_call,
    unavailable,
)
from workflows.entra.answers.failed_calls import failure
from workflows.entra.transport.connection import Connection
from workflows.ports.tenant import Account
from workflows.ports.tenant_problems import Purpose, TenantCode

_AT_ONCE: Final = 100
"""How many reads are started together: five batches of Graph."""
_USER: Final = "#microsoft.graph.user"


async def read_managers(connection: Connection, ids: Sequence[PersonId]) -> Mapping[PersonId, Account | None]:
    """Return the manager of each of these accounts; None for an account that has none, and for one that is not there.

    Graph answers 404 for both ("List manager"). A manager who is no user, such as a contact, is none.

    :raises TenantUnavailable, TenantRefused: when one of them cannot be read.
    """
    managers: dict[PersonId, Account | None] = dict.fromkeys(ids)
    for chunk in chunks([person for person in managers if is_guid(person)], _AT_ONCE):
        async with connection.together() as reads:
            started = [(PersonId(person), reads.start(_read_one(connection, person))) for person in chunk]
            managers |= {person: await manager for person, manager in started}
    return managers


async def _read_one(connection: Connection, person: str) -> Account | None:
    call = read_call(f"/users/{person}/manager", Purpose.FIND_ACCOUNTS, "User.Read.All", object_name=person)
    builder = connection.graph.users.by_user_id(person).manager
    answer = await connection.send(call, request_to(Method.GET, builder, select=list(ACCOUNT_PROPERTIES)))
    if is_not_found(answer):
        return None
    if not answer.is_success:
        raise failure(call, answer)
    document = json_object(call, answer)
    kind = document.get("@odata.type")
    if not isinstance(kind, str) or not is_guid(str(document.get("id") or "").lower()):
        raise unavailable(TenantCode.UNREADABLE_ANSWER, call=call.as_value, request_id=answer.request_id)
    return account_of(document) if kind == _USER else None

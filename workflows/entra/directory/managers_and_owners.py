"""Read the managers of accounts of our tenant, and the owners of groups: one read each, several in one `$batch`."""

from collections.abc import Mapping, Sequence
from typing import Final

from kiota_abstractions.method import Method

from workflows.core.checks.approver_groups import ApproverGroup
from workflows.core.errors.tenant_problems import Purpose, TenantCode
from workflows.core.people import PersonId
from workflows.core.settings.canonical import JsonObject
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

_AT_ONCE: Final = 100
"""How many reads are started together: five batches of Graph."""
_USER: Final = "#microsoft.graph.user"
_GROUP_PROPERTIES: Final = (
    "id",
    "displayName",
    "groupTypes",
    "mailEnabled",
    "securityEnabled",
    "visibility",
    "onPremisesSyncEnabled",
)
_CLOSED: Final = frozenset({"Private", "HiddenMembership"})
"""The visibilities of a group that nobody joins alone ("group resource type")."""


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


async def read_groups(connection: Connection, ids: Sequence[str]) -> Sequence[ApproverGroup]:
    """Return these groups with their owners; missing ones are left out.

    :raises TenantUnavailable, TenantRefused: when a group or its owners cannot be read.
    """
    groups = []
    for chunk in chunks([group for group in ids if is_guid(group)], _AT_ONCE // 2):
        async with connection.together() as reads:
            started = [
                (reads.start(_read_group(connection, one)), reads.start(_owners(connection, one))) for one in chunk
            ]
            for group, owners in started:
                if (document := await group) is not None:
                    groups.append(_approver_group(document, await owners))
    return groups


async def _read_group(connection: Connection, group: str) -> JsonObject | None:
    call = read_call(f"/groups/{group}", Purpose.READ_GROUP, "GroupMember.Read.All", object_name=group)
    builder = connection.graph.groups.by_group_id(group)
    answer = await connection.send(call, request_to(Method.GET, builder, select=list(_GROUP_PROPERTIES)))
    if is_not_found(answer):
        return None
    if not answer.is_success:
        raise failure(call, answer)
    document = json_object(call, answer)
    if str(document.get("id") or "").lower() != group or not isinstance(document.get("groupTypes"), list):
        # NB. otherwise every JSON object would count as a group that nobody joins alone.
        raise unavailable(TenantCode.UNREADABLE_ANSWER, call=call.as_value, request_id=answer.request_id)
    return document


async def _owners(connection: Connection, group: str) -> frozenset[PersonId]:
    """Return the accounts that own a group. Applications that own it are not listed ("List group owners")."""
    call = read_call(f"/groups/{group}/owners", Purpose.READ_GROUP, "GroupMember.Read.All", object_name=group)
    builder = connection.graph.groups.by_group_id(group).owners
    rows = await connection.collect(call, request_to(Method.GET, builder, select=["id"]))
    return frozenset(PersonId(str(row["id"]).lower()) for row in rows)


def _approver_group(document: JsonObject, owners: frozenset[PersonId]) -> ApproverGroup:
    """Return what decides about a group. What Graph does not say counts as open, and as not shown.

    A group of Microsoft 365 is public when nothing else is said. A security group without a visibility is closed. Graph
    shows no owners of groups that Exchange or a directory of our own keeps ("List group owners").
    """
    is_unified, visibility = "Unified" in document["groupTypes"], document.get("visibility")
    is_closed = visibility in _CLOSED or (visibility is None and not is_unified)
    is_security_only = document.get("securityEnabled") is True and document.get("mailEnabled") is False
    is_kept_elsewhere = document.get("onPremisesSyncEnabled") is True
    return ApproverGroup(
        id=str(document["id"]).lower(),
        name=str(document.get("displayName") or document["id"]),
        is_public=not is_closed,
        shows_owners=(is_unified or is_security_only) and not is_kept_elsewhere,
        owners=owners,
        # NB. never one that takes mail: people join and leave distribution lists alone, and Graph does not show that.
        is_synchronized=is_security_only and is_kept_elsewhere,
    )

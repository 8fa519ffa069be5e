"""Read who has a directory role: assigned, activated or eligible, directly or as a member of a group.

The answer is complete, or an error is raised. Each list is read to its end.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from kiota_abstractions.base_request_builder import BaseRequestBuilder
from kiota_abstractions.method import Method

from workflows.core.errors.tenant_problems import Purpose, TenantCode
from workflows.core.people import PersonId
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import is_guid
from workflows.entra.addresses import request_to
from workflows.entra.answers.answers import GraphCall, chunks, read_call, unavailable
from workflows.entra.transport.connection import Connection
from workflows.ports.guest_accounts import AccountRoles
from workflows.ports.tenant import TenantRefused

_ROLES_PERMISSION: Final = "RoleManagement.Read.Directory"
_LISTS: Final = ("roleAssignments", "roleAssignmentScheduleInstances", "roleEligibilitySchedules")
_WITH_LICENCE: Final = frozenset(_LISTS[1:])
"""The lists of Privileged Identity Management."""
_DEFINITIONS: Final = "roleDefinitions"
_USER: Final = "#microsoft.graph.user"
_GROUP: Final = "#microsoft.graph.group"
_AT_ONCE: Final = 100
"""How many groups are read together: five batches of Graph."""
_NO_LICENCE: Final = "AadPremiumLicenseRequired"
"""The code of Graph's answer (400) where the tenant has no licence for Privileged Identity Management. Without it,
nobody is eligible (Entra: "License requirements to use Privileged Identity Management")."""


async def read_role_holders(connection: Connection) -> Mapping[PersonId, AccountRoles]:
    """Return every account with a directory role, with the names of its roles.

    :raises TenantUnavailable, TenantRefused: when one page of one list cannot be read.
    """
    roles_by_principal: defaultdict[str, set[str]] = defaultdict(set)
    kinds: dict[str, str | None] = {}
    rows, names = await _assignments(connection)
    for row in rows:
        principal, role = str(row.get("principalId") or "").lower(), str(row.get("roleDefinitionId") or "").lower()
        if not is_guid(principal):
            raise unavailable(TenantCode.UNREADABLE_LIST, call=_call("roleAssignments").as_value, request_id="")
        roles_by_principal[principal].add(names.get(role, role))
        kinds[principal] = kinds.get(principal) or _kind_of(row.get("principal"))
    groups = [principal for principal, kind in kinds.items() if kind in (_GROUP, None)]
    holders: defaultdict[PersonId, set[str]] = defaultdict(set)
    for principal, kind in kinds.items():
        if kind in (_USER, None):
            holders[PersonId(principal)] |= roles_by_principal[principal]
    for group, members in (await _members(connection, groups)).items():
        for person in members:
            holders[person] |= roles_by_principal[group]
    return {person: AccountRoles(names=tuple(sorted(roles))) for person, roles in holders.items()}


def load_builders(connection: Connection) -> None:
    """Import the builders that are used here. The SDK imports them at first use, on the event loop."""
    for name in (*_LISTS, _DEFINITIONS):
        request_to(Method.GET, _builder(connection, name))


async def _assignments(connection: Connection) -> tuple[Sequence[JsonObject], Mapping[str, str]]:
    """Return what is assigned, activated or eligible, and the names of the roles by their ids."""
    async with connection.together() as reads:
        lists = [reads.start(_list(connection, name)) for name in _LISTS]
        request = request_to(Method.GET, _builder(connection, _DEFINITIONS), select=["id", "displayName"])
        definitions = reads.start(connection.collect(_call(_DEFINITIONS), request))
        rows = [row for one in lists for row in await one]
        return rows, {row["id"].lower(): str(row.get("displayName") or row["id"]) for row in await definitions}


async def _list(connection: Connection, name: str) -> Sequence[JsonObject]:
    """Read one list with the accounts, groups and applications that its rows are about."""
    request = request_to(Method.GET, _builder(connection, name), expand=["principal"])
    try:
        return await connection.collect(_call(name), request)
    except TenantRefused as error:
        if name in _WITH_LICENCE and error.code == _NO_LICENCE:
            return ()
        raise


def _builder(connection: Connection, name: str) -> BaseRequestBuilder:
    """Return the builder of one list of directory roles."""
    directory = connection.graph.role_management.directory
    builders: Mapping[str, BaseRequestBuilder] = {
        "roleAssignments": directory.role_assignments,
        "roleAssignmentScheduleInstances": directory.role_assignment_schedule_instances,
        "roleEligibilitySchedules": directory.role_eligibility_schedules,
        "roleDefinitions": directory.role_definitions,
    }
    return builders[name]


async def _members(connection: Connection, groups: Sequence[str]) -> Mapping[str, Sequence[PersonId]]:
    """Return the members of these groups, members of inner groups included."""
    members: dict[str, Sequence[PersonId]] = {}
    for chunk in chunks(groups, _AT_ONCE):
        async with connection.together() as reads:
            started = [(group, reads.start(_read_members(connection, group))) for group in chunk]
            members |= {group: await read for group, read in started}
    return members


async def _read_members(connection: Connection, group: str) -> Sequence[PersonId]:
    """Return the accounts among the members of a group; none when there is no such group any more."""
    call = read_call(
        f"/groups/{group}/transitiveMembers", Purpose.READ_DIRECTORY_ROLES, "GroupMember.Read.All", object_name=group
    )
    builder = connection.graph.groups.by_group_id(group).transitive_members
    try:
        rows = await connection.collect(call, request_to(Method.GET, builder, select=["id"], top=999))
    except TenantRefused as error:
        if error.status == 404:
            return ()
        raise
    if not all("@odata.type" in row for row in rows):
        raise unavailable(TenantCode.MEMBERS_WITHOUT_KIND, call=call.as_value)
    return [PersonId(row["id"].lower()) for row in rows if row["@odata.type"] == _USER]


def _kind_of(principal: object) -> str | None:
    """Return what a role is assigned to; None when Graph does not say it. It then counts as an account and a group."""
    kind = principal.get("@odata.type") if isinstance(principal, Mapping) else None
    return kind if isinstance(kind, str) and kind else None


def _call(name: str) -> GraphCall:
    return read_call(f"/roleManagement/directory/{name}", Purpose.READ_DIRECTORY_ROLES, _ROLES_PERMISSION)

"""Answer `/groups` and their members."""

import uuid
from typing import Any

from bot.sandbox.entra.endpoints.listing import Listing, page_answer, shown_row
from bot.sandbox.entra.odata.calls import Answer, Call, bad_request, json_object, not_found
from bot.sandbox.entra.odata.query import ENTITY_OPTIONS, entity, names_in_select, require_options
from bot.sandbox.entra.odata.timestamps import stamp
from bot.sandbox.entra.tenant.blank_objects import blank_group
from bot.sandbox.entra.tenant.directory_roles import members_of
from bot.sandbox.entra.tenant.tenant import Tenant
from bot.sandbox.entra.types.property_checks import (
    anything,
    boolean,
    check_properties,
    many,
    nullable,
    one_of,
    read_only,
    text,
)
from bot.sandbox.entra.types.users_and_groups import BY_DEFAULT, GROUPS, USER_SELECTABLE, USERS

_BODY = {
    "displayName": text,
    "description": nullable(text),
    "groupTypes": many(one_of("Unified", "DynamicMembership")),
    "isAssignableToRole": nullable(boolean),
    "mailEnabled": boolean,
    "mailNickname": text,
    "securityEnabled": boolean,
    "visibility": nullable(one_of("Private", "Public", "HiddenMembership")),
    "membershipRule": nullable(text),
    "members@odata.bind": anything,
    "owners@odata.bind": anything,
    "id": read_only,
    "createdDateTime": read_only,
    "deletedDateTime": read_only,
    "mail": read_only,
    "onPremisesSyncEnabled": read_only,
}
_SELECTABLE = frozenset(name for name in _BODY if "@" not in name)
_GROUPS = Listing(
    context="groups",
    type_name="group",
    selectable=_SELECTABLE,
    filterable=GROUPS,
    hidden=frozenset({"members", "owners"}),
)
_MEMBERS = Listing(
    context="directoryObjects",
    type_name="user",
    selectable=USER_SELECTABLE,
    by_default=BY_DEFAULT,
    filterable=USERS,
    odata_type="#microsoft.graph.user",
)


def list_groups(tenant: Tenant, call: Call) -> Answer:
    """List the groups (GET)."""
    return page_answer(tenant, call, tenant.objects["groups"].values(), _GROUPS)


def create_group(tenant: Tenant, call: Call) -> Answer:
    """Create a group (POST): 201."""
    body = json_object(call)
    check_properties(body, "group", _BODY)
    for name in ("displayName", "mailEnabled", "mailNickname", "securityEnabled"):
        if name not in body:
            raise bad_request(f"A value must be specified for property '{name}'.")
    values = {name: value for name, value in body.items() if "@" not in name}
    group = blank_group(str(uuid.uuid4())) | {"createdDateTime": stamp(tenant.now())} | values
    tenant.objects["groups"][group["id"]] = group
    tenant.touch()
    return Answer(status=201, body=entity(call, "groups/$entity", shown_row(group, (), _GROUPS)))


def get_group(tenant: Tenant, call: Call) -> Answer:
    """Return one group (GET)."""
    require_options(call, ENTITY_OPTIONS - {"$expand"})
    names = names_in_select(call, "group", _SELECTABLE)
    return Answer(status=200, body=entity(call, "groups/$entity", shown_row(_existing(tenant, call), names, _GROUPS)))


def update_group(tenant: Tenant, call: Call) -> Answer:
    """Update one group (PATCH)."""
    group = _existing(tenant, call)
    body = json_object(call)
    check_properties(body, "group", _BODY)
    tenant.objects["groups"][group["id"]] = group | {name: body[name] for name in body if "@" not in name}
    tenant.touch()
    return Answer(status=204)


def delete_group(tenant: Tenant, call: Call) -> Answer:
    """Delete one group (DELETE). It moves to `/directory/deletedItems`."""
    group = _existing(tenant, call)
    del tenant.objects["groups"][group["id"]]
    tenant.objects["deletedItems"][group["id"]] = group | {
        "deletedDateTime": stamp(tenant.now()),
        "@odata.type": "#microsoft.graph.group",
    }
    tenant.touch()
    return Answer(status=204)


def list_members(tenant: Tenant, call: Call) -> Answer:
    """List the members of a group (GET), as users with their type."""
    users = tenant.objects["users"]
    members = [users[member] for member in _existing(tenant, call)["members"] if member in users]
    return page_answer(tenant, call, members, _MEMBERS)


def list_transitive_members(tenant: Tenant, call: Call) -> Answer:
    """List the users in a group and in its inner groups (GET), with their type."""
    users, members = tenant.objects["users"], members_of(tenant.objects, _existing(tenant, call)["id"])
    return page_answer(tenant, call, [users[member] for member in users if member in members], _MEMBERS)


def list_owners(tenant: Tenant, call: Call) -> Answer:
    """List the owners of a group (GET), as users with their type.

    Graph shows none for groups of Exchange and for groups that another directory keeps ("List group owners").
    """
    users, group = tenant.objects["users"], _existing(tenant, call)
    is_of_exchange = group["mailEnabled"] and "Unified" not in group["groupTypes"]
    shown = () if group.get("onPremisesSyncEnabled") or is_of_exchange else group.get("owners", ())
    return page_answer(tenant, call, [users[owner] for owner in shown if owner in users], _MEMBERS)


def add_member(tenant: Tenant, call: Call) -> Answer:
    """Add a member to a group (POST members/$ref with `{"@odata.id": "…/directoryObjects/{id}"}`)."""
    group = _existing(tenant, call)
    body = json_object(call)
    reference = body.get("@odata.id")
    if not isinstance(reference, str) or set(body) != {"@odata.id"}:
        raise bad_request("The body must be one '@odata.id' reference.")
    member = reference.rstrip("/").rpartition("/")[2].lower()
    if member not in tenant.objects["users"]:
        raise not_found(member)
    if member in group["members"]:
        raise bad_request(
            "One or more added object references already exist for the following modified properties: 'members'."
        )
    group["members"] = [*group["members"], member]
    tenant.touch()
    return Answer(status=204)


def remove_member(tenant: Tenant, call: Call) -> Answer:
    """Remove a member from a group (DELETE members/{id}/$ref)."""
    group = _existing(tenant, call)
    member = call.params["objectId"].lower()
    if member not in group["members"]:
        raise not_found(member)
    group["members"] = [member_id for member_id in group["members"] if member_id != member]
    tenant.touch()
    return Answer(status=204)


def _existing(tenant: Tenant, call: Call) -> dict[str, Any]:
    group: dict[str, Any] | None = tenant.objects["groups"].get(call.params["groupId"].lower())
    if group is None:
        raise not_found(call.params["groupId"])
    return group

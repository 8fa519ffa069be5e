"""Answer `/directory/deletedItems`: deleted users and groups. In v1.0, partners never appear here."""

from typing import Any

from bot.sandbox.entra.endpoints.listing import Listing, page_answer
from bot.sandbox.entra.odata.calls import Answer, Call, not_found
from bot.sandbox.entra.odata.query import ENTITY_OPTIONS, entity, require_options
from bot.sandbox.entra.tenant.tenant import Tenant

_HIDDEN = frozenset({"members", "@odata.type"})


def list_deleted_users(tenant: Tenant, call: Call) -> Answer:
    """List the deleted users (GET deletedItems/microsoft.graph.user)."""
    return _list_deleted(tenant, call, "user")


def list_deleted_groups(tenant: Tenant, call: Call) -> Answer:
    """List the deleted groups (GET deletedItems/microsoft.graph.group)."""
    return _list_deleted(tenant, call, "group")


def get_deleted(tenant: Tenant, call: Call) -> Answer:
    """Return one deleted object (GET)."""
    require_options(call, ENTITY_OPTIONS - {"$expand"})
    return Answer(status=200, body=entity(call, "directoryObjects/$entity", _without_members(_existing(tenant, call))))


def restore_deleted(tenant: Tenant, call: Call) -> Answer:
    """Restore a deleted object (POST): 200 and the object. It is a member of no group afterwards."""
    row = _existing(tenant, call)
    collection = "users" if row["@odata.type"].endswith("user") else "groups"
    del tenant.objects["deletedItems"][row["id"]]
    restored = {name: value for name, value in row.items() if name != "@odata.type"} | {"deletedDateTime": None}
    tenant.objects[collection][row["id"]] = restored
    tenant.touch()
    return Answer(
        status=200, body=entity(call, "directoryObjects/$entity", _without_members(row | {"deletedDateTime": None}))
    )


def purge_deleted(tenant: Tenant, call: Call) -> Answer:
    """Delete a deleted object permanently (DELETE)."""
    del tenant.objects["deletedItems"][_existing(tenant, call)["id"]]
    tenant.touch()
    return Answer(status=204)


def _list_deleted(tenant: Tenant, call: Call, kind: str) -> Answer:
    rows = [row for row in tenant.objects["deletedItems"].values() if row["@odata.type"] == f"#microsoft.graph.{kind}"]
    return page_answer(tenant, call, rows, Listing(context=f"{kind}s", type_name=kind, hidden=_HIDDEN))


def _existing(tenant: Tenant, call: Call) -> dict[str, Any]:
    row: dict[str, Any] | None = tenant.objects["deletedItems"].get(call.params["objectId"].lower())
    if row is None:
        raise not_found(call.params["objectId"])
    return row


def _without_members(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "members"}

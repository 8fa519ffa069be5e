"""Answer `/users`: find, read, disable, delete, end sessions, name the manager."""

from dataclasses import replace
from typing import Any

from bot.sandbox.entra.endpoints.listing import Listing, page_answer, shown_row
from bot.sandbox.entra.odata.calls import Answer, Call, Refusal, bad_request, json_object, not_found
from bot.sandbox.entra.odata.query import ENTITY_OPTIONS, entity, names_in_select, require_options
from bot.sandbox.entra.odata.timestamps import stamp
from bot.sandbox.entra.tenant.directory_roles import has_role
from bot.sandbox.entra.tenant.report_access import ACTIVITY, require_activity_access
from bot.sandbox.entra.tenant.tenant import Tenant
from bot.sandbox.entra.types.property_checks import check_properties
from bot.sandbox.entra.types.users_and_groups import BY_DEFAULT, USER_BODY, USER_SELECTABLE, USERS

_USERS = Listing(context="users", type_name="user", selectable=USER_SELECTABLE, by_default=BY_DEFAULT, filterable=USERS)
_ALL_PROPERTIES = frozenset({"User.ReadWrite.All", "Directory.ReadWrite.All"})
_READS_USERS = frozenset({"User.Read.All", "Directory.Read.All"})
_LARGEST_WITH_ACTIVITY = 500
"""The largest page of users with their last sign-in ("List users")."""
_MANAGER = Listing(
    context="directoryObjects",
    type_name="user",
    selectable=USER_SELECTABLE,
    by_default=BY_DEFAULT,
    odata_type="#microsoft.graph.user",
)


def list_users(tenant: Tenant, call: Call) -> Answer:
    """List the users (GET)."""
    is_with_activity = ACTIVITY in names_in_select(call, "user", USER_SELECTABLE)
    if is_with_activity:
        require_activity_access(tenant.objects)
    listing = replace(_USERS, largest_page=_LARGEST_WITH_ACTIVITY) if is_with_activity else _USERS
    return page_answer(tenant, call, tenant.objects["users"].values(), listing)


def get_user(tenant: Tenant, call: Call) -> Answer:
    """Return one user, by object id or user principal name (GET)."""
    require_options(call, ENTITY_OPTIONS - {"$expand"})
    names = names_in_select(call, "user", USER_SELECTABLE)
    if ACTIVITY in names:
        require_activity_access(tenant.objects)
    context = f"users({','.join(names)})/$entity" if names else "users/$entity"
    return Answer(status=200, body=entity(call, context, shown_row(existing_user(tenant, call), names, _USERS)))


def update_user(tenant: Tenant, call: Call) -> Answer:
    """Update one user (PATCH)."""
    user = existing_user(tenant, call)
    body = json_object(call)
    check_properties(body, "user", USER_BODY)
    _require_permission(tenant, call, user, body)
    changes = {name: value for name, value in body.items() if name not in ("@odata.type", "passwordProfile")}
    name = changes.get("userPrincipalName", user["userPrincipalName"])
    other = user_by_key(tenant, name)
    if not name or (other is not None and other["id"] != user["id"]):
        raise bad_request("Another object with the same value for property userPrincipalName already exists.")
    changed = tenant.objects["users"][user["id"]] = user | changes
    if changed["accountEnabled"] != user["accountEnabled"]:
        tenant.record_account(changed, call.app_id)
    tenant.touch()
    return Answer(status=204)


def _require_permission(tenant: Tenant, call: Call, user: dict[str, Any], body: dict[str, Any]) -> None:
    """Check what the permission of the caller covers ("Update user", "Who can perform sensitive actions").

    User.EnableDisableAccount.All covers only `accountEnabled`, and needs a permission to read users beside it. Without
    a role of its own, no application disables or enables an account with a directory role.
    """
    is_for_accounts_only = not call.permissions & _ALL_PROPERTIES
    exceeds = set(body) != {"accountEnabled"} or not call.permissions & _READS_USERS
    is_sensitive = "accountEnabled" in body and has_role(tenant.objects, user["id"])
    if is_sensitive or (is_for_accounts_only and exceeds):
        raise Refusal(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def delete_user(tenant: Tenant, call: Call) -> Answer:
    """Delete one user (DELETE). The user moves to `/directory/deletedItems` and leaves all groups."""
    user = existing_user(tenant, call)
    del tenant.objects["users"][user["id"]]
    for group in tenant.objects["groups"].values():
        group["members"] = [member for member in group["members"] if member != user["id"]]
    tenant.objects["deletedItems"][user["id"]] = user | {
        "deletedDateTime": stamp(tenant.now()),
        "@odata.type": "#microsoft.graph.user",
    }
    tenant.touch()
    return Answer(status=204)


def revoke_sessions(tenant: Tenant, call: Call) -> Answer:
    """Answer POST revokeSignInSessions: 200 `{"value": true}`.

    A guest gets the same answer, although the guest's sessions do not end: only the home tenant can end them.
    """
    user = existing_user(tenant, call)
    if user.get("userType") != "Guest":
        tenant.objects["users"][user["id"]] = user | {"signInSessionsValidFromDateTime": stamp(tenant.now())}
        tenant.touch()
    return Answer(status=200, body=entity(call, "Edm.Boolean", {"value": True}))


def get_manager(tenant: Tenant, call: Call) -> Answer:
    """Return a user's manager (GET). Without one, the answer is the same 404 as for an unknown user.

    `manager` is stored with a user as an object id. It is a relationship, so no user shows it as a property.
    """
    require_options(call, ENTITY_OPTIONS)
    names = names_in_select(call, "user", USER_SELECTABLE)
    manager = tenant.objects["users"].get(str(existing_user(tenant, call).get("manager") or "").lower())
    if manager is None:
        raise not_found("manager")
    return Answer(status=200, body=entity(call, "directoryObjects/$entity", shown_row(manager, names, _MANAGER)))


def existing_user(tenant: Tenant, call: Call) -> dict[str, Any]:
    """Return the user that the path names.

    :raises Refusal: 404 when there is none.
    """
    key = call.params["userId"]
    user = user_by_key(tenant, key)
    if user is None:
        raise not_found(key)
    return user


def user_by_key(tenant: Tenant, key: str) -> dict[str, Any] | None:
    """Return the user with this object id or user principal name, ignoring case; None when there is none."""
    folded_key = key.casefold()
    for user in tenant.objects["users"].values():
        if folded_key in (str(user.get("id")).casefold(), str(user.get("userPrincipalName")).casefold()):
            return dict(user)
    return None

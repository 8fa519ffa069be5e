"""Create directory audit entries for partners and accounts, named as in Microsoft's "Audit activity reference"."""

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from bot.sandbox import seed
from bot.sandbox.entra.odata.timestamps import stamp

_SETTINGS = "CrossTenantAccessSettings"
_SYNC = "CrossTenantIdentitySyncSettings"
_USERS = "UserManagement"


class Activity(Enum):
    """The activityDisplayName, category and operationType of an audit entry."""

    PARTNER_ADDED = ("Add a partner to cross-tenant access setting", _SETTINGS, "Add")
    PARTNER_UPDATED = ("Update a partner cross-tenant access setting", _SETTINGS, "Update")
    PARTNER_DELETED = ("Delete partner specific cross-tenant access setting", _SETTINGS, "Delete")
    DEFAULT_RESET = ("Reset the cross-tenant access default setting", _SETTINGS, "Update")
    # NB. the reference lists this one under the synchronization category; looks like a table error, kept as printed.
    DEFAULT_UPDATED = ("Update the company default cross-tenant access setting", _SYNC, "Update")
    SYNC_CREATED = ("Create a partner cross-tenant identity sync setting", _SYNC, "Add")
    SYNC_UPDATED = ("Update a partner cross-tenant identity sync setting", _SYNC, "Update")
    SYNC_DELETED = ("Delete a partner cross-tenant identity sync setting", _SYNC, "Delete")
    ACCOUNT_DISABLED = ("Disable account", _USERS, "Update")
    ACCOUNT_ENABLED = ("Enable account", _USERS, "Update")


def by_app(app_id: str) -> dict[str, Any]:
    """Return `initiatedBy` for a write through Graph with an application token."""
    return {
        "user": None,
        "app": {
            "appId": app_id,
            "displayName": "Gatehouse guest accounts" if app_id == seed.GUESTS_CLIENT_ID else "Gatehouse",
            "servicePrincipalId": str(uuid.uuid5(uuid.NAMESPACE_URL, app_id)),
            "servicePrincipalName": None,
        },
    }


def by_user(user: Mapping[str, Any]) -> dict[str, Any]:
    """Return `initiatedBy` for a change that a person made in the portal."""
    return {
        "user": {
            "id": user["id"],
            "displayName": None,
            "userPrincipalName": user["userPrincipalName"],
            "ipAddress": "203.0.113.5",
        },
        "app": None,
    }


def audit_entry(
    activity: Activity,
    *,
    at: datetime,
    initiated_by: dict[str, Any],
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return one audit entry. The partner's id is the modified property `tenantId`, as JSON inside a string."""
    old, new = before or {}, after or {}
    tenant_id = new.get("tenantId", old.get("tenantId"))
    changed_keys = [key for key in {**old, **new} if key != "tenantId" and old.get(key) != new.get(key)]
    rows = [_modified_property(key, old.get(key), new.get(key)) for key in changed_keys]
    if tenant_id is not None:
        rows.insert(0, _modified_property("tenantId", tenant_id if before else None, tenant_id))
    target = {"id": None, "displayName": None, "type": "Policy", "userPrincipalName": None, "groupType": None}
    return _entry(activity.value, at, initiated_by, {**target, "modifiedProperties": rows})


def account_entry(user: Mapping[str, Any], *, at: datetime, initiated_by: dict[str, Any]) -> dict[str, Any]:
    """Return the entry for an account that was disabled or enabled; `user` is the account after that."""
    is_enabled = bool(user["accountEnabled"])
    target = {
        "id": user["id"],
        "displayName": None,
        "type": "User",
        "userPrincipalName": user["userPrincipalName"],
        "groupType": None,
        "modifiedProperties": [_modified_property("AccountEnabled", [not is_enabled], [is_enabled])],
    }
    activity = Activity.ACCOUNT_ENABLED if is_enabled else Activity.ACCOUNT_DISABLED
    return _entry(activity.value, at, initiated_by, target)


def _entry(
    activity: tuple[str, str, str], at: datetime, initiated_by: dict[str, Any], target: dict[str, Any]
) -> dict[str, Any]:
    name, category, operation = activity
    return {
        "id": f"Directory_{uuid.uuid4()}",
        "category": category,
        "correlationId": str(uuid.uuid4()),
        "result": "success",
        "resultReason": "",
        "activityDisplayName": name,
        "activityDateTime": stamp(at),
        "loggedByService": "Core Directory",
        "operationType": operation,
        "initiatedBy": initiated_by,
        "targetResources": [target],
        "additionalDetails": [],
    }


def _modified_property(name: str, old: Any, new: Any) -> dict[str, Any]:
    return {
        "displayName": name,
        "oldValue": None if old is None else json.dumps(old),
        "newValue": None if new is None else json.dumps(new),
    }

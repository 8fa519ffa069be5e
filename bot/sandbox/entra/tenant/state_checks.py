"""Check and complete the tenant's objects after a change from outside."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from bot.sandbox.entra.tenant.blank_objects import blank_group, blank_organization, blank_service_principal, blank_user
from bot.sandbox.entra.tenant.initial_state import initial_state
from bot.sandbox.entra.tenant.service_defaults import service_default
from bot.sandbox.entra.types.cross_tenant_access import blank_partner
from bot.sandbox.entra.types.m365_capabilities import CAPABILITIES, complete_capabilities
from bot.sandbox.entra.types.property_checks import is_guid

_BLANKS: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "partners": blank_partner,
    "users": blank_user,
    "groups": blank_group,
    "servicePrincipals": blank_service_principal,
    "organizations": blank_organization,
}
_BY_TENANT = ("partners", "organizations")
_KEYS_WITH_OBJECTS = frozenset(
    {
        *("partners", "users", "groups", "servicePrincipals", "organizations"),
        *("deletedItems", "conditionalAccessPolicies", "accessReviews"),
        *("roleDefinitions", "roleAssignments", "roleAssignmentScheduleInstances", "roleEligibilitySchedules"),
    }
)


def with_lowered_partner_ids(patch: Mapping[str, Any]) -> dict[str, Any]:
    """Return `patch` with partner keys in lower case, as they are stored."""
    partners = patch.get("partners")
    if not isinstance(partners, dict):
        return dict(patch)
    return {**patch, "partners": {str(key).lower(): value for key, value in partners.items()}}


def with_missing_properties(merged: dict[str, Any]) -> dict[str, Any]:
    """Add the properties that a patch left out of partners, users, groups, organizations and the default."""
    for name, blank in _BLANKS.items():
        rows = merged.get(name)
        if not isinstance(rows, dict):
            continue
        for key, row in rows.items():
            if isinstance(row, dict):
                rows[key] = {**blank(key), **row, "tenantId" if name in _BY_TENANT else "id": key}
        if name == "partners":
            _complete_synchronization(rows)
            _complete_capabilities(rows)
    if isinstance(merged.get("default"), dict):
        merged["default"] = {**dict.fromkeys(service_default()), **merged["default"]}
    return merged


def _complete_synchronization(rows: dict[str, Any]) -> None:
    for tenant_id, row in rows.items():
        sync = row.get("identitySynchronization") if isinstance(row, dict) else None
        if isinstance(sync, dict):
            blank = {"displayName": None, "userSyncInbound": None}
            row["identitySynchronization"] = {**blank, **sync, "tenantId": tenant_id}


def _complete_capabilities(rows: dict[str, Any]) -> None:
    for row in rows.values():
        capabilities = row.get(CAPABILITIES) if isinstance(row, dict) else None
        if isinstance(capabilities, dict):
            row[CAPABILITIES] = complete_capabilities(capabilities)


def require_same_structure(objects: Mapping[str, Any], patch_keys: set[str]) -> None:
    """Check the top level against the initial state: the same keys, and values of the same kinds.

    :param patch_keys: the keys of the patch; each must be known.
    :raises ValueError: when the state is not valid; the error names the wrong part.
    """
    model = _MODEL
    unknown = sorted(patch_keys - set(model))
    if unknown:
        raise ValueError(f"unknown keys: {', '.join(unknown)}; known: {', '.join(sorted(model))}")
    for name, example in model.items():
        value = objects.get(name)
        if not _same_kind(value, example):
            raise ValueError(f"{name}: expected {type(example).__name__}, got {type(value).__name__}")
        rows: list[Any] = list(value.values()) if name in _KEYS_WITH_OBJECTS and isinstance(value, dict) else []
        if name in ("signIns", "directoryAudits", "invitations") and isinstance(value, list):
            rows = value
        if not all(isinstance(row, dict) for row in rows):
            raise ValueError(f"{name}: every entry must be an object")
    for tenant_id in objects["partners"]:
        if not is_guid(tenant_id):
            raise ValueError(f"partners: {tenant_id!r} is not a tenant id (a GUID)")
    if not is_guid(objects["organization"].get("id")):
        raise ValueError("organization: id must stay a GUID")
    if objects["pageSize"] < 1 or objects["readLagSeconds"] < 0:
        raise ValueError("pageSize must be at least 1 and readLagSeconds at least 0")


def _same_kind(value: object, example: object) -> bool:
    if isinstance(example, bool):
        return isinstance(value, bool)
    if isinstance(example, int):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, type(example))


_MODEL: Mapping[str, Any] = initial_state(datetime(2024, 1, 1, tzinfo=UTC))

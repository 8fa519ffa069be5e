"""Read entries of Entra's audit log about cross-tenant access: which partner was changed, and by whom. No SDK, no I/O.

Names are those of Microsoft's "Audit activity reference". An entry that cannot be read completely counts for every
partner, and as somebody else's change.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId
from workflows.core.settings.partner_changes import LoggedChange, PartnerChange

AUDITED: Final = "category eq 'CrossTenantAccessSettings' or category eq 'CrossTenantIdentitySyncSettings'"
"""The filter for the log. It has both categories, because Microsoft's reference is not consistent about them."""
_KEY: Final = "tenantId"
_CREATED: Final = "add a partner to cross-tenant access setting"
_FAILED: Final = "failure"
_LONGEST_ID: Final = 100


def partner_changes(
    rows: Sequence[JsonObject], tenant_id: TenantId, *, own_ids: frozenset[str]
) -> tuple[PartnerChange, ...]:
    """Return the entries about one partner, in the order of the log. A failed action changed nothing.

    :param own_ids: the ids of Gatehouse's application and its service principal, in lower case.
    """
    return tuple(
        logged.change for logged in logged_changes(rows, own_ids=own_ids) if logged.is_about(tenant_id.lower())
    )


def logged_changes(rows: Sequence[JsonObject], *, own_ids: frozenset[str]) -> tuple[LoggedChange, ...]:
    """Return the entries about all partners and the default, in the order of the log."""
    return tuple(
        # Two activities of these categories are not about a partner. The names of both contain "default".
        LoggedChange(
            change=_change(row, own_ids),
            partners=frozenset(_tenant_ids_in(row)),
            is_default="default" in str(row.get("activityDisplayName")).lower(),
            id=_id(row.get("id")),
            correlation_id=_id(row.get("correlationId")),
        )
        for row in rows
        if row.get("result") != _FAILED
    )


def _tenant_ids_in(row: JsonObject) -> Iterator[str]:
    """Return the tenant ids in an entry. They are in JSON texts, in the value before or after the change."""
    for resource in _mappings(row.get("targetResources")):
        for modified in _mappings(resource.get("modifiedProperties")):
            if modified.get("displayName") == _KEY:
                for value in (modified.get("oldValue"), modified.get("newValue")):
                    yield from _texts(value)


def _texts(value: object) -> Iterator[str]:
    if not isinstance(value, str):
        return
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        parsed = value
    for item in parsed if isinstance(parsed, list) else [parsed]:
        if isinstance(item, str) and item:
            yield item.lower()


def _change(row: JsonObject, own_ids: frozenset[str]) -> PartnerChange:
    by = row.get("initiatedBy")
    by = by if isinstance(by, Mapping) else {}
    app, user = by.get("app"), by.get("user")
    ids = (
        [str(app.get(name) or "").lower() for name in ("appId", "servicePrincipalId")] if isinstance(app, dict) else []
    )
    initiator_names = [
        str(initiator[name])
        for initiator in (user, app)
        if isinstance(initiator, Mapping)
        for name in ("userPrincipalName", "displayName", "id", "appId", "servicePrincipalId")
        if initiator.get(name)
    ]
    return PartnerChange(
        at=_moment(row.get("activityDateTime")),
        activity=str(row.get("activityDisplayName") or ""),
        changed_by=initiator_names[0] if initiator_names else "",
        is_ours=not isinstance(user, Mapping) and any(app_id in own_ids for app_id in ids),
        user_id=str(user.get("id") or "").lower() if isinstance(user, Mapping) else "",
        is_creation=str(row.get("activityDisplayName")).lower() == _CREATED,
    )


def _id(value: object) -> str:
    return value[:_LONGEST_ID] if isinstance(value, str) else ""


def _moment(text: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # the last one is before the year 1 in UTC, or after 9999
        return datetime.fromtimestamp(0, UTC)


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []

"""Microsoft 365 capabilities of a partner: their types, the properties of a body, and the trust that each needs.

Source: "Microsoft 365 cross-tenant access policy API overview", "Create Microsoft 365 capability for partner", and the
types of Microsoft's SDK. Microsoft does not document the error texts; they are ours.
"""

from collections.abc import Mapping
from typing import Any

from bot.sandbox.entra.odata.calls import Refusal, bad_request
from bot.sandbox.entra.types.property_checks import (
    Check,
    boolean,
    check_properties,
    is_guid,
    many,
    one_of,
    read_only,
    structure,
    text,
)

CAPABILITIES = "m365Capabilities"
BASE_TYPE = "m365CapabilityBase"
MIGRATION = "crossTenantMigration"
"""The migration of mailboxes. NB. Gatehouse must never write it. The simulator accepts it, so that a test can prove
that it was not sent."""
TYPES = (
    "crossTenantCalendarAvailabilityBasic",
    "crossTenantCalendarAvailabilityLimitedDetails",
    "crossTenantCalendarSharingFreeBusyDetail",
    "crossTenantCalendarSharingFreeBusyReviewer",
    "crossTenantCalendarSharingFreeBusySimple",
    "crossTenantMailTipsAll",
    "crossTenantMailTipsLimited",
    MIGRATION,
    "crossTenantOpenProfileCard",
    "crossTenantPlacesDeskBooking",
    "crossTenantPlacesRoomBooking",
)
"""The types of a partner's capabilities. The name of a capability is its type."""
_PREFIX = "#microsoft.graph."
_EVERYONE = "All"


def _resource(value: Any, name: str) -> None:
    text(value, name)
    if value != _EVERYONE and not is_guid(value):
        raise bad_request(f"Invalid value '{value}' specified for property '{name}'.")


_scopes = many(structure(resourceId=_resource, resourceType=one_of("none", "group", "user")))
_inbound = structure(isAllowed=boolean, resourceScopes=structure(included=_scopes, excluded=_scopes))
CAPABILITY_BODY: dict[str, Check] = {"name": text, "inboundAccess": _inbound, "lastModifiedDateTime": read_only}


def odata_type(name: str) -> str:
    """Return what `@odata.type` of a capability says."""
    return f"{_PREFIX}{name}"


def checked_capability(body: Mapping[str, Any], *, name: str = "") -> tuple[str, dict[str, Any]]:
    """Return the name and the inbound access of a body.

    :param name: the name of the capability that is updated; empty when one is created.
    :raises Refusal: 400 when the type is missing or unknown, the name is another one, or `inboundAccess` is missing.
    """
    check_properties(body, BASE_TYPE, CAPABILITY_BODY)
    stated = str(body.get("@odata.type") or "")
    kind = stated.removeprefix(_PREFIX)
    if not stated.startswith(_PREFIX) or kind not in TYPES:
        raise bad_request(f"Invalid value '{stated}' specified for property '@odata.type'.")
    if body.get("name", kind) != kind or name not in ("", kind):
        raise bad_request("Property 'name' is the key of a capability and must be its type.")
    if not isinstance(body.get("inboundAccess"), dict) or "isAllowed" not in body["inboundAccess"]:
        raise bad_request("Property 'inboundAccess' with 'isAllowed' is required.")
    return kind, _without_annotations(body["inboundAccess"])


def require_trust(partner: Mapping[str, Any], default: Mapping[str, Any], name: str) -> None:
    """Check that the partner has the trust that a capability needs.

    :raises Refusal: 400.
    """
    if not has_trust(partner, default, name):
        trust = "app service connect" if name == MIGRATION else "Microsoft 365 collaboration"
        raise Refusal(400, "BadRequest", f"The capability '{name}' needs {trust} trust with this partner.")


def has_trust(partner: Mapping[str, Any], default: Mapping[str, Any], name: str) -> bool:
    """Return whether the trust exists: mailbox migration needs app service connect, all others M365 collaboration."""
    setting, side = (
        ("appServiceConnectInbound", "applications") if name == MIGRATION else ("m365CollaborationInbound", "users")
    )
    trust = partner.get(setting) or default.get(setting) or {}
    target_list = trust.get(side) or {}
    if target_list.get("accessType") == "allowed":
        return bool(target_list.get("targets"))
    everything = {"AllUsers", "AllApplications"}
    targets = target_list.get("targets") or ()
    return target_list.get("accessType") == "blocked" and not any(row.get("target") in everything for row in targets)


def complete_capabilities(rows: Mapping[str, Any]) -> dict[str, Any]:
    """Add what a patch from outside left out of a partner's capabilities, by their names.

    :raises ValueError: for a name that is no type of a capability.
    """
    if unknown := sorted(set(rows) - set(TYPES)):
        raise ValueError(f"{CAPABILITIES}: unknown: {', '.join(unknown)}; known: {', '.join(TYPES)}")
    return {name: _complete(name, row) for name, row in rows.items()}


def _complete(name: str, row: Any) -> dict[str, Any]:
    if not isinstance(row, Mapping) or not isinstance(row.get("inboundAccess"), Mapping):
        raise ValueError(f"{CAPABILITIES}: {name} needs an object with inboundAccess")
    scopes = {"included": [{"resourceId": _EVERYONE, "resourceType": "user"}], "excluded": []}
    access = {"isAllowed": False, "resourceScopes": scopes, **row["inboundAccess"]}
    own = {"@odata.type": odata_type(name), "name": name, "lastModifiedDateTime": None}
    return {**own, **row, "name": name, "inboundAccess": access}


def _without_annotations(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_annotations(item) for key, item in value.items() if key != "@odata.type"}
    return [_without_annotations(item) for item in value] if isinstance(value, list) else value

"""The addresses of Graph: requests for reads, and the only addresses that can be written, each with its bodies."""

import re
from collections.abc import Mapping
from typing import Any, Final

from kiota_abstractions.base_request_builder import BaseRequestBuilder
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from msgraph.graph_service_client import GraphServiceClient

from workflows.core.plans.plan import Operation
from workflows.core.settings.model import IDENTITY_SYNCHRONIZATION, is_guid

CAPABILITY_PERMISSION: Final = "Policy.ReadWrite.CrossTenantCapability"
_PARTNER_PERMISSION: Final = "Policy.ReadWrite.CrossTenantAccess"
_CAPABILITIES: Final = "m365Capabilities"
_WRITABLE: Final = re.compile(
    r"/policies/crossTenantAccessPolicy/partners"
    rf"(?:/(?P<tenant>[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})"
    rf"(?:(?P<sync>/{IDENTITY_SYNCHRONIZATION})|(?P<capabilities>/{_CAPABILITIES})(?:/(?P<name>[A-Za-z]+))?)?)?"
)
_CAPABILITY_TYPES: Final = {
    f"#microsoft.graph.{name}": name
    for name in (
        "crossTenantCalendarAvailabilityBasic",
        "crossTenantCalendarAvailabilityLimitedDetails",
        "crossTenantCalendarSharingFreeBusyDetail",
        "crossTenantCalendarSharingFreeBusyReviewer",
        "crossTenantCalendarSharingFreeBusySimple",
        "crossTenantMailTipsAll",
        "crossTenantMailTipsLimited",
        "crossTenantOpenProfileCard",
        "crossTenantPlacesDeskBooking",
        "crossTenantPlacesRoomBooking",
    )
}
"""The names of the capabilities that can be written, by their types. All are posted to one address.

NB. this list does not follow that of the plans: what a plan may contain by mistake must not be sent. The migration of
mailboxes is never on it.
"""
_EVERYBODY: Final = "All"


def request_to(method: Method, builder: BaseRequestBuilder, **query: str | int | list[str]) -> RequestInformation:
    """Return a request for the address of a builder.

    The builder's own methods are not used. They need a model as the body, and identitySynchronization has none for
    PATCH.
    """
    request = RequestInformation(method, builder.url_template, builder.path_parameters)
    request.query_parameters.update({f"%24{name}": value for name, value in query.items()})
    request.headers.try_add("Accept", "application/json")
    return request


def request_to_link(link: str) -> RequestInformation:
    """Return a request for the next page of a list. The link is used unchanged."""
    request = RequestInformation(Method.GET)
    request.url = link
    request.headers.try_add("Accept", "application/json")
    return request


def writable_address(graph: GraphServiceClient, operation: Operation) -> BaseRequestBuilder:
    """Return the builder for an operation of a plan.

    :raises ValueError: for an operation that must not be sent; see `require_writable`.
    """
    match = require_writable(operation.method, operation.path, operation.body)
    partners = graph.policies.cross_tenant_access_policy.partners
    address: BaseRequestBuilder = partners
    if match["tenant"] is not None:
        partner = partners.by_cross_tenant_access_policy_configuration_partner_tenant_id(match["tenant"])
        address = partner.identity_synchronization if match["sync"] else partner
        if match["capabilities"]:
            capabilities = partner.m365_capabilities
            name = match["name"]
            address = capabilities.by_m365_capability_base_name(name) if name else capabilities
    return address


def permission_to_write(operation: Operation) -> str:
    """Return the application permission that an operation needs."""
    is_capability = f"/{_CAPABILITIES}" in operation.path
    return CAPABILITY_PERMISSION if is_capability else _PARTNER_PERMISSION


def require_writable(method: str, path: str, body: object) -> re.Match[str]:
    """Check that a write is one of those that Gatehouse may send.

    Allowed are POST to the partners, PATCH to one partner, PUT or PATCH to its synchronization policy, POST to its
    Microsoft 365 capabilities, and PATCH to one of them. The body of a capability is checked as well, because all types
    of capabilities have one address.

    :raises ValueError: for everything else.
    """
    match = _WRITABLE.fullmatch(path)
    if match is None or method not in _methods(match):
        raise ValueError(f"{method} {path} is not one partner's own configuration")
    if not isinstance(body, Mapping):
        raise ValueError(f"{method} {path}: the body is not an object")
    if match["capabilities"]:
        _require_capability(f"{method} {path}", body, match["name"])
    elif any(name.lower().startswith(_CAPABILITIES.lower()) for name in body):
        raise ValueError(f"{method} {path} contains capabilities, which have an address of their own")
    elif match["tenant"] is None and not is_guid(str(body.get("tenantId"))):
        raise ValueError(f"{method} {path} names no partner by its tenant id")
    return match


def _methods(address: re.Match[str]) -> tuple[str, ...]:
    if address["tenant"] is None:
        return ("POST",)
    if address["capabilities"]:
        return ("PATCH",) if address["name"] else ("POST",)
    return ("PUT", "PATCH") if address["sync"] else ("PATCH",)


def _require_capability(what: str, body: Mapping[str, Any], addressed: str | None) -> None:
    """Check the body of a capability: its type, its name, and nothing but whose data it is about.

    :param addressed: the name in the address; None for a new capability.
    """
    kind = body.get("@odata.type")
    name = _CAPABILITY_TYPES.get(kind) if isinstance(kind, str) else None
    if name is None or addressed not in (None, name) or body.get("name", name) != name:
        raise ValueError(f"{what} is not a capability that may be written")
    access = body.get("inboundAccess")
    if not set(body) <= {"@odata.type", "name", "inboundAccess"} or not _is_access(access):
        raise ValueError(f"{what} is not the body of a capability")


def _is_access(access: object) -> bool:
    """Return whether it says yes or no, for whom, and nothing else. Nobody is never allowed: it may mean everybody."""
    if not isinstance(access, Mapping) or set(access) != {"isAllowed", "resourceScopes"}:
        return False
    is_allowed, scopes = access["isAllowed"], access["resourceScopes"]
    if not isinstance(is_allowed, bool) or not isinstance(scopes, Mapping) or set(scopes) != {"included", "excluded"}:
        return False
    lists = scopes["included"], scopes["excluded"]
    are_targets = all(isinstance(rows, list | tuple) and all(map(_is_target, rows)) for rows in lists)
    return are_targets and (bool(scopes["included"]) or not is_allowed)


def _is_target(row: object) -> bool:
    if not isinstance(row, Mapping) or set(row) != {"resourceId", "resourceType"}:
        return False
    whom = row["resourceId"]
    if whom == _EVERYBODY:
        return bool(row["resourceType"] == "user")
    return isinstance(whom, str) and is_guid(whom) and row["resourceType"] in ("user", "group")

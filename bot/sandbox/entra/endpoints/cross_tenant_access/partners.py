"""Answer `/policies/crossTenantAccessPolicy/partners`: list, create, read, update, delete.

Microsoft's pages do not say how a PATCH merges nested values. This simulator merges one level: `usersAndGroups` alone
leaves `applications` unchanged, and each of the two is replaced as a whole. The result must be consistent.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from bot.sandbox.entra.odata.calls import Answer, Call, Refusal, bad_request, json_object
from bot.sandbox.entra.odata.query import (
    COLLECTION_OPTIONS,
    ENTITY_OPTIONS,
    entity,
    names_in_expand,
    names_in_select,
    only_properties,
    page,
    require_options,
)
from bot.sandbox.entra.tenant.audit_entries import Activity
from bot.sandbox.entra.tenant.tenant import Tenant
from bot.sandbox.entra.types.cross_tenant_access import (
    B2B_SETTINGS,
    CONSENTS,
    PARTNER_BODY,
    PARTNER_SELECTABLE,
    TRUSTS,
    blank_consent,
    blank_partner,
)
from bot.sandbox.entra.types.m365_capabilities import CAPABILITIES, has_trust
from bot.sandbox.entra.types.property_checks import check_properties, is_guid
from bot.sandbox.entra.types.target_rules import require_consistent
from bot.sandbox.entra.types.undeclared_properties import split_undeclared, with_undeclared

TYPE = "crossTenantAccessPolicyConfigurationPartner"
CONTEXT = "policies/crossTenantAccessPolicy/partners"
SYNC = "identitySynchronization"
_TWO_HALVES = ("usersAndGroups", "applications")
_PARTS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(B2B_SETTINGS, _TWO_HALVES),
    "tenantRestrictions": ("devices", *_TWO_HALVES),
    "m365CollaborationInbound": ("users",),
    "m365CollaborationOutbound": ("usersAndGroups",),
    "appServiceConnectInbound": ("applications",),
    "inboundTrust": TRUSTS,
    "automaticUserConsentSettings": CONSENTS,
}


_DECLARED: Mapping[str, tuple[str, ...] | None] = {**dict.fromkeys(PARTNER_BODY), **_PARTS, "@odata.type": None}


def list_partners(tenant: Tenant, call: Call) -> Answer:
    """List the partners (GET): `$select`, `$expand=identitySynchronization`, `$top`, `$count`, in pages."""
    require_options(call, COLLECTION_OPTIONS | {"$expand"})
    rows = [*map(_views(call), tenant.visible_partners().values())]
    return Answer(
        status=200,
        body=page(
            call,
            CONTEXT,
            rows,
            size=int(tenant.objects["pageSize"]),
            empty_first=bool(tenant.objects["emptyPages"]),
        ),
    )


def count_partners(tenant: Tenant, call: Call) -> Answer:
    """Return the number of partners as plain text (GET `/$count`)."""
    require_options(call, ())
    return Answer(status=200, body=str(len(tenant.visible_partners())), headers={"Content-Type": "text/plain"})


def create_partner(tenant: Tenant, call: Call) -> Answer:
    """Create a partner (POST): 201 and the whole partner.

    A body with only `tenantId` is enough; the partner then inherits everything.
    """
    body = json_object(call)
    check_properties(body, TYPE, PARTNER_BODY)
    if "tenantId" not in body:
        raise bad_request("Property 'tenantId' is required.")
    tenant_id = body["tenantId"].lower()
    if tenant_id == tenant.own_id:
        raise bad_request("A tenant cannot be a partner of itself: tenantId is the id of this tenant.")
    if tenant_id in tenant.partners:
        raise Refusal(
            409,
            "Request_MultipleObjectsWithSameKeyValue",
            "Another object with the same value for property tenantId already exists.",
        )
    after = with_changes(blank_partner(tenant_id), body)
    require_consistent(after, frozenset(body), is_default=False)
    tenant.set_partner(tenant_id, after, Activity.PARTNER_ADDED, call.app_id)
    return Answer(
        status=201,
        body=entity(call, f"{CONTEXT}/$entity", after),
        headers={"Location": f"{call.base}/{CONTEXT}('{tenant_id}')"},
    )


def get_partner(tenant: Tenant, call: Call) -> Answer:
    """Return one partner (GET)."""
    require_options(call, ENTITY_OPTIONS)
    view = _views(call)(existing(tenant.visible_partners(), call))
    return Answer(status=200, body=entity(call, f"{CONTEXT}/$entity", view))


def update_partner(tenant: Tenant, call: Call) -> Answer:
    """Update one partner (PATCH): 204 without a body.

    An absent property is unchanged; null means that the default is inherited.
    """
    before = existing(tenant.partners, call)
    body, undeclared = split_undeclared(before, json_object(call), _DECLARED)
    check_properties(body, TYPE, PARTNER_BODY)
    tenant_id = before["tenantId"]
    if body.get("tenantId", tenant_id).lower() != tenant_id:
        raise bad_request("Property 'tenantId' is the key of a partner and cannot be changed.")
    after = with_undeclared(with_changes(before, body), undeclared, PARTNER_BODY)
    require_consistent(after, frozenset(body), is_default=False)
    after = _without_lost_capabilities(tenant, after)
    tenant.set_partner(tenant_id, after, Activity.PARTNER_UPDATED, call.app_id)
    return Answer(status=204)


def delete_partner(tenant: Tenant, call: Call) -> Answer:
    """Delete one partner (DELETE); the defaults then apply to it.

    It is refused while the partner has a synchronization policy or is a service provider of ours.
    """
    partner = existing(tenant.partners, call)
    if partner.get("isServiceProvider"):
        raise bad_request("The partner is a service provider for this tenant and cannot be removed.")
    if partner.get(SYNC) is not None:
        raise bad_request("The partner has an identitySynchronization policy; delete that first.")
    tenant.set_partner(partner["tenantId"], None, Activity.PARTNER_DELETED, call.app_id)
    return Answer(status=204)


def _without_lost_capabilities(tenant: Tenant, partner: dict[str, Any]) -> dict[str, Any]:
    """Return the partner without the capabilities whose trust is removed, unless they outlive it here."""
    rows = partner.get(CAPABILITIES)
    if not rows or tenant.objects["capabilitiesOutliveTrust"]:
        return partner
    default = tenant.objects["default"]
    return {**partner, CAPABILITIES: {name: row for name, row in rows.items() if has_trust(partner, default, name)}}


def existing(partners: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """Return the partner that the path names.

    :raises Refusal: 400 when the key is no GUID, 404 when there is no such partner.
    """
    key = call.params["tenantId"]
    if not is_guid(key):
        raise bad_request(f"Invalid value '{key}' for the key 'tenantId': it must be a GUID.")
    partner = partners.get(key.lower())
    if partner is None:
        raise absent()
    return dict(partner)


def absent() -> Refusal:
    """Return the 404 for a partner, or a part of a partner, that does not exist."""
    return Refusal(404, "Directory_ObjectNotFound", "Unable to read the company information from the directory.")


def with_changes(image: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """Return `image` with the checked `body` merged in, without annotations."""
    after = deepcopy(dict(image))
    for name, value in body.items():
        if name in ("@odata.type", "tenantId"):
            continue
        parts = _PARTS.get(name)
        if value is None:
            after[name] = blank_consent() if name == "automaticUserConsentSettings" else None
        elif parts is None:
            after[name] = _without_annotations(value)
        else:
            old = after.get(name)
            members = {**dict.fromkeys(parts), **(old if isinstance(old, dict) else {})}
            after[name] = members | _without_annotations(value)
    return after


def _without_annotations(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_annotations(item) for name, item in value.items() if name != "@odata.type"}
    if isinstance(value, list):
        return [_without_annotations(item) for item in value]
    return value


def _views(call: Call) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Return a function that formats a partner as `$select` and `$expand` require.

    Both options are checked here, even when there is no partner.
    """
    names = names_in_select(call, TYPE, PARTNER_SELECTABLE)
    navigations = names_in_expand(call, TYPE, (SYNC,))

    def partner_row(partner: Mapping[str, Any]) -> dict[str, Any]:
        row = (
            only_properties(partner, names)
            if names
            else {name: value for name, value in partner.items() if name not in (SYNC, CAPABILITIES)}
        )
        for name in navigations:
            row[f"{name}@odata.context"] = f"{call.base}/$metadata#{CONTEXT}('{partner['tenantId']}')/{name}/$entity"
            row[name] = partner.get(name)
        return row

    return partner_row

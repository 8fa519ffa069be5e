"""Answer `…/partners/{id}/identitySynchronization` and `…/serviceProviderConstraints`."""

from typing import Any

from bot.sandbox.entra.endpoints.cross_tenant_access.partners import CONTEXT, SYNC, absent, existing
from bot.sandbox.entra.odata.calls import Answer, Call, Refusal, bad_request, json_object
from bot.sandbox.entra.odata.query import ENTITY_OPTIONS, entity, names_in_select, only_properties, require_options
from bot.sandbox.entra.tenant.audit_entries import Activity
from bot.sandbox.entra.tenant.tenant import Tenant
from bot.sandbox.entra.types.cross_tenant_access import SYNC_BODY
from bot.sandbox.entra.types.property_checks import check_properties
from bot.sandbox.entra.types.undeclared_properties import split_undeclared, with_undeclared

_TYPE = "crossTenantIdentitySyncPolicyPartner"
_DECLARED: dict[str, tuple[str, ...] | None] = {
    **dict.fromkeys(SYNC_BODY),
    "@odata.type": None,
    "userSyncInbound": ("isSyncAllowed", "@odata.type"),
}


def get_sync(tenant: Tenant, call: Call) -> Answer:
    """Return the synchronization policy (GET): 404 when the partner has none."""
    require_options(call, ENTITY_OPTIONS)
    partner = existing(tenant.visible_partners(), call)
    sync = _sync_of(partner)
    names = names_in_select(call, _TYPE, SYNC_BODY) or tuple(sync)
    context = f"{CONTEXT}('{partner['tenantId']}')/{SYNC}/$entity"
    return Answer(status=200, body=entity(call, context, only_properties(sync, names)))


def create_sync(tenant: Tenant, call: Call) -> Answer:
    """Create the synchronization policy (PUT): 409 when there is one already."""
    partner = existing(tenant.partners, call)
    body = _checked_body(json_object(call), partner["tenantId"])
    if partner.get(SYNC) is not None:
        message = "A conflicting object with one or more of the specified property values is present in the directory."
        raise Refusal(
            409,
            "Request_MultipleObjectsWithSameKeyValue",
            message,
            details=[{"code": "ConflictingObjects", "message": message, "target": "tenantId"}],
        )
    blank = {"tenantId": partner["tenantId"], "displayName": None, "userSyncInbound": {"isSyncAllowed": None}}
    _store(tenant, call, partner, blank | body, Activity.SYNC_CREATED)
    return Answer(status=204)


def update_sync(tenant: Tenant, call: Call) -> Answer:
    """Update the synchronization policy (PATCH): 404 when there is none."""
    partner = existing(tenant.partners, call)
    sync = _sync_of(partner)
    body, undeclared = split_undeclared(sync, json_object(call), _DECLARED)
    after = with_undeclared(sync | _checked_body(body, partner["tenantId"]), undeclared, SYNC_BODY)
    _store(tenant, call, partner, after, Activity.SYNC_UPDATED)
    return Answer(status=204)


def delete_sync(tenant: Tenant, call: Call) -> Answer:
    """Delete the synchronization policy (DELETE): 404 when there is none. Synchronized users remain."""
    partner = existing(tenant.partners, call)
    _sync_of(partner)
    _store(tenant, call, partner, None, Activity.SYNC_DELETED)
    return Answer(status=204)


def get_constraints(tenant: Tenant, call: Call) -> Answer:
    """Return serviceProviderConstraints (GET): an entity without properties of its own."""
    partner = existing(tenant.visible_partners(), call)
    context = f"{CONTEXT}('{partner['tenantId']}')/serviceProviderConstraints/$entity"
    return Answer(status=200, body=entity(call, context, {"id": partner["tenantId"]}))


def update_constraints(tenant: Tenant, call: Call) -> Answer:
    """Update serviceProviderConstraints (PATCH): it has no property that can change."""
    existing(tenant.partners, call)
    check_properties(json_object(call), "serviceProviderConstraints", {})
    return Answer(status=204)


def _sync_of(partner: dict[str, Any]) -> dict[str, Any]:
    sync: dict[str, Any] | None = partner.get(SYNC)
    if sync is None:
        raise absent()
    return sync


def _checked_body(body: dict[str, Any], tenant_id: str) -> dict[str, Any]:
    check_properties(body, _TYPE, SYNC_BODY)
    if body.get("tenantId", tenant_id).lower() != tenant_id:
        raise bad_request("Property 'tenantId' is the key of a partner and cannot be changed.")
    inbound = body.get("userSyncInbound")
    if inbound is not None:
        body["userSyncInbound"] = {"isSyncAllowed": inbound.get("isSyncAllowed")}
    return {name: value for name, value in body.items() if name not in ("@odata.type", "tenantId")}


def _store(
    tenant: Tenant, call: Call, partner: dict[str, Any], sync: dict[str, Any] | None, activity: Activity
) -> None:
    after = {name: value for name, value in partner.items() if name != SYNC}
    if sync is not None:
        after[SYNC] = sync
    tenant.set_partner(partner["tenantId"], after, activity, call.app_id)

"""Answer `…/partners/{id}/m365Capabilities` and `…/default/m365Capabilities`.

Microsoft says that the removal of a trust invalidates the capabilities of that partner, and not what a read then
returns. `capabilitiesOutliveTrust` in the state chooses: they stay without effect, or they are deleted.
"""

from collections.abc import Mapping
from typing import Any

from bot.sandbox.entra.endpoints.cross_tenant_access.partners import CONTEXT, existing
from bot.sandbox.entra.endpoints.listing import Listing, page_answer
from bot.sandbox.entra.odata.calls import Answer, Call, Refusal, json_object, not_found
from bot.sandbox.entra.odata.query import ENTITY_OPTIONS, entity, require_options
from bot.sandbox.entra.odata.timestamps import stamp
from bot.sandbox.entra.tenant.tenant import Tenant
from bot.sandbox.entra.types.m365_capabilities import (
    BASE_TYPE,
    CAPABILITIES,
    checked_capability,
    odata_type,
    require_trust,
)

_DEFAULT_CONTEXT = f"policies/crossTenantAccessPolicy/default/{CAPABILITIES}"


def list_default_capabilities(tenant: Tenant, call: Call) -> Answer:
    """List the capabilities of the default configuration (GET).

    NB. it cannot be changed here: Gatehouse must never write it.
    """
    rows = tenant.objects["defaultM365Capabilities"]
    return page_answer(tenant, call, rows.values(), Listing(context=_DEFAULT_CONTEXT, type_name=BASE_TYPE))


def list_capabilities(tenant: Tenant, call: Call) -> Answer:
    """List a partner's capabilities (GET)."""
    partner = existing(tenant.visible_partners(), call)
    listing = Listing(context=f"{CONTEXT}('{partner['tenantId']}')/{CAPABILITIES}", type_name=BASE_TYPE)
    return page_answer(tenant, call, (partner.get(CAPABILITIES) or {}).values(), listing)


def get_capability(tenant: Tenant, call: Call) -> Answer:
    """Return one capability (GET): 404 when the partner has none of this name."""
    require_options(call, ENTITY_OPTIONS - {"$expand"})
    partner = existing(tenant.visible_partners(), call)
    return Answer(status=200, body=entity(call, _entity_context(partner), _named(partner, call)))


def create_capability(tenant: Tenant, call: Call) -> Answer:
    """Create a capability (POST): 201 and the capability; 409 when the partner has one of this name."""
    partner = existing(tenant.partners, call)
    name, access = checked_capability(json_object(call))
    require_trust(partner, tenant.objects["default"], name)
    if name in (partner.get(CAPABILITIES) or {}):
        message = "Another object with the same value for property name already exists."
        raise Refusal(409, "Request_MultipleObjectsWithSameKeyValue", message)
    row = _store(tenant, call, partner, name, access)
    return Answer(status=201, body=entity(call, _entity_context(partner), row))


def update_capability(tenant: Tenant, call: Call) -> Answer:
    """Update a capability (PATCH): 204. To allow it needs the trust; to block it never does."""
    partner = existing(tenant.partners, call)
    name = str(_named(partner, call)["name"])
    _, access = checked_capability(json_object(call), name=name)
    if access["isAllowed"]:
        require_trust(partner, tenant.objects["default"], name)
    _store(tenant, call, partner, name, access)
    return Answer(status=204)


def delete_capability(tenant: Tenant, call: Call) -> Answer:
    """Delete a capability (DELETE): 204. The default then applies.

    NB. Gatehouse must never call this: the default may allow what the partner's own capability did not.
    """
    partner = existing(tenant.partners, call)
    name = _named(partner, call)["name"]
    rest = {key: row for key, row in partner[CAPABILITIES].items() if key != name}
    tenant.set_partner(partner["tenantId"], {**partner, CAPABILITIES: rest}, None, call.app_id)
    return Answer(status=204)


def _store(tenant: Tenant, call: Call, partner: dict[str, Any], name: str, access: dict[str, Any]) -> dict[str, Any]:
    """Store a capability. Members of the inbound access that the body does not name stay as they are."""
    rows: Mapping[str, Any] = partner.get(CAPABILITIES) or {}
    before = (rows.get(name) or {}).get("inboundAccess") or {"resourceScopes": {"included": [], "excluded": []}}
    row = {
        "@odata.type": odata_type(name),
        "name": name,
        "lastModifiedDateTime": stamp(tenant.now()),
        "inboundAccess": {**before, **access},
    }
    tenant.set_partner(partner["tenantId"], {**partner, CAPABILITIES: {**rows, name: row}}, None, call.app_id)
    return row


def _named(partner: Mapping[str, Any], call: Call) -> dict[str, Any]:
    name = call.params["name"]
    row: dict[str, Any] | None = (partner.get(CAPABILITIES) or {}).get(name)
    if row is None:
        raise not_found(name)
    return row


def _entity_context(partner: Mapping[str, Any]) -> str:
    return f"{CONTEXT}('{partner['tenantId']}')/{CAPABILITIES}/$entity"

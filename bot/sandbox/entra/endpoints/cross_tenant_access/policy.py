"""Answer the rest of `/policies/crossTenantAccessPolicy`: the policy, its default configuration, its templates."""

from collections.abc import Mapping
from typing import Any

from bot.sandbox.entra.endpoints.cross_tenant_access.partners import with_changes
from bot.sandbox.entra.odata.calls import Answer, Call, Refusal, bad_request, json_object
from bot.sandbox.entra.odata.query import ENTITY_OPTIONS, entity, names_in_select, only_properties, require_options
from bot.sandbox.entra.tenant.audit_entries import Activity, by_app
from bot.sandbox.entra.tenant.service_defaults import multi_tenant_templates, service_default
from bot.sandbox.entra.tenant.tenant import Tenant
from bot.sandbox.entra.types.cross_tenant_access import (
    DEFAULT_BODY,
    DEFAULT_SELECTABLE,
    MTO_PARTNER_BODY,
    MTO_SYNC_BODY,
    POLICY_BODY,
)
from bot.sandbox.entra.types.property_checks import Check, check_properties
from bot.sandbox.entra.types.target_rules import require_consistent

_ROOT = "policies/crossTenantAccessPolicy"
_TEMPLATES: Mapping[str, tuple[str, Mapping[str, Check]]] = {
    "multitenantorganizationpartnerconfiguration": ("multiTenantOrganizationPartnerConfiguration", MTO_PARTNER_BODY),
    "multitenantorganizationidentitysynchronization": (
        "multiTenantOrganizationIdentitySynchronization",
        MTO_SYNC_BODY,
    ),
}


def get_policy(tenant: Tenant, call: Call) -> Answer:
    """Return the policy itself (GET)."""
    require_options(call, ENTITY_OPTIONS - {"$expand"})
    policy = tenant.objects["crossTenantAccessPolicy"]
    names = names_in_select(call, "crossTenantAccessPolicy", policy) or tuple(policy)
    return Answer(status=200, body=entity(call, f"{_ROOT}/$entity", only_properties(policy, names)))


def update_policy(tenant: Tenant, call: Call) -> Answer:
    """Update displayName or allowedCloudEndpoints (PATCH)."""
    body = json_object(call)
    check_properties(body, "crossTenantAccessPolicy", POLICY_BODY)
    tenant.objects["crossTenantAccessPolicy"] |= _own(body)
    tenant.touch()
    return Answer(status=204)


def get_default(tenant: Tenant, call: Call) -> Answer:
    """Return the default configuration (GET)."""
    require_options(call, ENTITY_OPTIONS - {"$expand"})
    default = tenant.objects["default"]
    names = names_in_select(call, "crossTenantAccessPolicyConfigurationDefault", DEFAULT_SELECTABLE) or tuple(default)
    return Answer(status=200, body=entity(call, f"{_ROOT}/default/$entity", only_properties(default, names)))


def update_default(tenant: Tenant, call: Call) -> Answer:
    """Update the default configuration (PATCH). It inherits from nothing, so null is refused.

    NB. Gatehouse must never call this. The simulator answers, so that a test can prove that it was not called.
    """
    body = json_object(call)
    check_properties(body, "crossTenantAccessPolicyConfigurationDefault", DEFAULT_BODY)
    for name, value in body.items():
        if value is None:
            raise bad_request(f"Property '{name}' of the default configuration cannot be null.")
    after = with_changes(tenant.objects["default"], body) | {"isServiceDefault": False}
    require_consistent(after, frozenset(body), is_default=True)
    _store_default(tenant, call, after, Activity.DEFAULT_UPDATED)
    return Answer(status=204)


def reset_default(tenant: Tenant, call: Call) -> Answer:
    """Reset the default configuration (POST resetToSystemDefault)."""
    _store_default(tenant, call, service_default(), Activity.DEFAULT_RESET)
    return Answer(status=204)


def get_templates(tenant: Tenant, call: Call) -> Answer:
    """Return the templates' root (GET): only an id, unless it is expanded."""
    require_options(call, ENTITY_OPTIONS)
    root: dict[str, Any] = {"id": "templates"}
    for name in filter(None, call.query.get("$expand", "").split(",")):
        if name not in tenant.objects["templates"]:
            raise Refusal(400, "BadRequest", f"Could not find a property named '{name}' on type 'policyTemplate'.")
        root[name] = tenant.objects["templates"][name]
    return Answer(status=200, body=entity(call, f"{_ROOT}/templates/$entity", root))


def get_template(tenant: Tenant, call: Call) -> Answer:
    """Return one multitenant-organization template (GET)."""
    require_options(call, ENTITY_OPTIONS - {"$expand"})
    name, declared = _template(call)
    row = tenant.objects["templates"][name]
    names = names_in_select(call, name, declared) or tuple(row)
    return Answer(status=200, body=entity(call, f"{_ROOT}/templates/{name}/$entity", only_properties(row, names)))


def update_template(tenant: Tenant, call: Call) -> Answer:
    """Update one template (PATCH)."""
    name, declared = _template(call)
    body = json_object(call)
    check_properties(body, name, declared)
    after = with_changes(tenant.objects["templates"][name], body)
    require_consistent(after, frozenset(body), is_default=False)
    tenant.objects["templates"][name] = after
    tenant.touch()
    return Answer(status=204)


def reset_template(tenant: Tenant, call: Call) -> Answer:
    """Reset one template (POST resetToDefaultSettings)."""
    name, _ = _template(call)
    tenant.objects["templates"][name] = multi_tenant_templates()[name]
    tenant.touch()
    return Answer(status=204)


def _template(call: Call) -> tuple[str, Mapping[str, Check]]:
    template = _TEMPLATES.get(call.params["template"].lower())
    if template is None:
        raise Refusal(400, "BadRequest", f"Resource not found for the segment '{call.params['template']}'.")
    return template


def _store_default(tenant: Tenant, call: Call, after: dict[str, Any], activity: Activity) -> None:
    before, tenant.objects["default"] = tenant.objects["default"], after
    tenant.record(activity, by_app(call.app_id), before, after)
    tenant.touch()


def _own(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "@odata.type"}

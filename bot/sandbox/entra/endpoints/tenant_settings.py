"""Answer for the tenant's settings: organization, authorization policy, Conditional Access, SharePoint."""

from typing import Any

from bot.sandbox.entra.endpoints.listing import Listing, page_answer
from bot.sandbox.entra.odata.calls import Answer, Call, json_object, not_found
from bot.sandbox.entra.odata.filters import Filterable
from bot.sandbox.entra.odata.query import ENTITY_OPTIONS, entity, names_in_select, only_properties, require_options
from bot.sandbox.entra.tenant.tenant import Tenant
from bot.sandbox.entra.types.property_checks import (
    Check,
    boolean,
    check_properties,
    guid,
    many,
    nullable,
    one_of,
    read_only,
    structure,
    text,
    whole_number,
)

_POLICIES = Listing(
    context="identity/conditionalAccess/policies",
    type_name="conditionalAccessPolicy",
    filterable=Filterable(
        resource="ConditionalAccessPolicy",
        allows=dict.fromkeys(("id", "displayName", "state"), frozenset({"eq", "startswith"})),
    ),
)
_AUTHORIZATION_BODY: dict[str, Check] = {
    "allowInvitesFrom": one_of("none", "adminsAndGuestInviters", "adminsGuestInvitersAndAllMembers", "everyone"),
    "guestUserRoleId": nullable(guid),
    "displayName": nullable(text),
    "description": nullable(text),
    **dict.fromkeys(
        (
            "allowedToSignUpEmailBasedSubscriptions",
            "allowedToUseSSPR",
            "allowEmailVerifiedUsersToJoinOrganization",
        ),
        boolean,
    ),
    **dict.fromkeys(("allowUserConsentForRiskyApps", "blockMsolPowerShell"), nullable(boolean)),
    "defaultUserRolePermissions": structure(
        allowedToCreateApps=boolean,
        allowedToCreateSecurityGroups=boolean,
        allowedToCreateTenants=nullable(boolean),
        allowedToReadBitlockerKeysForOwnedDevice=nullable(boolean),
        allowedToReadOtherUsers=boolean,
        permissionGrantPoliciesAssigned=many(text),
    ),
    "id": read_only,
}
_SHAREPOINT_BODY: dict[str, Check] = {
    "sharingCapability": one_of(
        "disabled", "externalUserSharingOnly", "externalUserAndGuestSharing", "existingExternalUserSharingOnly"
    ),
    "sharingDomainRestrictionMode": one_of("none", "allowList", "blockList"),
    "sharingAllowedDomainList": many(text),
    "sharingBlockedDomainList": many(text),
    "deletedUserPersonalSiteRetentionPeriodInDays": nullable(whole_number),
    **dict.fromkeys(
        (
            "isResharingByExternalUsersEnabled",
            "isRequireAcceptingUserToMatchInvitedUserEnabled",
            "isLegacyAuthProtocolsEnabled",
            "isSiteCreationEnabled",
            "isLoopEnabled",
        ),
        nullable(boolean),
    ),
    "id": read_only,
}


def list_organization(tenant: Tenant, call: Call) -> Answer:
    """List the organization (GET): only the home tenant."""
    return page_answer(
        tenant, call, [tenant.objects["organization"]], Listing(context="organization", type_name="organization")
    )


def get_authorization(tenant: Tenant, call: Call) -> Answer:
    """Return the authorization policy (GET)."""
    return _singleton(call, tenant.objects["authorizationPolicy"], "policies/authorizationPolicy", _AUTHORIZATION_BODY)


def update_authorization(tenant: Tenant, call: Call) -> Answer:
    """Update the authorization policy (PATCH)."""
    changes = _checked_body(call, "authorizationPolicy", _AUTHORIZATION_BODY)
    policy = tenant.objects["authorizationPolicy"]
    permissions = changes.pop("defaultUserRolePermissions", {})
    policy |= changes
    policy.setdefault("defaultUserRolePermissions", {}).update(
        {name: value for name, value in permissions.items() if name != "@odata.type"}
    )
    tenant.touch()
    return Answer(status=204)


def get_sharepoint(tenant: Tenant, call: Call) -> Answer:
    """Return the SharePoint settings (GET)."""
    return _singleton(call, tenant.objects["sharepointSettings"], "admin/sharepoint/settings", _SHAREPOINT_BODY)


def update_sharepoint(tenant: Tenant, call: Call) -> Answer:
    """Update the SharePoint settings (PATCH): 200 and the settings."""
    settings = tenant.objects["sharepointSettings"]
    settings |= _checked_body(call, "sharepointSettings", _SHAREPOINT_BODY)
    tenant.touch()
    return Answer(status=200, body=entity(call, "admin/sharepoint/settings/$entity", settings))


def list_conditional_access(tenant: Tenant, call: Call) -> Answer:
    """List the Conditional Access policies (GET)."""
    return page_answer(tenant, call, tenant.objects["conditionalAccessPolicies"].values(), _POLICIES)


def get_conditional_access(tenant: Tenant, call: Call) -> Answer:
    """Return one Conditional Access policy (GET)."""
    policy = tenant.objects["conditionalAccessPolicies"].get(call.params["id"].lower())
    if policy is None:
        raise not_found(call.params["id"])
    return _singleton(call, policy, "identity/conditionalAccess/policies", policy)


def _singleton(call: Call, row: dict[str, Any], context: str, declared: dict[str, Any]) -> Answer:
    require_options(call, ENTITY_OPTIONS - {"$expand"})
    names = names_in_select(call, context.rpartition("/")[2], {*declared, *row}) or tuple(row)
    return Answer(status=200, body=entity(call, f"{context}/$entity", only_properties(row, names)))


def _checked_body(call: Call, type_name: str, declared: dict[str, Check]) -> dict[str, Any]:
    body = json_object(call)
    check_properties(body, type_name, declared)
    return {name: value for name, value in body.items() if name != "@odata.type"}

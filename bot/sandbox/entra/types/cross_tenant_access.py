"""The cross-tenant access types: the properties that a body may contain, and the objects that have nothing set."""

from typing import Any

from bot.sandbox.entra.odata.calls import bad_request
from bot.sandbox.entra.types.property_checks import (
    Check,
    boolean,
    flags_of,
    guid,
    many,
    nullable,
    one_of,
    read_only,
    structure,
    text,
)

B2B_SETTINGS = (
    "b2bCollaborationInbound",
    "b2bCollaborationOutbound",
    "b2bDirectConnectInbound",
    "b2bDirectConnectOutbound",
)
TRUSTS = ("isMfaAccepted", "isCompliantDeviceAccepted", "isHybridAzureADJoinedDeviceAccepted")
CONSENTS = ("inboundAllowed", "outboundAllowed")
CLOUD_ENDPOINTS = ("microsoftonline.com", "microsoftonline.us", "partner.microsoftonline.cn")


def _no_devices(value: Any, _name: str) -> None:
    if value is not None:
        raise bad_request("Property 'devices' of tenantRestrictions is not supported.")


_target = structure(
    target=nullable(text),
    targetType=nullable(one_of("user", "group", "application")),
)
_targets = nullable(structure(accessType=nullable(one_of("allowed", "blocked")), targets=many(_target)))
b2b_setting = structure(usersAndGroups=_targets, applications=_targets)
_trust = structure(**dict.fromkeys(TRUSTS, nullable(boolean)))
_consent = structure(**dict.fromkeys(CONSENTS, nullable(boolean)))
_restrictions = structure(usersAndGroups=_targets, applications=_targets, devices=_no_devices)
_primary_provider = one_of("azureActiveDirectory", "externalFederation", "socialIdentityProviders")
_fallback_provider = one_of("emailOneTimePasscode", "microsoftAccount", "defaultConfiguredIdp")

_SHARED: dict[str, Check] = {
    **dict.fromkeys(B2B_SETTINGS, nullable(b2b_setting)),
    "inboundTrust": nullable(_trust),
    "tenantRestrictions": nullable(_restrictions),
    "m365CollaborationInbound": nullable(structure(users=_targets)),
    "m365CollaborationOutbound": nullable(structure(usersAndGroups=_targets)),
    "appServiceConnectInbound": nullable(structure(applications=_targets)),
}

PARTNER_BODY: dict[str, Check] = {
    **_SHARED,
    "tenantId": guid,
    "automaticUserConsentSettings": nullable(_consent),
    "isServiceProvider": read_only,
    "isInMultiTenantOrganization": read_only,
    "identitySynchronization": read_only,
}

DEFAULT_BODY: dict[str, Check] = {
    **_SHARED,
    # "always false and can't be updated in the default configuration" (crossTenantAccessPolicyConfigurationDefault)
    "automaticUserConsentSettings": read_only,
    "invitationRedemptionIdentityProviderConfiguration": structure(
        primaryIdentityProviderPrecedenceOrder=many(_primary_provider),
        fallbackIdentityProvider=nullable(_fallback_provider),
    ),
    "isServiceDefault": read_only,
    "id": read_only,
}

SYNC_BODY: dict[str, Check] = {
    "tenantId": guid,
    "displayName": nullable(text),
    "userSyncInbound": nullable(structure(isSyncAllowed=nullable(boolean))),
}

POLICY_BODY: dict[str, Check] = {
    "allowedCloudEndpoints": many(one_of(*CLOUD_ENDPOINTS)),
    "displayName": nullable(text),
    "description": nullable(text),
    "id": read_only,
}

_level = flags_of("none", "newPartners", "existingPartners")
MTO_PARTNER_BODY: dict[str, Check] = {
    **dict.fromkeys(B2B_SETTINGS, nullable(b2b_setting)),
    "automaticUserConsentSettings": nullable(_consent),
    "inboundTrust": nullable(_trust),
    "templateApplicationLevel": _level,
    "id": read_only,
}
MTO_SYNC_BODY: dict[str, Check] = {
    "userSyncInbound": nullable(structure(isSyncAllowed=nullable(boolean))),
    "templateApplicationLevel": _level,
    "id": read_only,
}


def blank_consent() -> dict[str, None]:
    """Return automatic redemption as the service returns it when nobody set it; the effect is false."""
    return dict.fromkeys(CONSENTS)


def blank_partner(tenant_id: str) -> dict[str, Any]:
    """Return a partner that inherits everything, as `POST {"tenantId": …}` creates it.

    NB. no description of the type contains the last two properties, but the service returns them. Source: the sample
    output of "Configure cross-tenant synchronization using PowerShell or Microsoft Graph API".
    """
    return {
        "tenantId": tenant_id,
        "isServiceProvider": None,
        "isInMultiTenantOrganization": False,
        "inboundTrust": None,
        **dict.fromkeys(B2B_SETTINGS),
        "tenantRestrictions": None,
        "m365CollaborationInbound": None,
        "m365CollaborationOutbound": None,
        "appServiceConnectInbound": None,
        "automaticUserConsentSettings": blank_consent(),
        "crossCloudMeetingConfiguration": blank_consent(),
        "protectedContentSharing": blank_consent(),
    }


PARTNER_SELECTABLE = frozenset(PARTNER_BODY) - {"identitySynchronization"}
DEFAULT_SELECTABLE = frozenset(DEFAULT_BODY)

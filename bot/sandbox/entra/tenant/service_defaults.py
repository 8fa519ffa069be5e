"""The cross-tenant access settings of a tenant that never changed them."""

from typing import Any

from bot.sandbox.entra.tenant.stable_ids import stable_id
from bot.sandbox.entra.types.cross_tenant_access import blank_consent


def service_default() -> dict[str, Any]:
    """Return the default configuration of a tenant that never changed it ("Cross-tenant access overview")."""
    return {
        "id": stable_id("default"),
        "isServiceDefault": True,
        "inboundTrust": {
            "isMfaAccepted": False,
            "isCompliantDeviceAccepted": False,
            "isHybridAzureADJoinedDeviceAccepted": False,
        },
        "b2bCollaborationOutbound": everything("allowed"),
        "b2bCollaborationInbound": everything("allowed"),
        "b2bDirectConnectOutbound": everything("blocked"),
        "b2bDirectConnectInbound": everything("blocked"),
        "tenantRestrictions": {"devices": None, **everything("blocked")},
        "m365CollaborationInbound": None,
        "m365CollaborationOutbound": None,
        "appServiceConnectInbound": None,
        "automaticUserConsentSettings": {"inboundAllowed": False, "outboundAllowed": False},
        "invitationRedemptionIdentityProviderConfiguration": {
            "primaryIdentityProviderPrecedenceOrder": [
                "externalFederation",
                "azureActiveDirectory",
                "socialIdentityProviders",
            ],
            "fallbackIdentityProvider": "defaultConfiguredIdp",
        },
    }


def multi_tenant_templates() -> dict[str, Any]:
    """Return the two multitenant-organization templates, without changes."""
    return {
        "multiTenantOrganizationPartnerConfiguration": {
            "id": stable_id("multiTenantOrganizationPartnerConfiguration"),
            "templateApplicationLevel": "none",
            "inboundTrust": None,
            "b2bCollaborationInbound": None,
            "b2bCollaborationOutbound": None,
            "b2bDirectConnectInbound": None,
            "b2bDirectConnectOutbound": None,
            "automaticUserConsentSettings": blank_consent(),
        },
        "multiTenantOrganizationIdentitySynchronization": {
            "id": stable_id("multiTenantOrganizationIdentitySynchronization"),
            "templateApplicationLevel": "none",
            "userSyncInbound": {"isSyncAllowed": None},
        },
    }


def everything(access: str) -> dict[str, Any]:
    """Return a B2B setting that allows or blocks every user and every application."""
    return {
        "usersAndGroups": {"accessType": access, "targets": [{"target": "AllUsers", "targetType": "user"}]},
        "applications": {
            "accessType": access,
            "targets": [{"target": "AllApplications", "targetType": "application"}],
        },
    }

"""The first day's policies beside cross-tenant access: invitations, Conditional Access, SharePoint sharing."""

from typing import Any

from bot.sandbox.entra.blank_objects import CREATED
from bot.sandbox.entra.stable_ids import stable_id


def authorization_policy() -> dict[str, Any]:
    """Only admins and guest inviters invite; guests see little."""
    return {
        "id": "authorizationPolicy",
        "displayName": "Authorization Policy",
        "description": "Used to manage authorization related settings across the company.",
        "deletedDateTime": None,
        "allowInvitesFrom": "adminsAndGuestInviters",
        "allowedToSignUpEmailBasedSubscriptions": True,
        "allowedToUseSSPR": True,
        "allowEmailVerifiedUsersToJoinOrganization": False,
        "allowUserConsentForRiskyApps": None,
        "blockMsolPowerShell": False,
        # Restricted guest user access; the well-known ids are listed under "authorizationPolicy resource type".
        "guestUserRoleId": "2af84b1e-32c8-42b7-82bc-daa82404023b",
        "defaultUserRolePermissions": {
            "allowedToCreateApps": False,
            "allowedToCreateSecurityGroups": False,
            "allowedToCreateTenants": False,
            "allowedToReadBitlockerKeysForOwnedDevice": True,
            "allowedToReadOtherUsers": True,
            "permissionGrantPoliciesAssigned": [],
        },
    }


def guest_mfa_policy() -> dict[str, Any]:
    """Every guest needs MFA: why trusting a partner's MFA is worth something."""
    return {
        "id": stable_id("Require MFA for guests"),
        "displayName": "Require MFA for guests",
        "createdDateTime": CREATED,
        "modifiedDateTime": None,
        "state": "enabled",
        "templateId": None,
        "conditions": {
            "clientAppTypes": ["all"],
            "userRiskLevels": [],
            "signInRiskLevels": [],
            "applications": {
                "includeApplications": ["All"],
                "excludeApplications": [],
                "includeUserActions": [],
                "includeAuthenticationContextClassReferences": [],
            },
            "users": {
                "includeUsers": ["GuestsOrExternalUsers"],
                "excludeUsers": [],
                "includeGroups": [],
                "excludeGroups": [],
                "includeRoles": [],
                "excludeRoles": [],
            },
        },
        "grantControls": {
            "operator": "OR",
            "builtInControls": ["mfa"],
            "customAuthenticationFactors": [],
            "termsOfUse": [],
        },
        "sessionControls": None,
    }


def sharepoint_settings() -> dict[str, Any]:
    """SharePoint has switches of its own, and here they are open to guests."""
    return {
        "id": stable_id("sharepointSettings"),
        "sharingCapability": "externalUserAndGuestSharing",
        "sharingDomainRestrictionMode": "none",
        "sharingAllowedDomainList": [],
        "sharingBlockedDomainList": [],
        "isResharingByExternalUsersEnabled": False,
        "isRequireAcceptingUserToMatchInvitedUserEnabled": True,
        "isLegacyAuthProtocolsEnabled": False,
        "isSiteCreationEnabled": True,
    }

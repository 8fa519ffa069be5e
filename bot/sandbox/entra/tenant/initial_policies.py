"""The tenant's other policies at the start: invitations, Conditional Access, SharePoint sharing."""

from typing import Any

from bot.sandbox.entra.tenant.blank_objects import CREATED
from bot.sandbox.entra.tenant.stable_ids import stable_id


def authorization_policy() -> dict[str, Any]:
    """Return the authorization policy: only admins and guest inviters may invite, and guests see little."""
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


def conditional_access_policies() -> dict[str, dict[str, Any]]:
    """Return one policy that is on and several that can be switched on, by id."""
    policies = (
        # Every guest needs MFA: why trusting a partner's MFA is worth something.
        _policy("Require MFA for guests", _grant("mfa"), is_on=True),
        _policy("Require phishing-resistant MFA", _grant(authenticationStrength=_PHISHING_RESISTANT)),
        _policy("Require a compliant device", _grant("compliantDevice"), users=_external(_COLLABORATION)),
        _policy("Require a protected app", _grant("compliantApplication", "approvedApplication")),
        _policy("Require terms of use", _grant(termsOfUse=[stable_id("Terms of use")])),
        _policy("Sign in again every 4 hours", None, sessions=_EVERY_FOUR_HOURS),
        _policy("Block synchronized members", _grant("block"), users=_external("b2bCollaborationMember")),
        _policy(
            "Change the password at high user risk",
            _grant("mfa", "passwordChange", operator="AND"),
            conditions={"userRiskLevels": ["high"]},
        ),
    )
    return {policy["id"]: policy for policy in policies}


_COLLABORATION = "b2bCollaborationGuest,b2bCollaborationMember"
_EVERY_FOUR_HOURS = {
    "signInFrequency": {
        "isEnabled": True,
        "type": "hours",
        "value": 4,
        "frequencyInterval": "timeBased",
        "authenticationType": "primaryAndSecondaryAuthentication",
    }
}
_PHISHING_RESISTANT = {
    # Built in ("authenticationStrengthPolicy resource type").
    "id": "00000000-0000-0000-0000-000000000004",
    "createdDateTime": "2021-12-01T00:00:00Z",
    "modifiedDateTime": "2021-12-01T00:00:00Z",
    "displayName": "Phishing-resistant MFA",
    "description": "Phishing-resistant, passwordless methods, such as a FIDO2 security key",
    "policyType": "builtIn",
    "requirementsSatisfied": "mfa",
    "allowedCombinations": ["windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor"],
    "combinationConfigurations": [],
}


def _grant(*controls: str, operator: str = "OR", **others: Any) -> dict[str, Any]:
    return {
        "operator": operator,
        "builtInControls": list(controls),
        "customAuthenticationFactors": [],
        "termsOfUse": [],
        **others,
    }


def _external(kinds: str) -> dict[str, Any]:
    tenants = {"@odata.type": "#microsoft.graph.conditionalAccessAllExternalTenants", "membershipKind": "all"}
    external = {"guestOrExternalUserTypes": kinds, "externalTenants": tenants}
    return {"includeUsers": [], "includeGuestsOrExternalUsers": external}


def _policy(
    name: str,
    grant: dict[str, Any] | None,
    *,
    users: dict[str, Any] | None = None,
    conditions: dict[str, Any] | None = None,
    sessions: dict[str, Any] | None = None,
    is_on: bool = False,
) -> dict[str, Any]:
    return {
        "id": stable_id(name),
        "displayName": name,
        "createdDateTime": CREATED,
        "modifiedDateTime": None,
        "state": "enabled" if is_on else "disabled",
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
                **(users or {}),
            },
            **(conditions or {}),
        },
        "grantControls": grant,
        "sessionControls": sessions,
    }


def sharepoint_settings() -> dict[str, Any]:
    """Return the SharePoint settings: sharing with guests is allowed."""
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

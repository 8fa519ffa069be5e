"""Conditional Access policies for tests, as Graph shows them, and what is known of the built-in strengths."""

from typing import Any, Final

from workflows.core.checks.conditional_access.controls import InboundTrustFlags

NOTHING: Final = InboundTrustFlags(mfa=False, compliant_device=False, hybrid_joined_device=False)
UNREAD: Final = InboundTrustFlags(mfa=None, compliant_device=None, hybrid_joined_device=None)
EVERYTHING: Final = InboundTrustFlags(mfa=True, compliant_device=True, hybrid_joined_device=True)
PHISHING_RESISTANT: Final[dict[str, Any]] = {
    "id": "00000000-0000-0000-0000-000000000004",
    "displayName": "Phishing-resistant MFA",
    "policyType": "builtIn",
    "requirementsSatisfied": "mfa",
    "allowedCombinations": ["windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor"],
    "combinationConfigurations": [],
}
ALL_KINDS: Final = "internalGuest,b2bCollaborationGuest,b2bCollaborationMember,b2bDirectConnectUser,otherExternalUser"


def policy(
    *controls: str,
    operator: str = "OR",
    name: str = "Policy",
    users: dict[str, Any] | None = None,
    applications: dict[str, Any] | None = None,
    conditions: dict[str, Any] | None = None,
    sessions: dict[str, Any] | None = None,
    state: str = "enabled",
    **grants: Any,
) -> dict[str, Any]:
    """Make a policy for everybody from outside and every application, unless said otherwise."""
    return {
        "id": f"id of {name}",
        "displayName": name,
        "state": state,
        "conditions": {
            "clientAppTypes": ["all"],
            "userRiskLevels": [],
            "signInRiskLevels": [],
            "applications": {"includeApplications": ["All"], "excludeApplications": [], **(applications or {})},
            "users": {"includeUsers": ["GuestsOrExternalUsers"]} if users is None else users,
            **(conditions or {}),
        },
        "grantControls": {
            "operator": operator,
            "builtInControls": list(controls),
            "customAuthenticationFactors": [],
            "termsOfUse": [],
            **grants,
        },
        "sessionControls": sessions,
    }


def external(kinds: str = ALL_KINDS, *tenants: str) -> dict[str, Any]:
    """Name kinds of external people, of all tenants or of some."""
    which = {"membershipKind": "enumerated", "members": list(tenants)} if tenants else {"membershipKind": "all"}
    return {"guestOrExternalUserTypes": kinds, "externalTenants": which}


def strength(*combinations: str, **more: Any) -> dict[str, Any]:
    """Make a custom authentication strength."""
    return {"id": "custom", "displayName": "Custom", "allowedCombinations": list(combinations), **more}

"""What is not shown, or cannot be done, without each permission of Microsoft Graph."""

from collections.abc import Collection, Mapping
from typing import Final

WITHOUT: Final[Mapping[str, str]] = {
    "Organization.Read.All": "nothing is written, because this tenant's ID is not known",
    "Policy.Read.All": "no partner can be read, so nothing is requested, written or watched",
    "Policy.ReadWrite.CrossTenantAccess": "no partner can be opened or blocked",
    "CrossTenantInformation.ReadBasic.All": "no partner can be found by its domain",
    "User.Read.All": "nobody is recognized, so nobody can request or approve",
    "GroupMember.Read.All": "groups have no names, and roles cannot name Entra groups",
    "AuditLog.Read.All": "sign-ins, unused guests and the authors of changes are not shown",
    "Application.Read.All": "applications have no names",
    "SharePointTenantSettings.Read.All": "it is not checked whether SharePoint prevents the access",
    "Policy.ReadWrite.CrossTenantCapability": "the calendar with a partner cannot be opened, and is not watched",
    "User.EnableDisableAccount.All": "no guest account can be disabled or enabled",
    "RoleManagement.Read.Directory": "no guest account is written, because its directory roles are not known",
}
"""A clause for each permission of README.md and docs/operations.md."""

SERVICES: Final[Mapping[str, str]] = {
    "directory": "Microsoft Graph",
    "reports": "The service for sign-ins and audit logs of Microsoft Graph",
    "sharepoint": "The service for SharePoint's settings of Microsoft Graph",
    "conditional_access": "The service for Conditional Access of Microsoft Graph",
}
"""The services of Microsoft Graph, at the start of a sentence."""


def application_words(who: str) -> str:
    """Name an application, at the start of a sentence."""
    return "The application for guest accounts" if who == "guests" else "The bot's application"


def missing_words(names: Collection[str]) -> str:
    """Name missing permissions, each with what is missing without it."""
    return "; ".join(f"{name}: {WITHOUT.get(name, 'not needed')}" for name in sorted(names))

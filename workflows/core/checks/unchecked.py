"""The finding for a fact that could not be read: why, which permission is needed, and where a person can look."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from workflows.core.checks.facts import Unchecked, Why
from workflows.core.checks.findings import Finding, Severity

SIGN_IN_DAYS: Final = 30
"""How many days Entra's sign-in log covers (Entra: "Microsoft Entra data retention")."""
CONDITIONAL_ACCESS: Final = "Entra: “Authentication and Conditional Access for B2B users”"
INVITES: Final = "Entra: “Configure external collaboration settings”"
SHAREPOINT: Final = "SharePoint: “Manage sharing settings for SharePoint and OneDrive”"


class _Read(NamedTuple):
    """One read, with the words for a finding when it failed."""

    code: str
    subject: str
    permission: str
    where: str
    source: str


_READS: Final[Mapping[str, _Read]] = {
    "default": _Read(
        "default_unread",
        "What the tenant's default allows",
        "Policy.Read.All",
        "Entra admin center, External Identities, Cross-tenant access settings, Default settings",
        "Graph: “Cross-tenant access settings API overview”",
    ),
    "authorization": _Read(
        "invitations_unread",
        "Who may invite guests",
        "Policy.Read.All",
        "Entra admin center, External Identities, External collaboration settings",
        INVITES,
    ),
    "conditional_access": _Read(
        "conditional_access_unread",
        "What Conditional Access asks of guests",
        "Policy.Read.All",
        "Entra admin center, Conditional Access, Policies",
        CONDITIONAL_ACCESS,
    ),
    "sharepoint": _Read(
        "sharepoint_unread",
        "SharePoint's and OneDrive's own sharing settings",
        "SharePointTenantSettings.Read.All",
        "SharePoint admin center, Policies, Sharing",
        SHAREPOINT,
    ),
    "sign_ins": _Read(
        "sign_ins_unread",
        f"Who of the partner signed in during the last {SIGN_IN_DAYS} days",
        "AuditLog.Read.All",
        "Entra admin center, Sign-in logs, filtered by home tenant",
        "Graph: “List signIns”",
    ),
    "outbound_sign_ins": _Read(
        "outbound_sign_ins_unread",
        f"Who of our people signed in at the partner during the last {SIGN_IN_DAYS} days",
        "AuditLog.Read.All",
        "Entra admin center, Sign-in logs, filtered by resource tenant",
        "Graph: “List signIns”",
    ),
    "by_id": _Read(
        "tenant_unconfirmed",
        "Whether Entra knows the tenant by its id, too,",
        "CrossTenantInformation.ReadBasic.All",
        "Entra admin center, Cross-tenant access settings, Add organization",
        "Graph: “findTenantInformationByTenantId”",
    ),
    "own_domains": _Read(
        "own_domains_unread",
        "Whether the domain looks like one of our own",
        "Organization.Read.All",
        "Entra admin center, Settings, Domain names",
        "Graph: “List organizations”",
    ),
    "groups": _Read(
        "groups_unread",
        "Whether the groups that it names are this tenant's",
        "GroupMember.Read.All",
        "Entra admin center, Groups",
        "Graph: “Get group”",
    ),
    "users": _Read(
        "users_unread",
        "Whether the users that it names are this tenant's",
        "User.Read.All",
        "Entra admin center, Users",
        "Graph: “Get a user”",
    ),
    "applications": _Read(
        "applications_unread",
        "Whether the applications that it names are this tenant's",
        "Application.Read.All",
        "Entra admin center, Enterprise applications",
        "Graph: “Get servicePrincipal”",
    ),
}

_CURES: Final[Mapping[Why, str]] = {
    Why.FORBIDDEN: "Grant the application {permission} with admin consent, or look in",
    Why.NO_LICENCE: "Microsoft Graph shows it only to tenants with Entra ID P1 or P2. Look in",
}


def unread(name: str, fact: object) -> Iterator[Finding]:
    """Report that the fact `name` could not be checked; nothing when it was read."""
    if not isinstance(fact, Unchecked):
        return
    read = _READS[name]
    cure = _CURES.get(fact.why, "Look in").format(permission=read.permission)
    text = f"{read.subject} could not be checked ({fact.why}). {cure} {read.where}."
    yield Finding(code=read.code, severity=Severity.UNCHECKED, text=text, source=read.source)

"""Make the finding about a fact that could not be read: why, and which permission is needed."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from workflows.core.checks.findings import Finding, FindingCode, Severity
from workflows.core.checks.tenant_facts import UnreadableFact

SIGN_IN_DAYS: Final = 30
"""How many days Entra's sign-in log covers (Entra: "Microsoft Entra data retention")."""
CONDITIONAL_ACCESS: Final = "Entra: “Authentication and Conditional Access for B2B users”"
INVITES: Final = "Entra: “Configure external collaboration settings”"
SHAREPOINT: Final = "SharePoint: “Manage sharing settings for SharePoint and OneDrive”"


class _FactNeeded(NamedTuple):
    """The values for the finding when one read fails."""

    code: FindingCode
    permission: str
    source: str


_READS: Final[Mapping[str, _FactNeeded]] = {
    "default": _FactNeeded(
        FindingCode.DEFAULT_UNREADABLE, "Policy.Read.All", "Graph: “Cross-tenant access settings API overview”"
    ),
    "authorization": _FactNeeded(FindingCode.INVITATIONS_UNREADABLE, "Policy.Read.All", INVITES),
    "conditional_access": _FactNeeded(FindingCode.CONDITIONAL_ACCESS_UNREADABLE, "Policy.Read.All", CONDITIONAL_ACCESS),
    "sharepoint": _FactNeeded(FindingCode.SHAREPOINT_UNREADABLE, "SharePointTenantSettings.Read.All", SHAREPOINT),
    "sign_ins": _FactNeeded(FindingCode.SIGN_INS_UNREADABLE, "AuditLog.Read.All", "Graph: “List signIns”"),
    "outbound_sign_ins": _FactNeeded(
        FindingCode.OUTBOUND_SIGN_INS_UNREADABLE, "AuditLog.Read.All", "Graph: “List signIns”"
    ),
    "by_id": _FactNeeded(
        FindingCode.TENANT_UNCONFIRMED,
        "CrossTenantInformation.ReadBasic.All",
        "Graph: “findTenantInformationByTenantId”",
    ),
    "own_domains": _FactNeeded(
        FindingCode.OWN_DOMAINS_UNREADABLE, "Organization.Read.All", "Graph: “List organizations”"
    ),
    "groups": _FactNeeded(FindingCode.GROUPS_UNREADABLE, "GroupMember.Read.All", "Graph: “Get group”"),
    "users": _FactNeeded(FindingCode.USERS_UNREADABLE, "User.Read.All", "Graph: “Get a user”"),
    "applications": _FactNeeded(
        FindingCode.APPLICATIONS_UNREADABLE, "Application.Read.All", "Graph: “Get servicePrincipal”"
    ),
}


def unreadable_finding(name: str, fact: object) -> Iterator[Finding]:
    """Report that the fact `name` could not be checked; report nothing when it was read."""
    if isinstance(fact, UnreadableFact):
        read = _READS[name]
        values = {"why": fact.reason.value, "permission": read.permission, "days": SIGN_IN_DAYS}
        yield Finding(code=read.code, severity=Severity.UNCHECKED, source=read.source, values=values)

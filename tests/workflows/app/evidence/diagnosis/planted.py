"""Causes that are planted in a stand-in tenant, written from Microsoft's pages and not from the product.

A case is a tenant as Graph would show it, and one question. A plant changes what Graph answers, or what is asked.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from bot.sandbox.entra.odata.timestamps import stamp
from bot.sandbox.entra.tenant.initial_state import initial_state
from tests.workflows.core.builders import partnership
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.plans.plan import TenantIdentity
from workflows.core.settings.model import TenantId

Json = dict[str, Any]
PARTNER: Final = TenantId("c0a1b2c3-1111-4aaa-8bbb-0123456789a1")
FABRIKAM: Final = "fab0fab0-2222-4aaa-8bbb-0123456789a2"
ELSEWHERE: Final = "e15e0000-7777-4aaa-8bbb-0123456789a7"
"""A tenant that this cloud does not know."""
PORTAL: Final = "5f0a1b2c-0004-4d3e-8f90-a1b2c3d4e5f6"
ARCHIVE: Final = "5f0a1b2c-0014-4d3e-8f90-a1b2c3d4e5f6"
THEIR_APPLICATION: Final = "c0a1b2c3-aaaa-4aaa-8bbb-0123456789a1"
SHAREPOINT: Final = "Office 365 SharePoint Online"
ADDRESS: Final = "maria@contoso.com"

HOME, PARTNER_READ, DEFAULT_READ = "findTenantInformation", "AccessPolicy/partners/", "AccessPolicy/default"
"""Parts of the addresses that a diagnosis reads, by which a read is made to fail."""
APPLICATIONS, ACCOUNTS, INVITERS = "servicePrincipals", "users?", "policies/authorizationPolicy"
POLICIES, WHAT_IF = "conditionalAccess/policies", "conditionalAccess/evaluate"
SHARING_READ, SIGN_INS = "admin/sharepoint", "auditLogs/signIns"


@dataclass
class Case:
    """A tenant, what Gatehouse recorded, and one question about Maria."""

    state: Json
    subject: str = ADDRESS
    application: str = PORTAL
    records: list[Partnership] = field(default_factory=list)

    @property
    def maria(self) -> Json:
        """The account of Maria."""
        users: dict[str, Json] = self.state["users"]
        return next(row for row in users.values() if row["displayName"] == "Maria Lindqvist")


Planting = Callable[[Case, Random], None]


@dataclass(frozen=True, kw_only=True)
class Plant:
    """One cause: where a person meets it, what is named, which reads show it, and how it is planted."""

    place: int
    name: str
    sources: tuple[str, ...]
    plant: Planting
    otherwise: str = ""
    """What else is true and may be named while one of its sources cannot be read."""
    group: str = ""
    """Two plants of one group exclude each other."""
    is_without_tenant: bool = False
    """Whether the person comes from no tenant, so that settings for a tenant and its sign-ins say nothing."""


def everything(access: str, application: str = "AllApplications") -> Json:
    """A setting about everybody, and one application or all."""
    return {
        "usersAndGroups": {"accessType": access, "targets": [{"target": "AllUsers", "targetType": "user"}]},
        "applications": {"accessType": access, "targets": [{"target": application, "targetType": "application"}]},
    }


def partner(**settings: Any) -> Json:
    """The configuration of a partner."""
    return {"tenantId": PARTNER, **settings}


def setting(value: Json) -> Planting:
    """Give the partner a configuration of its own."""

    def plant(case: Case, _: Random) -> None:
        case.state["partners"][PARTNER] = partner(b2bCollaborationInbound=value)

    return plant


def only_the_archive() -> Json:
    """Everybody, but one application."""
    return {**everything("allowed"), "applications": everything("allowed", ARCHIVE)["applications"]}


def block_default(case: Case, _: Random) -> None:
    """Block everybody who has no own configuration."""
    case.state["partners"].pop(PARTNER, None)
    case.state["default"] |= {"isServiceDefault": False, "b2bCollaborationInbound": everything("blocked")}


def closed(state: PartnershipState) -> Planting:
    """Gatehouse blocked the partner: the settings are blocked, and the record says why."""

    def plant(case: Case, random: Random) -> None:
        setting(everything("blocked"))(case, random)
        identity = TenantIdentity(
            tenant_id=PARTNER, display_name="Contoso", default_domain="contoso.com", typed_name="contoso.com"
        )
        case.records = [partnership(identity=identity, state=state)]

    return plant


def other_cloud(*clouds: str) -> Planting:
    """Ask about a tenant of another cloud, with the clouds that our tenant has enabled."""

    def plant(case: Case, _: Random) -> None:
        case.state["crossTenantAccessPolicy"]["allowedCloudEndpoints"] = list(clouds)
        case.subject = ELSEWHERE

    return plant


def application(typed: str) -> Planting:
    """Ask about an application that our tenant does not have."""

    def plant(case: Case, _: Random) -> None:
        case.application = typed

    return plant


def account(**changes: Any) -> Planting:
    """Change the account of Maria."""

    def plant(case: Case, _: Random) -> None:
        case.maria.update(changes)

    return plant


def issued_by(issuer: str) -> Planting:
    """Let Maria have accepted with another identity than that of her tenant."""
    return account(identities=[{"signInType": "federated", "issuer": issuer, "issuerAssignedId": None}])


def no_account(case: Case, _: Random) -> None:
    """Delete the account of Maria."""
    del case.state["users"][case.maria["id"]]


def nobody_invites(case: Case, random: Random) -> None:
    """Delete the account, and let nobody invite a new one."""
    no_account(case, random)
    case.state["authorizationPolicy"]["allowInvitesFrom"] = "none"


def second_account(case: Case, _: Random) -> None:
    """Let a second account have the address: an employee's, or another guest's."""
    second = {**case.maria, "id": "90000000-0000-4000-8000-000000000002"}
    case.state["users"][second["id"]] = second


def from_outside(domain: str) -> Planting:
    """Ask about somebody whose domain is no tenant's: a personal account, or an account that nobody manages."""

    def plant(case: Case, random: Random) -> None:
        case.subject = f"maria@{domain}"
        case.state["crossTenantAccessPolicy"]["allowedCloudEndpoints"] = []
        name = f"maria_{domain}#EXT#@woodgrove.onmicrosoft.com"
        addresses = {"mail": case.subject, "otherMails": [case.subject], "proxyAddresses": [f"SMTP:{case.subject}"]}
        issuer = "MicrosoftAccount" if domain == "outlook.com" else "mail"
        pending = {"externalUserState": "PendingAcceptance", "userPrincipalName": name, **addresses}
        case.maria.update(pending)
        issued_by(issuer)(case, random)

    return plant


def policy(name: str, users: Json, control: str) -> Json:
    """A policy about every application, as Graph lists it."""
    people: Json = {
        key: [] for key in ("excludeUsers", "includeGroups", "excludeGroups", "includeRoles", "excludeRoles")
    }
    return {
        "id": name,
        "displayName": f"Policy {name[-1]}",
        "state": "enabled",
        "conditions": {
            "users": {"includeUsers": [], **people, **users},
            "applications": {"includeApplications": ["All"], "excludeApplications": []},
            "clientAppTypes": ["all"],
            "userRiskLevels": [],
            "signInRiskLevels": [],
        },
        "grantControls": {"operator": "OR", "builtInControls": [control]},
    }


def add_policy(case: Case, users: Json, control: str) -> None:
    """Add a policy that is on."""
    name = f"ca000000-0000-4000-8000-00000000000{len(case.state['conditionalAccessPolicies']) % 10}"
    case.state["conditionalAccessPolicies"][name] = policy(name, users, control)


def block_by_policy(case: Case, random: Random) -> None:
    """Block everybody, all guests, or only accounts of Maria's type."""
    kind = "b2bCollaborationMember" if case.maria["userType"] == "Member" else "b2bCollaborationGuest"
    tenants = {"@odata.type": "#microsoft.graph.conditionalAccessAllExternalTenants", "membershipKind": "all"}
    by_type = {"includeGuestsOrExternalUsers": {"guestOrExternalUserTypes": kind, "externalTenants": tenants}}
    everybody: Json = {"includeUsers": ["All"]}
    add_policy(
        case, random.choice([everybody, by_type]), random.choice(["block", "approvedApplication", "passwordChange"])
    )


def require_device(case: Case, _: Random) -> None:
    """Ask for a device that only their tenant manages, and that our trust does not accept."""
    add_policy(case, {"includeUsers": ["All"]}, "compliantDevice")


def sharing(**settings: Any) -> Planting:
    """Change SharePoint's switches, and ask about SharePoint."""

    def plant(case: Case, _: Random) -> None:
        case.state["sharepointSettings"] |= settings
        case.application = SHAREPOINT

    return plant


def failed_sign_in(code: int) -> Planting:
    """Log a failure a minute ago: with the account's id, or with the address only."""

    def plant(case: Case, random: Random) -> None:
        ids = [row["id"] for row in case.state["users"].values() if row["displayName"] == "Maria Lindqvist"][:1]
        row = sign_in(case, ADDRESS, random.choice([*ids, ""]), timedelta(minutes=1), code)
        case.state["signIns"].append(row)

    return plant


def refused(code: int, cause: Planting) -> Planting:
    """Log a failure, and plant what causes it."""

    def plant(case: Case, random: Random) -> None:
        failed_sign_in(code)(case, random)
        cause(case, random)

    return plant


def block_portal(case: Case, random: Random) -> None:
    """Let the partner use only another application than the one that is asked about."""
    setting(only_the_archive())(case, random)
    case.application = PORTAL


_PLANTED: Final = "00000000-0000-4000-8000-"
"""Before the number of a planted sign-in."""


def with_asked_application(case: Case) -> Json:
    """Return the state of a case whose planted sign-ins are to the application that is asked about."""
    name = "SharePoint Online" if case.application == SHAREPOINT else "Contractor portal"
    rows = case.state["signIns"]
    asked = [{**row, "appDisplayName": name} if row["id"].startswith(_PLANTED) else row for row in rows]
    return {**case.state, "signIns": asked}


def sign_in(case: Case, address: str, user_id: str, ago: timedelta, code: int) -> Json:
    """A sign-in of one of the partner's people."""
    usual: Json = next(row for row in initial_state(datetime.now(UTC))["signIns"] if row["homeTenantId"] == PARTNER)
    return {
        **usual,
        "id": f"{_PLANTED}{len(case.state['signIns']):012}",
        "userPrincipalName": address,
        "userId": user_id,
        "createdDateTime": stamp(datetime.now(UTC) - ago),
        "status": {"errorCode": code, "failureReason": "Other.", "additionalDetails": None},
    }

"""The tenant's objects at the start: people, guests, other organizations, policies with service defaults.

It is long because all of them are here.
"""

from datetime import datetime, timedelta
from typing import Any

from bot.sandbox import seed
from bot.sandbox.entra.odata.timestamps import stamp
from bot.sandbox.entra.tenant.blank_objects import (
    CREATED,
    INITIAL_DOMAIN,
    blank_group,
    blank_organization,
    blank_service_principal,
    blank_user,
    guest_user,
)
from bot.sandbox.entra.tenant.directory_roles import directory_roles
from bot.sandbox.entra.tenant.initial_policies import (
    authorization_policy,
    conditional_access_policies,
    sharepoint_settings,
)
from bot.sandbox.entra.tenant.service_defaults import multi_tenant_templates, service_default
from bot.sandbox.entra.tenant.stable_ids import stable_id

CONSUMER_TENANT_ID = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The tenant of every personal Microsoft account."""
_MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
"""The tenant that owns Microsoft's own applications."""

_PORTAL = "c0a1b2c3-aaaa-4aaa-8bbb-0123456789a1"
"""An application of the first partner that our own users use."""

APP_ROLES = (
    "AccessReview.ReadWrite.All",
    "Application.Read.All",
    "AuditLog.Read.All",
    "CrossTenantInformation.ReadBasic.All",
    "Group.ReadWrite.All",
    "Organization.Read.All",
    "Policy.Read.All",
    "Policy.ReadWrite.Authorization",
    "Policy.ReadWrite.CrossTenantAccess",
    "SharePointTenantSettings.ReadWrite.All",
    "User.DeleteRestore.All",
    "User.Invite.All",
    "User.ReadWrite.All",
    "User.RevokeSessions.All",
)
"""Application permissions with admin consent. Remove one from the state, and its calls are answered with 403.

These are for every call that is simulated, more than a bot needs.
"""

NEEDED_APP_ROLES = (
    "Application.Read.All",
    "AuditLog.Read.All",
    "CrossTenantInformation.ReadBasic.All",
    "GroupMember.Read.All",
    "Organization.Read.All",
    "Policy.Read.All",
    "Policy.ReadWrite.CrossTenantAccess",
    "SharePointTenantSettings.Read.All",
    "User.Read.All",
)
"""Application permissions that the bot needs. `gatehouse sandbox` grants these, and the optional ones."""

OPTIONAL_APP_ROLES = ("Policy.ReadWrite.CrossTenantCapability",)
"""Application permissions for what a company may leave out. `gatehouse sandbox` grants them."""

GUESTS_APP_ROLES = (
    "GroupMember.Read.All",
    "RoleManagement.Read.Directory",
    "User.EnableDisableAccount.All",
    "User.Read.All",
)
"""The same for the application for guest accounts (`guestsAppRoles` in the state)."""

_GUESTS = (
    ("Maria Lindqvist", "maria@contoso.com"),
    ("Jon Abara", "jon@contoso.com"),
    ("Yuki Sato", "yuki@fabrikam.com"),
    ("Pat Nolan", "pat@northwind.com"),
)


def initial_state(now: datetime) -> dict[str, Any]:
    """Return the tenant's objects at the start; `EntraSimulator.state()` and `merge` use the same keys."""
    users = {user["id"]: user for user in (*_people(), *_guests())}
    guest_sign_ins = _sign_ins(now, [user for user in users.values() if user["userType"] == "Guest"])
    for row in guest_sign_ins:
        users[row["userId"]]["signInActivity"] = _activity(row)
    return {
        "crossTenantAccessPolicy": _access_policy(),
        "default": service_default(),
        "partners": {},
        "defaultM365Capabilities": {},
        "templates": multi_tenant_templates(),
        "organization": _organization(),
        "organizations": _organizations(),
        "users": users,
        "groups": {group["id"]: group for group in _groups()},
        "servicePrincipals": {row["id"]: row for row in _service_principals()},
        "deletedItems": {},
        "invitations": [],
        "authorizationPolicy": authorization_policy(),
        "conditionalAccessPolicies": conditional_access_policies(),
        "sharepointSettings": sharepoint_settings(),
        "signIns": [
            *guest_sign_ins,
            *_sign_ins_abroad(now, [user for user in users.values() if user["userType"] != "Guest"]),
        ],
        "directoryAudits": [],
        "accessReviews": {},
        **directory_roles(),
        "appRoles": list(APP_ROLES),
        "guestsAppRoles": list(GUESTS_APP_ROLES),
        "readLagSeconds": 0,
        "pageSize": 100,
        "emptyPages": False,
        "hasPremiumLicence": True,
        "hasM365Capabilities": True,
        "capabilitiesOutliveTrust": True,
        "reportsPerTenSeconds": 0,
    }


def _access_policy() -> dict[str, Any]:
    return {
        "id": stable_id("crossTenantAccessPolicy"),
        "deletedDateTime": None,
        "displayName": "CrossTenantAccessPolicy",
        "description": None,
        "allowedCloudEndpoints": [],
    }


def _people() -> list[dict[str, Any]]:
    rows, account_ids = [], {person.handle: person.entra_id for person in seed.PEOPLE}
    for person in seed.PEOPLE:
        if person.entra_id is None:
            continue
        if person.user_type == "Guest":
            rows.append(guest_user(person.entra_id, person.name, person.mail) | {"jobTitle": person.title})
            continue
        given_name, _, family = person.name.partition(" ")
        rows.append(
            blank_user(person.entra_id)
            | {
                "displayName": person.name,
                "manager": account_ids.get(person.manager),
                "givenName": given_name,
                "surname": family,
                "jobTitle": person.title,
                "mail": person.mail,
                "mailNickname": person.handle,
                "proxyAddresses": [f"SMTP:{person.mail}"],
                "identities": [
                    {
                        "signInType": "userPrincipalName",
                        "issuer": INITIAL_DOMAIN,
                        "issuerAssignedId": person.mail,
                    }
                ],
                "userPrincipalName": person.mail,
                "userType": person.user_type,
            }
        )
    return rows


def _guests() -> list[dict[str, Any]]:
    return [guest_user(stable_id(mail), name, mail) for name, mail in _GUESTS]


def _groups() -> list[dict[str, Any]]:
    by_handle = {person.handle: person.entra_id for person in seed.PEOPLE}
    user_groups = [(stable_id(handle), handle, name, members) for _, handle, name, members in seed.USER_GROUPS]
    return [
        blank_group(object_id)
        | {
            "displayName": name,
            "mailNickname": handle,
            "members": [by_handle[member] for member in members if by_handle[member]],
        }
        for object_id, handle, name, members in (*user_groups, *seed.PROJECT_GROUPS)
    ]


def _service_principals() -> list[dict[str, Any]]:
    return [
        blank_service_principal(stable_id(f"service principal {application.app_id}"))
        | {
            "appDisplayName": application.name,
            "appId": application.app_id,
            "appOwnerOrganizationId": _MICROSOFT if application.is_microsofts else seed.HOME_TENANT_ID,
            "displayName": application.name,
            "signInAudience": "AzureADMultipleOrgs" if application.is_microsofts else "AzureADMyOrg",
        }
        for application in seed.APPLICATIONS
    ]


def _organizations() -> dict[str, Any]:
    rows = {
        organization.tenant_id: blank_organization(organization.tenant_id)
        | {
            "displayName": organization.display_name,
            "domains": list(organization.domains),
            "defaultDomainName": organization.domains[0],
        }
        for organization in seed.ORGANIZATIONS
    }
    rows[CONSUMER_TENANT_ID] = blank_organization(CONSUMER_TENANT_ID) | {
        "displayName": "Microsoft Accounts",
        "domains": ["outlook.com", "hotmail.com", "live.com"],
        "defaultDomainName": "live.com",
        "managed": False,
        "consumer": True,
    }
    return rows


def _organization() -> dict[str, Any]:
    return {
        "id": seed.HOME_TENANT_ID,
        "displayName": seed.TEAM_NAME,
        "createdDateTime": CREATED,
        "countryLetterCode": "US",
        "tenantType": "AAD",
        "businessPhones": [],
        "technicalNotificationMails": [f"admin@{seed.HOME_DOMAIN}"],
        "securityComplianceNotificationMails": [],
        "verifiedDomains": [
            {
                "capabilities": "Email, OfficeCommunicationsOnline",
                "isDefault": name == seed.HOME_DOMAIN,
                "isInitial": name == INITIAL_DOMAIN,
                "name": name,
                "type": "Managed",
            }
            for name in (seed.HOME_DOMAIN, INITIAL_DOMAIN)
        ],
    }


def _sign_ins(now: datetime, guests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    home_of = {domain: organization.tenant_id for organization in seed.ORGANIZATIONS for domain in organization.domains}
    rows = []
    for days, guest in enumerate(guests, start=1):
        home = home_of.get(str(guest["mail"]).partition("@")[2])
        if home is not None:
            rows.append(_sign_in(guest, home, now - timedelta(days=3 * days)))
    return rows


def _activity(sign_in: dict[str, Any]) -> dict[str, Any]:
    """Return the last sign-in as it is kept with the account."""
    moment, request = sign_in["createdDateTime"], sign_in["id"]
    return {
        "lastSignInDateTime": moment,
        "lastSignInRequestId": request,
        "lastNonInteractiveSignInDateTime": None,
        "lastNonInteractiveSignInRequestId": "",
        "lastSuccessfulSignInDateTime": moment,
        "lastSuccessfulSignInRequestId": request,
    }


def _sign_ins_abroad(now: datetime, members: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return sign-ins of our first user to an application of the first partner."""
    partner = next(organization for organization in seed.ORGANIZATIONS if organization.tenant_id != seed.HOME_TENANT_ID)
    abroad = {
        "appId": _PORTAL,
        "appDisplayName": f"{partner.display_name} Portal",
        "resourceDisplayName": f"{partner.display_name} Portal",
        "resourceId": _PORTAL,
        "resourceTenantId": partner.tenant_id,
    }
    return [_sign_in(member, seed.HOME_TENANT_ID, now - timedelta(days=2)) | abroad for member in members[:1]]


def _sign_in(guest: dict[str, Any], home_tenant_id: str, moment: datetime) -> dict[str, Any]:
    return {
        "id": stable_id(f"sign-in {guest['id']}"),
        "createdDateTime": stamp(moment),
        "userDisplayName": guest["displayName"],
        "userPrincipalName": guest["mail"],
        "userId": guest["id"],
        "appId": "00000003-0000-0ff1-ce00-000000000000",
        "appDisplayName": "SharePoint Online",
        "ipAddress": "203.0.113.17",
        "clientAppUsed": "Browser",
        "correlationId": stable_id(f"correlation {guest['id']}"),
        "conditionalAccessStatus": "success",
        "isInteractive": True,
        "riskDetail": "none",
        "riskLevelAggregated": "none",
        "riskLevelDuringSignIn": "none",
        "riskState": "none",
        "resourceDisplayName": "SharePoint Online",
        "resourceId": "00000003-0000-0ff1-ce00-000000000000",
        "homeTenantId": home_tenant_id,
        "resourceTenantId": seed.HOME_TENANT_ID,
        "status": {"errorCode": 0, "failureReason": "Other.", "additionalDetails": None},
        "appliedConditionalAccessPolicies": [],
    }

"""Create users, groups, applications and organizations with every property that the simulator stores."""

from typing import Any

from bot.sandbox import seed

INITIAL_DOMAIN = "woodgrove.onmicrosoft.com"
CREATED = "2024-03-04T09:00:00.0000000Z"


def blank_user(user_id: str) -> dict[str, Any]:
    """Return a user with all stored properties. `manager` contains an object id; it has an address of its own."""
    return {
        "id": user_id,
        "accountEnabled": True,
        "businessPhones": [],
        "companyName": None,
        "createdDateTime": CREATED,
        "creationType": None,
        "department": None,
        "displayName": user_id,
        "externalUserState": None,
        "externalUserStateChangeDateTime": None,
        "givenName": None,
        "identities": [],
        "jobTitle": None,
        "mail": None,
        "mailNickname": None,
        "manager": None,
        "mobilePhone": None,
        "officeLocation": None,
        "otherMails": [],
        "preferredLanguage": None,
        "proxyAddresses": [],
        "signInSessionsValidFromDateTime": CREATED,
        "surname": None,
        "usageLocation": None,
        "userPrincipalName": f"{user_id}@{seed.HOME_DOMAIN}",
        "userType": "Member",
    }


def guest_user(user_id: str, name: str | None, mail: str) -> dict[str, Any]:
    """Return a B2B guest: an `#EXT#` user principal name, and the home address as mail.

    Graph v1.0 does not return a guest's home tenant id.
    """
    return blank_user(user_id) | {
        "creationType": "Invitation",
        "displayName": name or mail.partition("@")[0],
        "externalUserState": "Accepted",
        "externalUserStateChangeDateTime": CREATED,
        "identities": [
            {"signInType": "federated", "issuer": "ExternalAzureAD", "issuerAssignedId": None},
        ],
        "mail": mail,
        "mailNickname": mail.replace("@", "_") + "#EXT#",
        "otherMails": [mail],
        "proxyAddresses": [f"SMTP:{mail}"],
        "userPrincipalName": f"{mail.replace('@', '_')}#EXT#@{INITIAL_DOMAIN}",
        "userType": "Guest",
    }


def blank_group(group_id: str) -> dict[str, Any]:
    """Return a security group. `members` and `owners` contain object ids and are not returned by Graph."""
    return {
        "id": group_id,
        "createdDateTime": CREATED,
        "deletedDateTime": None,
        "description": None,
        "displayName": group_id,
        "groupTypes": [],
        "isAssignableToRole": None,
        "mail": None,
        "mailEnabled": False,
        "mailNickname": None,
        "membershipRule": None,
        "onPremisesSyncEnabled": None,
        "securityEnabled": True,
        "visibility": None,
        "members": [],
        "owners": [],
    }


def blank_service_principal(object_id: str) -> dict[str, Any]:
    """Return an application of another tenant that this tenant uses."""
    return {
        "id": object_id,
        "accountEnabled": True,
        "appDisplayName": None,
        "appId": object_id,
        "appOwnerOrganizationId": None,
        "deletedDateTime": None,
        "displayName": object_id,
        "servicePrincipalType": "Application",
        "signInAudience": "AzureADMyOrg",
    }


def blank_organization(tenant_id: str) -> dict[str, Any]:
    """Return another Entra tenant that can be found."""
    return {
        "tenantId": tenant_id,
        "displayName": None,
        "domains": [],
        "defaultDomainName": None,
        "federationBrandName": None,
        "managed": True,
        "consumer": False,
    }

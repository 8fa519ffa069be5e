"""The properties of users and groups: all, those returned by default, those to filter by, those to update."""

from bot.sandbox.entra.odata.filters import Filterable
from bot.sandbox.entra.types.property_checks import (
    Check,
    anything,
    boolean,
    instant,
    many,
    nullable,
    one_of,
    read_only,
    text,
)

BY_DEFAULT = (
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
)
"""What is returned without `$select`: neither accountEnabled nor userType ("user resource type")."""

_TEXTS = (
    "city",
    "companyName",
    "country",
    "department",
    "displayName",
    "employeeId",
    "employeeType",
    "givenName",
    "jobTitle",
    "mail",
    "mailNickname",
    "mobilePhone",
    "officeLocation",
    "postalCode",
    "preferredLanguage",
    "state",
    "streetAddress",
    "surname",
    "usageLocation",
)
USER_BODY: dict[str, Check] = {
    **dict.fromkeys(_TEXTS, nullable(text)),
    "accountEnabled": boolean,
    "businessPhones": many(text),
    "otherMails": many(text),
    "userPrincipalName": text,
    "userType": one_of("Member", "Guest"),
    "employeeHireDate": nullable(instant),
    "employeeLeaveDateTime": nullable(instant),
    "passwordProfile": nullable(anything),
    "passwordPolicies": nullable(text),
    "onPremisesImmutableId": nullable(text),
    **dict.fromkeys(
        (
            "id",
            "createdDateTime",
            "creationType",
            "deletedDateTime",
            "externalUserState",
            "externalUserStateChangeDateTime",
            "identities",
            "lastPasswordChangeDateTime",
            "onPremisesSyncEnabled",
            "proxyAddresses",
            "securityIdentifier",
            "signInActivity",
            "signInSessionsValidFromDateTime",
        ),
        read_only,
    ),
}
USER_SELECTABLE = frozenset(USER_BODY)

_EXACT = frozenset({"eq", "ne", "in"})
_PLAIN = _EXACT | {"startswith"}
USERS = Filterable(
    resource="User",
    allows={
        "id": _EXACT,
        "mail": _PLAIN | {"endswith"},
        "userPrincipalName": _PLAIN | {"endswith"},
        "userType": _EXACT,
        "accountEnabled": _EXACT,
        "displayName": _PLAIN,
        "givenName": _PLAIN,
        "surname": _PLAIN,
        "jobTitle": _PLAIN,
        "department": _PLAIN,
        "companyName": _PLAIN,
        "mailNickname": _PLAIN,
        "creationType": _EXACT,
        "externalUserState": _EXACT,
        "createdDateTime": frozenset({"eq", "ne", "ge", "le"}),
        "otherMails": frozenset({"any"}),
        "otherMails/*": frozenset({"eq", "startswith", "endswith"}),
        "proxyAddresses": frozenset({"any"}),
        "proxyAddresses/*": frozenset({"eq", "startswith", "endswith"}),
        "identities": frozenset({"any"}),
        "identities/issuer": frozenset({"eq"}),
        "identities/issuerAssignedId": frozenset({"eq"}),
    },
    # "Advanced query capabilities on Microsoft Entra ID objects"
    needs_advanced=frozenset({"ne", "not", "endswith"}),
)
GROUPS = Filterable(
    resource="Group",
    allows={
        "id": _EXACT,
        "displayName": _PLAIN,
        "mail": _PLAIN,
        "mailNickname": _PLAIN,
        "mailEnabled": _EXACT,
        "securityEnabled": _EXACT,
        "createdDateTime": frozenset({"eq", "ne", "ge", "le"}),
        "groupTypes": frozenset({"any"}),
        "groupTypes/*": frozenset({"eq"}),
    },
    needs_advanced=frozenset({"ne", "not", "endswith"}),
)

"""Find from a policy's document whether it applies to a visitor. Entra's answer is compared with this.

With a condition of an unknown kind the result is "not known", never "does not apply"."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal

from workflows.core.checks.conditional_access.application_coverage import ALL, Coverage, covers, named_applications
from workflows.core.checks.conditional_access.controls import VisitorType
from workflows.core.checks.conditional_access.policy import NO_RISK, Policy, flags, member, texts
from workflows.core.settings.model import TenantId

_EVERYBODY: Final = frozenset({ALL, "GuestsOrExternalUsers"})
_GUESTS: Final = "GuestsOrExternalUsers"
_OUTSIDE: Final = frozenset({"none", "internalGuest", "otherExternalUser", "serviceProvider", *VisitorType})
_REGISTRATION: Final = "urn:user:registersecurityinfo"


class ClientApp(StrEnum):
    """The client of a sign-in; the values are Graph's."""

    BROWSER = "browser"
    APPS = "mobileAppsAndDesktopClients"


class ConditionType(StrEnum):
    """A condition on which a policy applies."""

    USER_RISK = "user_risk"
    SIGN_IN_RISK = "sign_in_risk"
    CLIENTS = "clients"
    APPLICATIONS = "applications"
    NOT_EXCLUDED = "not_excluded"
    """The person is not in a group or role that the policy excludes."""
    MEMBERSHIP = "membership"
    """The person is in a group or role, or has an account, that the policy names."""
    OTHER_APPLICATIONS = "other_applications"
    """Applications of which it is not known whether the plan opens them."""
    PLATFORMS = "platforms"
    LOCATIONS = "locations"
    DEVICES = "devices"
    FLOWS = "authentication_flows"
    INSIDER_RISK = "insider_risk"
    AUTHENTICATION_CONTEXT = "authentication_context"
    REGISTRATION = "registering_security_information"
    OTHER = "other"
    """A condition that this version does not know. Its values are the conditions' names."""


CERTAIN: Final = frozenset(
    {
        ConditionType.USER_RISK,
        ConditionType.SIGN_IN_RISK,
        ConditionType.CLIENTS,
        ConditionType.APPLICATIONS,
        ConditionType.NOT_EXCLUDED,
    }
)
"""Conditions under which a policy certainly applies to somebody. With any other condition it may never apply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyCondition:
    """One condition with the values it names."""

    kind: ConditionType
    values: tuple[str, ...] = ()


_SIMPLE: Final = {
    "platforms": (ConditionType.PLATFORMS, "includePlatforms"),
    "locations": (ConditionType.LOCATIONS, "includeLocations"),
    "devices": (ConditionType.DEVICES, ""),
    "deviceStates": (ConditionType.DEVICES, ""),
    "authenticationFlows": (ConditionType.FLOWS, ""),
    "insiderRiskLevels": (ConditionType.INSIDER_RISK, ""),
}
_KNOWN: Final = frozenset(
    {"users", "applications", "clientAppTypes", "userRiskLevels", "signInRiskLevels", "clientApplications", *_SIMPLE}
    | {"servicePrincipalRiskLevels"}
)


def conditions_for(
    policy: Policy, visitor: VisitorType, tenant_id: TenantId, applications: Sequence[str]
) -> tuple[PolicyCondition, ...] | None:
    """Return the conditions on which a policy applies to a visitor; None when it certainly does not apply.

    :param applications: the applications that the visitor may use: application ids, `All` or `Office365`.
    """
    conditions = policy.conditions
    if unknown_names := tuple(_members_of_wrong_type(conditions)):
        return (PolicyCondition(kind=ConditionType.OTHER, values=unknown_names),)
    if texts(member(conditions, "clientApplications"), "includeServicePrincipals") and not _names_people(conditions):
        return None
    user_conditions = _user_conditions(member(conditions, "users"), visitor, tenant_id)
    clients = clients_of(policy)
    target_conditions = _target_conditions(policy, applications, visitor)
    if user_conditions is None or target_conditions is None or clients == ():
        return None
    return (*target_conditions, *user_conditions, *_risks(policy), *_clients(clients), *_others(conditions))


def clients_of(policy: Policy) -> tuple[ClientApp, ...] | None:
    """Return the clients to which a policy is limited; None when it is not limited, empty for only older clients."""
    client_names = frozenset(texts(policy.conditions, "clientAppTypes"))
    if not client_names or "all" in client_names:
        return None
    if "unknownFutureValue" in client_names:
        return tuple(ClientApp)
    clients = tuple(client for client in ClientApp if client.value in client_names)
    return None if len(clients) == len(ClientApp) else clients


def named_tenants(policy: Policy) -> frozenset[str]:
    """Return every tenant that a policy names to include or exclude its people."""
    users = member(policy.conditions, "users")
    return frozenset(
        tenant.lower()
        for name in ("includeGuestsOrExternalUsers", "excludeGuestsOrExternalUsers")
        for tenant in texts(member(member(users, name), "externalTenants"), "members")
    )


def _members_of_wrong_type(conditions: Mapping[str, Any]) -> Iterator[str]:
    """Return the names of conditions whose form is not the one that Graph describes. Their meaning is not known."""
    if not member(conditions, "users") and not member(conditions, "clientApplications"):
        yield "users"
    if not isinstance(conditions.get("applications"), Mapping):
        yield "applications"
    lists = {
        "users": [
            f"{prefix}{objects}" for prefix in ("include", "exclude") for objects in ("Users", "Groups", "Roles")
        ],
        "applications": ["includeApplications", "excludeApplications"],
    }
    for name, members in lists.items():
        rule = member(conditions, name)
        yield from (member_name for member_name in members if not _is_list(rule.get(member_name)))
    yield from (
        name for name in ("clientAppTypes", "userRiskLevels", "signInRiskLevels") if not _is_list(conditions.get(name))
    )


def _is_list(value: object) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(item, str) for item in value))


def _names_people(conditions: Mapping[str, Any]) -> bool:
    """Return whether a policy applies to any people, and not only to applications that sign in by themselves."""
    users = member(conditions, "users")
    included_users = frozenset(texts(users, "includeUsers")) - {"None"}
    return bool(
        included_users
        or texts(users, "includeGroups")
        or texts(users, "includeRoles")
        or member(users, "includeGuestsOrExternalUsers")
    )


def _user_conditions(
    users: Mapping[str, Any], visitor: VisitorType, tenant_id: TenantId
) -> tuple[PolicyCondition, ...] | None:
    """Return the conditions about users; None when the policy does not apply to this visitor."""
    if _GUESTS in texts(users, "excludeUsers"):
        return None
    if _external(member(users, "excludeGuestsOrExternalUsers"), visitor, tenant_id) is True:
        return None
    has_account = visitor is not VisitorType.DIRECT_CONNECT
    exceptions = _members(users, "exclude") if has_account else ()
    exclusions = (PolicyCondition(kind=ConditionType.NOT_EXCLUDED, values=exceptions),) if exceptions else ()
    kinds = _external(member(users, "includeGuestsOrExternalUsers"), visitor, tenant_id)
    if kinds is True or _EVERYBODY & frozenset(texts(users, "includeUsers")):
        return exclusions
    if kinds is None:
        return (PolicyCondition(kind=ConditionType.OTHER, values=("externalTenants",)), *exclusions)
    # NB. a direct connect visitor has no account here, so no group, role or account can include them.
    members = _members(users, "include") if has_account else ()
    return (PolicyCondition(kind=ConditionType.MEMBERSHIP, values=members), *exclusions) if members else None


def _members(users: Mapping[str, Any], way: str) -> tuple[str, ...]:
    accounts = (name for name in texts(users, f"{way}Users") if name not in (*_EVERYBODY, "None"))
    return (*texts(users, f"{way}Groups"), *texts(users, f"{way}Roles"), *accounts)


def may_be_about(rule: Mapping[str, Any], visitor: VisitorType) -> bool:
    """Return whether a rule on external people is about this kind of visitor, or about kinds that are not known."""
    kinds = frozenset(flags(rule.get("guestOrExternalUserTypes")))
    return visitor.value in kinds or bool(kinds - _OUTSIDE)


def _external(rule: Mapping[str, Any], visitor: VisitorType, tenant_id: TenantId) -> bool | None:
    """Return whether a rule on external people covers a visitor; None when it uses names unknown to this version."""
    if not may_be_about(rule, visitor):
        return False
    if visitor.value not in flags(rule.get("guestOrExternalUserTypes")):
        return None
    tenants = tenants_named(rule)
    return tenants if tenants is None or tenants is True else tenant_id.lower() in tenants


def tenants_named(rule: Mapping[str, Any]) -> frozenset[str] | Literal[True] | None:
    """Return the tenants that a rule on external people names, in lower case.

    :returns: True for every tenant. None when the list has a form that this version does not know: then it is not known
        whom the rule covers (Graph: "conditionalAccessExternalTenants").
    """
    tenants = rule.get("externalTenants")
    if tenants in (None, {}):
        return True
    if not isinstance(tenants, Mapping):
        return None
    kind, members = tenants.get("membershipKind"), tenants.get("members")
    if kind == "all":
        return None if members else True
    if kind != "enumerated" or not isinstance(members, list) or not all(isinstance(one, str) for one in members):
        return None
    return frozenset(one.lower() for one in members)


def _target_conditions(
    policy: Policy, applications: Sequence[str], visitor: VisitorType
) -> tuple[PolicyCondition, ...] | None:
    """Return the conditions under which a policy covers these applications: empty for always, None for never."""
    rule = member(policy.conditions, "applications")
    if contexts := texts(rule, "includeAuthenticationContextClassReferences"):
        return (PolicyCondition(kind=ConditionType.AUTHENTICATION_CONTEXT, values=contexts),)
    if actions := texts(rule, "includeUserActions"):
        # Guests register security information here. No visitor registers a device here.
        is_relevant = _REGISTRATION in actions and visitor is not VisitorType.DIRECT_CONNECT
        return (PolicyCondition(kind=ConditionType.REGISTRATION),) if is_relevant else None
    coverages = [covers(policy, application) for application in applications]
    if all(coverage is Coverage.WHOLLY for coverage in coverages):
        return ()
    if max(coverages) is Coverage.NO:
        return None
    names = named_applications(policy)
    if max(coverages) is Coverage.PERHAPS:
        return (PolicyCondition(kind=ConditionType.OTHER_APPLICATIONS, values=names),)
    return (PolicyCondition(kind=ConditionType.APPLICATIONS, values=names),)


def _risks(policy: Policy) -> Iterator[PolicyCondition]:
    if policy.user_risk and NO_RISK not in policy.user_risk:
        yield PolicyCondition(kind=ConditionType.USER_RISK, values=policy.user_risk)
    if policy.sign_in_risk and NO_RISK not in policy.sign_in_risk:
        yield PolicyCondition(kind=ConditionType.SIGN_IN_RISK, values=policy.sign_in_risk)


def _clients(clients: tuple[ClientApp, ...] | None) -> Iterator[PolicyCondition]:
    if clients:
        yield PolicyCondition(kind=ConditionType.CLIENTS, values=tuple(client.value for client in clients))


def _others(conditions: Mapping[str, Any]) -> Iterator[PolicyCondition]:
    for name, (when, inside) in _SIMPLE.items():
        value = conditions.get(name)
        if not value:
            continue
        document = value if isinstance(value, Mapping) else {}
        values = texts(document, inside) if inside else flags(value) if isinstance(value, str | list) else ()
        excludes = bool(inside) and any(texts(document, f"exclude{inside.removeprefix('include')}"))
        if inside and frozenset(name.lower() for name in values) == {"all"} and not excludes:
            continue
        yield PolicyCondition(kind=when, values=values)
    unknown = tuple(name for name in sorted(conditions.keys() - _KNOWN) if conditions[name] and "@odata." not in name)
    if unknown:
        yield PolicyCondition(kind=ConditionType.OTHER, values=unknown)

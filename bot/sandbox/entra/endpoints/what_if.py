"""Answer Conditional Access's What If evaluation from the tenant's own policies.

Written from "conditionalAccessRoot: evaluate", "whatIfAnalysisResult" and the pages on conditions. When a policy needs
a value that the call does not give, the reason is `notEnoughInformation`. Microsoft does not document the order in
which the conditions are checked; this order is ours.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.sandbox.entra.odata.calls import Answer, Call, bad_request, json_object
from bot.sandbox.entra.tenant.tenant import Tenant
from bot.sandbox.entra.types.property_checks import (
    Check,
    anything,
    boolean,
    check_properties,
    flags_of,
    guid,
    many,
    nullable,
    one_of,
    structure,
    text,
)

Json = Mapping[str, Any]
OFFICE_365 = frozenset(
    {
        "00000002-0000-0ff1-ce00-000000000000",  # Office 365 Exchange Online
        "00000003-0000-0ff1-ce00-000000000000",  # Office 365 SharePoint Online
        "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe",  # Microsoft Teams Services
    }
)
"""Some of the applications of the suite ("Apps included in Conditional Access Office 365 app suite")."""
_RISKS = ("low", "medium", "high", "hidden", "none")
_KINDS = (
    *("none", "internalGuest", "b2bCollaborationGuest", "b2bCollaborationMember", "b2bDirectConnectUser"),
    *("otherExternalUser", "serviceProvider"),
)
_IDENTITIES: dict[str, dict[str, Check]] = {
    "#microsoft.graph.userSignIn": {
        "userId": nullable(guid),
        "externalTenantId": nullable(guid),
        "externalUserType": nullable(flags_of(*_KINDS)),
    },
    "#microsoft.graph.servicePrincipalSignIn": {"servicePrincipalId": nullable(guid)},
}
_CONTEXTS: dict[str, dict[str, Check]] = {
    "#microsoft.graph.applicationContext": {"includeApplications": many(text)},
    "#microsoft.graph.authContext": {"authenticationContextValue": nullable(text)},
    "#microsoft.graph.userActionContext": {
        "userAction": nullable(one_of("registerSecurityInformation", "registerOrJoinDevices"))
    },
}
_CONDITIONS = structure(
    authenticationFlow=nullable(structure(transferMethod=nullable(text))),
    clientAppType=one_of(
        "all", "browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "easSupported", "other"
    ),
    country=nullable(text),
    deviceInfo=nullable(anything),
    devicePlatform=nullable(one_of("android", "iOS", "windows", "windowsPhone", "macOS", "all", "linux")),
    insiderRiskLevel=nullable(one_of("none", "minor", "moderate", "elevated")),
    ipAddress=nullable(text),
    servicePrincipalRiskLevel=nullable(one_of(*_RISKS)),
    signInRiskLevel=nullable(one_of(*_RISKS)),
    userRiskLevel=nullable(one_of(*_RISKS)),
)
_BODY: dict[str, Check] = {
    "signInIdentity": anything,
    "signInContext": anything,
    "signInConditions": _CONDITIONS,
    "appliedPoliciesOnly": nullable(boolean),
}
_ACTIONS = {
    "registerSecurityInformation": "urn:user:registersecurityinfo",
    "registerOrJoinDevices": "urn:user:registerdevice",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _SignIn:
    """The sign-in to evaluate."""

    identity: Json
    context: Json
    conditions: Json
    memberships: frozenset[str]
    """The ids of the account and of its groups; empty when the call names no account."""
    kinds: frozenset[str]
    """The kinds of external user that apply; empty for an internal user."""

    @property
    def is_person(self) -> bool:
        """Return whether it is a user; otherwise it is a service principal."""
        return str(self.identity["@odata.type"]).endswith("userSignIn")


def evaluate(tenant: Tenant, call: Call) -> Answer:
    """Evaluate every policy (POST identity/conditionalAccess/evaluate): whether it applies, and why not."""
    body = json_object(call)
    check_properties(body, "evaluate", _BODY)
    for name in ("signInIdentity", "signInContext", "signInConditions"):
        if not isinstance(body.get(name), dict):
            raise bad_request(f"The required parameter '{name}' is missing.")
    _check_type(body["signInIdentity"], "signInIdentity", _IDENTITIES)
    _check_type(body["signInContext"], "signInContext", _CONTEXTS)
    sign_in = _sign_in(tenant, body)
    rows = []
    for policy in tenant.objects["conditionalAccessPolicies"].values():
        reason = _reason_not_to_apply(policy, sign_in)
        if reason is None or not body.get("appliedPoliciesOnly"):
            rows.append({**policy, "policyApplies": reason is None, "analysisReasons": reason or "notSet"})
    context = f"{call.base}/$metadata#Collection(microsoft.graph.whatIfAnalysisResult)"
    return Answer(status=200, body={"@odata.context": context, "value": rows})


def _check_type(value: dict[str, Any], name: str, types: Mapping[str, Mapping[str, Check]]) -> None:
    declared = types.get(value.get("@odata.type", ""))
    if declared is None:
        raise bad_request(f"A value of '{name}' must name one of the types {', '.join(types)} as '@odata.type'.")
    check_properties(value, name, declared)


def _sign_in(tenant: Tenant, body: Json) -> _SignIn:
    identity: Json = body["signInIdentity"]
    kinds = frozenset(part.strip() for part in str(identity.get("externalUserType") or "none").split(","))
    kinds -= {"none"}
    memberships: set[str] = set()
    user_id = str(identity.get("userId") or "").lower()
    if user_id:
        user = tenant.objects["users"].get(user_id)
        if user is None:
            raise bad_request(f"The user '{user_id}' was not found.")
        groups = tenant.objects["groups"].values()
        memberships = {user_id, *(str(group["id"]) for group in groups if user_id in group.get("members", ()))}
        if not kinds and user.get("userType") == "Guest":
            kinds = frozenset({"b2bCollaborationGuest"})
    elif not kinds and str(identity["@odata.type"]).endswith("userSignIn"):
        raise bad_request("A userSignIn needs a 'userId', or an 'externalUserType' with an 'externalTenantId'.")
    return _SignIn(
        identity=identity,
        context=body["signInContext"],
        conditions=body["signInConditions"],
        memberships=frozenset(memberships),
        kinds=kinds,
    )


def _reason_not_to_apply(policy: Json, sign_in: _SignIn) -> str | None:
    """Return the reason why a policy does not apply; None when it applies."""
    conditions = _object(policy, "conditions")
    if policy.get("state") == "disabled":
        return "policyNotEnabled"
    if not policy.get("grantControls") and not policy.get("sessionControls"):
        return "emptyPolicy"
    if bool(conditions.get("clientApplications")) is sign_in.is_person:
        return "workloadIdentities" if sign_in.is_person else "users"
    if sign_in.is_person and not _includes_person(_object(conditions, "users"), sign_in):
        return "users"
    if reason := _wrong_target(_object(conditions, "applications"), sign_in.context):
        return reason
    for name, check in _CONDITION_CHECKS.items():
        is_met = check(conditions, sign_in.conditions)
        if is_met is None:
            return "notEnoughInformation"
        if not is_met:
            return name
    return None


def _includes_person(rule: Json, sign_in: _SignIn) -> bool:
    return _matches(rule, "include", sign_in) and not _matches(rule, "exclude", sign_in)


def _matches(rule: Json, prefix: str, sign_in: _SignIn) -> bool:
    users = _texts_in(rule, f"{prefix}Users")
    if "All" in users or ("GuestsOrExternalUsers" in users and sign_in.kinds):
        return True
    if any(sign_in.memberships & _texts_in(rule, f"{prefix}{what}") for what in ("Users", "Groups", "Roles")):
        return True
    external = _object(rule, f"{prefix}GuestsOrExternalUsers")
    named_kinds = {part.strip() for part in str(external.get("guestOrExternalUserTypes") or "").split(",")}
    if not named_kinds & sign_in.kinds:
        return False
    tenants = _object(external, "externalTenants")
    if tenants.get("membershipKind") != "enumerated":
        return True
    home = str(sign_in.identity.get("externalTenantId") or "").lower()
    return home in {str(member).lower() for member in tenants.get("members") or ()}


def _wrong_target(rule: Json, context: Json) -> str | None:
    included, excluded = _texts_in(rule, "includeApplications"), _texts_in(rule, "excludeApplications")
    actions, references = (
        _texts_in(rule, "includeUserActions"),
        _texts_in(rule, "includeAuthenticationContextClassReferences"),
    )
    match str(context["@odata.type"]).rpartition(".")[2]:
        case "authContext":
            return None if context.get("authenticationContextValue") in references else "authenticationContext"
        case "userActionContext":
            return None if _ACTIONS.get(str(context.get("userAction"))) in actions else "userActions"
    for given in context.get("includeApplications") or ():
        names = {given, *(["Office365"] if given in OFFICE_365 else [])}
        if included & (names | {"All"}) and not excluded & names:
            return None
    return "application"


def _clients(policy: Json, given: Json) -> bool | None:
    types, client = _texts_in(policy, "clientAppTypes"), given.get("clientAppType") or "all"
    return client == "all" or not types or "all" in types or client in types


def _risk(policy: Json, given: Json, levels: str, level: str) -> bool | None:
    policy_levels = _texts_in(policy, levels)
    return not policy_levels or (given.get(level) or "none") in policy_levels


def _platforms(policy: Json, given: Json) -> bool | None:
    return _value_matches(
        _object(policy, "platforms"), "Platforms", given.get("devicePlatform"), unstated=("all", None)
    )


def _locations(policy: Json, given: Json) -> bool | None:
    # Named locations are not stored here, so the location of an address is not known.
    return _value_matches(_object(policy, "locations"), "Locations", None, unstated=(None,))


def _value_matches(rule: Json | None, what: str, value: str | None, *, unstated: Sequence[str | None]) -> bool | None:
    if not rule:
        return True
    included, excluded = _texts_in(rule, f"include{what}"), _texts_in(rule, f"exclude{what}")
    is_any = bool({name.lower() for name in included} & {"all"})
    if is_any and not excluded:
        return True
    if value in unstated:
        return None
    return (is_any or value in included) and value not in excluded


def _devices(policy: Json, given: Json) -> bool | None:
    """Return whether any device is accepted; None for a device filter, which is not evaluated here."""
    return None if _object(policy, "devices").get("deviceFilter") else True


def _flows(policy: Json, given: Json) -> bool | None:
    methods = _object(policy, "authenticationFlows").get("transferMethods") or "none"
    stated = _object(given, "authenticationFlow").get("transferMethod") or "none"
    return methods == "none" or stated in str(methods).split(",")


def _insider(policy: Json, given: Json) -> bool | None:
    levels = policy.get("insiderRiskLevels")
    return not levels or (given.get("insiderRiskLevel") or "none") in str(levels).split(",")


_CONDITION_CHECKS: dict[str, Callable[[Json, Json], bool | None]] = {
    "clientApps": _clients,
    "signInRisk": lambda policy, given: _risk(policy, given, "signInRiskLevels", "signInRiskLevel"),
    "userRisk": lambda policy, given: _risk(policy, given, "userRiskLevels", "userRiskLevel"),
    "devicePlatform": _platforms,
    "location": _locations,
    "devices": _devices,
    "authenticationFlow": _flows,
    "insiderRisk": _insider,
}
"""The check of each condition, by Graph's reason when it fails. It returns None when a value is missing."""


def _object(document: Json, name: str) -> Json:
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def _texts_in(document: Json, name: str) -> frozenset[str]:
    value = document.get(name)
    return frozenset(str(item) for item in value) if isinstance(value, list) else frozenset()

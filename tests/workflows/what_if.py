"""A What If evaluation of its own, for tests: written from Microsoft's description, shares nothing with the product."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]
SUITE = {"exchange-0001", "sharepoint-0001"}
"""Applications that are a part of Office 365 in this world."""


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """Who signs in, to what, how. What is None was not stated."""

    kind: str
    tenant: str
    application: str
    client: str = "browser"
    sign_in_risk: str = "none"
    user_risk: str = "none"
    platform: str | None = None
    location: str | None = None
    groups: frozenset[str] | None = field(default=None)
    """Groups, roles and the account's own id; None: no account was named."""


def evaluate(policies: Iterable[Json], sign_in: SignIn) -> list[dict[str, Any]]:
    """Answer as Graph does: every policy, whether it applies, and the reason where it does not."""
    rows = []
    for policy in policies:
        reason = why_not(policy, sign_in)
        rows.append({**policy, "policyApplies": reason is None, "analysisReasons": reason or "notSet"})
    return rows


def why_not(policy: Json, sign_in: SignIn) -> str | None:
    """Give the reason for which a policy does not apply; None: it applies."""
    if policy["state"] == "disabled":
        return "policyNotEnabled"
    conditions = policy.get("conditions") or {}
    checks = (
        ("users", _users(conditions.get("users") or {}, sign_in)),
        ("application", _applications(conditions.get("applications") or {}, sign_in.application)),
        ("clientApps", _one_of(conditions.get("clientAppTypes"), sign_in.client, "all")),
        ("signInRisk", _one_of(conditions.get("signInRiskLevels"), sign_in.sign_in_risk)),
        ("userRisk", _one_of(conditions.get("userRiskLevels"), sign_in.user_risk)),
        ("devicePlatform", _stated(conditions.get("platforms"), "Platforms", sign_in.platform)),
        ("location", _stated(conditions.get("locations"), "Locations", sign_in.location)),
    )
    for reason, holds in checks:
        if holds is None:
            return "notEnoughInformation"
        if not holds:
            return reason
    return None


def _one_of(listed: Sequence[str] | None, value: str, every: str | None = None) -> bool:
    return not listed or value in listed or every in listed


def _stated(rule: Json | None, what: str, value: str | None) -> bool | None:
    if not rule:
        return True
    included, excluded = rule.get(f"include{what}") or [], rule.get(f"exclude{what}") or []
    if [one.lower() for one in included] == ["all"] and not excluded:
        return True
    if value is None:
        return None
    return value not in excluded and any(one in (value, "all", "All") for one in included)


def _applications(rule: Json, application: str) -> bool:
    included, excluded = set(rule.get("includeApplications") or ()), set(rule.get("excludeApplications") or ())
    names = {application} | ({"Office365"} if application in SUITE else set())
    return bool(included & (names | {"All"})) and not excluded & names


def _users(rule: Json, sign_in: SignIn) -> bool:
    members = {"Groups", "Roles", "Users"}
    belongs = sign_in.groups or frozenset()
    if any(belongs & set(rule.get(f"exclude{one}") or ()) for one in members):
        return False
    if "GuestsOrExternalUsers" in (rule.get("excludeUsers") or ()):
        return False
    if _external(rule.get("excludeGuestsOrExternalUsers"), sign_in):
        return False
    if {"All", "GuestsOrExternalUsers"} & set(rule.get("includeUsers") or ()):
        return True
    if _external(rule.get("includeGuestsOrExternalUsers"), sign_in):
        return True
    return any(belongs & set(rule.get(f"include{one}") or ()) for one in members)


def _external(rule: Json | None, sign_in: SignIn) -> bool:
    if not rule or sign_in.kind not in (rule.get("guestOrExternalUserTypes") or "").split(","):
        return False
    tenants = rule.get("externalTenants") or {}
    if tenants.get("membershipKind") == "enumerated":
        return sign_in.tenant in (tenants.get("members") or ())
    return True

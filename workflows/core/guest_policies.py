"""Conditional Access policies that are aimed at people from outside, against the trust that a plan leads to.

What a policy requires of guests is required with trust as without: trust only lets the partner's own claim satisfy it
(Entra: "Authentication and Conditional Access for B2B users").
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from workflows.core.canonical import JsonObject
from workflows.core.findings import Finding, Severity
from workflows.core.partner import TenantId

SOURCE: Final = "Entra: “Authentication and Conditional Access for B2B users”"

MFA: Final = "mfa"
COMPLIANT: Final = "compliantDevice"
HYBRID: Final = "domainJoinedDevice"
BLOCK: Final = "block"
_EVERYBODY: Final = frozenset({"All", "GuestsOrExternalUsers"})


_NARROWING: Final = (
    *("userRiskLevels", "signInRiskLevels", "platforms", "locations", "devices", "authenticationFlows"),
    *("insiderRiskLevels", "clientApplications"),
)
"""Conditions under which alone a policy applies."""


class Visitor(StrEnum):
    """How the partner's people come in; the values are Conditional Access's own."""

    COLLABORATION = "b2bCollaborationGuest"
    DIRECT_CONNECT = "b2bDirectConnectUser"


_WHO: Final[Mapping[Visitor, str]] = {
    Visitor.COLLABORATION: "guests",
    Visitor.DIRECT_CONNECT: "B2B direct connect users",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestPolicy:
    """An enforced policy that applies to visitors from one partner."""

    name: str
    visitors: frozenset[Visitor]
    controls: frozenset[str]
    needs_all: bool
    """Every control is needed, not just one of them."""
    is_partial: bool
    """It names single applications or groups, so it may not apply to everybody everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What the partner's own claims satisfy after the plan; None is not known."""

    mfa: bool | None
    compliant_device: bool | None
    hybrid_joined_device: bool | None


def guest_policies(documents: Sequence[JsonObject], tenant_id: TenantId) -> tuple[GuestPolicy, ...]:
    """Read the policies that are enforced and apply to visitors from a tenant."""
    return tuple(policy for document in documents if (policy := _policy(document, tenant_id)) is not None)


def asks_for_mfa(policies: Sequence[GuestPolicy], visitor: Visitor) -> bool:
    """Tell whether some policy cannot be satisfied by this visitor without MFA."""
    return any(visitor in policy.visitors and _needs(policy, MFA) for policy in policies)


def aimed_at_groups(documents: Sequence[JsonObject]) -> int:
    """Count the enforced policies that name groups or roles: guests may be in them, which nobody looked up."""
    users = (_object(_object(row, "conditions"), "users") for row in documents if row.get("state") == "enabled")
    return sum(bool(_texts(rule, "includeGroups") or _texts(rule, "includeRoles")) for rule in users)


def against_trust(policies: Sequence[GuestPolicy], trust: Trust, visitors: frozenset[Visitor]) -> tuple[Finding, ...]:
    """Say what each policy means for the visitors that a plan lets in, each meaning once.

    :param visitors: the ways in which the partner's people can come in after the plan.
    """
    meanings = (one for policy in policies for one in _meanings(policy, sorted(policy.visitors & visitors), trust))
    return tuple(dict.fromkeys(meanings))


def _meanings(policy: GuestPolicy, visitors: Sequence[Visitor], trust: Trust) -> Iterator[Finding]:
    if not visitors:
        return
    who = " and ".join(_WHO[visitor] for visitor in visitors)
    where = " where it applies" if policy.is_partial else ""
    name = f"The Conditional Access policy “{policy.name}”"
    if BLOCK in policy.controls:
        yield _finding("ca_blocks", f"{name} blocks {who} from this partner{where}, whatever is opened here.")
        return
    if _needs(policy, COMPLIANT, HYBRID):
        yield from _device(policy, trust, f"{name} asks for a managed device{where}", who)
    if _needs(policy, MFA):
        for visitor in visitors:
            yield from _mfa(visitor, trust, f"{name} asks for MFA{where}")


def _device(policy: GuestPolicy, trust: Trust, asks: str, who: str) -> Iterator[Finding]:
    flags = {COMPLIANT: trust.compliant_device, HYBRID: trust.hybrid_joined_device}
    wanted = [flags[control] for control in (COMPLIANT, HYBRID) if control in policy.controls]
    trusted = all(flag is True for flag in wanted) if policy.needs_all else any(flag is True for flag in wanted)
    if trusted:
        text = f"{asks}; with trust in the partner's devices theirs satisfy it. It is still required."
        yield _finding("ca_device_trusted", text, Severity.NOTE)
    elif None in wanted:
        text = f"{asks}. Whether the partner's devices are trusted is inherited from a default that was not read."
        yield _finding("ca_device_unknown", text, Severity.UNCHECKED)
    else:
        yield _finding(
            "ca_locked_out",
            f"{asks}, and the partner's devices are not trusted. This locks out {who}: a device can be managed by one "
            "tenant only, so they cannot satisfy it here.",
        )


def _mfa(visitor: Visitor, trust: Trust, asks: str) -> Iterator[Finding]:
    if trust.mfa is True:
        text = f"{asks}; the partner's own MFA satisfies it. It is still required."
        yield _finding("ca_mfa_trusted", text, Severity.NOTE)
    elif trust.mfa is None:
        text = f"{asks}. Whether the partner's MFA is trusted is inherited from a default that was not read."
        yield _finding("ca_mfa_unknown", text, Severity.UNCHECKED)
    elif visitor is Visitor.DIRECT_CONNECT:
        yield _finding(
            "ca_direct_connect_locked_out",
            f"{asks}, and the partner's MFA is not trusted. B2B direct connect users are locked out (AADSTS90071): "
            "they have no account here to do MFA with.",
        )
    else:
        text = f"{asks}, and the partner's MFA is not trusted: guests are asked here, and register MFA in this tenant."
        yield _finding("ca_asked_here", text)


def _needs(policy: GuestPolicy, *controls: str) -> bool:
    """Tell whether a policy cannot be satisfied without one of these controls."""
    named = policy.controls & frozenset(controls)
    return bool(named) and (policy.needs_all or policy.controls <= frozenset(controls))


def _policy(document: JsonObject, tenant_id: TenantId) -> GuestPolicy | None:
    conditions, grant = _object(document, "conditions"), _object(document, "grantControls")
    users, applications = _object(conditions, "users"), _object(conditions, "applications")
    visitors = _included(users, tenant_id) - _excluded(users, tenant_id)
    controls = frozenset(_texts(grant, "builtInControls")) | (
        frozenset({MFA}) if _object(grant, "authenticationStrength") else frozenset()
    )
    if document.get("state") != "enabled" or not visitors or not controls:
        return None
    is_partial = (
        _texts(applications, "includeApplications") != ["All"]
        or _texts(conditions, "clientAppTypes") not in ([], ["all"])
        or any(_texts(users, name) for name in ("excludeGroups", "excludeRoles"))
        or any(conditions.get(name) for name in _NARROWING)
    )
    return GuestPolicy(
        name=str(document.get("displayName") or document.get("id")),
        visitors=visitors,
        controls=controls,
        needs_all=grant.get("operator") == "AND" or len(controls) == 1,
        is_partial=is_partial or bool(_texts(applications, "excludeApplications")),
    )


def _included(users: Mapping[str, Any], tenant_id: TenantId) -> frozenset[Visitor]:
    if _EVERYBODY & set(_texts(users, "includeUsers")):
        return frozenset(Visitor)
    return _external(_object(users, "includeGuestsOrExternalUsers"), tenant_id)


def _excluded(users: Mapping[str, Any], tenant_id: TenantId) -> frozenset[Visitor]:
    if "GuestsOrExternalUsers" in _texts(users, "excludeUsers"):
        return frozenset(Visitor)
    rule = _object(users, "excludeGuestsOrExternalUsers")
    kind = _object(rule, "externalTenants").get("membershipKind")
    # A kind that this version does not know is taken for no exception rather than for one.
    return _external(rule, tenant_id) if kind in (None, "all", "enumerated") else frozenset()


def _external(rule: Mapping[str, Any], tenant_id: TenantId) -> frozenset[Visitor]:
    """Read `conditionalAccessGuestsOrExternalUsers`: comma-separated kinds of visitors, of all or of listed tenants."""
    kinds = {kind.strip() for kind in str(rule.get("guestOrExternalUserTypes") or "").split(",")}
    tenants = _object(rule, "externalTenants")
    if tenants.get("membershipKind") == "enumerated":
        listed = {tenant.lower() for tenant in _texts(tenants, "members")}
        if tenant_id.lower() not in listed:
            return frozenset()
    return frozenset(visitor for visitor in Visitor if visitor.value in kinds)


def _object(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name)
    return value if isinstance(value, Mapping) else {}


def _texts(document: Mapping[str, Any], name: str) -> list[str]:
    value = document.get(name)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _finding(code: str, text: str, severity: Severity = Severity.WARNING) -> Finding:
    return Finding(code=code, severity=severity, text=text, source=SOURCE)

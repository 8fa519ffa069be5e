"""Compare the facts that were read in our tenant with a plan, and return findings, the most important first.

A fact that was not read gives a finding "could not be checked". It never counts as "no problem".
"""

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from workflows.core.checks.conditional_access.controls import VisitorType
from workflows.core.checks.conditional_access.findings import access_findings
from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.checks.findings import Finding, FindingCode, Severity
from workflows.core.checks.rules import Circumstances
from workflows.core.checks.target_checks import check_targets
from workflows.core.checks.tenant_facts import PreflightFacts, SignIns, UnreadableFact
from workflows.core.checks.unreadable_facts import INVITES, SHAREPOINT, SIGN_IN_DAYS, unreadable_finding
from workflows.core.plans.changes import BeforeAfter, overall_change, setting_changes
from workflows.core.plans.plan import Plan, TenantIdentity, changes
from workflows.core.settings.access_change import AccessChange, has_known_meaning, is_certainly_blocked
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.effective import effective_settings
from workflows.core.settings.model import B2B_PROPERTIES, Property, TargetSetting

_OVERVIEW: Final = "Entra: “Cross-tenant access overview”"
RETENTION: Final = "Entra: “Microsoft Entra data retention”"
_REGISTRATION: Final = "Entra: “Configure the MFA registration policy”"
_CLOUDS: Final = "Entra: “Configure Microsoft cloud settings for B2B collaboration”"
_MAX_APPLICATIONS: Final = 5
_OUTBOUND: Final = frozenset(
    {
        Property.B2B_COLLABORATION_OUTBOUND,
        Property.B2B_DIRECT_CONNECT_OUTBOUND,
        Property.M365_COLLABORATION_OUTBOUND,
    }
)
"""The settings for our people in the partner's tenant. All others are about the partner's people in our tenant."""


_INVITERS: Final = {
    "none": Severity.WARNING,
    "adminsAndGuestInviters": Severity.NOTE,
    "adminsGuestInvitersAndAllMembers": Severity.NOTE,
    "everyone": Severity.WARNING,
}
"""The severity of each value of Graph's `allowInvitesFrom`. An unknown value gives the severity "unchecked"."""
_WITHOUT_SIGN_IN: Final = frozenset({Property.M365_CAPABILITIES.value, Property.M365_COLLABORATION_INBOUND.value})
"""The settings by which nobody signs in (Graph: "Microsoft 365 cross-tenant access policy API overview")."""
_WITH_SIGN_IN: Final = tuple(name.value for name in Property if name.value not in _WITHOUT_SIGN_IN)
_GUEST_AS_MEMBER: Final = "a0b1b346-4d3e-4e8b-98f8-753987be4970"
"""The role "User" (Graph: "authorizationPolicy resource type"): guests can read the directory like members."""


def evaluate_facts(
    facts: PreflightFacts,
    access: AccessReport,
    *,
    plan: Plan,
    identity: TenantIdentity,
    labels: Mapping[str, str] = MappingProxyType({}),
    is_restoration: bool = False,
) -> tuple[Finding, ...]:
    """List the findings that follow from the facts for a plan.

    :param access: the effect of Conditional Access on the partner's people who have access after the plan.
    :param labels: the label of the form's field for each id that was typed there.
    :param is_restoration: whether the plan restores previous settings.
    """
    about_visitors = (*_conditional_access(access), *_invitations(facts, access), *_sharepoint(facts, access, identity))
    return (
        *_identity(facts, identity, plan),
        *check_targets(plan, facts.names, labels, is_restoration=is_restoration),
        *_default(facts, plan),
        *(about_visitors if _is_about_visitors(plan) else ()),
        *_sign_ins(facts, plan),
        *unreadable_finding("own_domains", facts.own_domains),
    )


def circumstances(facts: PreflightFacts, access: AccessReport) -> Circumstances:
    """Return the facts that the rules need besides the plan; None for a fact that was not read."""
    return Circumstances(
        default=None if isinstance(facts.default, UnreadableFact) else facts.default,
        asks_guests_for_mfa=access.requires_mfa_trust,
    )


def _identity(facts: PreflightFacts, identity: TenantIdentity, plan: Plan) -> Iterator[Finding]:
    names_by_id = facts.by_id
    if isinstance(names_by_id, UnreadableFact):
        yield from unreadable_finding("by_id", names_by_id)
    elif not identity.is_resolved:
        yield from _other_cloud(facts, plan)
    elif names_by_id is None:
        yield _mismatch(identity, None)
    elif (names_by_id.tenant_id, names_by_id.default_domain) != (identity.tenant_id, identity.default_domain):
        yield _mismatch(identity, names_by_id.default_domain)


def _mismatch(identity: TenantIdentity, domain_by_id: str | None) -> Finding:
    return Finding(
        code=FindingCode.TENANT_MISMATCH,
        severity=Severity.ERROR,
        source="Graph: “findTenantInformationByTenantId”",
        values={
            "asked": identity.typed_name,
            "tenant_id": identity.tenant_id,
            "default_domain": identity.default_domain,
            "domain_by_id": domain_by_id,
        },
    )


def _other_cloud(facts: PreflightFacts, plan: Plan) -> Iterator[Finding]:
    clouds = _list(facts.access_policy, "allowedCloudEndpoints")
    yield _warning(FindingCode.OTHER_CLOUD, _CLOUDS, clouds=clouds)
    if plan.before is None:
        yield _warning(FindingCode.OTHER_CLOUD_BLOCKED, _CLOUDS)


def _default(facts: PreflightFacts, plan: Plan) -> Iterator[Finding]:
    """Report what the tenant's default opens for the partner now, after the plan, or if the partner were removed.

    Only what the plan changes is a warning. The rest is true of the tenant with and without the plan.
    """
    default = facts.default
    if isinstance(default, UnreadableFact):
        yield from unreadable_finding("default", default)
        return
    by_default = effective_settings(None, default).targets
    open_names = [name for name in B2B_PROPERTIES if _is_known_open(by_default[name].certain_setting)]
    before, after = BeforeAfter.of(plan, default)
    inherited = [name for name in open_names if after.targets[name].inherits]
    now = [name for name in inherited if before.targets[name].inherits]
    later = [name for name in inherited if name not in now]
    # NB. a removed partner of another cloud is blocked, so the default does not apply to it again.
    removed_names = [] if plan.is_cross_cloud else [name for name in open_names if name not in inherited]
    is_microsofts = default.get("isServiceDefault") is True
    for code, severity, names in (
        (FindingCode.DEFAULT_APPLIES, Severity.NOTE, now),
        (FindingCode.DEFAULT_WILL_APPLY, Severity.WARNING, later),
        (FindingCode.DEFAULT_OPEN, Severity.NOTE, removed_names),
    ):
        if names:
            settings = [name.value for name in names]
            yield _finding(code, severity, _OVERVIEW, settings=settings, is_microsofts=is_microsofts)


def _is_about_visitors(plan: Plan) -> bool:
    """Return whether somebody signs in here, or leaves a sign-in there, by what a plan writes or keeps of the partner.

    Nobody signs in to look at a calendar. What the default alone gives is the same with and without such a plan.
    """
    after = plan.configuration_after() or {}
    written = {change.name for change in changes(plan)} - _WITHOUT_SIGN_IN
    return bool(written) or any(after.get(name) is not None for name in _WITH_SIGN_IN)


def _conditional_access(access: AccessReport) -> Iterator[Finding]:
    if not access.visitors:
        return
    yield from access_findings(access)
    if access.trust is not None and access.trust.mfa is True:
        yield _finding(FindingCode.MFA_REGISTRATION_UNCHECKED, Severity.UNCHECKED, _REGISTRATION)


def _invitations(facts: PreflightFacts, access: AccessReport) -> Iterator[Finding]:
    if VisitorType.GUEST not in access.visitors:
        return
    policy = facts.authorization
    if isinstance(policy, UnreadableFact):
        yield from unreadable_finding("authorization", policy)
    else:
        who = policy.get("allowInvitesFrom")
        severity = _INVITERS.get(str(who), Severity.UNCHECKED)
        yield _finding(FindingCode.INVITATIONS, severity, INVITES, allowed_for=who)
        if policy.get("guestUserRoleId") == _GUEST_AS_MEMBER:
            yield _warning(FindingCode.GUESTS_SEE_ALL, INVITES)
    yield _finding(FindingCode.DOMAIN_LIST_UNCHECKED, Severity.UNCHECKED, INVITES)


def _sharepoint(facts: PreflightFacts, access: AccessReport, identity: TenantIdentity) -> Iterator[Finding]:
    if VisitorType.GUEST not in access.visitors:
        return
    settings = facts.sharepoint
    if isinstance(settings, UnreadableFact):
        yield from unreadable_finding("sharepoint", settings)
        return
    yield from sharing_findings(
        settings, {name for name in (identity.default_domain, identity.typed_name) if "." in name}
    )


def sharing_findings(settings: JsonObject, domains: Collection[str]) -> Iterator[Finding]:
    """Report what SharePoint's own sharing settings prevent for people with addresses of these domains.

    :param domains: in lower case.
    """
    if settings.get("sharingCapability") == "disabled":
        yield _warning(FindingCode.SHAREPOINT_DISABLED, SHAREPOINT)
    elif settings.get("sharingCapability") == "existingExternalUserSharingOnly":
        yield _finding(FindingCode.SHAREPOINT_EXISTING_ONLY, Severity.NOTE, SHAREPOINT)
    mode = settings.get("sharingDomainRestrictionMode")
    if mode == "allowList" and not set(domains) & set(_list(settings, "sharingAllowedDomainList")):
        yield _warning(FindingCode.SHAREPOINT_NOT_LISTED, SHAREPOINT)
    if mode == "blockList" and set(domains) & set(_list(settings, "sharingBlockedDomainList")):
        yield _warning(FindingCode.SHAREPOINT_BLOCKED, SHAREPOINT)


def _sign_ins(facts: PreflightFacts, plan: Plan) -> Iterator[Finding]:
    """Report who used the access recently in each direction, and whether the plan reduces that direction."""
    plan_changes = setting_changes(plan, None if isinstance(facts.default, UnreadableFact) else facts.default)
    inbound = overall_change(item for item in plan_changes if item.name not in _OUTBOUND)
    outbound = overall_change(item for item in plan_changes if item.name in _OUTBOUND)
    yield from unreadable_finding("sign_ins", facts.sign_ins)
    if isinstance(facts.sign_ins, SignIns):
        yield _use(facts.sign_ins, inbound, FindingCode.SIGN_INS, FindingCode.SIGN_INS_LOST)
    yield from unreadable_finding("outbound_sign_ins", facts.outbound_sign_ins)
    if isinstance(facts.outbound_sign_ins, SignIns):
        codes = FindingCode.OUTBOUND_SIGN_INS, FindingCode.OUTBOUND_SIGN_INS_LOST
        yield _use(facts.outbound_sign_ins, outbound, *codes)


def _use(sign_ins: SignIns, access: AccessChange, code: FindingCode, lost: FindingCode) -> Finding:
    values = sign_in_values(sign_ins)
    if sign_ins.people == 0 or access in (AccessChange.OPENS, AccessChange.SAME):
        return _finding(code, Severity.NOTE, RETENTION, **values)
    return _warning(lost, RETENTION, **values, is_certain=access is not AccessChange.UNKNOWN)


def sign_in_values(sign_ins: SignIns) -> dict[str, Any]:
    """Return the values of `FindingCode.SIGN_INS`. Of many applications, only the first are named."""
    return {
        "people": sign_ins.people,
        "applications": list(sign_ins.applications[:_MAX_APPLICATIONS]),
        "application_count": len(sign_ins.applications),
        "is_complete": sign_ins.is_complete,
        "days": SIGN_IN_DAYS,
    }


def _warning(code: FindingCode, source: str, **values: Any) -> Finding:
    return _finding(code, Severity.WARNING, source, **values)


def _finding(code: FindingCode, severity: Severity, source: str, **values: Any) -> Finding:
    return Finding(code=code, severity=severity, source=source, values=values)


def _is_known_open(setting: TargetSetting) -> bool:
    return has_known_meaning(setting) and not is_certainly_blocked(setting)


def _list(document: JsonObject | UnreadableFact, name: str) -> list[Any]:
    value = None if isinstance(document, UnreadableFact) else document.get(name)
    return [str(item).lower() for item in value] if isinstance(value, list) else []

"""Evaluate the facts of a preflight against a plan, and return findings, the most important first.

A fact that was not read gives "could not be checked", with the reason and the place to look. It is never fine.

This file is long because each fact has one short function here.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from workflows.core.checks.conditional_access.controls import Visitor
from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.checks.conditional_access.words import access_findings
from workflows.core.checks.facts import PreflightFacts, SignIns, Unchecked
from workflows.core.checks.findings import Finding, Severity
from workflows.core.checks.rules import Circumstances
from workflows.core.checks.target_checks import check_targets
from workflows.core.checks.unchecked import INVITES, SHAREPOINT, SIGN_IN_DAYS, unread
from workflows.core.plans.changes import BeforeAfter, overall_change, setting_changes
from workflows.core.plans.plan import Plan, TenantIdentity
from workflows.core.settings.breadth import AccessChange, is_certainly_blocked, is_clear
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.effective import effective
from workflows.core.settings.model import Property, TargetSetting
from workflows.core.text import counted

_OVERVIEW: Final = "Entra: “Cross-tenant access overview”"
_RETENTION: Final = "Entra: “Microsoft Entra data retention”"
_REGISTRATION: Final = "Entra: “Configure the MFA registration policy”"
_CLOUDS: Final = "Entra: “Configure Microsoft cloud settings for B2B collaboration”"
_MOST_APPLICATIONS: Final = 5
_OUTBOUND: Final = frozenset(
    {
        Property.B2B_COLLABORATION_OUTBOUND,
        Property.B2B_DIRECT_CONNECT_OUTBOUND,
        Property.M365_COLLABORATION_OUTBOUND,
    }
)
"""The settings for our people at the partner. All others are about the partner's people here."""


_TITLES: Final = {
    Property.B2B_COLLABORATION_INBOUND: "B2B collaboration inbound",
    Property.B2B_COLLABORATION_OUTBOUND: "B2B collaboration outbound",
    Property.B2B_DIRECT_CONNECT_INBOUND: "B2B direct connect inbound",
    Property.B2B_DIRECT_CONNECT_OUTBOUND: "B2B direct connect outbound",
}
_INVITERS: Final = {
    "none": (Severity.WARNING, "Nobody can invite guests in this tenant, so collaboration brings in no new ones."),
    "adminsAndGuestInviters": (Severity.NOTE, "Only admins and guest inviters can invite the partner's people."),
    "adminsGuestInvitersAndAllMembers": (Severity.NOTE, "Every member of this tenant can invite the partner's people."),
    "everyone": (Severity.WARNING, "Everybody can invite the partner's people here, even guests."),
}
_GUEST_AS_MEMBER: Final = "a0b1b346-4d3e-4e8b-98f8-753987be4970"
"""The role "User" (Graph: "authorizationPolicy resource type"): guests can read the directory like members."""


def evaluate_facts(
    facts: PreflightFacts,
    access: AccessReport,
    *,
    plan: Plan,
    identity: TenantIdentity,
    asked: Mapping[str, str] = MappingProxyType({}),
    is_put_back: bool = False,
) -> tuple[Finding, ...]:
    """List the findings that follow from the facts for a plan.

    :param access: the effect of Conditional Access on those who can come in after the plan.
    :param asked: by id that the plan names, the label of the form's field where it was typed.
    :param is_put_back: whether the plan restores previous settings.
    """
    return (
        *_identity(facts, identity, plan),
        *check_targets(plan, facts.names, asked, is_put_back=is_put_back),
        *_default(facts, plan),
        *_conditional_access(access),
        *_invitations(facts, access),
        *_sharepoint(facts, access, identity),
        *_sign_ins(facts, plan),
        *unread("own_domains", facts.own_domains),
    )


def circumstances(facts: PreflightFacts, access: AccessReport) -> Circumstances:
    """Return the facts that the consistency rules need around a plan; None where a fact was not read."""
    return Circumstances(
        default=None if isinstance(facts.default, Unchecked) else facts.default,
        asks_guests_for_mfa=access.requires_mfa_trust,
    )


def _identity(facts: PreflightFacts, identity: TenantIdentity, plan: Plan) -> Iterator[Finding]:
    found = facts.by_id
    if isinstance(found, Unchecked):
        yield from unread("by_id", found)
    elif not identity.is_resolved:
        yield from _other_cloud(facts, plan)
    elif found is None:
        yield Finding(
            code="tenant_mismatch",
            severity=Severity.ERROR,
            text=(
                f"“{identity.asked}” leads to the tenant {identity.tenant_id}, but Entra does not know a tenant with "
                "this id. Ask the partner for their tenant ID."
            ),
            source="Graph: “findTenantInformationByTenantId”",
        )
    elif (found.tenant_id, found.default_domain) != (identity.tenant_id, identity.default_domain):
        yield Finding(
            code="tenant_mismatch",
            severity=Severity.ERROR,
            text=(
                f"Entra's two answers disagree: “{identity.asked}” leads to {identity.default_domain} (tenant "
                f"{identity.tenant_id}), and that id belongs to {found.default_domain}. Ask the partner."
            ),
            source="Graph: “findTenantInformationByTenantId”",
        )


def _other_cloud(facts: PreflightFacts, plan: Plan) -> Iterator[Finding]:
    clouds = _list(facts.access_policy, "allowedCloudEndpoints")
    enabled = ", ".join(clouds) or "which ones could not be read"
    yield Finding(
        code="other_cloud",
        severity=Severity.WARNING,
        text=(
            "Entra does not know this tenant id in our own cloud, so nothing about its owner is proven. Other clouds "
            f"are enabled here ({enabled}): ask the partner for their cloud and to confirm the id."
        ),
        source=_CLOUDS,
    )
    if plan.before is None:
        yield Finding(
            code="other_cloud_blocked",
            severity=Severity.WARNING,
            text=(
                "A tenant of another cloud is blocked until it is added here, whatever the tenant's default says. "
                "Adding it lets that default apply wherever the change does not say otherwise."
            ),
            source=_CLOUDS,
        )


def _default(facts: PreflightFacts, plan: Plan) -> Iterator[Finding]:
    """State what the default leaves open: for the partner now, after the plan, or if the partner were removed."""
    default = facts.default
    if isinstance(default, Unchecked):
        yield from unread("default", default)
        return
    by_default = effective(None, default).targets
    opened = [name for name in _TITLES if _is_known_open(by_default[name].certain)]
    before, after = BeforeAfter.of(plan, default)
    inherited = [name for name in opened if after.targets[name].inherits]
    now = [name for name in inherited if before.targets[name].inherits]
    later = [name for name in inherited if name not in now]
    # NB. a removed partner of another cloud is blocked, so the default does not apply to it again.
    removed = [] if plan.is_cross_cloud else [name for name in opened if name not in inherited]
    whose = "Microsoft's default" if default.get("isServiceDefault") is True else "This tenant's default"
    if now:
        text = f"{whose} does not block {_titles(now)}: that applies to this partner now, and this does not change it."
        yield Finding(code="default_applies", severity=Severity.WARNING, text=text, source=_OVERVIEW)
    if later:
        text = f"{whose} does not block {_titles(later)}: after this, that applies to this partner."
        yield Finding(code="default_will_apply", severity=Severity.WARNING, text=text, source=_OVERVIEW)
    if removed:
        yield Finding(
            code="default_open",
            severity=Severity.WARNING,
            text=(
                f"{whose} does not block {_titles(removed)}: if this partner's settings were removed instead of "
                "blocked, that would apply to them."
            ),
            source=_OVERVIEW,
        )


def _conditional_access(access: AccessReport) -> Iterator[Finding]:
    if not access.visitors:
        return
    yield from access_findings(access)
    if access.trust is not None and access.trust.mfa is True:
        yield Finding(
            code="mfa_registration_unread",
            severity=Severity.UNCHECKED,
            text=(
                "Whether guests are excluded from the MFA registration policy could not be checked: Microsoft Graph "
                "v1.0 does not show it. While they are not, they are asked to register MFA here in spite of the trust. "
                "Look in Entra admin center, ID Protection, Multifactor authentication registration policy."
            ),
            source=_REGISTRATION,
        )


def _invitations(facts: PreflightFacts, access: AccessReport) -> Iterator[Finding]:
    if Visitor.GUEST not in access.visitors:
        return
    policy = facts.authorization
    if isinstance(policy, Unchecked):
        yield from unread("authorization", policy)
    else:
        who = policy.get("allowInvitesFrom")
        severity, text = _INVITERS.get(
            str(who), (Severity.UNCHECKED, f"Who may invite guests could not be checked: {who!r} is unknown here.")
        )
        yield Finding(code="invitations", severity=severity, text=text, source=INVITES)
        if policy.get("guestUserRoleId") == _GUEST_AS_MEMBER:
            text = "Guests see this tenant's directory as members do."
            yield Finding(code="guests_see_all", severity=Severity.WARNING, text=text, source=INVITES)
    yield Finding(
        code="domain_list_unread",
        severity=Severity.UNCHECKED,
        text=(
            "The allow and deny list of domains for invitations could not be checked: Microsoft Graph v1.0 does not "
            "show it, and it wins over what is opened here. Look in Entra admin center, External Identities, External "
            "collaboration settings, Collaboration restrictions."
        ),
        source=INVITES,
    )


def _sharepoint(facts: PreflightFacts, access: AccessReport, identity: TenantIdentity) -> Iterator[Finding]:
    if Visitor.GUEST not in access.visitors:
        return
    settings = facts.sharepoint
    if isinstance(settings, Unchecked):
        yield from unread("sharepoint", settings)
        return
    domains = {name for name in (identity.default_domain, identity.asked) if "." in name}
    if settings.get("sharingCapability") == "disabled":
        text = "SharePoint and OneDrive share with nobody outside; what is opened here does not change that."
        yield Finding(code="sharepoint_disabled", severity=Severity.WARNING, text=text, source=SHAREPOINT)
    elif settings.get("sharingCapability") == "existingExternalUserSharingOnly":
        text = "SharePoint and OneDrive share only with guests who are in this directory already."
        yield Finding(code="sharepoint_existing_only", severity=Severity.NOTE, text=text, source=SHAREPOINT)
    mode = settings.get("sharingDomainRestrictionMode")
    if mode == "allowList" and not domains & set(_list(settings, "sharingAllowedDomainList")):
        text = "SharePoint and OneDrive share with listed domains only, and the partner's domain is not on the list."
        yield Finding(code="sharepoint_not_listed", severity=Severity.WARNING, text=text, source=SHAREPOINT)
    if mode == "blockList" and domains & set(_list(settings, "sharingBlockedDomainList")):
        text = "SharePoint and OneDrive refuse to share with the partner's domain: it is on their list."
        yield Finding(code="sharepoint_blocked", severity=Severity.WARNING, text=text, source=SHAREPOINT)


def _sign_ins(facts: PreflightFacts, plan: Plan) -> Iterator[Finding]:
    """State who used the partnership recently in each direction, and whether the plan reduces that direction."""
    told = setting_changes(plan, None if isinstance(facts.default, Unchecked) else facts.default)
    yield from _use(
        "sign_ins",
        facts.sign_ins,
        overall_change(item for item in told if item.name not in _OUTBOUND),
        is_outbound=False,
    )
    yield from _use(
        "outbound_sign_ins",
        facts.outbound_sign_ins,
        overall_change(item for item in told if item.name in _OUTBOUND),
        is_outbound=True,
    )


def _use(code: str, found: SignIns | Unchecked, access: AccessChange, *, is_outbound: bool) -> Iterator[Finding]:
    if isinstance(found, Unchecked):
        yield from unread(code, found)
        return
    seen = sign_in_words(found, is_outbound=is_outbound)
    if found.people == 0 or access in (AccessChange.OPENS, AccessChange.SAME):
        yield Finding(code=code, severity=Severity.NOTE, text=seen, source=_RETENTION)
    else:
        loses = "may lose access" if access is AccessChange.UNKNOWN else "lose access where this narrows it"
        text = f"{seen} These people {loses}."
        yield Finding(code=f"{code}_lost", severity=Severity.WARNING, text=text, source=_RETENTION)


def sign_in_words(found: SignIns, *, is_outbound: bool = False) -> str:
    """State how many people used the partnership recently, and how complete that number is.

    :param is_outbound: whether these are our people at the partner, not the partner's people here.
    """
    limit = f"The log goes back {SIGN_IN_DAYS} days at most; earlier use is not known."
    who = "of our people" if is_outbound else "of the partner"
    if found.people == 0 and found.is_complete:
        nobody = f"None {who} signed in at the partner" if is_outbound else f"Nobody {who} signed in"
        return f"{nobody} successfully during the last {SIGN_IN_DAYS} days. {limit}"
    least = "" if found.is_complete else "at least "
    one, many = ("", "") if is_outbound else ("person ", "people ")
    people = f"{least}{found.people} {one if found.people == 1 else many}{who}"
    names = ", ".join(found.applications[:_MOST_APPLICATIONS])
    count = len(found.applications)
    if count > _MOST_APPLICATIONS:
        names += f" and {count - _MOST_APPLICATIONS} more"
    of_theirs = " at the partner" if is_outbound else ""
    applications = f"{least}{counted(count, 'application')} ({names}){of_theirs}"
    sentence = f"{people} signed in to {applications} during the last {SIGN_IN_DAYS} days."
    return f"{sentence[0].upper()}{sentence[1:]} {limit}"


def _titles(names: Sequence[Property]) -> str:
    return ", ".join(_TITLES[name] for name in names)


def _is_known_open(setting: TargetSetting) -> bool:
    return is_clear(setting) and not is_certainly_blocked(setting)


def _list(document: JsonObject | Unchecked, name: str) -> list[Any]:
    value = None if isinstance(document, Unchecked) else document.get(name)
    return [str(item).lower() for item in value] if isinstance(value, list) else []

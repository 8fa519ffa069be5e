"""Compute the risk of a plan from the access that it opens, and how many people must approve it.

A template does not declare its risk. A template whose approval chain is too weak for its highest possible risk is not
loaded. The file is long because every reason for a risk is read beside its level and its rule.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum
from typing import Any, Final, NamedTuple

from workflows.core.errors.raised import NothingToChange
from workflows.core.plans.changes import SettingChange, SettingPart, setting_changes
from workflows.core.plans.closing import closes_everything, only_reduces_access
from workflows.core.plans.plan import Plan
from workflows.core.plans.planning import plan_access
from workflows.core.plans.renewal import is_renewal, plan_of_all_settings, plan_of_open_access
from workflows.core.policy.template import Stage
from workflows.core.settings.access_change import AccessChange, is_unbounded
from workflows.core.settings.block import BLOCK
from workflows.core.settings.canonical import JsonObject, computed_once
from workflows.core.settings.documents import to_document
from workflows.core.settings.effective import EffectiveSettings, effective_settings
from workflows.core.settings.model import (
    ALL_MICROSOFT_APPS,
    ALL_USERS,
    FLAGS,
    IDENTITY_SYNCHRONIZATION,
    M365_CAPABILITIES,
    AccessType,
    CapabilityName,
    Property,
    Setting,
    TargetConfiguration,
    TenantId,
    configurations,
)

LONG: Final = timedelta(days=366)
"""A longer access has a higher risk, because after a year people often forget the reason for it."""


class RiskLevel(IntEnum):
    """The risk level. A higher value means more risk."""

    LOW = 1
    ELEVATED = 2
    HIGH = 3

    @property
    def word(self) -> str:
        """Return the name of this level in JSON."""
        return self.name.lower()


class RiskReason(StrEnum):
    """One reason for a risk: something that a plan opens. Each reason has its own risk level."""

    MFA = "mfa"
    """The partner's MFA is accepted."""
    COMPLIANT_DEVICES = "compliant_devices"
    """The partner's claim that a device is compliant is accepted."""
    HYBRID_JOINED_DEVICES = "hybrid_joined_devices"
    """The partner's claim that a device is hybrid joined is accepted."""
    ALL_TRUST = "all_trust"
    """The partner's MFA and a device claim are accepted."""
    NO_CONSENT_INBOUND = "no_consent_inbound"
    """The partner's people get access without a consent prompt."""
    NO_CONSENT_OUTBOUND = "no_consent_outbound"
    """Our people get access to the partner's tenant without a consent prompt."""
    SYNCHRONIZATION = "synchronization"
    """The partner's administrators can create and change user accounts in this tenant."""
    DIRECT_CONNECT_INBOUND = "direct_connect_inbound"
    """The partner's people can work in our tenant without an account in it."""
    DIRECT_CONNECT_OUTBOUND = "direct_connect_outbound"
    """Our people can work in the partner's tenant."""
    DIRECT_CONNECT_ALL = "direct_connect_all"
    """B2B direct connect is not limited to named applications."""
    ALL_APPLICATIONS = "all_applications"
    """Inbound access is not limited to named applications."""
    OUTBOUND = "outbound"
    """Our people can use named applications of the partner."""
    OUTBOUND_ALL = "outbound_all"
    """Our people can use any application of the partner."""
    OUTBOUND_MICROSOFT = "outbound_microsoft"
    """Our people can use every Microsoft application of the partner."""
    CAPABILITIES = "capabilities"
    """The partner's people see when ours are free, MailTips or profile cards, or may book our rooms."""
    MEETING_DETAILS = "meeting_details"
    """The partner's people see subjects and places of the meetings of some of our people."""
    MEETING_DETAILS_ALL = "meeting_details_all"
    """The partner's people see subjects and places of everybody's meetings, or everything in a calendar."""
    CAPABILITIES_NOT_READ = "capabilities_not_read"
    """It was not read which calendars the partner's people would see. It may be all."""
    OTHER = "other"
    """Another setting is opened, which templates seldom do."""
    UNREADABLE = "unreadable"
    """The plan contains a value that this version cannot read."""
    LONG = "longer_than_a_year"
    """The access lasts longer than a year."""
    CROSS_CLOUD = "cross_cloud"
    """The partner is in another Microsoft cloud."""

    @property
    def level(self) -> RiskLevel:
        """Return the risk level of this reason alone."""
        return RiskLevel.HIGH if self in _HIGH else RiskLevel.ELEVATED


_HIGH: Final = frozenset(
    {
        RiskReason.ALL_TRUST,
        RiskReason.SYNCHRONIZATION,
        RiskReason.DIRECT_CONNECT_ALL,
        RiskReason.MEETING_DETAILS_ALL,
        RiskReason.CAPABILITIES_NOT_READ,
        RiskReason.UNREADABLE,
    }
)
_MEETING_DETAILS: Final = frozenset({CapabilityName.FREE_BUSY_WITH_DETAILS, CapabilityName.CALENDAR_DETAILS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """The risk of a plan: the highest level of its reasons."""

    level: RiskLevel
    reasons: tuple[RiskReason, ...]
    """The reasons, the highest risk first; empty when nothing is opened."""


class ChainRequirement(NamedTuple):
    """The least number of distinct people and of stages in an approval chain."""

    people: int
    stages: int


_REQUIRED: Final[Mapping[RiskLevel, ChainRequirement]] = {
    RiskLevel.LOW: ChainRequirement(1, 1),
    RiskLevel.ELEVATED: ChainRequirement(2, 1),
    RiskLevel.HIGH: ChainRequirement(3, 2),
}

_FLAGS: Final[Mapping[tuple[str, str], RiskReason]] = {
    (Property.INBOUND_TRUST, "mfa"): RiskReason.MFA,
    (Property.INBOUND_TRUST, "compliant_device"): RiskReason.COMPLIANT_DEVICES,
    (Property.INBOUND_TRUST, "hybrid_joined_device"): RiskReason.HYBRID_JOINED_DEVICES,
    (Property.AUTOMATIC_REDEMPTION, "inbound"): RiskReason.NO_CONSENT_INBOUND,
    (Property.AUTOMATIC_REDEMPTION, "outbound"): RiskReason.NO_CONSENT_OUTBOUND,
}


@computed_once
def risk_of(plan: Plan, default: JsonObject | None = None) -> Risk:
    """Compute the risk of a plan from the access that it opens. Access that it may open counts as opened.

    A renewal changes nothing. It has the risk of opening all of its access again. An adoption has the risk of opening
    everything that is open now, inherited access included.

    :param default: the tenant's default configuration; None when it is not known.
    """
    if is_renewal(plan):
        plan = plan_of_all_settings(plan)
    elif plan.adoption is not None:
        plan = plan_of_open_access(plan)
    opened = [
        item for item in setting_changes(plan, default) if item.access in (AccessChange.OPENS, AccessChange.UNKNOWN)
    ]
    after = effective_settings(plan.configuration_after(), default, is_cross_cloud=plan.is_cross_cloud)
    reasons = [reason for item in opened for reason in _reasons(item, after)]
    if opened:
        reasons += [RiskReason.LONG] if plan.duration is not None and plan.duration > LONG else []
    # A tenant of another cloud is blocked until it is added. So adding it opens access, whatever the default says.
    if plan.is_cross_cloud and (opened or (plan.before is None and not closes_everything(plan))):
        reasons.append(RiskReason.CROSS_CLOUD)
    return _risk_from(reasons)


def risk_of_result(plan: Plan, default: JsonObject | None = None) -> Risk:
    """Compute the risk of all settings of the partner after a plan, not only of those that it writes.

    Inherited access does not count: the tenant's default gives it to every tenant, without an approval for this
    partner. For a tenant of another cloud it counts, because such a tenant inherits only when it is added.

    :param default: the tenant's default configuration; None when it is not known.
    """
    return risk_of(plan_of_all_settings(plan), default)


@computed_once
def risk_for_approval(plan: Plan, default: JsonObject | None = None) -> Risk:
    """Return the risk that the approval chain of a plan must be strong enough for.

    It is the higher risk of two: that of the plan's changes, and that of all settings after it. For a plan that
    certainly reduces access only the changes count, so that closing needs few people.
    """
    change = risk_of(plan, default)
    if only_reduces_access(plan):
        return change
    return max(change, risk_of_result(plan, default), key=lambda risk: risk.level)


def risk_of_settings(settings: Mapping[Property, Setting], longest_duration: timedelta) -> Risk:
    """Compute the highest risk of a template: the risk of writing its settings for a completely closed partner.

    A setting that it returns to the tenant's default counts as fully open, because the default may be fully open. Trust
    flags that it does not name count as set, because another request may have set them. Microsoft 365 capabilities that
    it does not name count as off: the request for a partner counts those that the tenant's default gives.

    :param longest_duration: the longest duration of the template.
    """
    tenant_id = TenantId("00000000-0000-0000-0000-000000000000")
    trust = to_document(settings.get(Property.INBOUND_TRUST)) or {}
    trust_before = {flag: flag not in trust for flag in FLAGS[Property.INBOUND_TRUST].values()}
    no_capabilities: JsonObject = {M365_CAPABILITIES: []}
    try:
        plan = plan_access(
            tenant_id=tenant_id,
            before={"tenantId": tenant_id, **BLOCK, Property.INBOUND_TRUST.value: trust_before, **no_capabilities},
            settings=settings,
            template="",
            template_hash="",
            duration=longest_duration,
        )
    except NothingToChange:
        return _risk_from([])
    return risk_of(plan, no_capabilities)


def requirement_of(level: RiskLevel) -> ChainRequirement:
    """Return the number of distinct people and of stages that a plan of this risk needs at least."""
    return _REQUIRED[level]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainWeakness:
    """An approval chain that is too weak for a risk level."""

    level: RiskLevel
    people: int
    """How many approvers the approval chain has."""
    stages: int
    """How many stages the approval chain has."""

    def as_value(self) -> dict[str, Any]:
        """Return JSON values: `level`; `people` and `stages` of the chain; `needs_people` and `needs_stages`."""
        requirement = requirement_of(self.level)
        return {
            "level": self.level.word,
            "needs_people": requirement.people,
            "needs_stages": requirement.stages,
            "people": self.people,
            "stages": self.stages,
        }


def weakness_of(stages: Sequence[Stage], level: RiskLevel) -> ChainWeakness | None:
    """Return why an approval chain is too weak for a risk level; None when it is strong enough."""
    requirement, people = requirement_of(level), sum(stage.quorum for stage in stages)
    if people >= requirement.people and len(stages) >= requirement.stages:
        return None
    return ChainWeakness(level=level, people=people, stages=len(stages))


def _reasons(item: SettingChange, after: EffectiveSettings) -> Iterator[RiskReason]:
    if item.part in (SettingPart.UNREADABLE, SettingPart.UNKNOWN_MEMBERS):
        yield RiskReason.UNREADABLE
    elif item.part is SettingPart.FLAG:
        yield _FLAGS[item.name, item.key]
        if item.name == Property.INBOUND_TRUST and _is_all_trusted(after):
            yield RiskReason.ALL_TRUST
    elif item.name == IDENTITY_SYNCHRONIZATION:
        yield RiskReason.SYNCHRONIZATION
    elif item.part is SettingPart.CAPABILITIES_NOT_READ:
        yield RiskReason.CAPABILITIES_NOT_READ
    elif item.part is SettingPart.CAPABILITY:
        yield _capability_reason(CapabilityName(item.key), after)
    else:
        yield from _target_reasons(Property(item.name), after)


def _is_all_trusted(after: EffectiveSettings) -> bool:
    """Return whether MFA and a device claim are both trusted. An unknown flag counts as trusted."""
    trust = Property.INBOUND_TRUST
    mfa, *devices = (after.flags[trust, key].value is not False for key in FLAGS[trust])
    return mfa and any(devices)


def _target_reasons(name: Property, after: EffectiveSettings) -> Iterator[RiskReason]:
    *_, applications = configurations(after.targets[name].certain_setting)
    match name:
        case Property.B2B_COLLABORATION_INBOUND:
            if is_unbounded(applications):
                yield RiskReason.ALL_APPLICATIONS
        case Property.B2B_COLLABORATION_OUTBOUND:
            yield _outbound_reason(applications)
        case Property.B2B_DIRECT_CONNECT_INBOUND | Property.B2B_DIRECT_CONNECT_OUTBOUND:
            yield (
                RiskReason.DIRECT_CONNECT_INBOUND
                if name is Property.B2B_DIRECT_CONNECT_INBOUND
                else RiskReason.DIRECT_CONNECT_OUTBOUND
            )
            if is_unbounded(applications):
                yield RiskReason.DIRECT_CONNECT_ALL
        case _:
            yield RiskReason.OTHER


def _capability_reason(name: CapabilityName, after: EffectiveSettings) -> RiskReason:
    """Return the reason for an opened capability. An unknown scope counts as everybody's data."""
    if name is CapabilityName.CALENDAR_EVERYTHING:
        return RiskReason.MEETING_DETAILS_ALL
    if name not in _MEETING_DETAILS:
        return RiskReason.CAPABILITIES
    (people,) = configurations(after.capabilities[name].setting)
    is_limited = people is not None and people.access is AccessType.ALLOWED and not _names_all_users(people)
    return RiskReason.MEETING_DETAILS if is_limited else RiskReason.MEETING_DETAILS_ALL


def _names_all_users(people: TargetConfiguration) -> bool:
    return any(target.id == ALL_USERS for target in people.targets)


def _outbound_reason(applications: TargetConfiguration | None) -> RiskReason:
    if not is_unbounded(applications):
        return RiskReason.OUTBOUND
    if applications is None or applications.access is AccessType.BLOCKED:
        return RiskReason.OUTBOUND_ALL
    target_ids = {target.id for target in applications.targets}
    return RiskReason.OUTBOUND_MICROSOFT if target_ids == {ALL_MICROSOFT_APPS} else RiskReason.OUTBOUND_ALL


def _risk_from(reasons: Sequence[RiskReason]) -> Risk:
    ordered = sorted(dict.fromkeys(reasons), key=lambda reason: -reason.level)
    level = max((reason.level for reason in ordered), default=RiskLevel.LOW)
    return Risk(level=level, reasons=tuple(ordered))

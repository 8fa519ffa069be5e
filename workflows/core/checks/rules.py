"""The rules that a plan must meet before approval is requested: pure functions, each with its source.

Only the settings that the plan writes are checked, with the effective values after it. When a rule needs a fact that
is not known, its finding says so.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from workflows.core.checks.application_access import Capability, Direction, application_access
from workflows.core.checks.findings import Finding, FindingCode, Severity, Source
from workflows.core.checks.tenant_facts import CapabilityAccess
from workflows.core.errors.raised import UnreadableSetting
from workflows.core.plans.plan import Plan, changes
from workflows.core.plans.writes.capability_writes import are_capabilities_read
from workflows.core.settings.access_change import has_two_deny_lists, is_certainly_blocked
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.certainty import Doubt, setting_doubts
from workflows.core.settings.documents import parse_targets
from workflows.core.settings.effective import EffectiveSettings, Origin, effective_settings
from workflows.core.settings.model import (
    ALL_APPLICATIONS,
    ALL_MICROSOFT_APPS,
    ALL_USERS,
    B2B_PROPERTIES,
    FLAGS,
    IDENTITY_SYNCHRONIZATION,
    OFFICE_365,
    TARGET_PROPERTIES,
    AccessType,
    Property,
    Target,
    TargetConfiguration,
    TargetSetting,
    TargetType,
    configurations,
    lists_of,
)

RIGHTS_MANAGEMENT: Final = "00000012-0000-0000-c000-000000000000"
"""The application id of Microsoft Rights Management Services, which decrypts mail."""
OVERVIEW: Final = "Graph: “Cross-tenant access settings API overview”"
ENTRA_OVERVIEW: Final = "Entra: “Cross-tenant access overview”"
COLLABORATION: Final = "Entra: “Configure B2B collaboration cross-tenant access”"
DIRECT_CONNECT: Final = "Entra: “B2B Direct Connect Setup”"
SYNCHRONIZATION: Final = "Entra: “Configure cross-tenant synchronization using PowerShell or Microsoft Graph API”"
CAPABILITIES: Final = "Graph: “Microsoft 365 cross-tenant access policy API overview”"
CROSS_CLOUD: Final = "Entra: “Cross Cloud Settings”"

_RESERVED: Final = frozenset({ALL_USERS, ALL_APPLICATIONS, OFFICE_365, ALL_MICROSOFT_APPS})
_INBOUND: Final = frozenset(
    {
        Property.B2B_COLLABORATION_INBOUND,
        Property.B2B_DIRECT_CONNECT_INBOUND,
        Property.M365_COLLABORATION_INBOUND,
        Property.TENANT_RESTRICTIONS,
    }
)
_DIRECT: Final = (Property.B2B_DIRECT_CONNECT_INBOUND, Property.B2B_DIRECT_CONNECT_OUTBOUND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Facts that the rules need besides the plan; each is None when it is not known."""

    default: JsonObject | None = None
    """The tenant's default configuration."""
    asks_guests_for_mfa: bool | None = None
    """Whether Conditional Access requires MFA from people of other tenants."""
    capability_access: CapabilityAccess | None = None
    """Whether Microsoft 365 capabilities can be read and written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _CheckedPlan:
    """The values that the rules use, computed once from the plan."""

    written: frozenset[str]
    settings: dict[Property, TargetSetting]
    """The settings with target lists that the plan writes."""
    after: EffectiveSettings
    circumstances: Circumstances
    is_cross_cloud: bool
    are_capabilities_read: bool
    """Whether the list of Microsoft 365 capabilities was read: the partner's, or the default's for a new partner."""


def check_plan(plan: Plan, circumstances: Circumstances) -> tuple[Finding, ...]:
    """Check what a plan writes against every rule, and return the findings, errors first."""
    written = frozenset(change.name for change in changes(plan))
    settings = {}
    for change in changes(plan):
        setting = _readable(change.name, change.after)
        if setting is not None:
            settings[Property(change.name)] = setting
    is_cross_cloud = plan.is_cross_cloud
    after = effective_settings(plan.configuration_after(), circumstances.default, is_cross_cloud=is_cross_cloud)
    case = _CheckedPlan(
        written=written,
        settings=settings,
        after=after,
        circumstances=circumstances,
        is_cross_cloud=is_cross_cloud,
        are_capabilities_read=are_capabilities_read(plan, circumstances.default),
    )
    findings = dict.fromkeys(finding for rule in _RULES for finding in rule(case))
    return tuple(sorted(findings, key=lambda finding: _ORDER.index(finding.severity)))


def _block_pairs(checked_plan: _CheckedPlan) -> Iterator[Finding]:
    """Report B2B settings whose two lists contradict each other: only one blocks everything, or only one is empty."""
    for name in B2B_PROPERTIES:
        users, applications = _both(checked_plan.settings.get(name))
        if users is None or applications is None:
            continue
        if _blocks_all(users) != _blocks_all(applications):
            yield _error(FindingCode.HALF_A_BLOCK, OVERVIEW, setting=name.value)
        elif bool(users.targets) != bool(applications.targets):
            yield _error(FindingCode.NOBODY_OR_NOTHING, OVERVIEW, setting=name.value)


def _mixed_targets(checked_plan: _CheckedPlan) -> Iterator[Finding]:
    for name, setting in checked_plan.settings.items():
        for target_list, configuration in zip(lists_of(name), configurations(setting), strict=True):
            ids = {target.id for target in configuration.targets} if configuration else set()
            if target_list.word_for_all in ids and len(ids) > 1:
                yield _error(
                    FindingCode.ALL_AND_SOME, Source.OWN_RULE, setting=name.value, everything=target_list.word_for_all
                )


def _unclear_lists(checked_plan: _CheckedPlan) -> Iterator[Finding]:
    """Report written lists whose meaning Microsoft does not document, unless another rule reports them."""
    for name, setting in checked_plan.settings.items():
        for doubt in setting_doubts(setting):
            if doubt not in (Doubt.ALL_AND_SOME, Doubt.BLOCK_OF_ONE_LIST):
                yield _warning(FindingCode.UNCLEAR_LIST, Source.OWN_RULE, setting=name.value, doubt=doubt.value)


def _two_deny_lists(checked_plan: _CheckedPlan) -> Iterator[Finding]:
    for name, setting in checked_plan.settings.items():
        if has_two_deny_lists(setting):
            yield _warning(FindingCode.TWO_DENY_LISTS, OVERVIEW, setting=name.value)


def _foreign_ids(checked_plan: _CheckedPlan) -> Iterator[Finding]:
    names = [name.value for name in checked_plan.settings if name in _INBOUND and _people(checked_plan.settings[name])]
    if names:
        yield _finding(FindingCode.FOREIGN_IDS, Severity.UNCHECKED, COLLABORATION, settings=names)


def _direct_connect_trust(checked_plan: _CheckedPlan) -> Iterator[Finding]:
    inbound = Property.B2B_DIRECT_CONNECT_INBOUND
    if inbound not in checked_plan.written or is_certainly_blocked(checked_plan.after.targets[inbound].certain_setting):
        return
    if checked_plan.after.flags[Property.INBOUND_TRUST, "mfa"].value:
        return
    asks = checked_plan.circumstances.asks_guests_for_mfa
    if asks is not False:
        severity = Severity.ERROR if asks else Severity.UNCHECKED
        yield _finding(FindingCode.DIRECT_CONNECT_WITHOUT_TRUST, severity, DIRECT_CONNECT, asks_for_mfa=asks)


def _synchronization(checked_plan: _CheckedPlan) -> Iterator[Finding]:
    redemption = checked_plan.after.flags[Property.AUTOMATIC_REDEMPTION, "inbound"].value
    is_written = checked_plan.written & {IDENTITY_SYNCHRONIZATION, Property.AUTOMATIC_REDEMPTION}
    if (
        is_written
        and checked_plan.after.flags[Property.IDENTITY_SYNCHRONIZATION, "is_allowed"].value
        and not redemption
    ):
        yield _error(FindingCode.SYNCHRONIZATION_WITHOUT_REDEMPTION, SYNCHRONIZATION)


def _capabilities(checked_plan: _CheckedPlan) -> Iterator[Finding]:
    """Report capabilities that cannot be written safely, that would have no effect, or that something may replace."""
    if Property.M365_CAPABILITIES not in checked_plan.written:
        return
    if not checked_plan.are_capabilities_read:
        access = checked_plan.circumstances.capability_access
        yield _error(FindingCode.CAPABILITIES_UNAVAILABLE, CAPABILITIES, access=access)
    written = checked_plan.after.capabilities.values()
    if all(is_certainly_blocked(found.setting) for found in written if found.origins == (Origin.SET_HERE,)):
        return
    if is_certainly_blocked(checked_plan.after.targets[Property.M365_COLLABORATION_INBOUND].certain_setting):
        yield _error(FindingCode.CAPABILITIES_WITHOUT_COLLABORATION, CAPABILITIES)
    yield _finding(FindingCode.ORGANIZATION_RELATIONSHIPS_UNCHECKED, Severity.UNCHECKED, CAPABILITIES)


def _other_cloud(checked_plan: _CheckedPlan) -> Iterator[Finding]:
    if not checked_plan.is_cross_cloud:
        return
    opened_changes = [
        name.value
        for name in _DIRECT
        if name in checked_plan.settings and not is_certainly_blocked(checked_plan.settings[name])
    ]
    if opened_changes:
        yield _error(FindingCode.CROSS_CLOUD_DIRECT_CONNECT, CROSS_CLOUD, settings=opened_changes)
    yield _warning(FindingCode.CROSS_CLOUD, CROSS_CLOUD)


def _rights_management(checked_plan: _CheckedPlan) -> Iterator[Finding]:
    name = Property.B2B_COLLABORATION_OUTBOUND
    if name not in checked_plan.settings or is_certainly_blocked(checked_plan.settings[name]):
        return  # a full block is reported as a consequence, and cannot exclude one application
    access = application_access(
        checked_plan.after,
        direction=Direction.OUTBOUND,
        capability=Capability.B2B_COLLABORATION,
        user=_some_of(checked_plan.settings[name]),
        application=RIGHTS_MANAGEMENT,
    )
    if not access.allowed:
        yield _warning(FindingCode.ENCRYPTED_MAIL, COLLABORATION, application=RIGHTS_MANAGEMENT)


def _licences(checked_plan: _CheckedPlan) -> Iterator[Finding]:
    trusts = any(checked_plan.after.flags[Property.INBOUND_TRUST, key].value for key in FLAGS[Property.INBOUND_TRUST])
    everything = (ALL_USERS, ALL_APPLICATIONS)
    selects = any(
        target.id not in everything for setting in checked_plan.settings.values() for target in _targets(setting)
    )
    if selects or (trusts and Property.INBOUND_TRUST in checked_plan.written):
        yield _note(FindingCode.LICENCE_P1, ENTRA_OVERVIEW)
    if any(name in checked_plan.settings and not is_certainly_blocked(checked_plan.settings[name]) for name in _DIRECT):
        yield _note(FindingCode.LICENCE_P1_BOTH, DIRECT_CONNECT)


_RULES: Final[tuple[Callable[[_CheckedPlan], Iterator[Finding]], ...]] = (
    _block_pairs,
    _mixed_targets,
    _synchronization,
    _direct_connect_trust,
    _capabilities,
    _other_cloud,
    _two_deny_lists,
    _unclear_lists,
    _rights_management,
    _foreign_ids,
    _licences,
)
_ORDER: Final = (Severity.ERROR, Severity.WARNING, Severity.UNCHECKED, Severity.NOTE)


def _readable(name: str, document: object) -> TargetSetting | None:
    try:
        return parse_targets(Property(name), document) if name in TARGET_PROPERTIES else None
    except UnreadableSetting:
        return None


def _both(setting: TargetSetting | None) -> tuple[TargetConfiguration | None, TargetConfiguration | None]:
    if setting is None:
        return None, None
    users, applications = configurations(setting)
    return users, applications


def _blocks_all(configuration: TargetConfiguration) -> bool:
    everything = {ALL_USERS, ALL_APPLICATIONS} & {target.id for target in configuration.targets}
    return configuration.access is AccessType.BLOCKED and bool(everything)


def _targets(setting: TargetSetting) -> Iterator[Target]:
    for configuration in configurations(setting):
        if configuration is not None:
            yield from configuration.targets


def _people(setting: TargetSetting) -> list[Target]:
    return [
        target
        for target in _targets(setting)
        if target.type is not TargetType.APPLICATION and target.id not in _RESERVED
    ]


def _some_of(setting: TargetSetting) -> frozenset[str]:
    """Return the targets that the list of users allows, if it names any."""
    users = configurations(setting)[0]
    allowed_users = users.targets if users is not None and users.access is AccessType.ALLOWED else ()
    return frozenset(target.id for target in allowed_users)


def _error(code: FindingCode, source: str, **values: Any) -> Finding:
    return _finding(code, Severity.ERROR, source, **values)


def _warning(code: FindingCode, source: str, **values: Any) -> Finding:
    return _finding(code, Severity.WARNING, source, **values)


def _note(code: FindingCode, source: str) -> Finding:
    return _finding(code, Severity.NOTE, source)


def _finding(code: FindingCode, severity: Severity, source: str, **values: Any) -> Finding:
    return Finding(code=code, severity=severity, source=source, values=values)

"""Compute the effect of a plan on access, for each setting and in total, from the effective values.

When the tenant's default is not known, inherited values are not known, and the effect is unknown too.

The file is long because every effect without a write is read beside the effects of the writes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any, Final, NamedTuple

from workflows.core.errors.raised import UnreadableSetting
from workflows.core.plans.plan import Change, Plan, changes
from workflows.core.settings.access_change import AccessChange, combined_change, flag_change, targets_change
from workflows.core.settings.block import BLOCK
from workflows.core.settings.canonical import JsonObject, computed_once
from workflows.core.settings.capabilities import entry_of, known_names, unknown_and_effective
from workflows.core.settings.documents import is_equivalent, is_same_value, parse_setting
from workflows.core.settings.effective import (
    SYNCHRONIZATION_FLAG,
    EffectiveSettings,
    EffectiveTargets,
    Origin,
    effective_settings,
)
from workflows.core.settings.model import (
    FLAGS,
    IS_SYNC_ALLOWED,
    M365_CAPABILITIES,
    NOBODY,
    SERVICE_PROPERTIES,
    TARGET_PROPERTIES,
    USER_SYNC_INBOUND,
    Capability,
    CapabilityName,
    Property,
    configurations,
    lists_of,
)

_SYNCHRONIZATION_OFF: Final = {USER_SYNC_INBOUND: {IS_SYNC_ALLOWED: False}}
_COLLABORATION: Final = (Property.B2B_COLLABORATION_INBOUND, Property.B2B_COLLABORATION_OUTBOUND)
"""The access that exists with another cloud. B2B direct connect does not (Entra: "Cross Cloud Settings")."""
_MORE: Final = frozenset({AccessChange.OPENS, AccessChange.UNKNOWN})


class SettingPart(Enum):
    """The part of a setting that a change is about."""

    TARGETS = auto()
    """The whole setting: lists of targets."""
    FLAG = auto()
    """One flag, named by `key`."""
    SYNCHRONIZATION = auto()
    """The whole setting: the synchronization policy."""
    CAPABILITY = auto()
    """One Microsoft 365 capability, named by `key`."""
    CAPABILITIES_NOT_READ = auto()
    """All Microsoft 365 capabilities of which no list was read: any of them may be on."""
    NO_FLAGS = auto()
    """The whole setting: no flag is set before or after."""
    UNREADABLE = auto()
    """The whole setting: this version cannot read the value before or the value after."""
    UNKNOWN_MEMBERS = auto()
    """The members that this version does not know."""


class ChangeSubject(NamedTuple):
    """The setting, or part of one, that a change is about. Equal subjects have the same title."""

    name: str
    """Graph's name of the setting."""
    key: str
    """The model's name of a flag, or Graph's name of a capability; empty for a whole setting."""
    is_unknown_members: bool

    @classmethod
    def of(cls, name: str, part: SettingPart, key: str = "") -> "ChangeSubject":
        """Return the subject of a part of a setting."""
        return cls(str(name), key, part is SettingPart.UNKNOWN_MEMBERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChange:
    """The effect of a plan on one setting, or on one flag of a setting."""

    name: str
    """Graph's name of the setting."""
    part: SettingPart
    key: str = ""
    before: Any
    """The partner's own value: a document, a flag, or None for "inherits"."""
    after: Any
    access: AccessChange

    @property
    def subject(self) -> ChangeSubject:
        """Return the setting, or part of one, that the change is about."""
        return ChangeSubject.of(self.name, self.part, self.key)


class BeforeAfter(NamedTuple):
    """The effective settings of the partner before and after a plan."""

    before: EffectiveSettings
    after: EffectiveSettings

    @classmethod
    def of(cls, plan: Plan, default: JsonObject | None) -> "BeforeAfter":
        """Return the effective settings before and after a plan, with the tenant's default (None: not known)."""
        after = plan.configuration_after()
        if plan.before is None and after is not None:
            after = {M365_CAPABILITIES: [], **after}  # a new partner has none of its own
        return cls(
            *(
                effective_settings(configuration, default, is_cross_cloud=plan.is_cross_cloud)
                for configuration in (plan.before, after)
            )
        )


@computed_once
def setting_changes(plan: Plan, default: JsonObject | None = None) -> tuple[SettingChange, ...]:
    """List the effect of a plan on each setting that it writes.

    When a tenant of another cloud is added, the default applies to it. Access that this opens without a write is
    listed too. So are the Microsoft 365 capabilities that more Microsoft 365 collaboration makes effective.

    :param default: the tenant's default configuration; None when it is not known.
    """
    states = BeforeAfter.of(plan, default)
    written = tuple(item for change in changes(plan) for item in _setting_changes(change, states))
    items = (*written, *_changes_by_adding(plan, states))
    if any(item.name == Property.M365_COLLABORATION_INBOUND and item.access in _MORE for item in items):
        return tuple(_with_effective_capabilities(items, plan, default, states))
    return items


def plan_access_change(plan: Plan, default: JsonObject | None = None) -> AccessChange:
    """Return the effect of a whole plan.

    :returns: OPENS when any part opens access. NARROWS when a part reduces access and no part may open any. Otherwise
        SAME or UNKNOWN.
    """
    return overall_change(setting_changes(plan, default))


def overall_change(items: Iterable[SettingChange]) -> AccessChange:
    """Combine several changes by the rule of `plan_access_change`."""
    return combined_change(item.access for item in items)


def changed_kinds(plan: Plan, default: JsonObject | None) -> Mapping[str, AccessChange]:
    """Return each kind of access that a plan changes, by its name in `open_access`, with its change.

    Settings that are written without a change of access are left out.
    """
    found: dict[str, list[AccessChange]] = {}
    for item in setting_changes(plan, default):
        if item.access is not AccessChange.SAME:
            found.setdefault(_kind_name(item), []).append(item.access)
    return {name: combined_change(all_of) for name, all_of in found.items()}


def _kind_name(item: SettingChange) -> str:
    """Return the name that a change has in `open_access`."""
    match item.part:
        case SettingPart.FLAG:
            return f"{item.name}.{FLAGS[Property(item.name)][item.key]}"
        case SettingPart.SYNCHRONIZATION:
            return f"{item.name}.{USER_SYNC_INBOUND}"
        case SettingPart.CAPABILITY:
            return f"{item.name}.{item.key}"
        case _:
            return item.name


def unknown_members(name: str, document: Any) -> dict[str, Any]:
    """List the members of a setting that this version does not know. Nulls and annotations are left out."""
    if not isinstance(document, Mapping):
        return {}
    documented_members = _members(Property(name))
    return {
        key: value
        for key, value in document.items()
        if key not in documented_members and "@" not in key and value is not None
    }


def _setting_changes(change: Change, states: BeforeAfter) -> Iterator[SettingChange]:
    name, before, after = change
    try:
        setting = Property(name)
        own_values = parse_setting(setting, before), parse_setting(setting, after)
    except (UnreadableSetting, ValueError):
        yield SettingChange(
            name=name,
            part=SettingPart.UNREADABLE,
            before=before,
            after=after,
            access=_access_change_by_new_value(change),
        )
        return
    if setting is Property.M365_CAPABILITIES:
        yield from _capability_changes(change, states)
        return
    if setting in FLAGS:
        yield from _flag_changes(setting, own_values, states)
    elif setting in TARGET_PROPERTIES:
        access = _lists_change(states.before.targets[setting], states.after.targets[setting])
        is_same = own_values[0] == own_values[1] and (own_values[0] is not None or not _is_added(states))
        access = AccessChange.SAME if is_same else access
        yield SettingChange(name=setting, part=SettingPart.TARGETS, before=before, after=after, access=access)
    else:
        access = _flag_access_change(setting, SYNCHRONIZATION_FLAG, states)
        yield SettingChange(name=setting, part=SettingPart.SYNCHRONIZATION, before=before, after=after, access=access)
    unknown = unknown_members(name, before), unknown_members(name, after)
    if any(unknown):
        access = AccessChange.SAME if unknown[0] == unknown[1] else AccessChange.UNKNOWN
        yield SettingChange(
            name=name, part=SettingPart.UNKNOWN_MEMBERS, before=unknown[0], after=unknown[1], access=access
        )


def _capability_changes(change: Change, states: BeforeAfter) -> Iterator[SettingChange]:
    """Return one change for each capability whose own entry changes. A plan changes no unknown capability."""
    for name in sorted({*known_names(change.before), *known_names(change.after)}):
        before, after = entry_of(change.before, name), entry_of(change.after, name)
        if not is_same_value(before, after):
            access = _lists_change(states.before.capabilities[name], states.after.capabilities[name])
            yield SettingChange(
                name=Property.M365_CAPABILITIES,
                part=SettingPart.CAPABILITY,
                key=name,
                before=before,
                after=after,
                access=access,
            )


def _with_effective_capabilities(
    items: Sequence[SettingChange], plan: Plan, default: JsonObject | None, states: BeforeAfter
) -> Iterator[SettingChange]:
    """Return the changes, with those of all capabilities that are on afterwards, whether they are written or not.

    Without Microsoft 365 collaboration none had an effect. So each of them is compared with nothing.
    """
    effective = states.after.capabilities
    more = {
        name: change
        for name, found in effective.items()
        if Origin.UNREADABLE not in found.origins
        and (change := targets_change(Capability(name=name, people=NOBODY), found.setting)) in _MORE
    }
    listed = {item.key for item in items if item.part is SettingPart.CAPABILITY}
    for item in items:
        is_less = item.part is SettingPart.CAPABILITY and item.access not in _MORE
        yield replace(item, access=more.get(CapabilityName(item.key), item.access)) if is_less else item
    name = Property.M365_CAPABILITIES.value
    own = [(one or {}).get(name) for one in (plan.before, plan.configuration_after())]
    for key in more:
        if key not in listed:
            before, after = (entry_of(one, key) for one in own)
            yield SettingChange(
                name=name, part=SettingPart.CAPABILITY, key=key, before=before, after=after, access=more[key]
            )
    others = unknown_and_effective(own[1], (default or {}).get(name))
    parts = {SettingPart.UNKNOWN_MEMBERS: others or None}
    if any(Origin.UNREADABLE in found.origins for found in effective.values()):
        parts[SettingPart.CAPABILITIES_NOT_READ] = {}
    for part, value in parts.items():
        if value is not None:
            yield SettingChange(name=name, part=part, before=None, after=value, access=AccessChange.UNKNOWN)


def _changes_by_adding(plan: Plan, states: BeforeAfter) -> Iterator[SettingChange]:
    """Return the changes that the plan does not write, but that follow from adding a tenant of another cloud."""
    if not plan.operations or not _is_added(states):
        return
    written = {change.name for change in changes(plan)}
    for name in (*_COLLABORATION, *SERVICE_PROPERTIES):
        after = states.after.targets[name]
        # If the default does not set the other lists, it is not known what becomes open.
        if name in written or (name in SERVICE_PROPERTIES and None in configurations(after.setting)):
            continue
        access = _lists_change(states.before.targets[name], after)
        if access is not AccessChange.SAME:
            yield SettingChange(name=name, part=SettingPart.TARGETS, before=None, after=None, access=access)
    if Property.INBOUND_TRUST not in written:
        for key in FLAGS[Property.INBOUND_TRUST]:
            access = _flag_access_change(Property.INBOUND_TRUST, key, states)
            if access is not AccessChange.SAME:
                yield SettingChange(
                    name=Property.INBOUND_TRUST, part=SettingPart.FLAG, key=key, before=None, after=None, access=access
                )


def _lists_change(before: EffectiveTargets, after: EffectiveTargets) -> AccessChange:
    """Compare the effective values before and after. Two uncertain values do not count as the same."""
    if (before.is_partly_set or after.is_partly_set) and before.certain_setting == after.certain_setting:
        return AccessChange.UNKNOWN
    return targets_change(before.certain_setting, after.certain_setting)


def _is_added(states: BeforeAfter) -> bool:
    """Return whether a plan adds a tenant of another cloud, to which the default did not apply before."""
    origins_before = states.before.targets[Property.B2B_COLLABORATION_INBOUND].origins
    becomes = states.after.targets[Property.B2B_COLLABORATION_INBOUND].origins
    return Origin.NOT_ADDED in origins_before and Origin.NOT_ADDED not in becomes


def _flag_changes(name: Property, own_values: tuple[Any, Any], states: BeforeAfter) -> Iterator[SettingChange]:
    """Return one change for each flag that is set before or after. Without such a flag, return one for the setting."""
    has_flag = False
    for key in FLAGS[name]:
        before, after = (getattr(side, key, None) for side in own_values)
        access = _flag_access_change(name, key, states)
        if before is None and after is None and (access is AccessChange.SAME or not _is_added(states)):
            continue
        has_flag = True
        yield SettingChange(name=name, part=SettingPart.FLAG, key=key, before=before, after=after, access=access)
    if not has_flag:
        yield SettingChange(name=name, part=SettingPart.NO_FLAGS, before=None, after=None, access=AccessChange.SAME)


def _flag_access_change(name: Property, key: str, states: BeforeAfter) -> AccessChange:
    return flag_change(states.before.flags[name, key].value, states.after.flags[name, key].value)


def _access_change_by_new_value(change: Change) -> AccessChange:
    """Return the change from the new value alone. A setting that a revocation writes counts as closed."""
    if change.before == change.after:
        return AccessChange.SAME
    closed = {**BLOCK, Property.IDENTITY_SYNCHRONIZATION.value: _SYNCHRONIZATION_OFF}
    document = change.after
    if change.name == Property.IDENTITY_SYNCHRONIZATION and isinstance(document, Mapping):
        document = {USER_SYNC_INBOUND: document.get(USER_SYNC_INBOUND)}
    closed_value = closed.get(change.name)
    return (
        AccessChange.CLOSES
        if closed_value is not None and is_equivalent(document, closed_value)
        else AccessChange.UNKNOWN
    )


def _members(name: Property) -> frozenset[str]:
    if name in FLAGS:
        return frozenset(FLAGS[name].values())
    if name in TARGET_PROPERTIES:
        return frozenset(target_list.graph_name for target_list in lists_of(name))
    return frozenset({USER_SYNC_INBOUND, "displayName", "tenantId"})

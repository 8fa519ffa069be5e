"""What a plan does to the access, setting by setting and as a whole, on the values that really apply.

What is inherited counts with the tenant's default where that is known; where it is not, nothing is claimed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final, NamedTuple

from workflows.core.errors import UnreadableSetting
from workflows.core.plans.plan import Change, Plan, changes
from workflows.core.settings.block import BLOCK
from workflows.core.settings.breadth import AccessChange, flag_change, targets_change
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import means_the_same, parse_setting
from workflows.core.settings.effective import SYNCHRONIZATION_FLAG, Effective, EffectiveTargets, Origin, effective
from workflows.core.settings.model import (
    FLAGS,
    TARGET_PROPERTIES,
    Property,
    configurations,
    lists_of,
)

_OFF: Final = {"userSyncInbound": {"isSyncAllowed": False}}
_COLLABORATION: Final = (Property.B2B_COLLABORATION_INBOUND, Property.B2B_COLLABORATION_OUTBOUND)
"""B2B direct connect does not work with another cloud (Entra: "Cross Cloud Settings")."""
_OTHER_LISTS: Final = (
    Property.M365_COLLABORATION_INBOUND,
    Property.M365_COLLABORATION_OUTBOUND,
    Property.APP_SERVICE_CONNECT_INBOUND,
)


class Part(Enum):
    """Which part of a setting a move is about."""

    TARGETS = auto()
    """All of it: lists of targets."""
    FLAG = auto()
    """One flag, `key`."""
    SYNCHRONIZATION = auto()
    """All of it: the synchronization policy."""
    NO_FLAGS = auto()
    """All of it: neither side sets a flag."""
    UNREADABLE = auto()
    """All of it, one side of which this version cannot read."""
    UNKNOWN_MEMBERS = auto()
    """The members that this version does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChange:
    """One setting, or one flag of it, and what a plan does to it."""

    name: str
    """Graph's name of the setting."""
    part: Part
    key: str = ""
    before: Any
    """The partner's own value: a document, a flag, or None for "inherits"."""
    after: Any
    access: AccessChange


class BeforeAfter(NamedTuple):
    """What applies to the partner before a plan and after it."""

    before: Effective
    after: Effective

    @classmethod
    def of(cls, plan: Plan, default: JsonObject | None) -> "BeforeAfter":
        """Look at both sides of a plan through the tenant's default (None: not known)."""
        images = (plan.before, plan.image_after())
        return cls(*(effective(image, default, is_cross_cloud=plan.is_cross_cloud) for image in images))


def setting_changes(plan: Plan, default: JsonObject | None = None) -> tuple[SettingChange, ...]:
    """List what a plan does to each setting that it writes.

    Adding a tenant of another cloud also lets the default apply to it: what that opens without being written is listed
    as well.

    :param default: the tenant's default configuration; None when it is not known.
    """
    both = BeforeAfter.of(plan, default)
    written = tuple(item for change in changes(plan) for item in _setting_changes(change, both))
    return (*written, *_changes_by_adding(plan, both))


def plan_access_change(plan: Plan, default: JsonObject | None = None) -> AccessChange:
    """Tell what a whole plan does: it opens when any part does, and narrows only when nothing else may.

    :returns: OPENS, NARROWS, SAME or UNKNOWN.
    """
    return overall_change(setting_changes(plan, default))


def overall_change(told: Iterable[SettingChange]) -> AccessChange:
    """Sum moves up as `plan_access_change` does for all of a plan's."""
    kinds = {item.access for item in told}
    if AccessChange.OPENS in kinds:
        return AccessChange.OPENS
    if AccessChange.UNKNOWN in kinds:
        return AccessChange.UNKNOWN
    return AccessChange.NARROWS if kinds & {AccessChange.NARROWS, AccessChange.CLOSES} else AccessChange.SAME


def unknown_members(name: str, document: Any) -> dict[str, Any]:
    """List the members of a setting that this version does not know; nulls and annotations say nothing."""
    if not isinstance(document, Mapping):
        return {}
    known = _members(Property(name))
    return {key: value for key, value in document.items() if key not in known and "@" not in key and value is not None}


def _setting_changes(change: Change, both: BeforeAfter) -> Iterator[SettingChange]:
    name, before, after = change
    try:
        known = Property(name)
        sides = parse_setting(known, before), parse_setting(known, after)
    except (UnreadableSetting, ValueError):
        yield SettingChange(
            name=name, part=Part.UNREADABLE, before=before, after=after, access=_change_to_after(change)
        )
        return
    if known in FLAGS:
        yield from _flag_changes(known, sides, both)
    elif known in TARGET_PROPERTIES:
        access = _lists_change(both.before.targets[known], both.after.targets[known])
        is_same = sides[0] == sides[1] and (sides[0] is not None or not _is_added(both))
        access = AccessChange.SAME if is_same else access
        yield SettingChange(name=known, part=Part.TARGETS, before=before, after=after, access=access)
    else:
        access = _flag_access_change(known, SYNCHRONIZATION_FLAG, both)
        yield SettingChange(name=known, part=Part.SYNCHRONIZATION, before=before, after=after, access=access)
    unknown = unknown_members(name, before), unknown_members(name, after)
    if any(unknown):
        access = AccessChange.SAME if unknown[0] == unknown[1] else AccessChange.UNKNOWN
        yield SettingChange(name=name, part=Part.UNKNOWN_MEMBERS, before=unknown[0], after=unknown[1], access=access)


def _changes_by_adding(plan: Plan, both: BeforeAfter) -> Iterator[SettingChange]:
    """Give what a plan opens for a tenant of another cloud by adding it, in settings that it does not write."""
    if not plan.operations or not _is_added(both):
        return
    written = {change.name for change in changes(plan)}
    for name in (*_COLLABORATION, *_OTHER_LISTS):
        after = both.after.targets[name]
        # A default that says nothing of the other lists opens nothing that anybody could name.
        if name in written or (name in _OTHER_LISTS and None in configurations(after.setting)):
            continue
        access = _lists_change(both.before.targets[name], after)
        if access is not AccessChange.SAME:
            yield SettingChange(name=name, part=Part.TARGETS, before=None, after=None, access=access)
    if Property.INBOUND_TRUST not in written:
        for key in FLAGS[Property.INBOUND_TRUST]:
            access = _flag_access_change(Property.INBOUND_TRUST, key, both)
            if access is not AccessChange.SAME:
                yield SettingChange(
                    name=Property.INBOUND_TRUST, part=Part.FLAG, key=key, before=None, after=None, access=access
                )


def _lists_change(before: EffectiveTargets, after: EffectiveTargets) -> AccessChange:
    """Compare what applies before and after; two values that are not certain are not the same for that."""
    if (before.is_partly_set or after.is_partly_set) and before.certain == after.certain:
        return AccessChange.UNKNOWN
    return targets_change(before.certain, after.certain)


def _is_added(both: BeforeAfter) -> bool:
    """Tell whether a plan adds a tenant of another cloud, to which the default did not apply before."""
    was = both.before.targets[Property.B2B_COLLABORATION_INBOUND].origins
    becomes = both.after.targets[Property.B2B_COLLABORATION_INBOUND].origins
    return Origin.NOT_ADDED in was and Origin.NOT_ADDED not in becomes


def _flag_changes(name: Property, sides: tuple[Any, Any], both: BeforeAfter) -> Iterator[SettingChange]:
    """One for each flag that either side sets; one for the whole setting where neither does."""
    told = False
    for key in FLAGS[name]:
        before, after = (getattr(side, key, None) for side in sides)
        access = _flag_access_change(name, key, both)
        if before is None and after is None and (access is AccessChange.SAME or not _is_added(both)):
            continue
        told = True
        yield SettingChange(name=name, part=Part.FLAG, key=key, before=before, after=after, access=access)
    if not told:
        yield SettingChange(name=name, part=Part.NO_FLAGS, before=None, after=None, access=AccessChange.SAME)


def _flag_access_change(name: Property, key: str, both: BeforeAfter) -> AccessChange:
    return flag_change(both.before.flags[name, key].value, both.after.flags[name, key].value)


def _change_to_after(change: Change) -> AccessChange:
    """Judge by the value after alone: what a revocation writes closes, whatever stood there before."""
    if change.before == change.after:
        return AccessChange.SAME
    closed = {**BLOCK, Property.IDENTITY_SYNCHRONIZATION.value: _OFF}
    document = change.after
    if change.name == Property.IDENTITY_SYNCHRONIZATION and isinstance(document, Mapping):
        document = {"userSyncInbound": document.get("userSyncInbound")}
    wanted = closed.get(change.name)
    return AccessChange.CLOSES if wanted is not None and means_the_same(document, wanted) else AccessChange.UNKNOWN


def _members(name: Property) -> frozenset[str]:
    if name in FLAGS:
        return frozenset(FLAGS[name].values())
    if name in TARGET_PROPERTIES:
        return frozenset(target_list.graph for target_list in lists_of(name))
    return frozenset({"userSyncInbound", "displayName", "tenantId"})

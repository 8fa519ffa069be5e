"""Find how much access a setting allows, and whether a change increases or reduces it. The result may be "unknown"."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from workflows.core.settings.certainty import blocks_all, list_doubt, setting_doubts
from workflows.core.settings.model import (
    ALL_APPLICATIONS,
    ALL_MICROSOFT_APPS,
    ALL_USERS,
    AccessType,
    Target,
    TargetConfiguration,
    TargetSetting,
    TargetType,
    configurations,
    named_lists,
)

_MICROSOFT_APPS: Final = Target(type=TargetType.APPLICATION, id=ALL_MICROSOFT_APPS)


class AccessChange(StrEnum):
    """The effect of a change on access. Records and JSON keep the values, so they never change."""

    OPENS = "opens"
    REDUCES = "narrows"
    CLOSES = "closes"
    SAME = "no change"
    UNKNOWN = "may open or narrow"

    @property
    def opens(self) -> bool | None:
        """Return True for more access, False for less access, None when it is neither or not known."""
        return {AccessChange.OPENS: True, AccessChange.REDUCES: False, AccessChange.CLOSES: False}.get(self)


def combined_change(parts: Iterable[AccessChange]) -> AccessChange:
    """Return the effect of several changes together.

    :returns: OPENS when any part opens access. REDUCES when a part gives less and no part may open any. Otherwise
        SAME or UNKNOWN.
    """
    effects = frozenset(parts)
    for one in (AccessChange.OPENS, AccessChange.UNKNOWN):
        if one in effects:
            return one
    return AccessChange.REDUCES if effects & {AccessChange.REDUCES, AccessChange.CLOSES} else AccessChange.SAME


@dataclass(frozen=True, slots=True)
class _TargetSet:
    """A set of targets: exactly `targets`, or all targets except them."""

    is_complement: bool
    targets: frozenset[Target]

    @property
    def is_nothing(self) -> bool:
        return not self.is_complement and not self.targets

    @property
    def is_everything(self) -> bool:
        return self.is_complement and not self.targets

    def shared_with(self, other: "_TargetSet") -> "_TargetSet | None":
        """Return what is in both sets; None when it is not certain, because a user may be in a group that is left out.

        Ids are compared without upper and lower case, as Graph does.
        """
        if self.is_everything or other.is_everything:
            return other if self.is_everything else self
        if self.is_complement is not other.is_complement:
            return None
        if self.is_complement:
            return _TargetSet(True, self.targets | other.targets)
        ids = {(target.type, target.id.lower()) for target in other.targets}
        return _TargetSet(False, frozenset(one for one in self.targets if (one.type, one.id.lower()) in ids))

    def contains(self, other: "_TargetSet") -> bool:
        """Return whether `other` is certainly a subset of this set.

        It is not visible here that a user is in a group, or that an application belongs to Office 365. So only equal
        ids are compared.
        """
        if self.is_everything or other.is_nothing:
            return True
        if self.is_complement and other.is_complement:
            return self.targets <= other.targets
        return not self.is_complement and not other.is_complement and other.targets <= self.targets


def is_certainly_blocked(setting: TargetSetting | None) -> bool:
    """Return whether the setting certainly blocks everybody, whatever the tenant's default is.

    A block needs both lists. When only one of two lists blocks everything, the effect is not certain (Graph:
    "Cross-tenant access settings API overview"). Such a setting does not count as blocked.
    """
    return setting is not None and not setting_doubts(setting) and all(map(blocks_all, configurations(setting)))


def is_wide_open(setting: TargetSetting | None) -> bool:
    """Return whether every user can use every application."""
    return setting is not None and all(
        target_set is not None and target_set.is_everything for target_set in _target_sets(setting)
    )


def has_known_meaning(setting: TargetSetting | None) -> bool:
    """Return whether every list of a setting is known, and its meaning is documented."""
    return setting is not None and None not in configurations(setting) and not setting_doubts(setting)


def is_unbounded(applications: TargetConfiguration | None) -> bool:
    """Return whether a list of applications allows more than the applications it names.

    This is true for all applications, for a list of exceptions, and for a list that is unknown or uncertain. It is also
    true for `AllMicrosoftApps`, which includes applications that Microsoft adds later. `Office365` counts as named
    applications, because Microsoft publishes its members (both: Graph, "crossTenantAccessPolicyTarget resource type").
    """
    target_set = _target_set(ALL_APPLICATIONS, applications)
    return target_set is None or target_set.is_complement or _MICROSOFT_APPS in target_set.targets


def allows_nothing(configuration: TargetConfiguration | None) -> bool:
    """Return whether a list certainly allows nothing; False for an unknown list."""
    return blocks_all(configuration)


def has_two_deny_lists(setting: TargetSetting) -> bool:
    """Return whether both lists of a setting are deny-lists of single targets.

    Microsoft's documentation of how Entra combines two deny-lists is ambiguous (Graph: "Cross-tenant access settings
    API overview").
    """
    extents = _target_sets(setting)
    return len(extents) > 1 and all(
        target_set is not None and target_set.is_complement and not target_set.is_everything for target_set in extents
    )


def targets_change(before: TargetSetting | None, after: TargetSetting | None) -> AccessChange:
    """Compare two values of one setting. None as a value, or as one of its lists, means that it is not known.

    An uncertain value counts as open before the change, and as not closed after it.
    """
    if before == after or (is_certainly_blocked(before) and is_certainly_blocked(after)):
        return AccessChange.SAME
    if is_certainly_blocked(after):
        return AccessChange.CLOSES
    if is_certainly_blocked(before):
        return AccessChange.OPENS
    if is_wide_open(after):
        return AccessChange.SAME if is_wide_open(before) else AccessChange.OPENS
    if after is None or not has_known_meaning(after):
        return AccessChange.UNKNOWN
    if is_wide_open(before):
        return AccessChange.REDUCES
    if before is None or not has_known_meaning(before) or has_two_deny_lists(before) or has_two_deny_lists(after):
        return AccessChange.UNKNOWN
    pairs = tuple(zip(_target_sets(before), _target_sets(after), strict=True))
    widens = all(old is not None and new is not None and new.contains(old) for old, new in pairs)
    narrows = all(old is not None and new is not None and old.contains(new) for old, new in pairs)
    if widens and narrows:
        return AccessChange.SAME
    return AccessChange.OPENS if widens else AccessChange.REDUCES if narrows else AccessChange.UNKNOWN


def flag_change(before: bool | None, after: bool | None) -> AccessChange:
    """Compare two values of a flag. True allows more access than false; None means not known."""
    if before is after:
        return AccessChange.SAME
    if after is None:
        # A change from an explicit "no" to an unknown default can only increase access.
        return AccessChange.UNKNOWN if before else AccessChange.OPENS
    return AccessChange.OPENS if after else AccessChange.CLOSES


def list_of_both(everything: str, one: TargetConfiguration, other: TargetConfiguration) -> TargetConfiguration | None:
    """Return the list that allows what both lists allow, by their ids; None when that is not certain.

    :param everything: the reserved word for all targets of these lists.
    """
    sets = _target_set(everything, one), _target_set(everything, other)
    shared = None if sets[0] is None or sets[1] is None else sets[0].shared_with(sets[1])
    if shared is None:
        return None
    kind = TargetType.USER if everything == ALL_USERS else TargetType.APPLICATION
    is_blocked = shared.is_complement if shared.targets else shared.is_nothing
    return TargetConfiguration(
        access=AccessType.BLOCKED if is_blocked else AccessType.ALLOWED,
        targets=tuple(sorted(shared.targets)) or (Target(type=kind, id=everything),),
    )


def _target_sets(setting: TargetSetting) -> tuple[_TargetSet | None, ...]:
    return tuple(
        _target_set(target_list.word_for_all, configuration) for target_list, configuration in named_lists(setting)
    )


def _target_set(everything: str, configuration: TargetConfiguration | None) -> _TargetSet | None:
    """Return the set of targets that a list allows; None when it is not known or not certain."""
    if configuration is None or list_doubt(everything, configuration):
        return None
    is_blocked = configuration.access is AccessType.BLOCKED
    if any(target.id in (ALL_USERS, ALL_APPLICATIONS) for target in configuration.targets):
        return _TargetSet(not is_blocked, frozenset())
    return _TargetSet(is_blocked, frozenset(configuration.targets))

"""How wide a setting opens the door, and whether a change opens or narrows it. Says only what can be shown."""

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
    """What a change does to the access; the values are the words that people read."""

    OPENS = "opens"
    NARROWS = "narrows"
    CLOSES = "closes"
    SAME = "no change"
    UNKNOWN = "may open or narrow"

    @property
    def opens(self) -> bool | None:
        """True when it widens access, False when it narrows it, None when neither is so or neither can be told."""
        return {AccessChange.OPENS: True, AccessChange.NARROWS: False, AccessChange.CLOSES: False}.get(self)


@dataclass(frozen=True, slots=True)
class _Extent:
    """A set of targets: exactly `targets`, or everything but them."""

    is_complement: bool
    targets: frozenset[Target]

    @property
    def is_nothing(self) -> bool:
        return not self.is_complement and not self.targets

    @property
    def is_everything(self) -> bool:
        return self.is_complement and not self.targets

    def contains(self, other: "_Extent") -> bool:
        """Tell whether `other` lies inside for certain.

        Ids may overlap unseen (a user in a group, an application of Office 365), so only equal ids are compared.
        """
        if self.is_everything or other.is_nothing:
            return True
        if self.is_complement and other.is_complement:
            return self.targets <= other.targets
        return not self.is_complement and not other.is_complement and other.targets <= self.targets


def is_shut(setting: TargetSetting | None) -> bool:
    """Tell whether nobody can use anything for certain, whatever the tenant's default is.

    A block has to be whole: where only one of two lists blocks everything it is not certain what Entra does (Graph:
    "Cross-tenant access settings API overview"), so that is not shut.
    """
    return setting is not None and not setting_doubts(setting) and all(map(blocks_all, configurations(setting)))


def is_wide_open(setting: TargetSetting | None) -> bool:
    """Tell whether everybody can use everything."""
    return setting is not None and all(extent is not None and extent.is_everything for extent in _extents(setting))


def is_clear(setting: TargetSetting | None) -> bool:
    """Tell whether everything about a setting is known, and its meaning documented."""
    return setting is not None and None not in configurations(setting) and not setting_doubts(setting)


def is_unbounded(applications: TargetConfiguration | None) -> bool:
    """Tell whether a list of applications lets in more than it names.

    So do everything, a list of exceptions, what is not known or not certain, and `AllMicrosoftApps`: it stands for any
    Microsoft cloud application, whatever is added later included. `Office365` counts as naming applications: it stands
    for one suite whose members Microsoft publishes (both: Graph, "crossTenantAccessPolicyTarget resource type").
    """
    extent = _extent(ALL_APPLICATIONS, applications)
    return extent is None or extent.is_complement or _MICROSOFT_APPS in extent.targets


def is_empty(configuration: TargetConfiguration | None) -> bool:
    """Tell whether a list lets nothing in for certain; an unknown one is not called empty."""
    return blocks_all(configuration)


def is_list_of_exceptions(setting: TargetSetting) -> bool:
    """Tell whether both halves are deny-lists of single targets.

    How Entra combines two of them is documented ambiguously (Graph: "Cross-tenant access settings API overview").
    """
    extents = _extents(setting)
    return len(extents) > 1 and all(
        extent is not None and extent.is_complement and not extent.is_everything for extent in extents
    )


def targets_change(before: TargetSetting | None, after: TargetSetting | None) -> AccessChange:
    """Compare two values of one setting; what is None, whole or in part, is not known.

    What is not certain counts as open before the change and as not closed after it.
    """
    if before == after or (is_shut(before) and is_shut(after)):
        return AccessChange.SAME
    if is_shut(after):
        return AccessChange.CLOSES
    if is_shut(before):
        return AccessChange.OPENS
    if is_wide_open(after):
        return AccessChange.SAME if is_wide_open(before) else AccessChange.OPENS
    if after is None or not is_clear(after):
        return AccessChange.UNKNOWN
    if is_wide_open(before):
        return AccessChange.NARROWS
    if before is None or not is_clear(before) or is_list_of_exceptions(before) or is_list_of_exceptions(after):
        return AccessChange.UNKNOWN
    pairs = tuple(zip(_extents(before), _extents(after), strict=True))
    widens = all(old is not None and new is not None and new.contains(old) for old, new in pairs)
    narrows = all(old is not None and new is not None and old.contains(new) for old, new in pairs)
    if widens and narrows:
        return AccessChange.SAME
    return AccessChange.OPENS if widens else AccessChange.NARROWS if narrows else AccessChange.UNKNOWN


def flag_change(before: bool | None, after: bool | None) -> AccessChange:
    """Compare two values of a flag whose `true` lets more in; None is not known."""
    if before is after:
        return AccessChange.SAME
    if after is None:
        # Conservative: from an explicit "no" to an unknown default can only open.
        return AccessChange.UNKNOWN if before else AccessChange.OPENS
    return AccessChange.OPENS if after else AccessChange.CLOSES


def _extents(setting: TargetSetting) -> tuple[_Extent | None, ...]:
    return tuple(_extent(target_list.everything, configuration) for target_list, configuration in named_lists(setting))


def _extent(everything: str, configuration: TargetConfiguration | None) -> _Extent | None:
    """Give the set that a list lets in; None where it is not known or not certain."""
    if configuration is None or list_doubt(everything, configuration):
        return None
    is_blocked = configuration.access is AccessType.BLOCKED
    if any(target.id in (ALL_USERS, ALL_APPLICATIONS) for target in configuration.targets):
        return _Extent(not is_blocked, frozenset())
    return _Extent(is_blocked, frozenset(configuration.targets))

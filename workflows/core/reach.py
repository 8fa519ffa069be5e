"""How wide a setting opens the door, and whether a change opens or narrows it. Says only what can be shown."""

from dataclasses import dataclass
from enum import StrEnum

from workflows.core.partner import (
    ALL_APPLICATIONS,
    ALL_USERS,
    AccessType,
    B2BSetting,
    Target,
    TargetConfiguration,
)


class Shift(StrEnum):
    """What a change does to the access; the values are the words that people read."""

    OPENS = "opens"
    NARROWS = "narrows"
    CLOSES = "closes"
    SAME = "no change"
    UNKNOWN = "may open or narrow"

    @property
    def opens(self) -> bool | None:
        """True when it widens access, False when it narrows it, None when neither is so or neither can be told."""
        return {Shift.OPENS: True, Shift.NARROWS: False, Shift.CLOSES: False}.get(self)


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


def is_shut(setting: B2BSetting | None) -> bool:
    """Tell whether nobody can use anything, whatever the tenant's default is."""
    return setting is not None and any(extent is not None and extent.is_nothing for extent in _extents(setting))


def is_list_of_exceptions(setting: B2BSetting) -> bool:
    """Tell whether both halves are deny-lists of single targets.

    How Entra combines two of them is documented ambiguously (Graph: "Cross-tenant access settings API overview").
    """
    return all(extent is not None and extent.is_complement and not extent.is_everything for extent in _extents(setting))


def b2b_shift(before: B2BSetting | None, after: B2BSetting | None) -> Shift:
    """Compare two values of one B2B setting; None inherits the tenant's default, which is not known here."""
    if before == after or (is_shut(before) and is_shut(after)):
        return Shift.SAME
    if is_shut(after):
        return Shift.CLOSES
    if is_shut(before) or _is_wide_open(after):
        return Shift.OPENS
    if before is None or after is None or is_list_of_exceptions(before) or is_list_of_exceptions(after):
        return Shift.UNKNOWN
    pairs = tuple(zip(_extents(before), _extents(after), strict=True))
    widens = all(old is not None and new is not None and new.contains(old) for old, new in pairs)
    narrows = all(old is not None and new is not None and old.contains(new) for old, new in pairs)
    if widens and narrows:
        return Shift.SAME
    return Shift.OPENS if widens else Shift.NARROWS if narrows else Shift.UNKNOWN


def flag_shift(before: bool | None, after: bool | None, *, is_off_by_default: bool = False) -> Shift:
    """Compare two values of a flag whose `true` lets more in.

    :param is_off_by_default: None is known to mean false, rather than an unknown default.
    """
    if is_off_by_default:
        before, after = bool(before), bool(after)
    if before is after:
        return Shift.SAME
    if after is None:
        # Conservative: from an explicit "no" to an unknown default can only open.
        return Shift.UNKNOWN if before else Shift.OPENS
    return Shift.OPENS if after else Shift.CLOSES


def _is_wide_open(setting: B2BSetting | None) -> bool:
    return setting is not None and all(extent is not None and extent.is_everything for extent in _extents(setting))


def _extents(setting: B2BSetting) -> tuple[_Extent | None, _Extent | None]:
    return _extent(setting.users_and_groups, ALL_USERS), _extent(setting.applications, ALL_APPLICATIONS)


def _extent(configuration: TargetConfiguration | None, everything: str) -> _Extent | None:
    if configuration is None:
        return None
    is_blocked = configuration.access is AccessType.BLOCKED
    if any(target.id == everything for target in configuration.targets):
        return _Extent(not is_blocked, frozenset())
    return _Extent(is_blocked, frozenset(configuration.targets))

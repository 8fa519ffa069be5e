"""Entries of Entra's audit log about one partner, and whether anybody except Gatehouse changed the partner."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

MAX_CLOCK_DIFFERENCE: Final = timedelta(minutes=1)
"""The largest expected difference between Microsoft's clock and ours. The log is read from that much earlier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerChange:
    """One entry of the audit log about one partner's own configuration."""

    at: datetime
    activity: str
    """Microsoft's name for the change, for example "Update a partner cross-tenant access setting"."""
    changed_by: str
    """The name or id of the person or application; empty when the log has none. It is text from outside."""
    is_ours: bool
    """Whether the application that Gatehouse signs in as made the change."""
    user_id: str = ""
    """The account of the person who made the change, in lower case; empty for an application, or when not named."""
    is_creation: bool = False
    """Whether this change added the partner, so that nothing was set before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedChange:
    """One entry of the audit log, and what it is about."""

    change: PartnerChange
    partners: frozenset[str]
    """The tenant ids that it names, in lower case; empty when it names none."""
    is_default: bool
    """Whether it is about the tenant's default."""
    id: str = ""
    """Microsoft's id of the entry; empty when it has none."""
    correlation_id: str = ""
    """Microsoft's id that connects the entry with other logs; empty when it has none. It is text from outside."""

    def is_about(self, subject: str) -> bool:
        """Return whether the entry may be about a partner, by its tenant id.

        An entry that names no partner and is not about the default counts for every partner.
        """
        return subject in self.partners if self.partners else not self.is_default


class ChangesByPartner:
    """Entries of the audit log, found by partner. They are read once for many partners."""

    def __init__(self, changes: Sequence[LoggedChange]) -> None:
        """Create it of entries in the order of the log."""
        self._changes = changes
        self._of_everybody: list[int] = []
        self._places: dict[str, list[int]] = {}
        for place, logged in enumerate(changes):
            for subject in logged.partners:
                self._places.setdefault(subject, []).append(place)
            if not logged.partners and not logged.is_default:
                self._of_everybody.append(place)

    def about(self, subject: str) -> tuple[PartnerChange, ...]:
        """Return the entries that may be about a partner, in the order of the log; see `LoggedChange.is_about`."""
        places = sorted([*self._places.get(subject, ()), *self._of_everybody])
        return tuple(self._changes[place].change for place in places)


def has_other_authors(changes: Sequence[PartnerChange]) -> bool:
    """Return whether anybody except Gatehouse made a change. An unknown author counts as another author."""
    return not all(change.is_ours for change in changes)

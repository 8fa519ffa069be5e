"""Entra's audit log of one partner: who changed it, and whether anybody but Gatehouse did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

CLOCKS_DIFFER_BY: Final = timedelta(minutes=1)
"""The largest expected difference between Microsoft's clock and ours. The log is read from that much earlier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerChange:
    """One entry of the audit log about one partner's own configuration."""

    at: datetime
    activity: str
    """As Microsoft names it, for example "Update a partner cross-tenant access setting"."""
    by: str
    """Name or id of the person or application; empty when the log names none. Text from outside."""
    is_ours: bool
    """Whether the application that Gatehouse signs in as made the change."""


def has_other_authors(changes: Sequence[PartnerChange]) -> bool:
    """Return whether anybody but Gatehouse made a change. A change without a name counts as somebody else's."""
    return not all(change.is_ours for change in changes)

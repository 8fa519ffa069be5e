"""The interfaces to the time."""

from datetime import datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Gives the present time. Tests and the sandbox use another clock."""

    def now(self) -> datetime:
        """Return the present time, timezone-aware, in UTC."""


class ClockComparison(Protocol):
    """Knows how far our clock is from the clocks of the services that are called."""

    def wrong_by(self) -> timedelta | None:
        """Return how far our clock is ahead, negative when it is behind; None when nothing can be compared now."""

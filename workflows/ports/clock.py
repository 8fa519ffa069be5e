"""The interface to the time."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Gives the present time. Tests and the sandbox use another clock."""

    def now(self) -> datetime:
        """Return the present time, timezone-aware, in UTC."""

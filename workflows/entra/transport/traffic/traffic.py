"""All requests to Graph of a process: one lane for each of its services, and a budget for repeats.

Every connection to Graph shares it, whatever its credential: Graph counts most requests for the whole tenant.
"""

import time
from collections.abc import Callable, Mapping
from typing import Final

from workflows.entra.transport.traffic.lane import Lane

DIRECTORY: Final = "directory"
SERVICES: Final[Mapping[str, str]] = {
    "/auditLogs/": "reports",
    "/admin/": "sharepoint",
    "/identity/conditionalAccess": "conditional_access",
}
"""The services that Graph passes requests to, by the start of their paths. Everything else is the directory.

They fail and throttle apart ("Microsoft Graph service-specific throttling limits").
"""
_MOST_REPEATS: Final = 10.0
"""How many requests may be repeated at once while none succeeds."""
_REPEATS_FOR_A_SUCCESS: Final = 0.1


class RepeatBudget:
    """Allows repeats while they are few. When most requests fail, repeating them all would make it worse."""

    def __init__(self) -> None:
        self._left = _MOST_REPEATS

    def earn(self) -> None:
        """Record a success: for ten of them, one more request may be repeated."""
        self._left = min(self._left + _REPEATS_FOR_A_SUCCESS, _MOST_REPEATS)

    def spend(self) -> bool:
        """Return whether a request may be repeated now."""
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Traffic:
    """The lanes of all services, and the budget for repeats."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.repeats = RepeatBudget()
        self._lanes = {name: Lane(now) for name in (DIRECTORY, *SERVICES.values())}

    def lane_of(self, path: str) -> Lane:
        """Return the lane of the service that a path, below the service root, belongs to."""
        return self._lanes[next((name for start, name in SERVICES.items() if path.startswith(start)), DIRECTORY)]

    def states(self) -> Mapping[str, str]:
        """Return for each service whether it is called; see `CircuitState`."""
        return {name: lane.breaker.state.value for name, lane in self._lanes.items()}

    def throttled(self) -> Mapping[str, int]:
        """Return for each service how often it asked for fewer requests (429) since the start."""
        return {name: lane.throttled for name, lane in self._lanes.items()}

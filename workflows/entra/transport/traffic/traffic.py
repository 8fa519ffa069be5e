"""All requests to Graph of a process: one lane for each of its services, and a budget for repeats.

Every connection to Graph shares it, whatever its credential: Graph counts most requests for the whole tenant.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
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

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        processes: Callable[[], int] = lambda: 1,
        tell: Callable[[str, float], None] | None = None,
    ) -> None:
        """Create it; nothing is paused.

        :param now: returns the present time in seconds.
        :param processes: returns how many processes call Graph now. Each has its part of what Graph allows.
        :param tell: called with the service and the seconds of each pause that Graph asked for.
        """
        self.repeats = RepeatBudget()
        self.processes = processes
        names = (DIRECTORY, *SERVICES.values())
        self._lanes = {
            name: Lane(now, processes=processes, tell=None if tell is None else partial(tell, name)) for name in names
        }

    def pause_as_told(self, service: str, seconds: float) -> None:
        """Send nothing to a service for these seconds, because it asked another process for that."""
        if (lane := self._lanes.get(service)) is not None:
            lane.pause_as_told(seconds)

    def lane_of(self, path: str) -> Lane:
        """Return the lane of the service that a path, below the service root, belongs to."""
        return self._lanes[next((name for start, name in SERVICES.items() if path.startswith(start)), DIRECTORY)]

    def states(self) -> Mapping[str, str]:
        """Return for each service whether it is called; see `CircuitState`."""
        return {name: lane.breaker.state.value for name, lane in self._lanes.items()}

    def throttled(self) -> Mapping[str, int]:
        """Return for each service how often it asked for fewer requests (429) since the start."""
        return {name: lane.throttled for name, lane in self._lanes.items()}

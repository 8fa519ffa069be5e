"""Stop calling a service that does not answer, and try it with one request at a time.

The state is about this process's calls, so it is kept in memory: after a restart, and in every other process, the
service is tried anew. docs/decisions/0057 says why no library is used.
"""

import time
from collections.abc import Callable
from enum import StrEnum
from typing import Final

FAILURES_TO_OPEN: Final = 5
"""How many requests in a row must fail before the service is not called any more."""
OPEN_SECONDS: Final = 30.0
"""How long the service is not called before one request tries it. It doubles while the tries fail."""
LONGEST_OPEN_SECONDS: Final = 120.0


class CircuitState(StrEnum):
    """Whether a service is called."""

    CLOSED = "closed"
    """It is called."""
    OPEN = "open"
    """It is not called."""
    HALF_OPEN = "half_open"
    """One request tries it now."""


class CircuitBreaker:
    """Counts failures in a row. It is told what became of each request, and says whether the next may be sent."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Create it closed.

        :param now: returns the present time in seconds.
        """
        self._now = now
        self._failures = 0
        self._open_seconds = OPEN_SECONDS
        self._open_until: float | None = None
        self._is_tried = False

    @property
    def state(self) -> CircuitState:
        """Return whether the service is called."""
        if self._open_until is None:
            return CircuitState.CLOSED
        return CircuitState.HALF_OPEN if self._is_tried else CircuitState.OPEN

    @property
    def seconds_left(self) -> float:
        """Return the seconds until a request may try the service; 0 when one may now, or the circuit is closed."""
        left = 0.0 if self._open_until is None else self._open_until - self._now()
        # A clock that was set back must not keep a service closed for long.
        return left if 0.0 < left <= LONGEST_OPEN_SECONDS else 0.0

    @property
    def is_passable(self) -> bool:
        """Return whether a request may be sent now. While the service does not answer, one at a time tries it."""
        return self._open_until is None or (not self._is_tried and self.seconds_left == 0)

    def begin(self) -> None:
        """Record that a request is sent. While the service does not answer, that is the one that tries it."""
        self._is_tried = self._open_until is not None and self.seconds_left == 0

    def succeeded(self) -> None:
        """Record an answer: the service is called again."""
        self._failures, self._open_until, self._is_tried = 0, None, False
        self._open_seconds = OPEN_SECONDS

    def failed(self) -> None:
        """Record that a request got no answer, or one that says that the service is out of order."""
        self._failures += 1
        if self._is_tried:
            self._open_seconds = min(2 * self._open_seconds, LONGEST_OPEN_SECONDS)
        if self._is_tried or (self._open_until is None and self._failures >= FAILURES_TO_OPEN):
            self._open_until, self._is_tried = self._now() + self._open_seconds, False

    def ended(self) -> None:
        """Record that a request ended. When it had no result, because its caller stopped waiting, the next may try."""
        self._is_tried = False

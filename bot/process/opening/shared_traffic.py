"""What all connections to Graph share: who goes first, and whether a service answers.

It is made with the first connection, in a thread: it is in Microsoft's packages' only importer.
"""

from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING

from workflows.ports.clock import Clock

if TYPE_CHECKING:
    from workflows.entra import Traffic


class SharedTraffic:
    """The traffic of this process. It is made when it is first needed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._traffic: Traffic | None = None
        self._making = Lock()

    def get(self) -> "Traffic":
        """Return it. Imports Microsoft's packages: never on an event loop."""
        from workflows.entra import Traffic

        with self._making:
            if self._traffic is None:
                self._traffic = Traffic(lambda: self._clock.now().timestamp())
            return self._traffic

    def states(self) -> Mapping[str, str]:
        """Return for each service of Graph whether it is called: `closed`, `open`, `half_open`. Empty before the start.

        The words are those of circuit breakers: closed means that it is called.
        """
        return {} if self._traffic is None else self._traffic.states()

    def throttled(self) -> Mapping[str, int]:
        """Return for each service of Graph how often it asked for fewer requests. Empty before the start."""
        return {} if self._traffic is None else self._traffic.throttled()

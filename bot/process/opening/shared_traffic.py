"""What all connections to Graph share: who goes first, and whether a service answers. And what all processes share.

It is made with the first connection, in a thread: it is in Microsoft's packages' only importer.
"""

from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from workflows.ports.clock import Clock
from workflows.ports.store import Store

if TYPE_CHECKING:
    from bot.slack.outbound.client import SlackClient
    from workflows.entra import Traffic

_PAUSE: Final = "pause:"
"""How the name of a note begins about a pause that Slack or Graph asked for: `pause:graph:directory`."""
_GRAPH: Final = f"{_PAUSE}graph:"
_SLACK: Final = f"{_PAUSE}slack:"


class SharedTraffic:
    """The traffic of this process. It is made when it is first needed.

    Where several processes share the store, a pause that Slack or Graph asks one of them for holds all of them, and
    each has its part of the requests that Graph allows. What is stored
    is sent later. A window is not: what opens it is valid for 3 seconds, so it does not open during a pause.
    """

    def __init__(
        self, clock: Clock, store: Store, client: "SlackClient", start: Callable[[Coroutine[Any, Any, None]], object]
    ) -> None:
        """Create it.

        :param client: is told of the pauses that Slack asked other processes for, and tells of its own.
        :param start: starts work, and logs its errors.
        """
        self._clock = clock
        self._store = store
        self._client = client
        self._start = start
        self._traffic: Traffic | None = None
        self._making = Lock()
        self._told: dict[str, datetime] = {}
        """Until when each pause lasts that was told to other processes. It has as many entries as there are limits."""
        if store.shared_queue is not None:
            store.shared_queue.on_note = self._hear
            client.on_pause = self._tell_of_slack
            client.now = lambda: clock.now().timestamp()

    def get(self) -> "Traffic":
        """Return it. Imports Microsoft's packages: never on an event loop."""
        from workflows.entra import Traffic

        with self._making:
            if self._traffic is None:
                tell = None if self._store.shared_notes is None else self._tell_of_graph
                self._traffic = Traffic(lambda: self._clock.now().timestamp(), self._processes, tell)
            return self._traffic

    def states(self) -> Mapping[str, str]:
        """Return for each service of Graph whether it is called: `closed`, `open`, `half_open`. Empty before the start.

        The words are those of circuit breakers: closed means that it is called.
        """
        return {} if self._traffic is None else self._traffic.states()

    def throttled(self) -> Mapping[str, int]:
        """Return for each service of Graph how often it asked for fewer requests. Empty before the start."""
        return {} if self._traffic is None else self._traffic.throttled()

    def _processes(self) -> int:
        return 1 if self._store.shared_queue is None else self._store.shared_queue.replicas

    def _tell_of_graph(self, service: str, seconds: float) -> None:
        self._tell(f"{_GRAPH}{service}", seconds)

    def _tell_of_slack(self, limit: str, seconds: float) -> None:
        self._tell(f"{_SLACK}{limit}", seconds)

    def _tell(self, name: str, seconds: float) -> None:
        """Tell the other processes of a pause, unless a longer one was told already."""
        until, known = self._clock.now() + timedelta(seconds=seconds), self._told.get(name)
        notes = self._store.shared_notes
        if notes is not None and (known is None or until > known):
            self._told[name] = until
            self._start(notes.put(name, until.isoformat(), kept_for=timedelta(seconds=seconds)))

    def _hear(self, name: str) -> None:
        """Read what another process, or this one, was asked for. An empty name stands for every note."""
        if not name or name.startswith(_PAUSE):
            self._start(self._read(name or _PAUSE))

    async def _read(self, name: str) -> None:
        notes = self._store.shared_notes
        for known, text in ({} if notes is None else await notes.read(name)).items():
            until = datetime.fromisoformat(text)
            self._told[known] = max(until, self._told.get(known, until))
            seconds = (until - self._clock.now()).total_seconds()
            if known.startswith(_SLACK):
                self._client.pause_as_told(known.removeprefix(_SLACK), seconds)
            elif self._traffic is not None:
                self._traffic.pause_as_told(known.removeprefix(_GRAPH), seconds)

"""The numbers about this process, in Prometheus' text format."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from workflows.core.posture.watch.comparison import DRIFT_CODES
from workflows.core.requests.alarms import AlarmCode
from workflows.ports.clock import Clock
from workflows.ports.store import Store

SERVICES: Final = ("directory", "reports", "sharepoint", "conditional_access")
"""The services of Microsoft Graph; a test compares them with those that are called."""
CIRCUITS: Final[Mapping[str, float]] = {"closed": 0.0, "half_open": 0.5, "open": 1.0}


class Metrics:
    """Gauges that are read from the store at each scrape, with one statement, so that they are never outdated."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        lookups: Callable[[], int],
        why_not_ready: Callable[[], Awaitable[str]],
        circuits: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        """Create the gauges.

        :param circuits: returns for each service of Graph whether it is called.
        """
        self._circuits = circuits
        self._store = store
        self._clock = clock
        self._unfinished_lookups = lookups
        self._why_not_ready = why_not_ready
        self._still_due_after_tick: frozenset[str] = frozenset()
        self._ticked_at = 0.0
        self._numbers: tuple[float, ...] = ()
        self._page = b""
        """The text of these numbers; empty until it is made."""
        self.registry = CollectorRegistry()
        self._gauges = tuple(self._all_gauges())
        """In the order of the numbers that `refresh` reads."""

    async def page(self) -> tuple[bytes, str]:
        """Read the numbers now. Returns the text, which is made again only for other numbers, and its content type."""
        await self.refresh()
        if not self._page:
            self._page = generate_latest(self.registry)
        return self._page, CONTENT_TYPE_LATEST

    async def refresh(self) -> None:
        """Read the numbers now."""
        now = self._clock.now()
        work = await self._store.stored_work(now)
        sweep = work.last_complete_sweep
        states = self._circuits()
        is_ready = not await self._why_not_ready()
        numbers = (
            # All that is in progress or due. A look-up for an open modal window is not stored, so it is added.
            work.effects_due + self._unfinished_lookups() + len(work.due_records - self._still_due_after_tick),
            work.effects_later,
            work.effects_parked,
            is_ready,
            0 if sweep is None else sweep.timestamp(),
            work.incomplete_sweeps,
            self._ticked_at,
            work.is_frozen,
            *(work.open_drifts.get(drift.value, 0) for drift in DRIFT_CODES),
            *(CIRCUITS.get(states.get(service, ""), 0.0) for service in SERVICES),
            *(work.open_alarms.get(code.value, 0) for code in AlarmCode),
        )
        if numbers == self._numbers:
            return
        for gauge, number in zip(self._gauges, numbers, strict=True):
            gauge.set(number)
        self._numbers, self._page = numbers, b""

    async def due_records(self, now: datetime) -> frozenset[str]:
        """List the requests and partners that the next tick has to do something about."""
        return (await self._store.stored_work(now)).due_records

    def record_tick(self, moment: datetime, *, still_due: frozenset[str]) -> None:
        """Record that the ticker has handled everything that was due up to `moment`.

        :param still_due: what was due before the tick and still is: nothing can be done about it now. Until the next
            tick it is not counted as due.
        """
        self._ticked_at = moment.timestamp()
        self._still_due_after_tick = still_due

    def _all_gauges(self) -> Sequence[Gauge]:
        return (
            self._gauge(
                "gatehouse_effects_due", "Effects and reviews due or in progress, look-ups for windows included"
            ),
            self._gauge("gatehouse_effects_waiting", "Effects that wait for their next attempt"),
            self._gauge("gatehouse_effects_parked", "Effects given up; each needs a person"),
            self._gauge("gatehouse_ready", "1 when clicks can be received and stored, as /readyz says"),
            self._gauge(
                "gatehouse_last_complete_sweep_timestamp_seconds",
                "When the last complete sweep began; 0 when none was",
            ),
            self._gauge("gatehouse_incomplete_sweeps", "Sweeps in a row that could not read everything"),
            self._gauge("gatehouse_last_tick_timestamp_seconds", "When what is due was last looked for"),
            self._gauge(
                "gatehouse_frozen", "1 while nothing that opens access is written: frozen, or that cannot be read"
            ),
            *self._by_code(
                "gatehouse_drift",
                "Partners, and the default, that are not as approved",
                (code.value for code in DRIFT_CODES),
            ),
            *self._by_service(),
            *self._by_code("gatehouse_alarms", "Open alarms; each needs an admin", (code.value for code in AlarmCode)),
        )

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(name, meaning, registry=self.registry)

    def _by_service(self) -> Iterator[Gauge]:
        meaning = "Whether a service of Microsoft Graph is called: 0 yes, 1 no, 0.5 while one request tries it"
        gauges = Gauge("gatehouse_graph_circuit", meaning, ["service"], registry=self.registry)
        return (gauges.labels(service) for service in SERVICES)

    def _by_code(self, name: str, meaning: str, codes: Iterable[str]) -> Iterator[Gauge]:
        gauges = Gauge(name, meaning, ["code"], registry=self.registry)
        return (gauges.labels(code) for code in codes)

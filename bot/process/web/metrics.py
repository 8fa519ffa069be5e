"""The numbers about this process, in Prometheus' text format."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge

from workflows.app.reads.known_freeze import known_freeze
from workflows.core.posture.watch.comparison import DRIFT_CODES
from workflows.core.requests.alarms import AlarmCode
from workflows.ports.clock import Clock
from workflows.ports.store import Store


class Metrics:
    """Gauges that are read from the store at each scrape, with one statement, so that they are never outdated."""

    def __init__(
        self, *, store: Store, clock: Clock, lookups: Callable[[], int], is_ready: Callable[[], Awaitable[str]]
    ) -> None:
        self._store = store
        self._clock = clock
        self._lookups = lookups
        self._is_ready = is_ready
        self._left_by_tick: frozenset[str] = frozenset()
        self.registry = CollectorRegistry()
        self._due = self._gauge(
            "gatehouse_effects_due", "Effects and reviews due or in progress, look-ups for windows included"
        )
        self._later = self._gauge("gatehouse_effects_waiting", "Effects that wait for their next attempt")
        self._parked = self._gauge("gatehouse_effects_parked", "Effects given up; each needs a person")
        self._tick = self._gauge("gatehouse_last_tick_timestamp_seconds", "When what is due was last looked for")

        self._ready = self._gauge("gatehouse_ready", "1 when clicks can be received and stored, as /readyz says")
        self._sweep = self._gauge(
            "gatehouse_last_complete_sweep_timestamp_seconds", "When the last complete sweep began; 0 when none was"
        )
        self._incomplete = self._gauge("gatehouse_incomplete_sweeps", "Sweeps in a row that could not read everything")
        self._frozen = self._gauge(
            "gatehouse_frozen", "1 while nothing that opens access is written: frozen, or that cannot be read"
        )
        self._drift = Gauge(
            "gatehouse_drift", "Partners, and the default, that are not as approved", ["code"], registry=self.registry
        )
        self._alarms = Gauge("gatehouse_alarms", "Open alarms; each needs an admin", ["code"], registry=self.registry)

    async def refresh(self) -> None:
        """Read the numbers now."""
        now = self._clock.now()
        work = await self._store.stored_work(now)
        self._due.set(work.effects_due + self._lookups() + len(work.due_items - self._left_by_tick))
        self._later.set(work.effects_later)
        self._parked.set(work.effects_parked)
        self._ready.set(not await self._is_ready())
        self._sweep.set(0 if work.last_complete_sweep is None else work.last_complete_sweep.timestamp())
        self._incomplete.set(work.incomplete_sweeps)
        self._frozen.set(await known_freeze(self._store) is not None)
        for drift in DRIFT_CODES:
            self._drift.labels(drift.value).set(work.open_drifts.get(drift.value, 0))
        for code in AlarmCode:
            self._alarms.labels(code.value).set(work.open_alarms.get(code.value, 0))

    async def due_items(self, now: datetime) -> frozenset[str]:
        """List the requests and partners that the next tick has to do something about."""
        return (await self._store.stored_work(now)).due_items

    def record_tick(self, moment: datetime, *, still_due: frozenset[str]) -> None:
        """Record that the ticker has handled everything that was due up to `moment`.

        :param still_due: what was due before the tick and still is: nothing can be done about it now.
        """
        self._tick.set(moment.timestamp())
        self._left_by_tick = still_due

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(name, meaning, registry=self.registry)

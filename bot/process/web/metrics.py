"""The numbers about this process and its records, in Prometheus' text format."""

import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from bot.process.web.request_measures import RequestMeasures
from workflows.core.posture.watch.comparison import DRIFT_CODES
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.effects import Priority
from workflows.core.requests.request import RequestState
from workflows.ports.clock import Clock
from workflows.ports.store import Store, StoredNumbers

SERVICES: Final = ("directory", "reports", "sharepoint", "conditional_access")
"""The services of Microsoft Graph; a test compares them with those that are called."""
CIRCUITS: Final[Mapping[str, float]] = {"closed": 0.0, "half_open": 0.5, "open": 1.0}
_COUNTED_EVERY: Final = 10.0
"""Seconds for which the records are not counted again: they can be many."""
_CALLED: Final = ("slack", *SERVICES)


class _Throttles(Collector):
    """How often Slack and Graph asked for fewer calls. Their connections count it."""

    def __init__(self, counts: Callable[[], Mapping[str, int]]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Return the counter, with a value for each service."""
        meaning = "Answers that asked for fewer calls (429)"
        family, counts = CounterMetricFamily("gatehouse_throttled", meaning, labels=["service"]), self._counts()
        for service in _CALLED:
            family.add_metric([service], counts.get(service, 0))
        yield family


class Metrics:
    """What is read from the store at each scrape, so that it is never outdated, and what this process has counted."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        lookups: Callable[[], int],
        why_not_ready: Callable[[], Awaitable[str]],
        circuits: Callable[[], Mapping[str, str]] = dict,
        throttled: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        """Create the gauges.

        :param circuits: returns for each service of Graph whether it is called.
        :param throttled: returns for Slack, and each service of Graph, how often it asked for fewer calls.
        """
        self._throttled = throttled
        self._circuits = circuits
        self._store = store
        self._clock = clock
        self._unfinished_lookups = lookups
        self._why_not_ready = why_not_ready
        self._still_due_after_tick: frozenset[str] = frozenset()
        self._ticked_at = 0.0
        self._counted, self._counted_at = StoredNumbers(), -_COUNTED_EVERY
        self._numbers: tuple[float, ...] = ()
        self._counts: tuple[int, ...] = ()
        self._page = b""
        """The text of these numbers; empty until it is made."""
        self.registry = CollectorRegistry()
        self._gauges = (*self._all_gauges(), *self._gauges_of_records())
        """In the order of the numbers that `refresh` reads."""
        self.requests = RequestMeasures(self.registry)
        self.registry.register(_Throttles(throttled))

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
            *_numbers_of(self._counted, now),
        )
        counts = (self.requests.changes, *self._throttled().values())
        if counts != self._counts:
            self._counts, self._page = counts, b""
        if numbers == self._numbers:
            return
        for gauge, number in zip(self._gauges, numbers, strict=True):
            gauge.set(number)
        self._numbers, self._page = numbers, b""

    async def count_records(self) -> None:
        """Count the records for the next scrapes, at most every few seconds."""
        moment = time.monotonic()
        if moment - self._counted_at >= _COUNTED_EVERY:
            self._counted, self._counted_at = await self._store.numbers(self._clock.now()), moment

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

    def _gauges_of_records(self) -> Sequence[Gauge]:
        """Return the gauges in the order of `_numbers_of`."""
        kinds = [kind.name.lower() for kind in Priority]
        return (
            *self._by_label("gatehouse_requests", "Requests by state", "state", (one.value for one in RequestState)),
            self._gauge("gatehouse_reviews_due", "Partners whose review is due and not answered"),
            *self._by_label("gatehouse_queue", "Effects that are not performed yet", "kind", kinds),
            *self._by_label(
                "gatehouse_queue_overdue_seconds",
                "For how long the effect has been due that has been due the longest",
                "kind",
                kinds,
            ),
        )

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(name, meaning, registry=self.registry)

    def _by_service(self) -> Iterator[Gauge]:
        meaning = "Whether a service of Microsoft Graph is called: 0 yes, 1 no, 0.5 while one request tries it"
        gauges = Gauge("gatehouse_graph_circuit", meaning, ["service"], registry=self.registry)
        return (gauges.labels(service) for service in SERVICES)

    def _by_code(self, name: str, meaning: str, codes: Iterable[str]) -> Iterator[Gauge]:
        return self._by_label(name, meaning, "code", codes)

    def _by_label(self, name: str, meaning: str, label: str, values: Iterable[str]) -> Iterator[Gauge]:
        gauges = Gauge(name, meaning, [label], registry=self.registry)
        return (gauges.labels(value) for value in values)


def _numbers_of(counted: StoredNumbers, now: datetime) -> Iterator[float]:
    since = (counted.overdue_since.get(kind) for kind in Priority)
    return chain(
        (counted.requests.get(state, 0) for state in RequestState),
        (counted.reviews_due,),
        (counted.effects.get(kind, 0) for kind in Priority),
        (0.0 if one is None else max(0.0, round((now - one).total_seconds())) for one in since),
    )

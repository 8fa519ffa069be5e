"""The numbers about this process and its records, in Prometheus' text format."""

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from bot.process.web.request_measures import RequestMeasures
from workflows.core.posture.watch.comparison import DRIFT_CODES
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.effects import Priority
from workflows.core.requests.request import RequestState
from workflows.ports.clock import Clock
from workflows.ports.effects_queue import StoredWork
from workflows.ports.store import Store, StoredNumbers

SERVICES: Final = ("directory", "reports", "sharepoint", "conditional_access")
"""The services of Microsoft Graph; a test compares them with those that are called."""
CIRCUITS: Final[Mapping[str, float]] = {"closed": 0.0, "half_open": 0.5, "open": 1.0}
_COUNTED_EVERY: Final = 10.0
"""Seconds for which the records are not counted again: they can be many."""
_CALLED: Final = ("slack", *SERVICES)


class _Description(NamedTuple):
    """What a gauge means, and its label with each value that is shown; without a label it has one number."""

    meaning: str
    label: str = ""
    values: Sequence[str] = ("",)


_KINDS: Final = tuple(kind.name.lower() for kind in Priority)
_GAUGES: Final[Mapping[str, _Description]] = {
    "gatehouse_effects_due": _Description("Effects and reviews due or in progress, look-ups for windows included"),
    "gatehouse_effects_waiting": _Description("Effects that wait for their next attempt"),
    "gatehouse_effects_parked": _Description("Effects given up; each needs a person"),
    "gatehouse_ready": _Description("1 when clicks can be received and stored, as /readyz says"),
    "gatehouse_last_complete_sweep_timestamp_seconds": _Description(
        "When the last complete sweep began; 0 when none was"
    ),
    "gatehouse_incomplete_sweeps": _Description("Sweeps in a row that could not read everything"),
    "gatehouse_last_tick_timestamp_seconds": _Description("When what is due was last looked for"),
    "gatehouse_frozen": _Description("1 while nothing that opens access is written: frozen, or that cannot be read"),
    "gatehouse_drift": _Description(
        "Partners, and the default, that are not as approved", "code", [code.value for code in DRIFT_CODES]
    ),
    "gatehouse_graph_circuit": _Description(
        "Whether a service of Microsoft Graph is called: 0 yes, 1 no, 0.5 while one request tries it",
        "service",
        SERVICES,
    ),
    "gatehouse_alarms": _Description("Open alarms; each needs an admin", "code", [code.value for code in AlarmCode]),
    "gatehouse_requests": _Description("Requests by state", "state", [state.value for state in RequestState]),
    "gatehouse_reviews_due": _Description("Partners whose review is due and not answered"),
    "gatehouse_queue": _Description("Effects that are not performed yet", "kind", _KINDS),
    "gatehouse_queue_overdue_seconds": _Description(
        "For how long the effect has been due that has been due the longest", "kind", _KINDS
    ),
}
"""The gauges by name, in the order of the page."""

Sample = tuple[str, str]
"""The name of a gauge, and the value of its label; empty without one."""


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
        self._numbers: Mapping[Sample, float] = {}
        self._counts: tuple[int, ...] = ()
        self._page = b""
        """The text of these numbers; empty until it is made."""
        self.registry = CollectorRegistry()
        self._gauges = dict(_all_gauges(self.registry))
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
        is_ready = not await self._why_not_ready()
        numbers = self._process_numbers(work, is_ready=is_ready) | _record_numbers(self._counted, now)
        counts = (self.requests.changes, *self._throttled().values())
        if counts != self._counts:
            self._counts, self._page = counts, b""
        if numbers == self._numbers:
            return
        for sample in self._gauges.keys() | numbers.keys():  # each gauge has a number, and each number a gauge
            self._gauges[sample].set(numbers[sample])
        self._numbers, self._page = numbers, b""

    def _process_numbers(self, work: StoredWork, *, is_ready: bool) -> dict[Sample, float]:
        """Return the numbers about this process, and about what is due, waits, and is open."""
        sweep, states = work.last_complete_sweep, self._circuits()
        # All that is in progress or due. A look-up for an open modal window is not stored, so it is added.
        due = work.effects_due + self._unfinished_lookups() + len(work.due_records - self._still_due_after_tick)
        return {
            ("gatehouse_effects_due", ""): due,
            ("gatehouse_effects_waiting", ""): work.effects_later,
            ("gatehouse_effects_parked", ""): work.effects_parked,
            ("gatehouse_ready", ""): is_ready,
            ("gatehouse_last_complete_sweep_timestamp_seconds", ""): 0 if sweep is None else sweep.timestamp(),
            ("gatehouse_incomplete_sweeps", ""): work.incomplete_sweeps,
            ("gatehouse_last_tick_timestamp_seconds", ""): self._ticked_at,
            ("gatehouse_frozen", ""): work.is_frozen,
            **{("gatehouse_drift", drift.value): work.open_drifts.get(drift.value, 0) for drift in DRIFT_CODES},
            **{("gatehouse_graph_circuit", one): CIRCUITS.get(states.get(one, ""), 0.0) for one in SERVICES},
            **{("gatehouse_alarms", code.value): work.open_alarms.get(code.value, 0) for code in AlarmCode},
        }

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


def _all_gauges(registry: CollectorRegistry) -> Iterator[tuple[Sample, Gauge]]:
    for name, (meaning, label, values) in _GAUGES.items():
        gauge = Gauge(name, meaning, [label] if label else [], registry=registry)
        for value in values:
            yield (name, value), gauge.labels(value) if label else gauge


def _record_numbers(counted: StoredNumbers, now: datetime) -> dict[Sample, float]:
    """Return the numbers of the records as they were counted last."""
    numbers: dict[Sample, float] = {("gatehouse_reviews_due", ""): counted.reviews_due}
    for state in RequestState:
        numbers["gatehouse_requests", state.value] = counted.requests.get(state, 0)
    for kind in Priority:
        since = counted.overdue_since.get(kind)
        overdue = 0.0 if since is None else max(0.0, round((now - since).total_seconds()))
        numbers["gatehouse_queue", kind.name.lower()] = counted.effects.get(kind, 0)
        numbers["gatehouse_queue_overdue_seconds", kind.name.lower()] = overdue
    return numbers

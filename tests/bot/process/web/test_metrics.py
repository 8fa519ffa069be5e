"""The numbers about the process: what is due counts until a tick has looked at it."""

from datetime import datetime

import pytest

from bot.process.web.metrics import Metrics
from tests.workflows.fakes import FixedClock
from workflows.core.requests.request import RequestId
from workflows.core.settings.model import TenantId
from workflows.ports.effects_queue import StoredWork


class DueStore:
    """Nothing is pending, and some requests and partners are due."""

    def __init__(self) -> None:
        self.is_frozen = False
        self.requests: list[RequestId] = []
        self.partners: list[TenantId] = []

    async def stored_work(self, _: datetime) -> StoredWork:
        return StoredWork(due_records=frozenset((*self.requests, *self.partners)), is_frozen=self.is_frozen)


async def nothing_missing() -> str:
    return ""


async def test_what_is_due_counts_until_a_tick_has_looked_at_it() -> None:
    store, clock = DueStore(), FixedClock()
    metrics = Metrics(store=store, clock=clock, lookups=lambda: 0, why_not_ready=nothing_missing)  # type: ignore[arg-type]

    async def due() -> float | None:
        await metrics.refresh()
        return metrics.registry.get_sample_value("gatehouse_effects_due")

    assert await due() == 0
    store.requests, store.partners = [RequestId("r-1")], [TenantId("t-1")]
    assert await due() == 2
    before = await metrics.due_records(clock.now())
    store.partners = []
    metrics.record_tick(clock.now(), still_due=before & await metrics.due_records(clock.now()))
    assert await due() == 0, "the tick could do nothing about it, so nobody waits for it"
    store.partners = [TenantId("t-1")]
    assert await due() == 1, "it is due again, and no tick has looked at it yet"


async def test_the_text_is_made_again_only_for_other_numbers() -> None:
    """It names every code of alarms and drift; to make it takes longer than to read the numbers."""
    store, clock = DueStore(), FixedClock()
    metrics = Metrics(store=store, clock=clock, lookups=lambda: 0, why_not_ready=nothing_missing)  # type: ignore[arg-type]
    first, _ = await metrics.page()
    again, _ = await metrics.page()
    assert again is first
    store.requests = [RequestId("r-1")]
    due, _ = await metrics.page()
    assert b"gatehouse_effects_due 1.0" in due
    metrics.record_tick(clock.now(), still_due=frozenset())
    ticked, _ = await metrics.page()
    assert b"gatehouse_last_tick_timestamp_seconds 0.0" in due
    assert b"gatehouse_last_tick_timestamp_seconds 0.0" not in ticked


@pytest.mark.threats("G17")
async def test_when_nobody_looks_for_what_is_due_any_more_the_time_of_the_last_tick_stands_still() -> None:
    """Alert when it stops growing: the process answers, and does nothing (docs/operations.md)."""
    store, clock = DueStore(), FixedClock()
    metrics = Metrics(store=store, clock=clock, lookups=lambda: 0, why_not_ready=nothing_missing)  # type: ignore[arg-type]
    at = clock.now().timestamp()
    metrics.record_tick(clock.now(), still_due=frozenset())
    for _ in range(3):
        clock.advance(hours=1)
        await metrics.page()
        assert metrics.registry.get_sample_value("gatehouse_last_tick_timestamp_seconds") == at
    metrics.record_tick(clock.now(), still_due=frozenset())
    await metrics.page()
    assert metrics.registry.get_sample_value("gatehouse_last_tick_timestamp_seconds") == at + 3 * 3600


async def test_a_freeze_is_shown() -> None:
    store, clock = DueStore(), FixedClock()
    metrics = Metrics(store=store, clock=clock, lookups=lambda: 0, why_not_ready=nothing_missing)  # type: ignore[arg-type]

    async def shown() -> bytes:
        page, _ = await metrics.page()
        return next(line for line in page.splitlines() if line.startswith(b"gatehouse_frozen"))

    assert await shown() == b"gatehouse_frozen 0.0"
    store.is_frozen = True
    assert await shown() == b"gatehouse_frozen 1.0"


async def test_each_service_of_graph_says_whether_it_is_called() -> None:
    states = {"directory": "open", "reports": "half_open", "sharepoint": "closed"}
    metrics = Metrics(
        store=DueStore(),  # type: ignore[arg-type]
        clock=FixedClock(),
        lookups=lambda: 0,
        why_not_ready=nothing_missing,
        circuits=lambda: states,
    )
    await metrics.refresh()

    def circuit(service: str) -> float | None:
        return metrics.registry.get_sample_value("gatehouse_graph_circuit", {"service": service})

    services = ("directory", "reports", "sharepoint", "conditional_access")
    assert [circuit(one) for one in services] == [1.0, 0.5, 0.0, 0.0]
    states["directory"] = "closed"
    await metrics.refresh()
    assert circuit("directory") == 0.0

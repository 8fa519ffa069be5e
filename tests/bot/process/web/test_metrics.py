"""The numbers about the process and its records: what is due, what is stored, and what was counted."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.process.web.metrics import Metrics
from tests.workflows.core.builders import AMARA, BRUNO, NOW, approval, request
from tests.workflows.fakes import FixedClock
from workflows.core.policy.approval import Choice
from workflows.core.posture.watch.comparison import DRIFT_CODES
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.effects import Priority
from workflows.core.requests.request import RequestId, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.effects_queue import StoredWork
from workflows.ports.store import StoredNumbers


class DueStore:
    """Nothing is pending, and some requests and partners are due."""

    def __init__(self) -> None:
        self.is_frozen = False
        self.requests: list[RequestId] = []
        self.partners: list[TenantId] = []
        self.counted = StoredNumbers()
        self.work = StoredWork()

    async def stored_work(self, _: datetime) -> StoredWork:
        due = frozenset((*self.requests, *self.partners))
        return replace(self.work, due_records=due, is_frozen=self.is_frozen)

    async def numbers(self, _: datetime) -> StoredNumbers:
        return self.counted


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


async def test_each_number_of_the_work_has_the_name_and_the_code_that_it_belongs_to() -> None:
    work = StoredWork(
        effects_due=1,
        effects_later=2,
        effects_parked=3,
        incomplete_sweeps=4,
        last_complete_sweep=NOW,
        open_drifts={code.value: number for number, code in enumerate(DRIFT_CODES, 100)},
        open_alarms={code.value: number for number, code in enumerate(AlarmCode, 200)},
    )
    store = DueStore()
    store.work = work
    metrics = Metrics(store=store, clock=FixedClock(), lookups=lambda: 5, why_not_ready=nothing_missing)  # type: ignore[arg-type]
    await metrics.refresh()
    value = metrics.registry.get_sample_value
    assert value("gatehouse_effects_due") == 1 + 5
    assert value("gatehouse_effects_waiting") == 2
    assert value("gatehouse_effects_parked") == 3
    assert value("gatehouse_incomplete_sweeps") == 4
    assert value("gatehouse_last_complete_sweep_timestamp_seconds") == NOW.timestamp()
    assert value("gatehouse_ready") == 1
    for code, number in work.open_drifts.items():
        assert value("gatehouse_drift", {"code": code}) == number
    for code, number in work.open_alarms.items():
        assert value("gatehouse_alarms", {"code": code}) == number


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


async def test_the_records_are_counted_by_state_and_the_queue_by_kind_with_its_age() -> None:
    store, clock = DueStore(), FixedClock()
    store.counted = StoredNumbers(
        requests={RequestState.APPLIED: 3},
        reviews_due=2,
        effects={Priority.SHOW: 5},
        overdue_since={Priority.SHOW: clock.now() - timedelta(seconds=90)},
    )
    metrics = Metrics(store=store, clock=clock, lookups=lambda: 0, why_not_ready=nothing_missing)  # type: ignore[arg-type]
    await metrics.count_records()
    page = (await metrics.page())[0].decode()
    assert 'gatehouse_requests{state="applied"} 3.0' in page
    assert 'gatehouse_requests{state="rejected"} 0.0' in page, "a state without requests is there, too"
    assert "gatehouse_reviews_due 2.0" in page
    assert 'gatehouse_queue{kind="show"} 5.0' in page
    assert 'gatehouse_queue_overdue_seconds{kind="show"} 90.0' in page
    assert 'gatehouse_queue_overdue_seconds{kind="close"} 0.0' in page


async def test_answers_that_ask_for_fewer_calls_are_counted_by_service() -> None:
    store, clock, counts = DueStore(), FixedClock(), {"slack": 0}
    metrics = Metrics(
        store=store,  # type: ignore[arg-type]
        clock=clock,
        lookups=lambda: 0,
        why_not_ready=nothing_missing,
        throttled=lambda: counts,
    )
    assert b'gatehouse_throttled_total{service="slack"} 0.0' in (await metrics.page())[0]
    counts["slack"] = 4
    page = (await metrics.page())[0]
    assert b'gatehouse_throttled_total{service="slack"} 4.0' in page
    assert b'gatehouse_throttled_total{service="directory"} 0.0' in page, "not called yet"


async def test_decisions_the_wait_for_them_and_the_time_to_apply_are_measured() -> None:
    metrics = Metrics(store=DueStore(), clock=FixedClock(), lookups=lambda: 0, why_not_ready=nothing_missing)  # type: ignore[arg-type]
    hour, waiting = timedelta(hours=1), request(created_at=NOW)
    first = replace(waiting, version=2, decisions=(approval(AMARA, 0, at=NOW + hour),))
    both = replace(
        first,
        version=3,
        decisions=(*first.decisions, approval(BRUNO, 1, at=NOW + 2 * hour)),
        state=RequestState.APPLYING,
        changed_at=NOW + 2 * hour,
    )
    applied = replace(both, version=4, state=RequestState.APPLIED, changed_at=both.changed_at + timedelta(seconds=7))
    for before, after in ((waiting, first), (first, both), (both, applied)):
        metrics.requests.advanced(before, after)
    value = metrics.registry.get_sample_value
    assert value("gatehouse_decisions_total", {"choice": Choice.APPROVE.value}) == 2
    assert value("gatehouse_decisions_total", {"choice": Choice.REJECT.value}) == 0
    assert value("gatehouse_approval_wait_seconds_sum") == 2 * 3600
    assert value("gatehouse_apply_seconds_sum", {"direction": "open"}) == 7
    assert value("gatehouse_apply_seconds_count", {"direction": "close"}) == 0


async def test_a_start_on_a_later_day_is_no_time_of_writing_and_an_expiry_no_decision() -> None:
    metrics = Metrics(store=DueStore(), clock=FixedClock(), lookups=lambda: 0, why_not_ready=nothing_missing)  # type: ignore[arg-type]
    waiting = request(created_at=NOW)
    metrics.requests.advanced(waiting, replace(waiting, version=2, state=RequestState.EXPIRED))
    later = replace(
        waiting,
        state=RequestState.APPLYING,
        fields=replace(waiting.fields, starts_at=NOW + timedelta(days=9)),
    )
    metrics.requests.advanced(later, replace(later, version=2, state=RequestState.APPLIED))
    value = metrics.registry.get_sample_value
    assert value("gatehouse_approval_wait_seconds_count") == 0
    assert value("gatehouse_apply_seconds_count", {"direction": "open"}) == 0

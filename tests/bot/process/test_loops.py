"""What is due is done by one of the processes that share a store; the others record when it was done."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.process import loops
from tests.workflows.core.builders import NOW
from tests.workflows.fakes import FixedClock


class _Store:
    """A store that several processes share, of which another one has done what is due."""

    def __init__(self, mine: list[bool]) -> None:
        self._mine = mine
        self.leads: list[str] = []

    @property
    def shared_queue(self) -> "_Store":
        return self

    @asynccontextmanager
    async def leading(self, name: str) -> AsyncIterator[bool]:
        self.leads.append(name)
        yield self._mine.pop(0) if self._mine else False

    async def mark(self, name: str) -> str | None:
        return NOW.isoformat() if name == "last_tick" else None


async def test_a_process_ticks_in_its_own_turn_and_otherwise_records_the_tick_of_another_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []
    recorded: list[datetime] = []
    clock = FixedClock()
    clock.advance(hours=1)
    seen = asyncio.Event()

    async def note(*_: Any, **__: Any) -> None:
        done.append("tick")

    async def due_records(_: datetime) -> frozenset[str]:
        return frozenset()

    def record_tick(moment: datetime, *, still_due: frozenset[str]) -> None:
        recorded.append(moment)
        if len(recorded) == 3:
            seen.set()

    store = _Store([False, True])
    monkeypatch.setattr(loops, "tick", note)
    monkeypatch.setattr(loops, "record_missing_setup", note)
    looked: list[str] = []

    async def look() -> None:
        looked.append("looked")

    parts = SimpleNamespace(
        store=store,
        service=None,
        directory=None,
        checks=SimpleNamespace(run=note),
        own_checks=SimpleNamespace(run=look),
    )
    counted: list[str] = []

    async def count_records() -> None:
        counted.append("counted")

    metrics = SimpleNamespace(due_records=due_records, record_tick=record_tick, count_records=count_records)
    work = SimpleNamespace(parts=parts, metrics=metrics)
    stored = asyncio.create_task(asyncio.sleep(0))
    settings = cast(Any, SimpleNamespace(gatehouse_tick_seconds=0.01))
    task = asyncio.create_task(loops.keep_ticking(cast(Any, work), clock, settings, stored, lambda: False))
    await seen.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert len(counted) >= 3, "each process counts for its own metrics"
    assert recorded == [NOW, clock.now(), NOW]
    assert done == ["tick"] * 3, "the missing setup at the start, one tick, and its checks"
    assert set(store.leads) == {"ticker"}
    assert len(looked) >= 2, "a process that does not lead looks for what only it can see"

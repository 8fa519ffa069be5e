"""Writes that wait at the same moment share a transaction, and each is answered after it. A failing one fails alone."""

import asyncio
import signal
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator, Coroutine
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import LONGEST_WAIT, killed_when_it_hangs
from tests.workflows.core.builders import request
from tests.workflows.fakes import FixedClock
from tests.workflows.store.sqlite.test_store import ROOT, click
from tests.workflows.store.sqlite.test_write_monitor import fill_up, make_room
from workflows.core.requests.request import RequestId
from workflows.ports.message_copies import CardNotCurrent, ClickedCard, MessageCopy
from workflows.ports.records import StaleVersion, StoreNotWritable, StoreTrouble
from workflows.store.sqlite.store import SqliteStore, open_store
from workflows.store.work_thread import MAX_TOGETHER

CHILD = """
import asyncio, sys
from pathlib import Path
from tests.workflows.fakes import FixedClock
from tests.workflows.store.sqlite.test_store import click
from workflows.store.sqlite.store import open_store

async def one(store, number):
    await store.commit(click(number))
    print(number, flush=True)

async def main():
    store = await open_store(Path(sys.argv[1]), FixedClock())
    for first in range(0, 1_000_000, 20):
        await asyncio.gather(*(one(store, first + number) for number in range(20)))

asyncio.run(main())
"""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """An open store."""
    opened = await open_store(tmp_path / "gatehouse.db", FixedClock())
    yield opened
    await opened.close()


class Statements:
    """Records when transactions begin and end, while the store's thread waits until everything was asked for."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.ended: list[str] = []
        self.answered_before_commit = 0

    async def during(self, *asked: Coroutine[Any, Any, Any]) -> list[Any]:
        """Ask for everything at once; returns the results, errors among them."""
        begun, go = threading.Event(), threading.Event()

        def traced(statement: str) -> None:
            if statement in ("COMMIT", "ROLLBACK"):
                self.ended.append(statement)
                self.answered_before_commit += sum(task.done() for task in tasks)

        def hold() -> None:
            self._store._db.conn.set_trace_callback(traced)
            begun.set()
            go.wait(LONGEST_WAIT)

        waiting = asyncio.create_task(self._store._run(hold))
        assert await asyncio.to_thread(begun.wait, LONGEST_WAIT)
        tasks = [asyncio.create_task(one) for one in asked]
        await asyncio.sleep(0.05)
        go.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        await waiting
        return found


async def test_twenty_clicks_at_once_are_one_transaction_and_none_is_answered_before_it(store: SqliteStore) -> None:
    statements = Statements(store)
    assert await statements.during(*(store.commit(click(number)) for number in range(20))) == [True] * 20
    assert statements.ended == ["COMMIT"]
    assert statements.answered_before_commit == 0
    keys = [entry.key for entry in await store.history()]
    assert keys == [f"click-{number}" for number in reversed(range(20))], "the order is that of the clicks"


async def test_one_transaction_holds_a_bounded_number_of_clicks(store: SqliteStore) -> None:
    statements = Statements(store)
    await statements.during(*(store.commit(click(number)) for number in range(MAX_TOGETHER + 1)))
    assert statements.ended == ["COMMIT", "COMMIT"]


async def test_a_write_that_fails_fails_alone(store: SqliteStore) -> None:
    stale = replace(click(7), request=request(id=RequestId("r-7"), version=5))
    repeated = replace(click(3), request=None)
    statements = Statements(store)
    found = await statements.during(
        *(store.commit(one) for one in (click(1), click(3), stale, repeated, click(2))), store.save_mark("a", "b")
    )
    assert [type(one) for one in found] == [bool, bool, StaleVersion, bool, bool, type(None)]
    assert found[3] is False, "a repeated click is known within its own transaction"
    assert statements.ended == ["COMMIT"]
    assert {entry.key for entry in await store.history()} == {"click-1", "click-2", "click-3"}
    assert await store.mark("a") == "b"


async def test_when_the_disk_is_full_each_write_is_tried_alone(store: SqliteStore) -> None:
    """A small write is stored although a large one in the same moment does not find room."""
    await store.save_mark("small", "1")
    await fill_up(store)
    large = store.save_mark("large", "x" * 500_000)
    found = await Statements(store).during(large, store.save_mark("small", "2"))
    assert isinstance(found[0], StoreNotWritable)
    assert found[0].trouble is StoreTrouble.DISK_FULL
    assert found[1] is None
    assert (await store.mark("large"), await store.mark("small")) == (None, "2")
    await make_room(store)
    assert await store.probe() is None


async def test_a_lock_refuses_every_write_at_once_and_nothing_is_stored(store: SqliteStore, tmp_path: Path) -> None:
    await store._query("pragma busy_timeout = 20")
    with closing(sqlite3.connect(tmp_path / "gatehouse.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        found = await Statements(store).during(*(store.commit(click(number)) for number in range(5)))
        other.execute("rollback")
    assert [one.trouble for one in found] == [StoreTrouble.LOCKED] * 5
    assert len({id(one) for one in found}) == 5, "each is an error of its own"
    assert await store.probe() is None
    assert not await store.history()


async def test_readers_do_not_wait_for_all_writes(store: SqliteStore) -> None:
    """Between two transactions there is room for one reader."""
    order: list[str] = []

    async def noted(name: str, work: Coroutine[Any, Any, Any]) -> None:
        await work
        order.append(name)

    writes = (noted("write", store.commit(click(number))) for number in range(2 * MAX_TOGETHER))
    await Statements(store).during(*writes, noted("read", store.mark("x")))
    assert order.index("read") <= MAX_TOGETHER


async def test_everything_that_was_asked_for_is_stored_before_the_file_is_closed(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "other.db", FixedClock())
    writes = [asyncio.create_task(store.commit(click(number))) for number in range(3 * MAX_TOGETHER)]
    await asyncio.sleep(0)
    await store.close()
    assert all(await asyncio.gather(*writes))


async def test_what_was_answered_together_outlives_kill_9(tmp_path: Path) -> None:
    """A child stores twenty at a time and is killed while it does; every number it said is whole."""
    path = tmp_path / "killed.db"
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CHILD, str(path)), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert child.stdout is not None
    with killed_when_it_hangs(child):
        said = [int(await child.stdout.readline()) for _ in range(50)]
    child.send_signal(signal.SIGKILL)
    said += [int(line) for line in (await child.stdout.read()).split(b"\n") if line]
    assert await child.wait() == -signal.SIGKILL
    store = await open_store(path, FixedClock())
    for number in said:
        assert await store.is_known(f"click-{number}")
        assert await store.request(RequestId(f"r-{number}")) == click(number).request
    assert len(await store.history(limit=10_000)) == len(await store.open_requests())
    await store.close()


async def test_a_click_on_a_card_that_does_not_count_is_refused_among_stored_ones(
    store: SqliteStore,
) -> None:
    """It shares their transaction: its card, which was not known, is stored, too, and the click is not."""
    known = MessageCopy(subject="request:r-1", channel="C1", message_id="1.1", audience="", content="")
    await store.save_copy(known)
    card = ClickedCard(subject="request:r-1", channel="C1", message_id="1.2", audience="", may_be_unknown=True)
    clicks = (replace(click(1), clicked_card=card), replace(click(2), clicked_card=replace(card, message_id="1.1")))
    statements = Statements(store)
    found = await statements.during(*map(store.commit, (*clicks, click(3))))
    assert [type(one) for one in found] == [CardNotCurrent, bool, bool]
    assert statements.ended == ["COMMIT"]
    assert {entry.key for entry in await store.history()} == {"click-2", "click-3"}
    assert [one.is_live for one in await store.copies("request:r-1")] == [True, False]

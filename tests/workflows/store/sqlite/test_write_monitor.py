"""A store that cannot be written says so, stores all or nothing, and notices when it can be written again."""

import asyncio
import json
import resource
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.workflows.core.builders import NOW
from tests.workflows.fakes import FixedClock
from tests.workflows.store.sqlite.test_store import click
from workflows.core.errors.facts import as_values, text_fact
from workflows.ports.records import StoreNotWritable, StoreTrouble
from workflows.store.sqlite.file import BUSY_MILLISECONDS
from workflows.store.sqlite.store import SqliteStore, open_store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """An open store with one click."""
    opened = await open_store(tmp_path / "gatehouse.db", FixedClock())
    await opened.commit(click(0))
    yield opened
    await opened.close()


async def fill_up(store: SqliteStore) -> None:
    """Let no page be added any more, as on a full disk."""
    pages = await store._query("pragma page_count")
    await store._query(f"pragma max_page_count = {pages[0]['page_count']}")


async def make_room(store: SqliteStore) -> None:
    """Free the disk."""
    await store._query("pragma max_page_count = 1000000")


async def until_refused(store: SqliteStore) -> int:
    """Click until nothing more can be stored. Gives the number of the click that was not."""
    for number in range(1, 2000):
        try:
            await store.commit(click(number))
        except StoreNotWritable:
            return number
    raise AssertionError("the disk is not full")


@pytest.mark.threats("G5")
async def test_a_full_disk_refuses_the_click_whole_and_is_noticed_until_there_is_room(store: SqliteStore) -> None:
    assert await store.probe() is None
    await fill_up(store)
    number = await until_refused(store)
    assert store.last_write_error is StoreTrouble.DISK_FULL
    assert not await store.is_known(f"click-{number}")
    assert await store.request(click(number).request.id) is None  # type: ignore[union-attr]
    assert await store.probe() is StoreTrouble.DISK_FULL, "a record so small that it finds room proves nothing"
    assert await store.pending(NOW, 9) == [], "what cannot be marked as done is not begun"
    await make_room(store)
    assert await store.probe() is None
    assert await store.pending(NOW, 9) != []
    assert await store.commit(click(number))
    assert "room" not in {row["name"] for row in await store._query("select name from marks")}


@pytest.mark.threats("G5")
async def test_a_file_that_may_not_grow_is_a_full_disk(tmp_path: Path, store: SqliteStore) -> None:
    """The operating system itself refuses the write."""
    with files_no_larger_than((tmp_path / "gatehouse.db-wal").stat().st_size + 3 * 4096):
        number = await until_refused(store)
        assert await store.probe() != ""
    assert await store.probe() is None
    assert await store.commit(click(number))


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.threats("G4")
async def test_a_lock_that_somebody_else_holds_is_said_in_time_and_forgotten_once_it_is_gone(
    tmp_path: Path, store: SqliteStore
) -> None:
    other = sqlite3.connect(tmp_path / "gatehouse.db", isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(StoreNotWritable, match="locked"):
        await store.commit(click(1))
    assert BUSY_MILLISECONDS < 3000, "Slack waits no longer"
    (wait,) = await store._query("pragma busy_timeout")
    assert 10 * wait["timeout"] <= BUSY_MILLISECONDS, "whoever clicks next does not wait as long again"
    refused = await asyncio.gather(*(store.commit(click(number)) for number in range(1, 6)), return_exceptions=True)
    assert all(isinstance(one, StoreNotWritable) for one in refused)
    assert await store.request(click(0).request.id) is not None, "reading goes on"  # type: ignore[union-attr]
    assert await store.probe() is StoreTrouble.LOCKED
    other.execute("rollback")
    other.close()
    assert await store.probe() is None
    assert await store.commit(click(1))


async def test_a_fault_of_our_own_is_no_fault_of_the_disk(store: SqliteStore) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await store._write("insert into nowhere values (1)")
    with pytest.raises(sqlite3.IntegrityError):
        await store._write("insert into marks (name, value) values (?, ?)", "x", None)
    assert store.last_write_error is None


async def test_secrets_are_stored_nowhere(tmp_path: Path) -> None:
    """Error texts come from outside and may repeat what they were sent."""

    def redact(text: str) -> str:
        return text.replace("canary", "[redacted]")

    store = await open_store(tmp_path / "gatehouse.db", FixedClock(), redact)
    entry = click(1).entry
    commit = replace(click(1), entry=replace(entry, details={"reason": 'it said "canary"', "canary": ["canary", 1]}))
    await store.commit(commit)
    await store.retry(1, NOW, (text_fact("canary"),))
    select = "select error from effects"
    assert json.loads((await store._query(select))[0]["error"]) == as_values([text_fact("[redacted]")])
    await store.give_up(1, (text_fact("a canary sang"),))
    assert json.loads((await store._query(select))[0]["error"]) == as_values([text_fact("a [redacted] sang")])
    (known,) = await store.history()
    assert known.details == {"reason": 'it said "[redacted]"', "canary": ["[redacted]", 1]}
    assert await store.request(commit.request.id) == commit.request  # type: ignore[union-attr]
    await store.close()

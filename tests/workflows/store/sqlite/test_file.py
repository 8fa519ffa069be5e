"""The database's file: one process works on it whatever it is called, and only on a whole one."""

import asyncio
import os
import random
import sqlite3
import sys
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import structlog

import workflows.store.sqlite.file
from tests.waiting import killed_when_it_hangs
from tests.workflows.fakes import FixedClock
from tests.workflows.store.sqlite.test_store import ROOT, click
from workflows.core.errors.facts import text_fact
from workflows.ports.records import StoreUnusable
from workflows.store.sqlite.other_process.read_only import read_given_up
from workflows.store.sqlite.other_process.shared_store import open_shared
from workflows.store.sqlite.snapshot import read_records
from workflows.store.sqlite.store import SqliteStore, open_store

OPENING = """
import asyncio, sys
from itertools import pairwise
from pathlib import Path
from tests.workflows.fakes import FixedClock
from workflows.store.sqlite.store import open_store

async def main():
    store = await open_store(Path(sys.argv[1]), FixedClock())
    print("open", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for another process to end."""
    monkeypatch.setattr(workflows.store.sqlite.file, "_LOCK_SECONDS", 0.1)


async def filled(path: Path, clicks: int = 1) -> None:
    """Leave a closed database with some clicks in it."""
    store = await open_store(path, FixedClock())
    for number in range(clicks):
        await store.commit(click(number))
    await store.close()


def touch(path: str) -> None:
    """Make an empty file."""
    Path(path).touch()


async def refused(path: Path) -> str:
    """Return why opening is refused, and assert that the file stays free for others."""
    with pytest.raises(StoreUnusable) as error:
        await open_store(path, FixedClock())
    return str(error.value)


# --- names ---


def symbolic(path: Path, other: Path) -> None:
    """Give the file a second way to it."""
    other.symlink_to(path)


def in_a_linked_folder(path: Path, other: Path) -> None:
    """Return the path of the file through another folder."""
    other.parent.rmdir()
    other.parent.symlink_to(path.parent)


def hard(path: Path, other: Path) -> None:
    """Give the file a second name."""
    os.link(path, other)


def renamed(path: Path, other: Path) -> None:
    """Give the file another name while it is open."""
    os.link(path, other)
    path.unlink()


@pytest.mark.threats("G9")
@pytest.mark.parametrize("second_way", [symbolic, in_a_linked_folder, hard, renamed])
async def test_a_second_process_is_refused_by_whatever_name_it_knows_the_file(tmp_path: Path, second_way: Any) -> None:
    path, other = tmp_path / "gatehouse.db", tmp_path / "other" / "gatehouse.db"
    other.parent.mkdir()
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", OPENING, str(path)), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert child.stdout is not None
    with killed_when_it_hangs(child):
        assert await child.stdout.readline() == b"open\n"
    second_way(path, other)
    said = await refused(other)
    assert "another process uses gatehouse.db" in said or "has a second name (a hard link)" in said
    child.kill()
    await child.wait()


@pytest.mark.threats("G9")
async def test_the_same_process_does_not_open_a_file_twice_either(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "gatehouse.db")
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    assert "another process uses link.db" in await refused(tmp_path / "link.db")
    assert await store.commit(click(1))
    await store.close()


async def test_a_file_with_two_names_is_refused_though_nobody_uses_it(tmp_path: Path) -> None:
    """The log of one name is not read under the other (SQLite: "How To Corrupt An SQLite Database File", links)."""
    await filled(tmp_path / "gatehouse.db")
    os.link(tmp_path / "gatehouse.db", tmp_path / "copy.db")
    assert "copy.db has a second name (a hard link); remove that" in await refused(tmp_path / "copy.db")
    (tmp_path / "copy.db").unlink()
    await filled(tmp_path / "gatehouse.db")


async def test_a_link_to_a_database_that_is_not_there_yet_makes_it_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "link.db").symlink_to(tmp_path / "data" / "gatehouse.db")
    await filled(tmp_path / "link.db")
    assert (tmp_path / "data" / "gatehouse.db").stat().st_size
    assert (tmp_path / "link.db").is_symlink()


async def test_readers_next_to_a_running_bot_see_what_it_stored_by_any_name(tmp_path: Path) -> None:
    path, link = tmp_path / "gatehouse.db", tmp_path / "other" / "link.db"
    link.parent.mkdir()
    link.symlink_to(path)
    store = await open_store(path, FixedClock())
    await store.commit(click(1))
    await store.give_up(1, (text_fact("no such channel"),))
    for name in (path, link):
        assert [one.error for one in read_given_up(name)] == [(text_fact("no such channel"),)]
        records = await read_records(name)
        assert records is not None
        assert set(records.requests) == {"r-1"}
    assert await store.commit(click(2)), "the bot is not disturbed"
    assert "another process" in await refused(link), "its locks are still held"
    await store.close()


# --- what is not whole ---


@pytest.mark.parametrize("beside", [(), (".lock",), ("-wal",), (".lock", "-wal", "-shm")])
async def test_an_empty_file_is_no_database_and_is_left_as_it_is(tmp_path: Path, beside: tuple[str, ...]) -> None:
    """The bot never creates an empty file, so it comes from a failed restore or a full disk."""
    path = tmp_path / "gatehouse.db"
    for name in ("", *beside):
        touch(f"{path}{name}")
    said = await refused(path)
    assert "gatehouse.db is empty; restore the backup; see docs/operations.md" in said
    assert path.read_bytes() == b""
    path.unlink()
    await filled(path)


async def test_a_log_without_its_database_is_not_begun_again(tmp_path: Path) -> None:
    path, log = tmp_path / "gatehouse.db", tmp_path / "gatehouse.db-wal"
    log.write_bytes(b"what was written last")
    assert "gatehouse.db is gone, and gatehouse.db-wal is there; restore the backup" in await refused(path)
    assert log.read_bytes() == b"what was written last"
    assert not path.exists()


async def test_a_database_that_vanished_is_created_again_and_said(tmp_path: Path) -> None:
    path = tmp_path / "gatehouse.db"
    with structlog.testing.capture_logs() as logs:
        await filled(path)
        assert [line["event"] for line in logs] == []
        path.unlink()
        await filled(path)
    assert [line["event"] for line in logs] == ["database_made_anew"]


@pytest.mark.parametrize("size", [1, 15, 16, 99, 100, 512, 4095, 4096, 5000, 8192])
async def test_a_short_file_is_refused_with_the_cure(tmp_path: Path, size: int) -> None:
    path = tmp_path / "gatehouse.db"
    await filled(path, 20)
    whole = path.read_bytes()
    assert len(whole) > 8192
    path.write_bytes(whole[:size])
    assert "restore the backup; see docs/operations.md" in await refused(path)
    assert path.read_bytes() == whole[:size]
    path.write_bytes(whole)
    await filled(path)


async def test_a_page_that_was_overwritten_is_noticed_whichever_it_is(tmp_path: Path) -> None:
    seed = random.randrange(10**9)
    print("seed", seed)
    chance = random.Random(seed)
    path = tmp_path / "gatehouse.db"
    await filled(path, 60)
    whole = path.read_bytes()
    unnoticed = []
    for at in range(0, len(whole), 4096):
        path.write_bytes(whole[:at] + chance.randbytes(4096) + whole[at + 4096 :])
        try:
            store = await open_store(path, FixedClock())
        except StoreUnusable:
            continue
        unnoticed.append(at // 4096)
        await store.close()
    assert unnoticed == [], f"seed {seed}"


async def test_an_index_that_lacks_rows_is_damage(tmp_path: Path) -> None:
    """It would hide open requests; a quick check does not see it."""
    path = tmp_path / "gatehouse.db"
    await filled(path, 5)
    with closing(sqlite3.connect(path)) as db:
        db.execute("pragma writable_schema = on")
        db.execute("update sqlite_master set sql = sql || ' where is_open = 7' where name = 'requests_open'")
        db.commit()
    with closing(sqlite3.connect(path)) as db:
        db.execute("pragma writable_schema = on")
        db.execute("reindex requests_open")
        db.execute("update sqlite_master set sql = replace(sql, ' where is_open = 7', '') where name = 'requests_open'")
        db.commit()
    assert "gatehouse.db is damaged (" in await refused(path)


async def test_a_check_that_takes_too_long_is_left_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await filled(tmp_path / "gatehouse.db", 60)
    monkeypatch.setattr(workflows.store.sqlite.file, "_CHECK_SECONDS", -1.0)
    monkeypatch.setattr(workflows.store.sqlite.file, "_CHECK_STEPS", 10)
    with structlog.testing.capture_logs() as logs:
        await filled(tmp_path / "gatehouse.db", 61)
    assert [line["event"] for line in logs] == ["database_not_checked_to_its_end"]


# --- the log ---


async def traced(store: SqliteStore) -> list[str]:
    """Return a list that every statement from now on is added to."""
    statements = list[str]()
    await store._run(lambda: store._db.conn.set_trace_callback(statements.append))
    return statements


@pytest.mark.threats("G4")
async def test_a_log_that_grew_while_somebody_read_is_short_again_afterwards(tmp_path: Path) -> None:
    """A reader keeps SQLite from emptying the log; after the reader has ended, the next check empties it."""
    path = tmp_path / "gatehouse.db"
    store = await open_store(path, FixedClock())
    await store.commit(click(0))
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("begin")
    reader.execute("select count(*) from audit").fetchone()
    for number in range(40):
        await store.save_mark("large", "x" * 200_000 + str(number))
    log = tmp_path / "gatehouse.db-wal"
    with structlog.testing.capture_logs() as logs:
        statements = await traced(store)
        assert await store.probe() is None
        assert await store.probe() is None
        waits = [before for before, after in pairwise(statements) if "wal_checkpoint" in after]
        assert waits == ["pragma busy_timeout = 0"] * 2, "nobody waits for the reader"
    assert log.stat().st_size > 7_000_000
    assert [line["event"] for line in logs] == ["log_held_by_a_reader"]
    reader.close()
    assert await store.probe() is None
    assert log.stat().st_size <= 4 * 1024 * 1024
    await store.close()


@pytest.mark.threats("G4")
async def test_a_log_is_cut_to_its_limit_by_ordinary_writes(tmp_path: Path) -> None:
    store: SqliteStore = await open_store(tmp_path / "gatehouse.db", FixedClock())
    for number in range(60):
        await store.save_mark("large", "x" * 200_000 + str(number))
    assert (tmp_path / "gatehouse.db-wal").stat().st_size < 6 * 1024 * 1024
    await store.close()


@pytest.mark.threats("G10")
async def test_a_file_that_a_newer_version_changed_is_refused_by_whoever_opens_it(tmp_path: Path) -> None:
    """Otherwise records would lose what this version does not know."""
    path = tmp_path / "gatehouse.db"
    store = await open_store(path, FixedClock())
    await store.close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("insert into _sqlite_migrations (migration_set, name, applied_at) values ('gatehouse', 'm999', '')")
        db.commit()
    for opening in (open_store(path, FixedClock()), open_shared(path, FixedClock()), read_records(path)):
        with pytest.raises(
            StoreUnusable, match=r"changed by a newer version of Gatehouse \(m999\); start that version"
        ):
            await opening


async def test_plugins_of_the_library_are_not_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would read the names of all installed packages at each start, and let any of them change the connection."""

    def look() -> None:
        raise AssertionError("plugins are looked for")

    monkeypatch.setattr("sqlite_utils.db.ensure_plugins_loaded", look)
    store = SqliteStore(tmp_path / "store.db", FixedClock())
    await store.open()
    await store.close()

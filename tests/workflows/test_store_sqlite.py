"""What only the embedded store promises: a private file, a journal that is synced, commits that outlive `kill -9`."""

import asyncio
import os
import signal
import stat
import sys
from pathlib import Path

from sqlite_utils import Database

from tests.workflows.core.builders import NOW, RILEY, request
from tests.workflows.fakes import FixedClock
from workflows.core.effects import ShowHome
from workflows.core.request import RequestId
from workflows.ports import AuditEntry, Commit
from workflows.store.sqlite import open_store

ROOT = Path(__file__).parents[2]

CHILD = """
import asyncio, sys
from pathlib import Path
from tests.workflows.fakes import FixedClock
from tests.workflows.test_store_sqlite import click
from workflows.store.sqlite import open_store

async def main():
    store = await open_store(Path(sys.argv[1]), FixedClock())
    number = 0
    while True:
        await store.commit(click(number))
        print(number, flush=True)
        number += 1

asyncio.run(main())
"""


def click(number: int) -> Commit:
    """A commit of everything: entry, record, effect."""
    entry = AuditEntry(
        key=f"click-{number}", at=NOW, actor=RILEY.chat_id, command="submit", outcome="accepted", details={}
    )
    record = request(id=RequestId(f"r-{number}"), version=1)
    return Commit(entry=entry, request=record, effects=(ShowHome(person=RILEY.chat_id),))


async def test_the_files_are_private_to_their_owner(tmp_path: Path) -> None:
    """Also where the process creates files for everybody, and where the file was there before."""
    path = tmp_path / "below" / "gatehouse.db"
    path.parent.mkdir()
    path.touch(mode=0o644)
    before = os.umask(0)
    try:
        store = await open_store(path, FixedClock())
        await store.commit(click(1))
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        await store.close()
    finally:
        os.umask(before)
    names = ("gatehouse.db", "gatehouse.db-wal", "gatehouse.db-shm", "gatehouse.db.lock")
    assert modes == dict.fromkeys(names, 0o600)


async def test_the_folder_is_made_when_it_is_missing(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "a" / "b" / "gatehouse.db", FixedClock())
    assert await store.commit(click(1))
    await store.close()


async def test_the_journal_is_a_write_ahead_log_synced_at_every_commit(tmp_path: Path) -> None:
    """SQLite: "PRAGMA synchronous"; 2 is FULL. The setting belongs to a connection, so the store's own is asked."""
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())

    def pragmas() -> dict[str, object]:
        names = ("journal_mode", "synchronous", "busy_timeout")
        return {name: store._db.execute(f"pragma {name}").fetchone()[0] for name in names}

    assert await store._run(pragmas) == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 2000}
    await store.close()


async def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "gatehouse.db"
    schemas = []
    for number in range(2):
        store = await open_store(path, FixedClock())
        assert await store.commit(click(number))
        await store.close()
        database = Database(path)
        schemas.append(database.schema)
        database.close()
    assert schemas[0] == schemas[1]


async def test_what_commit_returned_from_outlives_kill_9(tmp_path: Path) -> None:
    """A child commits without end and is killed while it does; every number it said is whole."""
    path = tmp_path / "gatehouse.db"
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CHILD, str(path)), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert child.stdout is not None
    said = [int(await child.stdout.readline()) for _ in range(5)]
    child.send_signal(signal.SIGKILL)
    said += [int(line) for line in (await child.stdout.read()).split(b"\n") if line]
    assert await child.wait() == -signal.SIGKILL
    store = await open_store(path, FixedClock())
    for number in said:
        assert await store.is_known(f"click-{number}")
        assert await store.request(RequestId(f"r-{number}")) == click(number).request
    entries = len(await store.history(limit=10_000))
    due, later, parked = await store.count_pending(NOW)
    records = len(await store.open_requests())
    assert entries == records == due  # the one that was under way is there whole, or not at all
    assert (later, parked) == (0, 0)
    assert entries - len(said) in (0, 1)
    await store.close()

"""What only the embedded store promises: a private file, a journal that is synced, commits that outlive `kill -9`."""

import asyncio
import os
import signal
import stat
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from pydantic import TypeAdapter
from sqlite_utils import Database
from structlog.testing import capture_logs

import workflows.store.common.reading
import workflows.store.common.records
import workflows.store.sqlite.effects_queue
import workflows.store.sqlite.file
import workflows.store.sqlite.snapshot
from tests.waiting import killed_when_it_hangs
from tests.workflows.core.builders import NOW, RILEY, SECURITY, TENANT, partnership, request, text_message
from tests.workflows.fakes import FixedClock
from workflows.core.people import ChatId
from workflows.core.requests.commands.request import CommandSubject, Withdraw
from workflows.core.requests.effects import CheckPermission, SendMessage, ShowHome
from workflows.core.requests.request import RequestId
from workflows.core.settings.model import TenantId
from workflows.ports.audit_log import AuditEntry
from workflows.ports.pages import START, PartnerFilter
from workflows.ports.records import Commit, StoreUnusable
from workflows.store.codec import load
from workflows.store.sqlite.store import SqliteStore, open_store

ROOT = Path(__file__).parents[4]

CHILD = """
import asyncio, sys
from pathlib import Path
from tests.workflows.fakes import FixedClock
from tests.workflows.store.sqlite.test_store import click
from workflows.store.sqlite.store import open_store

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


async def test_a_request_that_did_not_change_is_the_same_object(tmp_path: Path) -> None:
    """So its plan's digest is not computed again each time it is read."""
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    try:
        await store.commit(click(1))
        first = await store.request(RequestId("r-1"))
        assert first is not None
        assert await store.request(RequestId("r-1")) is first
        changed = replace(first, version=2)
        await store.commit(Commit(entry=click(2).entry, request=changed))
        assert await store.request(RequestId("r-1")) == changed
    finally:
        await store.close()


async def test_the_rows_of_lists_are_parsed_off_the_event_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A click during the reading of many records is acknowledged in time."""
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    for number in range(3):
        await store.commit(click(number))
    for number, tenant in enumerate("ab"):
        entry = replace(click(9).entry, key=f"partner-{number}")
        known = partnership(version=1)
        known = replace(known, identity=replace(known.identity, tenant_id=TenantId(f"{tenant}{TENANT[1:]}")))
        await store.commit(Commit(entry=entry, partnership=known))
    threads: list[int] = []

    def watched(adapter: TypeAdapter[object], text: str) -> object:
        threads.append(threading.get_ident())
        return load(adapter, text)

    for number in range(2):
        message = CheckPermission(command=Withdraw(actor=RILEY.chat_id, request_id=RequestId("r")), key=f"k-{number}")
        await store.commit(Commit(entry=replace(click(9).entry, key=f"check-{number}"), effects=(message, message)))
    for effect in await store.pending(NOW, 1):
        await store.give_up(effect.id, ())
    common, sqlite = workflows.store.common, workflows.store.sqlite
    for module in (common.reading, common.records, sqlite.snapshot, sqlite.effects_queue):
        monkeypatch.setattr(module, "load", watched)
    mine = (RILEY.chat_id, 9)
    reads = {
        "open requests": (store.open_requests(), 3),
        "requests that wait": (store.requests_waiting([SECURITY], ["U-NOBODY"], 9), 3),  # type: ignore[list-item]
        "one's own requests": (store.requests_of(*mine), 3),
        "requests about a tenant": (store.requests_for(TENANT, 9), 3),
        "partnerships": (store.partnerships(lambda one: one), 2),
        "a page of partnerships": (store.partners_page(PartnerFilter(), limit=9, position=START), 2),
        "a page of one's own": (store.own_page([RILEY.chat_id], text="", limit=9, position=START), 3),
        "the records of the posture": (store.records(), 5),
        "the audit log": (store.history(limit=5), 5),
        "clicks to be checked": (store.unchecked_clicks(), 3),
        "work that was given up": (store.given_up_effects(), 2),
    }
    try:
        for name, (read, rows) in reads.items():
            threads.clear()
            await read
            assert len(threads) == rows, name
            assert threading.get_ident() not in threads, name
    finally:
        await store.close()


@pytest.mark.threats("E7")
async def test_the_files_are_private_to_their_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the process creates files for everybody, and where the file was there before."""
    # A logger that was used before may remember where another test had it write.
    monkeypatch.setattr(workflows.store.sqlite.file, "_log", structlog.get_logger())
    path = tmp_path / "below" / "gatehouse.db"
    path.parent.mkdir()
    Database(path).enable_wal()
    path.chmod(0o644)
    before = os.umask(0)
    try:
        with capture_logs() as logged:
            store = await open_store(path, FixedClock())
        await store.commit(click(1))
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        await store.close()
    finally:
        os.umask(before)
    names = ("gatehouse.db", "gatehouse.db-wal", "gatehouse.db-shm", "gatehouse.db.lock", "gatehouse.db.audit-key")
    assert modes == dict.fromkeys(names, 0o600)
    assert [(line["event"], line["mode"]) for line in logged] == [("database_was_open_to_others", "0644")]
    with capture_logs() as logged:
        await (await open_store(path, FixedClock())).close()
    assert logged == [], "it was made private"


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o777])
async def test_the_mode_of_a_folder_is_never_changed(tmp_path: Path, mode: int) -> None:
    """It may be shared with others, or be the user's home; only the store's own files are made private."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(mode)
    store = await open_store(folder / "gatehouse.db", FixedClock())
    assert await store.commit(click(1))
    await store.close()
    assert stat.S_IMODE(folder.stat().st_mode) == mode


async def test_a_folder_is_no_database_and_stays_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    with pytest.raises(StoreUnusable, match="is a folder; name a file in it"):
        await open_store(folder, FixedClock())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert os.listdir(tmp_path) == ["data"]
    assert os.listdir(folder) == []


async def test_a_file_that_is_no_database_is_said_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Dear diary, " * 500)
    with pytest.raises(StoreUnusable, match=r"notes\.txt cannot be used as a database"):
        await open_store(path, FixedClock())
    assert path.read_text() == "Dear diary, " * 500


async def test_after_a_failed_opening_the_file_is_free_again(tmp_path: Path) -> None:
    """Somebody mends the file: the same process opens it without a restart."""
    path = tmp_path / "gatehouse.db"
    path.write_text("Dear diary, " * 500)
    with pytest.raises(StoreUnusable) as kept:
        await open_store(path, FixedClock())
    path.unlink()
    store = await open_store(path, FixedClock())
    assert await store.commit(click(1))
    await store.close()
    assert kept.value


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for another process to end."""
    monkeypatch.setattr(workflows.store.sqlite.file, "_LOCK_SECONDS", 0.05)


@pytest.mark.usefixtures("impatient")
async def test_a_store_that_another_one_uses_is_not_opened(tmp_path: Path) -> None:
    """Two bots on one file would perform effects twice."""
    path = tmp_path / "gatehouse.db"
    store = await open_store(path, FixedClock())
    with pytest.raises(StoreUnusable, match=r"another process uses gatehouse\.db; stop it first"):
        await open_store(path, FixedClock())
    assert await store.commit(click(1)), "who has it keeps it"
    await store.close()
    assert (tmp_path / "gatehouse.db.lock").exists()
    again = await open_store(path, FixedClock())
    assert await again.is_known("click-1")
    await again.close()


@pytest.mark.threats("G9")
@pytest.mark.usefixtures("impatient")
async def test_a_store_that_another_process_uses_is_free_once_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "gatehouse.db"
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CHILD, str(path)), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert child.stdout is not None
    with killed_when_it_hangs(child):
        await child.stdout.readline()
    with pytest.raises(StoreUnusable, match="another process"):
        await open_store(path, FixedClock())
    child.send_signal(signal.SIGKILL)
    await child.stdout.read()
    await child.wait()
    store = await open_store(path, FixedClock())
    assert await store.is_known("click-0")
    await store.close()


@pytest.mark.threats("G9")
async def test_an_opening_waits_for_a_process_that_ends(tmp_path: Path) -> None:
    """A restart overlaps: the new process starts while the old one is still closing."""
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    opening = asyncio.create_task(open_store(tmp_path / "gatehouse.db", FixedClock()))
    await asyncio.sleep(0.1)
    assert not opening.done()
    await store.close()
    again = await opening
    assert await again.commit(click(1))
    await again.close()


# --- what cannot be read ---

POISON = '{"kind": "erase the disk"}'


async def behind_its_back(store: SqliteStore, sql: str, *values: object) -> None:
    """Change what is stored as a fault of our own or an older program would."""
    await store._write(sql, *values)


async def test_an_effect_that_cannot_be_read_is_parked_and_delays_nobody(tmp_path: Path) -> None:
    """Later effects in its lane and in every other lane are performed."""
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    texts = [
        SendMessage(person=RILEY.chat_id, subject=CommandSubject(), fact=text_message(str(number)))
        for number in range(3)
    ]
    others = [ShowHome(person=ChatId(f"U{number}")) for number in range(4)]
    entry = AuditEntry(key="k", at=NOW, actor="t", command="t", outcome="accepted", details={})
    assert await store.commit(Commit(entry=entry, effects=(*texts, *others)))
    for number in (1, 2, 5):
        await behind_its_back(store, "update effects set doc = ? where id = ?", POISON, number)
    with structlog.testing.capture_logs() as logs:
        first = await store.pending(NOW, 10)
        second = await store.pending(NOW, 10)
        third = await store.pending(NOW, 10)
    assert [one.effect for one in first] == [others[0], others[2], others[3]]
    assert [one.effect for one in second] == [others[0], others[2], others[3]]
    assert [one.effect for one in third] == [texts[2], others[0], others[2], others[3]]
    lines = [(line["event"], line["effect_id"], line["log_level"]) for line in logs]
    assert lines == [("effect_unreadable", number, "error") for number in (1, 5, 2)]
    assert await store.count_pending(NOW) == (4, 0, 3), "what is parked stays visible"
    (row,) = await store._query("select error, doc from effects where id = 1")
    assert row["error"].startswith('[{"code":"effect_unreadable"')
    assert row["doc"] == POISON
    await store.close()


@pytest.mark.parametrize("poison", [POISON, "", "{", '{"id": "r-2"}'], ids=["another thing", "empty", "torn", "part"])
async def test_a_record_that_cannot_be_read_is_left_out_of_lists_and_logged(tmp_path: Path, poison: str) -> None:
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    for number in (1, 2, 3):
        assert await store.commit(click(number))
        identity = replace(partnership().identity, tenant_id=TenantId(f"t-{number}"), default_domain=f"{number}.com")
        known = partnership(version=1, identity=identity)
        entry = AuditEntry(key=f"p-{number}", at=NOW, actor="t", command="t", outcome="accepted", details={})
        assert await store.commit(Commit(entry=entry, partnership=known))
    await behind_its_back(store, "update requests set doc = ? where id = 'r-2'", poison)
    await behind_its_back(store, "update partnerships set doc = ? where tenant_id = 't-2'", poison)
    with structlog.testing.capture_logs() as logs:
        assert [one.id for one in await store.open_requests()] == ["r-1", "r-3"]
        assert {one.id for one in await store.requests_of(RILEY.chat_id, 9)} == {"r-1", "r-3"}
        assert {one.id for one in await store.requests_for(request().plan.tenant_id, 9)} == {"r-1", "r-3"}
        assert [one.identity.tenant_id for one in await store.partnerships(lambda one: one)] == ["t-1", "t-3"]
    lines = [(line["event"], line["id"], line["log_level"]) for line in logs]
    assert lines == [("record_unreadable", "r-2", "error")] * 3 + [("record_unreadable", "t-2", "error")]
    requests, partners = await store.due(NOW + timedelta(days=99))
    assert (len(requests), len(partners)) == (3, 3), "what is due is found without reading it"
    await store.close()


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
    with killed_when_it_hangs(child):
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

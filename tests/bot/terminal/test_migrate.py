"""`gatehouse migrate`: everything moves once, one place at most serves a bot, and every reason against it is named."""

import asyncio
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from bot.process.opening.readers import SystemClock
from bot.terminal.posture import migrate_steps
from bot.terminal.posture.generation_command import hand_over_now
from bot.terminal.posture.migrate_command import STOPPED, MigrateOptions, migrate_records
from tests.bot.terminal.moved_installation import (
    PROJECT,
    TENANT_SETTINGS,
    Installation,
    assert_at_most_one,
    with_store,
)
from tests.waiting import killed_when_it_hangs
from tests.workflows.fakes import FixedClock
from tests.workflows.store.moving.filled import entry, filled_file
from tests.workflows.store.postgres.server import test_server
from workflows.app.schedule.freezing.handing_over import take_over
from workflows.app.schedule.freezing.held_start import HeldStart
from workflows.core.audit.chain import KeyRing, written_key
from workflows.core.policy.stops.generation import Generation
from workflows.ports.records import Commit, StoreUnusable
from workflows.ports.store import Store
from workflows.store.audit_keys import GivenKeys, new_key, own_key_file
from workflows.store.generation_place import FilePlace, place_of
from workflows.store.location import StoreLocation
from workflows.store.moving.source import SqliteSource
from workflows.store.moving.target import PostgresTarget
from workflows.store.moving.transfer import OnRow, copy_all
from workflows.store.postgres.location import PostgresLocation
from workflows.store.postgres.locks import USE_LOCK
from workflows.store.postgres.opening.server import Server

pytestmark = pytest.mark.postgres


@pytest.fixture
def database() -> Iterator[str]:
    """A database whose tables are made, without records."""
    with test_server().database() as name:
        yield name


@pytest.fixture
def here(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An installation with every kind of record, and the settings of its bot."""
    here = Installation(tmp_path, database)
    generation = tmp_path / "generation"
    here.environment = {**TENANT_SETTINGS, "GATEHOUSE_GENERATION": str(generation), "DATABASE_URL": "sqlite:///x.db"}
    for name in ("AUDIT_KEY", "AUDIT_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in here.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    asyncio.run(filled_file(here.path, FilePlace(generation, here.path), requests=16))
    return here


def lines(capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """What was printed, and the errors, each as one line: a console breaks lines at its width."""
    out, err = capsys.readouterr()
    return " ".join(out.split()), " ".join(err.split())


def test_after_a_move_the_database_goes_on_and_the_file_serves_nobody(
    here: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert here.usable() == ["file", "database"]
    kept = here.folder / "kept.db"
    with closing(sqlite3.connect(here.path)) as db:
        db.execute("vacuum into ?", [str(kept)])
    assert here.migrate() == 0
    assert here.usable() == ["database"]
    assert here.hold(here.target) is None
    out, err = lines(capsys)
    assert err == ""
    assert "All are the same in both places." in out
    assert f"AUDIT_KEY_FILE={here.path}.audit-key" in out
    assert f"GATEHOUSE_GENERATION={here.folder / 'generation'}" in out
    for refused in (
        here.source.open(SystemClock()),
        here.source.open_shared(SystemClock()),
        here.source.read_records(),
    ):
        with pytest.raises(StoreUnusable, match=r"gatehouse\.db was moved to postgresql://.*only an archive"):
            asyncio.run(refused)
    assert here.source.verify_audit().is_whole
    # What somebody copied before is older, and would start held.
    shutil.copy(f"{here.path}.audit-key", f"{kept}.audit-key")
    backup = StoreLocation(kept)
    assert here.hold(backup) is not None


def test_a_hand_over_of_a_database_names_no_file(
    here: Installation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert here.migrate() == 0
    monkeypatch.setenv("DATABASE_URL", here.url)
    monkeypatch.setenv("AUDIT_KEY_FILE", str(own_key_file(here.path)))
    capsys.readouterr()
    assert hand_over_now() == 0
    out, _ = lines(capsys)
    assert "Set DATABASE_URL at the new place. If the database moves too, copy it there with pg_dump now." in out
    assert "database file" not in out


def test_the_entry_of_the_move_is_the_last_one_in_both_logs(here: Installation) -> None:
    assert here.migrate() == 0

    async def newest(store: Store) -> tuple[str, str, object]:
        [found] = await store.history(limit=1)
        return found.command, found.actor, found.details["to"]

    command, actor, to = with_store(here.target, newest)
    assert (command, to) == ("move_records", here.target.name)
    assert str(actor).startswith("os:")
    assert here.source.verify_audit() == here.target.verify_audit()


def test_whatever_wrote_beside_the_bot_before_writes_nothing_after_the_move(here: Installation) -> None:
    """A command that had the file open stores nothing that nobody would see."""

    async def story() -> None:
        beside = await here.source.open_shared(FixedClock())
        try:
            assert await asyncio.to_thread(here.migrate) == 0
            with pytest.raises(StoreUnusable, match="they were moved"):
                await beside.commit(Commit(entry=entry("too-late")))
        finally:
            await beside.close()

    asyncio.run(story())


def test_a_dry_run_says_how_much_and_what_is_in_the_way_and_changes_nothing(
    here: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    before = here.path.read_bytes()
    assert here.migrate(is_dry_run=True) == 0
    out, _ = lines(capsys)
    assert "Requests 16" in out
    assert "Nothing was changed." in out
    test_server().run("insert into marks (name, value) values ('a', 'b')", database=here.database)
    shutil.rmtree(here.folder / "generation")
    assert here.migrate(is_dry_run=True) == 1
    out, err = lines(capsys)
    assert "Requests 16" in out
    assert "a start would be held" in err
    assert "has records already" in err
    assert here.path.read_bytes() == before
    assert here.usable() == ["file", "database"]


def test_a_second_run_says_that_all_is_moved(here: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    assert here.migrate() == 0
    first, _ = lines(capsys)
    assert here.migrate() == 0
    again, _ = lines(capsys)
    assert "Everything was moved before." in again
    assert first.split("Set these")[1] == again.split("Set these")[1]


def test_with_a_fixed_generation_the_new_value_is_named(
    here: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The old value would also let older backups start; the new one does not."""

    async def inside(store: Store) -> Generation:
        return Generation.parse(str(await store.mark("generation")))

    before = with_store(here.source, inside)
    assert isinstance(before, Generation)
    monkeypatch.setenv("GATEHOUSE_GENERATION", before.public)
    here.environment["GATEHOUSE_GENERATION"] = before.public
    assert here.migrate() == 0
    value = f"{before.installation}:{before.number + 1}"
    assert f"GATEHOUSE_GENERATION={value}" in lines(capsys)[0]
    assert here.hold(here.target, place_of(value, here.target.known_as)) is None
    assert here.usable() == ["database"]


def test_on_another_machine_the_printed_value_or_a_take_over_lets_the_bot_go_on(
    here: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert here.migrate() == 0
    value = lines(capsys)[0].rpartition("GATEHOUSE_GENERATION=")[2].split()[0]
    assert here.hold(here.target, place_of(value, here.target.known_as)) is None
    elsewhere = FilePlace(here.folder / "elsewhere", here.target.known_as)
    assert here.hold(here.target, elsewhere) is not None

    async def take(store: Store) -> None:
        await take_over(HeldStart(store=store, clock=FixedClock(), place=elsewhere), Generation.parse(value))

    with_store(here.target, take)
    assert here.hold(here.target, elsewhere) is None


def test_keys_of_a_setting_go_on(
    here: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ring = here.keys.ring(may_create=False)
    text = ",".join(map(written_key, ring.keys))
    monkeypatch.setenv("AUDIT_KEY", text)
    assert here.migrate() == 0
    out, err = lines(capsys)
    assert "AUDIT_KEY=<as it is set now>" in out
    assert text not in out + err


# --- refused ---


def test_it_is_refused_while_a_bot_uses_the_file(here: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    async def story() -> None:
        store = await here.source.open(FixedClock())
        assert await asyncio.to_thread(here.migrate) == 1
        await store.close()

    with subprocess.Popen(
        [sys.executable, "-c", _HOLDS_FILE, str(here.path)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    ) as bot:
        assert bot.stdout is not None
        with killed_when_it_hangs(bot):
            assert bot.stdout.readline() == "open\n"
        assert here.migrate() == 1
        bot.kill()
    assert "another process uses gatehouse.db; stop the bot first" in lines(capsys)[1]
    asyncio.run(story())
    assert here.usable() == ["file", "database"]


_HOLDS_FILE: Final = """
import asyncio, sys, time
from pathlib import Path
from bot.process.opening.readers import SystemClock
from workflows.store.location import StoreLocation
asyncio.run(StoreLocation(Path(sys.argv[1])).open(SystemClock()))
print("open", flush=True)
time.sleep(60)
"""


def test_it_is_refused_while_a_bot_uses_the_database(here: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    async def story() -> None:
        store = await here.target.open(FixedClock())
        try:
            assert await asyncio.to_thread(here.migrate) == 1
        finally:
            await store.close()

    asyncio.run(story())
    assert f"another process uses {here.target.name}; stop it first" in lines(capsys)[1]
    assert here.usable() == ["file", "database"]


def test_no_bot_can_open_the_database_while_it_is_filled(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even before the first row: the lock of the bot is held."""
    seen: list[Any] = []

    def look(*_: object) -> None:
        with ThreadPoolExecutor(1) as pool:  # an event loop may run in this thread
            seen.extend(pool.submit(here.usable).result())
        seen.append(test_server().rows(f"select pg_try_advisory_lock({USE_LOCK})", here.database))
        raise KeyboardInterrupt

    monkeypatch.setattr(migrate_steps, "copy_all", look)
    assert here.migrate() == STOPPED
    assert seen == [[(False,)]]


def test_a_database_with_records_or_tables_of_others_is_refused(
    here: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    async def put(store: Store) -> None:
        await store.commit(Commit(entry=entry("theirs")))

    other = PostgresLocation(Server(here.url), GivenKeys(KeyRing((new_key(),))))
    with_store(other, put)
    assert here.migrate() == 1
    assert "has records already; name a database without any in --to" in lines(capsys)[1]
    with test_server().database(is_empty=True) as name:
        test_server().run("create table customers (id int)", database=name)
        assert here.migrate(to=test_server().url(name)) == 1
        assert "has tables of another program (customers)" in lines(capsys)[1]
    assert "file" in here.usable()


def test_a_database_that_is_being_filled_from_another_installation_is_refused(
    here: Installation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate_steps, "copy_all", _stop)
    assert here.migrate() == STOPPED
    monkeypatch.undo()
    for name, value in here.environment.items():
        monkeypatch.setenv(name, value)
    second = Installation(here.folder / "second", here.database, here.environment)
    second.folder.mkdir()
    asyncio.run(filled_file(second.path, second.place(second.source), requests=2))
    assert second.migrate() == 1
    assert "is being filled from gatehouse.db, which has other records" in lines(capsys)[1]
    assert here.migrate() == 0


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


def test_records_that_are_not_certainly_the_newest_are_refused(
    here: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    (here.folder / "copy").mkdir()
    copied = Installation(here.folder / "copy", here.database, here.environment)
    shutil.copy(here.path, copied.path)
    shutil.copy(own_key_file(here.path), own_key_file(copied.path))
    assert copied.migrate() == 1
    assert "a start would be held" in lines(capsys)[1]


def test_a_file_that_no_bot_ever_used_is_refused(here: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(here.path)) as db, db:
        db.execute("delete from marks where name = 'generation'")
    assert here.migrate() == 1
    assert "a start would be held, or there never was one" in lines(capsys)[1]


def test_where_it_cannot_be_read_whether_the_records_are_held_it_is_refused(
    here: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(here.path)) as db, db:
        db.execute("update freezes set doc = '{'")
    assert here.migrate() == 1
    out, err = lines(capsys)
    assert "Requests 16" in out
    assert "Nothing was moved:" in err
    assert "freeze" in err.lower()


def test_a_password_is_in_no_output_of_a_move(here: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    with test_server().asking_for_passwords(here.database, "mover", "pass/w@rd"):
        test_server().run("grant all on all tables in schema public to mover", database=here.database)
        wrong = test_server().url(here.database, user="mover", password="wrong-secret")
        assert here.migrate(to=wrong) == 1
    out, err = lines(capsys)
    assert "password authentication failed" in err
    assert "wrong-secret" not in out + err


def test_a_missing_password_belongs_into_no_option_of_a_move(
    here: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    with test_server().asking_for_passwords(here.database, "mover", "pass/w@rd"):
        assert here.migrate(to=test_server().url(here.database, user="mover")) == 1
    err = lines(capsys)[1]
    assert "put the password into ~/.pgpass or PGPASSWORD" in err
    assert "--to" not in err


def test_another_key_is_refused(
    here: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AUDIT_KEY", written_key(new_key()))
    assert here.migrate() == 1
    assert "the newest audit entry has another key" in lines(capsys)[1]


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        (
            "delete from _sqlite_migrations where name = (select max(name) from _sqlite_migrations)",
            "is of an older version",
        ),
        (
            "insert into _sqlite_migrations (migration_set, name, applied_at) values ('gatehouse', 'm999_x', '')",
            "newer version",
        ),
    ],
)
def test_a_file_of_another_version_is_refused(
    here: Installation, capsys: pytest.CaptureFixture[str], sql: str, says: str
) -> None:
    with closing(sqlite3.connect(here.path)) as db, db:
        db.execute(sql)
    assert here.migrate() == 1
    assert says in lines(capsys)[1]


def test_wrong_addresses_are_named_without_a_password(here: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    assert here.migrate(to="sqlite:///other.db") == 2
    assert "--to must name a database in PostgreSQL" in lines(capsys)[1]
    assert here.migrate(to="postgresql://a:pass@word@host/db") == 2
    assert here.migrate(to="postgresql://a:topsecret@127.0.0.1:1/db") == 1
    out, err = lines(capsys)
    assert "Connection refused" in err
    assert "topsecret" not in out + err
    assert "or correct --to" in err
    missing = MigrateOptions(source="sqlite:///nothing.db", target=here.url, is_dry_run=False)
    assert migrate_records(missing) == 1
    assert "there are no records in nothing.db" in lines(capsys)[1]
    assert migrate_records(MigrateOptions(source=here.url, target=here.url, is_dry_run=False)) == 2
    assert "--from must name a file of SQLite" in lines(capsys)[1]


def test_records_that_differ_after_copying_are_not_released(
    here: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = copy_all

    def copy_wrong(source: SqliteSource, target: PostgresTarget, now: str, on_row: OnRow) -> None:
        copy(source, target, now, on_row)
        test_server().run("update requests set doc = '{}' where id = 'R-00003'", database=here.database)

    monkeypatch.setattr(migrate_steps, "copy_all", copy_wrong)
    assert here.migrate() == 1
    assert "Requests R-00003: doc" in lines(capsys)[1]
    assert here.usable() == ["file"]
    assert here.hold(here.source) is None


@pytest.mark.parametrize(
    ("owner", "name", "error"),
    [
        (FilePlace, "_save", OSError(28, "No space left on device")),
        (PostgresTarget, "finish", psycopg.OperationalError("the connection is lost")),
    ],
    ids=["outside", "database"],
)
def test_a_last_step_that_fails_is_not_told_as_nothing_was_moved(
    here: Installation,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    name: str,
    error: Exception,
) -> None:
    def fail(*_: object) -> None:
        raise error

    saved, is_marked = getattr(owner, name), SqliteSource.mark_moved

    def mark(source: SqliteSource, place: str) -> None:
        is_marked(source, place)
        monkeypatch.setattr(owner, name, fail)

    monkeypatch.setattr(SqliteSource, "mark_moved", mark)
    assert here.migrate() == 1
    out, err = lines(capsys)
    assert "Nothing was moved" not in out + err
    assert "The file is marked as moved, but the move is not finished:" in err
    assert str(error.args[-1]) in err
    assert "run the command again to finish" in err
    assert here.usable() == []
    with monkeypatch.context() as patched:
        patched.setattr(migrate_steps, "_look_at_database", _server_away)
        assert here.migrate() == 1
    assert "The file is marked as moved, but the move is not finished: - the server is away" in lines(capsys)[1]
    monkeypatch.setattr(owner, name, saved)
    assert here.migrate() == 0
    assert here.usable() == ["database"]


def _server_away(*_: object) -> None:
    raise StoreUnusable("the server is away")


# --- killed ---

_DIES: Final = """
import os, signal
from bot.terminal.posture import migrate_steps as steps
from workflows.store.moving.target import PostgresTarget
from workflows.store.moving.source import SqliteSource
owner, name, is_after = {owner}, {name!r}, {is_after}
before = getattr(owner, name)
def dies(*values, **named):
    if is_after:
        before(*values, **named)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(owner, name, dies)
"""


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("owner", "name"),
    [
        ("PostgresTarget", "begin"),
        ("steps", "begin_move"),
        ("steps", "copy_all"),
        ("PostgresTarget", "put_missing"),
        ("PostgresTarget", "put_missing_jobs"),
        ("steps", "differences"),
        ("SqliteSource", "mark_moved"),
        ("PostgresTarget", "finish"),
    ],
)
def test_killed_at_any_step_one_place_at_most_serves_a_bot_and_a_second_run_moves_all(
    here: Installation, owner: str, name: str, is_after: bool
) -> None:
    killed = here.in_process(_DIES.format(owner=owner, name=name, is_after=is_after))
    killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL
    usable = here.usable()
    assert_at_most_one(here, usable)
    assert here.migrate() == 0
    assert here.usable() == ["database"]
    assert here.hold(here.target) is None
    assert here.target.verify_audit().is_whole


def test_killed_in_the_last_step_a_second_run_copies_nothing_again(
    here: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    killed = here.in_process(_DIES.format(owner="SqliteSource", name="mark_moved", is_after=True))
    killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL
    assert here.usable() == []
    assert here.migrate() == 0
    out, _ = lines(capsys)
    [moved] = re.findall(r"Moved and compared: ([\d,]+) records", out)
    assert f"Already there from the move before: {moved} records." in out
    assert here.usable() == ["database"]


def test_a_bot_that_goes_on_with_the_file_after_a_killed_move_has_all_moved_later(here: Installation) -> None:
    killed = here.in_process(_DIES.format(owner="PostgresTarget", name="put_missing_jobs", is_after=True))
    killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL

    async def goes_on(store: Store) -> None:
        await HeldStart(store=store, clock=FixedClock(), place=here.place(here.source)).begin()
        await store.commit(Commit(entry=entry("later")))

    with_store(here.source, goes_on)
    assert here.migrate() == 0

    async def has_it(store: Store) -> bool:
        return await store.is_known("later")

    assert with_store(here.target, has_it) is True


def test_stopping_it_at_the_terminal_says_so(
    here: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(migrate_steps, "copy_all", _stop)
    assert here.migrate() == STOPPED
    assert "Stopped." in lines(capsys)[1]
    assert here.usable() == ["file"]

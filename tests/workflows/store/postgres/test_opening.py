"""Opening a database: its tables are made once, and whatever cannot be used is said in one line with the cure."""

import asyncio

import psycopg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.waiting import LONGEST_WAIT
from tests.workflows.fakes import FixedClock
from tests.workflows.store.postgres.conftest import location_in
from tests.workflows.store.postgres.server import test_server
from workflows.core.audit.chain import KeyRing
from workflows.ports.records import StoreTrouble, StoreUnusable
from workflows.store.audit_keys import GivenKeys, new_key
from workflows.store.location import location_of
from workflows.store.postgres.location import PostgresLocation
from workflows.store.postgres.migrations import FOLDER, STEPS
from workflows.store.postgres.opening.errors import cure_of, trouble_of
from workflows.store.postgres.opening.schema import bring_to_this_version
from workflows.store.postgres.opening.server import Server
from workflows.store.postgres.store import PostgresStore
from workflows.store.redaction import RecordRedactor
from workflows.tasks import end_tasks

TABLES = "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1"
SECRET = "pass/w@rd:%1"
KEYS = GivenKeys(KeyRing((new_key(),)))


async def refused(location: PostgresLocation) -> str:
    """What a bot says that cannot open it: one line."""
    with pytest.raises(StoreUnusable) as raised:
        await location.open(FixedClock())
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_the_steps_are_those_of_the_folder_in_their_order() -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    steps = ScriptDirectory.from_config(config).walk_revisions()
    assert tuple(step.revision for step in steps)[::-1] == STEPS


async def test_an_empty_database_gets_its_tables_once(empty_database: str) -> None:
    location = location_in(empty_database)
    assert not location.exists()
    assert await location.read_records() is None
    store = await location.open(FixedClock())
    await store.save_mark("name", "value")
    await store.close()
    assert location.exists()
    tables = test_server().rows(TABLES, empty_database)
    again = await location.open(FixedClock())
    assert await again.mark("name") == "value"
    await again.close()
    assert test_server().rows(TABLES, empty_database) == tables


async def test_processes_that_make_the_tables_at_the_same_time_wait_for_each_other(empty_database: str) -> None:
    server = location_in(empty_database).server
    await asyncio.gather(*(bring_to_this_version(server) for _ in range(4)))
    assert test_server().rows("select version_num from gatehouse_schema", empty_database) == [(STEPS[-1],)]


async def test_a_second_bot_is_refused_and_commands_beside_the_first_are_not(
    store: PostgresStore, location: PostgresLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.store.postgres.opening.use_lock._WAIT_SECONDS", 0.2)
    assert (await refused(location)).startswith(f"another process uses {location.name}; stop it first")
    beside = await location.open_shared(FixedClock())
    await store.save_mark("name", "value")
    assert await beside.mark("name") == "value"
    await beside.close()


async def test_a_new_bot_waits_for_one_that_is_ending(store: PostgresStore, location: PostgresLocation) -> None:
    opening = asyncio.create_task(location.open(FixedClock()))
    await asyncio.sleep(0.3)
    assert not opening.done()
    await store.close()
    await (await opening).close()


async def test_a_schema_of_a_newer_version_is_left_as_it_is(database: str) -> None:
    test_server().run("update gatehouse_schema set version_num = 'p999'", database=database)
    location = location_in(database)
    assert "was changed by a newer version of Gatehouse (p999); start that version" in await refused(location)
    with pytest.raises(StoreUnusable, match="newer version"):
        await location.open_shared(FixedClock())


async def test_beside_a_bot_no_tables_are_made(empty_database: str) -> None:
    with pytest.raises(StoreUnusable, match="start this version of the bot once"):
        await location_in(empty_database).open_shared(FixedClock())
    assert test_server().rows(TABLES, empty_database) == []


async def test_tables_of_another_program_are_not_mixed_with_ours(empty_database: str) -> None:
    test_server().run("create table invoices (id int)", database=empty_database)
    assert "has tables of another program (invoices); name a database of Gatehouse's own" in await refused(
        location_in(empty_database)
    )
    assert test_server().rows(TABLES, empty_database) == [("invoices",)]


async def test_a_schema_of_its_own_beside_another_program_is_used(empty_database: str) -> None:
    test_server().run("create table requests (id int)", "create schema ours", database=empty_database)
    url = f"{test_server().url(empty_database)}&options=-csearch_path%3Dours"
    store = await PostgresLocation(Server(url), KEYS).open(FixedClock())
    assert await store.open_requests() == []
    await store.close()


@pytest.mark.parametrize(
    ("host", "cure"),
    [
        ("127.0.0.1:1", "; start it, or correct DATABASE_URL"),
        ("no-such-host.invalid", "; start it, or correct DATABASE_URL"),
    ],
)
async def test_a_server_that_is_away_is_said_without_the_password(host: str, cure: str) -> None:
    url = f"postgresql://gatehouse:pass%2Fw%40rd%3A%251@{host}/gatehouse"
    location = PostgresLocation(Server(url), KEYS)
    said = await refused(location)
    assert said.startswith(f"gatehouse at {host.partition(':')[0]} cannot be used as a database (")
    assert said.endswith(cure)
    assert location.exists(), "whoever reads them is told why that fails"
    with pytest.raises(OSError, match="cannot be used as a database"):
        location.read_given_up()
    for text in (said, repr(location), str(location), location.name, str(location.known_as)):
        assert SECRET not in text
        assert "pass%2F" not in text
    assert SECRET in location.secrets


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        ("postgresql://ours:pa%2Fss@host/db", {"pa/ss", "pa%2Fss"}),
        ("postgresql://ours@host/db?password=pa%2Fss", {"pa/ss", "pa%2Fss"}),
        ("postgresql://ours@host/db?sslmode=require&sslpassword=k%40y", {"k@y", "k%40y"}),
        ("postgresql://ours:word@host/db?sslpassword=key", {"word", "key"}),
        ("postgresql://ours@host/db", set()),
    ],
)
def test_every_password_of_an_address_is_known_as_a_secret(url: str, secrets: set[str]) -> None:
    assert set(Server(url).secrets) == secrets


async def test_a_database_and_a_user_that_do_not_exist_are_named() -> None:
    for url in (test_server().url("no_such_database"), test_server().url(user="nobody")):
        said = await refused(PostgresLocation(Server(url), KEYS))
        assert "does not exist); create the database and the user" in said


async def test_a_wrong_and_a_missing_password_are_said(database: str) -> None:
    with test_server().asking_for_passwords(database, "guarded", "right password"):
        wrong = await refused(PostgresLocation(Server(test_server().url(database, "guarded", "wrong one")), KEYS))
        none = await refused(PostgresLocation(Server(test_server().url(database, "guarded")), KEYS))
        right = PostgresLocation(Server(test_server().url(database, "guarded", "right password")), KEYS)
        assert right.exists()
    assert "correct the user or the password in DATABASE_URL" in wrong
    assert "wrong one" not in wrong
    assert "put the password into DATABASE_URL, or into the file of DATABASE_URL_FILE" in none


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:pa/ss@host/db",
        "postgresql://user:pa@ss@host/db",
        "postgresql://user:pa:ss@host:nonsense/db",
        "postgresql://user:pa#ss@host/db",
        "postgresql://user:pass@host/",
        "postgresql://",
        "postgresql://user:pa%zzss@host/db",
    ],
)
def test_an_address_that_cannot_be_read_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="must look like postgresql://user:password@host:5432/database") as raised:
        location_of(url, KEYS)
    assert "ss@" not in str(raised.value)
    assert raised.value.__cause__ is None


async def test_what_is_acknowledged_is_on_the_disk_whatever_the_server_is_set_to(database: str) -> None:
    test_server().run(f"alter database {database} set synchronous_commit = off")
    store = await location_in(database).open(FixedClock())
    assert await store._query("show synchronous_commit") == [{"synchronous_commit": "on"}]
    await store.close()
    test_server().run(f"alter database {database} set synchronous_commit = 'remote_apply'")
    store = await location_in(database).open(FixedClock())
    assert await store._query("show synchronous_commit") == [{"synchronous_commit": "remote_apply"}]
    await store.close()


async def test_without_a_key_of_the_audit_log_nothing_is_opened(database: str) -> None:
    location = PostgresLocation(Server(test_server().url(database)), None)
    assert "set AUDIT_KEY or AUDIT_KEY_FILE" in await refused(location)


async def test_beside_a_bot_an_older_schema_is_said_not_changed(
    store: PostgresStore, location: PostgresLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.store.postgres.opening.schema.STEPS", (*STEPS, "p999"))
    with pytest.raises(StoreUnusable, match="has no records of this version; start this version of the bot once"):
        await location.open_shared(FixedClock())


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (psycopg.errors.DiskFull(), StoreTrouble.DISK_FULL),
        (psycopg.errors.ReadOnlySqlTransaction(), StoreTrouble.READ_ONLY),
        (psycopg.errors.InsufficientPrivilege(), StoreTrouble.READ_ONLY),
        (psycopg.errors.LockNotAvailable(), StoreTrouble.LOCKED),
        (psycopg.errors.IoError(), StoreTrouble.DISK_ERROR),
        (psycopg.errors.DataCorrupted(), StoreTrouble.DAMAGED),
        (psycopg.errors.AdminShutdown(), StoreTrouble.AWAY),
        (psycopg.errors.TooManyConnections(), StoreTrouble.AWAY),
        (psycopg.errors.IdleInTransactionSessionTimeout(), StoreTrouble.AWAY),
        (psycopg.OperationalError("the connection is lost"), StoreTrouble.AWAY),
        (psycopg.errors.UndefinedTable(), None),
        (psycopg.errors.UniqueViolation(), None),
        (psycopg.DataError(), None),
    ],
    ids=lambda one: type(one).__name__,
)
def test_what_comes_from_outside_is_told_from_an_error_of_ours(error: Exception, trouble: StoreTrouble | None) -> None:
    assert trouble_of(error) is trouble


def test_a_full_disk_at_the_start_is_waited_for_and_a_text_that_nobody_knows_is_not() -> None:
    full = "could not extend file: No space left on device"
    for error in (psycopg.errors.DiskFull(full), psycopg.OperationalError(f"FATAL: {full}")):
        assert cure_of(error, full.lower(), "") == ("make room on the disk of the server", True)
    assert cure_of(psycopg.OperationalError("etwas"), "etwas", "") == ("start it, or correct DATABASE_URL", False)


@pytest.mark.parametrize("turns", [0, 1, 2, 4, 8])
async def test_an_opening_that_is_cancelled_while_the_pool_connects_leaves_no_task(database: str, turns: int) -> None:
    """What connects in a pool loses a cancellation. The process of a start that is given up would wait for it."""
    server = Server(test_server().url(database))
    store = PostgresStore(server, FixedClock(), RecordRedactor(), KEYS)
    others = asyncio.all_tasks()
    opening = asyncio.create_task(store.open())
    async with asyncio.timeout(LONGEST_WAIT):
        while store._pool.closed:  # noqa: ASYNC110 - the pool tells nobody
            await asyncio.sleep(0)
    for _ in range(turns):
        await asyncio.sleep(0)
    if opening.cancel():
        with pytest.raises(asyncio.CancelledError):
            await opening
    else:  # the server was quicker
        await opening
        await store.close()
    left = asyncio.all_tasks() - others
    await end_tasks(left)
    assert left == set()

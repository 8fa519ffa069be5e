"""Databases that cannot be used: one line with the cure, nothing lost, and used again by itself where that can be."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from tests.waiting import LONGEST_WAIT
from tests.workflows.core.builders import NOW
from tests.workflows.fakes import FixedClock
from tests.workflows.store.postgres.conftest import location_in
from tests.workflows.store.postgres.server import test_server
from tests.workflows.store.postgres.test_outages import until_probed
from tests.workflows.store.postgres.trouble.own_server import OwnServer, made_server, own_server, small_disk
from tests.workflows.store.test_contract import entry, new, put_effects
from workflows.core.audit.chain import KeyRing
from workflows.core.people import ChatId
from workflows.core.requests.effects import ShowHome
from workflows.core.requests.request import RequestId
from workflows.ports.records import Commit, StoreNotWritable, StoreTrouble, StoreUnusable
from workflows.store.audit_keys import GivenKeys, new_key
from workflows.store.postgres.location import PostgresLocation
from workflows.store.postgres.migrations import STEPS
from workflows.store.postgres.opening.server import Server
from workflows.store.postgres.store import PostgresStore

PASSWORD = "hidden-word"
KEYS = GivenKeys(KeyRing((new_key(),)))


def location_at(url: str) -> PostgresLocation:
    """The place that an address names."""
    return PostgresLocation(Server(url), KEYS)


async def refused(url: str) -> StoreUnusable:
    """What a bot hears that cannot open it: one line without the password."""
    with pytest.raises(StoreUnusable) as raised:
        await location_at(url).open(FixedClock())
    assert "\n" not in str(raised.value)
    assert PASSWORD not in str(raised.value)
    return raised.value


async def until(found: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(LONGEST_WAIT):
        while not await found():  # noqa: ASYNC110 - a server is asked
            await asyncio.sleep(0.1)


@pytest.fixture
def own() -> Iterator[OwnServer]:
    """A server that this test stops and starts."""
    with own_server() as server:
        yield server


async def test_a_server_that_is_away_at_the_start_is_waited_for(own: OwnServer) -> None:
    url = own.far_url("postgres", password=PASSWORD)
    own.stop()
    error = await refused(url)
    assert error.is_temporary
    assert str(error).startswith("postgres at 127.0.0.1 cannot be used as a database (")
    assert str(error).endswith("; start it, or correct DATABASE_URL")
    own.start()
    store = await location_at(url).open(FixedClock())
    assert await store.commit(Commit(entry=entry("click"))) is True
    await store.close()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_server_that_goes_away_and_comes_back_has_everything(own: OwnServer, mode: str) -> None:
    """Stopped by its administrator, and crashed."""
    store = await location_at(own.far_url("postgres")).open(FixedClock())
    store._pool.timeout = 0.5
    await put_effects(store, ShowHome(person=ChatId("U1")))
    assert await store.commit(Commit(entry=entry("before"), request=new(1))) is True
    own.stop(mode)
    with pytest.raises(StoreNotWritable) as raised:
        await store.commit(Commit(entry=entry("meanwhile"), request=new(2)))
    assert raised.value.trouble is StoreTrouble.AWAY
    assert await store.probe() is StoreTrouble.AWAY
    own.start()
    await until_probed(store, None)
    assert await store.request(RequestId("r-1")) is not None
    assert await store.request(RequestId("r-2")) is None, "its click was refused, so it is sent again"
    assert await store.commit(Commit(entry=entry("meanwhile"), request=new(2))) is True
    assert len(await store.pending(NOW, 9)) == 1
    await store.close()


async def test_a_full_disk_is_said_until_there_is_room_for_a_click(own: OwnServer) -> None:
    """A mark is written into the room of the one before it, so it alone does not show that clicks can be stored."""
    with small_disk("12m") as disk:
        if disk is None:
            pytest.skip("this machine lets nobody mount a file system")
        own.own(disk)
        own.run(
            f"create tablespace small location '{disk}'", "create database ours template template0 tablespace small"
        )
        store = await location_at(own.far_url("ours")).open(FixedClock())
        assert await store.commit(Commit(entry=entry("first"), request=new(1))) is True
        assert await store.probe() is None
        own.run("checkpoint")
        ballast = fill_up(disk)
        with pytest.raises(StoreNotWritable) as raised:
            await click_until_refused(store)
        stored = len(await store.history())
        assert raised.value.trouble is StoreTrouble.DISK_FULL
        for _ in range(3):
            assert await store.probe() is StoreTrouble.DISK_FULL
        assert len(await store.history()) == stored
        ballast.unlink()
        assert await store.probe() is None
        assert await store.commit(Commit(entry=entry("later"), request=new(999))) is True
        assert "room_for_records" not in str(own.rows("select relname from pg_class", "ours")), "nothing is left of it"
        await store.close()


async def click_until_refused(store: PostgresStore) -> None:
    """Store clicks in what room is left in the pages of the tables."""
    for number in range(200):
        await store.commit(Commit(entry=entry(f"click {number}"), request=new(number + 2)))


def fill_up(disk: Path) -> Path:
    """Take all the room that is left with a file."""
    path = disk / "ballast"
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return path


async def test_a_standby_is_read_and_takes_clicks_when_it_is_promoted(own: OwnServer) -> None:
    first = await location_at(own.far_url("postgres")).open(FixedClock())
    await first.commit(Commit(entry=entry("click"), request=new(1)))
    await first.close()
    with made_server() as standby:
        standby.program(
            "pg_basebackup", "-h", own.host, "-p", str(own.port), "-U", "postgres", "-D", str(standby.data), "-R"
        )
        standby.set_up({})
        standby.start()
        store = await location_at(standby.far_url("postgres")).open(FixedClock())
        assert await store.request(RequestId("r-1")) is not None
        with pytest.raises(StoreNotWritable) as raised:
            await store.commit(Commit(entry=entry("on the standby")))
        assert raised.value.trouble is StoreTrouble.READ_ONLY
        assert await store.probe() is StoreTrouble.READ_ONLY
        own.stop()
        standby.run("select pg_promote()")
        await until_probed(store, None)
        assert await store.commit(Commit(entry=entry("on the standby"))) is True
        await store.close()


async def test_with_a_primary_and_a_standby_in_the_address_the_primary_is_used(own: OwnServer) -> None:
    with made_server() as standby:
        standby.program(
            "pg_basebackup", "-h", own.host, "-p", str(own.port), "-U", "postgres", "-D", str(standby.data), "-R"
        )
        standby.set_up({})
        standby.start()
        hosts = f"127.0.0.1:{standby.port},127.0.0.1:{own.port}"
        url = f"postgresql://postgres@{hosts}/postgres?target_session_attrs=read-write"
        store = await location_at(url).open(FixedClock())
        assert await store.probe() is None
        own.stop()
        assert await store.probe() is StoreTrouble.AWAY
        error = await refused(url)
        assert error.is_temporary
        assert "name the primary in DATABASE_URL" in str(error)
        standby.run("select pg_promote()")
        await until_probed(store, None)
        await store.close()


async def test_a_database_that_is_read_only_for_a_time_is_used_again_without_a_restart(database: str) -> None:
    """A session keeps what was set when it began, so its connection is replaced."""
    server = test_server()
    server.run(f"alter database {database} set default_transaction_read_only = on")
    store = await location_in(database).open(FixedClock())
    assert await store.probe() is StoreTrouble.READ_ONLY
    with pytest.raises(StoreNotWritable):
        await store.commit(Commit(entry=entry("click")))
    server.run(f"alter database {database} reset default_transaction_read_only")
    await until_probed(store, None)
    assert await store.commit(Commit(entry=entry("click"))) is True
    await store.close()


async def test_tables_that_cannot_be_made_now_are_made_later(empty_database: str) -> None:
    server = test_server()
    server.run(f"alter database {empty_database} set default_transaction_read_only = on")
    error = await refused(server.url(empty_database))
    assert error.is_temporary
    assert "read-only transaction); name the primary in DATABASE_URL, not a standby" in str(error)
    server.run(f"alter database {empty_database} reset default_transaction_read_only")
    await (await location_in(empty_database).open(FixedClock())).close()


async def test_a_user_who_may_make_no_tables_is_told_so(empty_database: str) -> None:
    """Since PostgreSQL 15 only the owner of a database may make tables in it."""
    server = test_server()
    with server.asking_for_passwords(empty_database, "narrow", PASSWORD):
        server.run("revoke all on schema public from narrow, public", database=empty_database)
        error = await refused(server.url(empty_database, "narrow", PASSWORD))
    assert not error.is_temporary
    assert "make the user the owner of the database" in str(error)


async def test_tables_of_an_older_version_are_brought_to_this_one_with_what_they_hold(empty_database: str) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine

    from workflows.store.postgres.migrations import FOLDER

    server, config = test_server(), Config()
    config.set_main_option("script_location", str(FOLDER))
    url = server.url(empty_database)
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, STEPS[0])
    engine.dispose()
    server.run("insert into marks (name, value) values ('kept', 'yes')", database=empty_database)
    with pytest.raises(StoreUnusable, match="start this version of the bot once") as raised:
        await location_at(url).open_shared(FixedClock())
    assert not raised.value.is_temporary
    store = await location_at(url).open(FixedClock())
    assert await store.mark("kept") == "yes"
    assert await store.commit(Commit(entry=entry("click"))) is True
    await store.close()
    assert server.rows("select version_num from gatehouse_schema", empty_database) == [(STEPS[-1],)]


GUARDED = "local all postgres trust\nhost all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"


async def test_a_wrong_password_is_not_tried_again_and_not_said() -> None:
    with own_server(hba=GUARDED) as server:
        server.run("create role ours login password 'another-word'")
        error = await refused(server.far_url("postgres", "ours", PASSWORD))
    assert not error.is_temporary
    assert "; correct the user or the password in DATABASE_URL" in str(error)
    assert "another-word" not in str(error)


@pytest.mark.parametrize(("sslmode", "cure"), [("disable", "requires TLS: write sslmode"), ("prefer", "pg_hba.conf")])
async def test_a_server_that_lets_nobody_in_without_tls_says_how(sslmode: str, cure: str) -> None:
    """With `prefer` TLS was tried, and this server has none: its list of who is let in is wrong."""
    with own_server(hba="local all all trust\nhostnossl all nobody 127.0.0.1/32 trust\n") as server:
        error = await refused(server.far_url("postgres", password=PASSWORD, sslmode=sslmode))
    assert cure in str(error).rpartition(";")[2]
    assert not error.is_temporary


async def test_tls_that_the_server_does_not_have_is_said(own: OwnServer) -> None:
    error = await refused(own.far_url("postgres", password=PASSWORD, sslmode="require"))
    assert not error.is_temporary
    assert "; the server has no TLS: set it up there, or remove sslmode from DATABASE_URL" in str(error)


async def test_when_the_server_has_no_free_connection_the_start_waits_for_one() -> None:
    with own_server({"max_connections": "6", "superuser_reserved_connections": "1"}) as server:
        server.run("create role ours login", "create database ours owner ours")
        url = server.far_url("ours", "ours", PASSWORD)
        others = [psycopg.connect(server.far_url("postgres", "ours")) for _ in range(5)]
        error = await refused(url)
        assert error.is_temporary
        assert "; raise max_connections of the server" in str(error)
        for other in others:
            other.close()
        store = await location_at(url).open(FixedClock())
        assert await store.commit(Commit(entry=entry("click"))) is True
        await store.close()


def every_connection(url: str) -> Iterator[psycopg.Connection]:
    """Take every connection that is free."""
    with suppress(psycopg.OperationalError):
        while True:
            yield psycopg.connect(url)


async def test_a_running_bot_that_gets_no_further_connection_goes_on_with_those_it_has() -> None:
    with own_server({"max_connections": "10", "superuser_reserved_connections": "1"}) as server:
        server.run("create role ours login", "create database ours owner ours")
        store = await location_at(server.far_url("ours", "ours")).open(FixedClock())
        store._pool.timeout = 0.5
        others = list(every_connection(server.far_url("postgres", "ours")))
        clicks = (store.commit(Commit(entry=entry(f"click {number}"), request=new(number))) for number in range(1, 9))
        stored = await asyncio.gather(*clicks, return_exceptions=True)
        assert True in stored
        assert all(one is True or isinstance(one, StoreNotWritable) for one in stored), stored
        assert len(await store.history()) == stored.count(True), "what was acknowledged, and nothing else"
        for other in others:
            other.close()
        await until_probed(store, None)
        await store.close()


def waiting(database: str, function: str) -> str:
    """A statement that calls a function for each session of a database that waits for a lock."""
    return f"select {function}(pid) from pg_stat_activity where datname = '{database}' and wait_event_type = 'Lock'"


async def test_a_connection_that_is_killed_in_a_transaction_stores_nothing_of_it(
    store: PostgresStore, database: str
) -> None:
    server = test_server()
    commit = Commit(entry=entry("click"), request=new(1), effects=(ShowHome(person=ChatId("U1")),))
    with psycopg.connect(server.url(database)) as other:
        other.execute("select seq from audit_head for update")
        clicking = asyncio.create_task(store.commit(commit))

        async def is_killed() -> bool:
            return bool(server.rows(waiting(database, "pg_terminate_backend"), database))

        await until(is_killed)
        with pytest.raises(StoreNotWritable) as raised:
            await clicking
        assert raised.value.trouble is StoreTrouble.AWAY
    assert await store.request(RequestId("r-1")) is None
    assert await store.history() == []
    assert list(await store.pending(NOW, 9)) == []
    assert await store.commit(commit) is True, "the connection is replaced"


async def test_a_statement_that_is_canceled_is_said_as_such_and_stores_nothing(
    store: PostgresStore, database: str
) -> None:
    server = test_server()
    with psycopg.connect(server.url(database)) as other:
        other.execute("select seq from audit_head for update")
        clicking = asyncio.create_task(store.commit(Commit(entry=entry("click"), request=new(1))))

        async def is_canceled() -> bool:
            return bool(server.rows(waiting(database, "pg_cancel_backend"), database))

        await until(is_canceled)
        with pytest.raises(StoreNotWritable) as raised:
            await clicking
    assert raised.value.trouble is StoreTrouble.CANCELED
    assert await store.history() == []
    assert await store.probe() is None


async def test_time_limits_of_the_server_end_nothing_of_ours(database: str) -> None:
    """A limit for the users of other programs is in the settings of many servers."""
    server = test_server()
    limits = {"statement_timeout": "900ms", "idle_session_timeout": "900ms", "transaction_timeout": "900ms"}
    server.run(*(f"alter database {database} set {name} = '{value}'" for name, value in limits.items()))
    store = await location_in(database).open(FixedClock())
    [row] = await store._query("select pg_sleep(1), pg_backend_pid() as pid")
    await asyncio.sleep(1)
    [again] = await store._query("select pg_backend_pid() as pid")
    assert again["pid"] == row["pid"]
    await store.close()


async def test_what_is_read_says_the_same_line_for_each_reader(own: OwnServer) -> None:
    location = location_at(own.far_url("postgres", password=PASSWORD))
    own.stop()
    said = set()
    for read in (location.read_given_up, location.read_open_alarms, location.read_freeze, location.verify_audit):
        with pytest.raises(OSError, match="cannot be used as a database") as raised:
            read()
        said.add(str(raised.value))
    assert len(said) == 1
    assert PASSWORD not in said.pop()

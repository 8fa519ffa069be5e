"""A server that goes away and comes back: what was stored is known, what was not is said, no restart is needed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.workflows.core.builders import NOW
from tests.workflows.fakes import FixedClock
from tests.workflows.store.postgres.server import test_server
from tests.workflows.store.test_contract import entry, new, put_effects
from workflows.core.people import ChatId
from workflows.core.requests.effects import ShowHome
from workflows.core.requests.request import RequestId
from workflows.ports.records import Commit, StoreNotWritable, StoreTrouble, StoreUnusable
from workflows.store.postgres.location import PostgresLocation
from workflows.store.postgres.opening.server import Server
from workflows.store.postgres.store import PostgresStore, _Written


class Wire:
    """A server that passes everything on, until it is told to lose something."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / ".s.PGSQL.5432"
        self.loses_answer_to = b""
        """The answer to the next message with these bytes is lost, and the connection with it."""
        self.is_away = False
        self._open: set[asyncio.StreamWriter] = set()

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        if self.is_away:
            writer.close()
            return
        there = Path(test_server().host) / ".s.PGSQL.5432"
        answers, asks = await asyncio.open_unix_connection(there)
        self._open |= {writer, asks}
        back = asyncio.create_task(self._copy(answers, writer))
        while data := await reader.read(65536):
            if self.loses_answer_to and self.loses_answer_to in data:
                self.loses_answer_to = b""
                back.cancel()
                await asyncio.wait([back])
                asks.write(data)
                await answers.read(1)  # it was done
                break
            asks.write(data)
        for one in (asks, writer):
            one.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()

    def cut(self) -> None:
        """Cut every connection."""
        for one in self._open:
            one.close()
        self._open.clear()


@asynccontextmanager
async def wire(folder: Path) -> AsyncIterator[Wire]:
    """Start a wire."""
    made = Wire(folder)
    server = await asyncio.start_unix_server(made.pass_on, made.path)
    try:
        yield made
    finally:
        made.cut()
        server.close()


@pytest.fixture
async def cable(tmp_path: Path) -> AsyncIterator[Wire]:
    """A wire to the server."""
    async with wire(tmp_path) as made:
        yield made


@pytest.fixture
async def far(cable: Wire, location: PostgresLocation, database: str) -> AsyncIterator[PostgresStore]:
    """A store at the end of the wire."""
    address = Server(test_server().url(database).partition("?")[0] + f"?host={cable.path.parent}")
    store = await replace(location, server=address).open(FixedClock())
    yield store
    await store.close()


async def until_probed(store: PostgresStore, wanted: StoreTrouble | None) -> None:
    """Probe until the answer is this one, for at most so long as an outage is noticed and forgotten."""
    for _ in range(200):
        if await store.probe() is wanted:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(store.last_write_error)


async def test_a_commit_whose_answer_is_lost_is_told_as_it_is(far: PostgresStore, cable: Wire) -> None:
    """It was committed, so the click is acknowledged."""
    commit = Commit(entry=entry("click"), request=new(1), effects=(ShowHome(person=ChatId("U1")),))
    cable.loses_answer_to = b"COMMIT"
    assert await far.commit(commit) is True
    assert await far.is_known("click")
    assert await far.commit(commit) is False
    assert len(await far.history()) == 1


async def test_a_number_of_another_transaction_is_no_commit(store: PostgresStore) -> None:
    """A standby that was promoted gives numbers again that the lost server had given."""
    await store.commit(Commit(entry=entry("theirs")))
    [row] = await store._query("select pg_current_xact_id()::text as number")
    assert await store._was_committed(_Written(number=row["number"]), "theirs")
    assert not await store._was_committed(_Written(number=row["number"]), "ours")


async def test_a_commit_that_the_server_never_got_is_not_stored(far: PostgresStore, cable: Wire) -> None:
    cable.loses_answer_to = b"insert into audit"
    with pytest.raises(StoreNotWritable) as raised:
        await far.commit(Commit(entry=entry("click"), request=new(1)))
    assert raised.value.trouble is StoreTrouble.AWAY
    assert await far.request(RequestId("r-1")) is None
    assert await far.probe() is None
    assert await far.commit(Commit(entry=entry("click"), request=new(1))) is True


async def test_while_the_server_is_away_nothing_is_performed_and_then_everything(
    far: PostgresStore, cable: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(far._pool, "timeout", 0.5)
    await put_effects(far, ShowHome(person=ChatId("U1")))
    cable.is_away = True
    cable.cut()
    assert await far.probe() is StoreTrouble.AWAY
    assert far.last_write_error is StoreTrouble.AWAY
    assert list(await far.pending(NOW, 9)) == []
    with pytest.raises(StoreNotWritable):
        await far.commit(Commit(entry=entry("click")))
    with pytest.raises(StoreNotWritable):
        await far.open_requests()
    cable.is_away = False
    await until_probed(far, None)
    assert len(await far.pending(NOW, 9)) == 1
    assert await far.commit(Commit(entry=entry("click"))) is True


async def test_a_bot_that_lost_its_lock_to_another_one_performs_nothing(
    far: PostgresStore, cable: Wire, location: PostgresLocation
) -> None:
    await put_effects(far, ShowHome(person=ChatId("U1")))
    cable.is_away = True
    cable.cut()
    other = await location.open(FixedClock())
    cable.is_away = False
    await until_probed(far, StoreTrouble.LOCKED)
    assert far.last_write_error is StoreTrouble.LOCKED
    assert list(await far.pending(NOW, 9)) == []
    assert len(await other.pending(NOW, 9)) == 1
    await other.close()
    assert await far.probe() is None, "it goes on alone"
    assert len(await far.pending(NOW, 9)) == 1


async def test_a_database_that_becomes_read_only_is_said_and_used_again_after(
    location: PostgresLocation, database: str
) -> None:
    test_server().run(f"alter database {database} set default_transaction_read_only = on")
    store = await location.open(FixedClock())
    with pytest.raises(StoreNotWritable) as raised:
        await store.commit(Commit(entry=entry("click")))
    assert raised.value.trouble is StoreTrouble.READ_ONLY
    assert await store.probe() is StoreTrouble.READ_ONLY
    assert await store.open_requests() == []
    test_server().run(
        f"alter database {database} reset default_transaction_read_only",
        f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'",
    )
    assert await store.probe() is None
    assert await store.commit(Commit(entry=entry("click"))) is True
    await store.close()


async def test_a_row_that_another_program_holds_is_waited_for_a_short_time(store: PostgresStore, database: str) -> None:
    import psycopg

    with psycopg.connect(test_server().url(database)) as other:
        other.execute("select seq from audit_head for update")
        with pytest.raises(StoreNotWritable) as raised:
            await store.commit(Commit(entry=entry("click")))
    assert raised.value.trouble is StoreTrouble.LOCKED
    assert await store.commit(Commit(entry=entry("click"))) is True


@asynccontextmanager
async def refusing(store: PostgresStore, code: str) -> AsyncIterator[None]:
    """Let the server end every reading of a request, and every note, with an error of this code."""
    raising = f"begin raise exception sqlstate '{code}' using message = 'ended'; end"
    database = store._server.name.partition(" ")[0]
    test_server().run(
        f"create function ended() returns boolean language plpgsql cost 0.0001 as $$ {raising} $$",
        "alter table requests rename to kept_requests",
        "create view requests as select * from kept_requests where ended()",
        "insert into shared_notes (name, doc, kept_until) values ('note', '', '9999')",
        "alter table shared_notes rename to kept_notes",
        "create view shared_notes as select * from kept_notes where ended()",
        database=database,
    )
    yield
    test_server().run(
        "drop view requests",
        "alter table kept_requests rename to requests",
        "drop view shared_notes",
        "alter table kept_notes rename to shared_notes",
        database=database,
    )


@pytest.mark.parametrize(
    ("code", "trouble"),
    [
        ("57014", StoreTrouble.CANCELED),
        ("55P03", StoreTrouble.LOCKED),
        ("40P01", StoreTrouble.LOCKED),
        ("53100", StoreTrouble.DISK_FULL),
        ("58030", StoreTrouble.DISK_ERROR),
        ("XX001", StoreTrouble.DAMAGED),
        ("25006", StoreTrouble.READ_ONLY),
    ],
)
async def test_a_trouble_of_a_reading_or_a_note_is_no_fault_of_ours(
    store: PostgresStore, code: str, trouble: StoreTrouble
) -> None:
    """An effect that meets it is tried again without end, and a form is shown without its note."""
    await store.commit(Commit(entry=entry("click"), request=new(1)))
    notes = store.shared_notes
    assert notes is not None
    readings = (
        lambda: store.request(RequestId("r-1")),
        store.open_requests,
        lambda: store.numbers(NOW),
        lambda: store.stored_work(NOW),
        lambda: store._read_beside(lambda readers: readers.execute("select id from requests").fetchall()),
        lambda: notes.read("note"),
        lambda: notes.forget("note"),
    )
    async with refusing(store, code):
        for read in readings:
            with pytest.raises(StoreNotWritable) as raised:
                await read()
            assert raised.value.trouble is trouble
        assert store.last_write_error is None, "a reading says nothing about writing"
    assert await store.request(RequestId("r-1")) is not None
    assert await store.commit(Commit(entry=entry("later"))) is True


@pytest.mark.parametrize("code", ["40P01", "57014"])
async def test_a_result_of_work_that_meets_another_transaction_is_no_fault_of_ours(
    store: PostgresStore, code: str
) -> None:
    async def ended() -> None:
        async with store._transaction() as connection:
            await connection.execute(f"do $$ begin raise exception sqlstate '{code}'; end $$".encode())

    with pytest.raises(StoreNotWritable):
        await ended()
    assert await store.probe() is None


async def test_after_close_everything_is_refused(location: PostgresLocation) -> None:
    store = await location.open(FixedClock())
    await store.close()
    with pytest.raises(StoreUnusable, match="closed"):
        await store.open_requests()
    with pytest.raises(StoreUnusable, match="closed"):
        await store.commit(Commit(entry=entry("click")))

"""After a move both stores read the same, and whatever is not the same is found and named."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.workflows.core.builders import NOW
from tests.workflows.fakes import FixedClock
from tests.workflows.store.moving.filled import break_some, entry, filled_file
from tests.workflows.store.moving.reading import LATER, first_difference
from tests.workflows.store.postgres.server import test_server
from workflows.core.requests.effects import ShowRequest
from workflows.core.requests.request import RequestId
from workflows.ports.records import Commit, StoreUnusable
from workflows.store.audit_keys import KeyFile, own_key_file
from workflows.store.common.rows import text_of
from workflows.store.generation_place import FilePlace
from workflows.store.location import StoreLocation
from workflows.store.moving import target as target_module
from workflows.store.moving.source import SqliteSource
from workflows.store.moving.tables import TABLES
from workflows.store.moving.target import Note, PostgresTarget
from workflows.store.moving.transfer import OnRow, check_logs, copy_all, differences
from workflows.store.postgres.location import PostgresLocation
from workflows.store.postgres.opening.schema import BEING_MOVED
from workflows.store.postgres.opening.server import Server

pytestmark = pytest.mark.postgres
_TABLES = """select table_name::text from information_schema.tables
    where table_schema = 'public' and table_name !~ '^(job_|procrastinate_)'"""
_BESIDE = {"audit_head", "gatehouse_schema", "shared_notes"}  # the last: what bots tell each other for some seconds
NOTE = Note(installation="a" * 32, source="gatehouse.db")


@dataclass(frozen=True, slots=True)
class Places:
    """A filled file, and an empty database."""

    path: Path
    database: str

    @property
    def server(self) -> Server:
        """The database."""
        return Server(test_server().url(self.database))

    @property
    def keys(self) -> KeyFile:
        """The keys of the audit log."""
        return KeyFile(own_key_file(self.path), is_own=True)

    @property
    def target(self) -> PostgresLocation:
        """Where the records are after the move."""
        return PostgresLocation(self.server, self.keys)

    @contextmanager
    def open(self) -> Iterator[tuple[SqliteSource, PostgresTarget]]:
        """Open both."""
        with SqliteSource.reading(self.path) as source, PostgresTarget.open(self.server) as target:
            yield source, target

    def copy(self, on_row: OnRow = lambda _: None) -> int:
        """Copy everything, and leave the database marked. Returns how many rows were there."""
        with self.open() as (source, target):
            target.begin(NOTE)
            return copy_all(source, target, text_of(NOW), on_row)

    def differences(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """What differs now."""
        with self.open() as (source, target):
            return [(one.table, one.key, one.columns) for one in differences(source, target, lambda _: None)]


@pytest.fixture
async def places(tmp_path: Path) -> AsyncIterator[Places]:
    """A file with every kind of record, some of them damaged, and a database without tables."""
    path = tmp_path / "gatehouse.db"
    await filled_file(path, FilePlace(tmp_path / "generation", path))
    break_some(path)
    with test_server().database(is_empty=True) as database:
        yield Places(path, database)


async def test_both_stores_read_the_same(places: Places) -> None:
    places.copy()
    assert places.differences() == []
    with places.open() as (source, target):
        log, is_same = check_logs(source, target, places.keys)
        assert is_same
        assert log.count > 100
        target.finish()
    ours, theirs = await StoreLocation(places.path).open(FixedClock()), await places.target.open(FixedClock())
    try:
        assert await first_difference(ours, theirs) == ""
    finally:
        await ours.close()
        await theirs.close()


async def test_what_is_stored_next_goes_on_in_the_database(places: Places) -> None:
    """Numbers of entries and of work are never given again, and the chain goes on with the same key."""
    with sqlite3.connect(places.path) as db:
        [last_effect] = db.execute("select seq from sqlite_sequence where name = 'effects'").fetchone()
    db.close()
    places.copy()
    with places.open() as (_, target):
        target.finish()
    store = await places.target.open(FixedClock())
    before = await store.chain_end()
    assert await store.commit(Commit(entry=entry("next"), effects=(ShowRequest(request_id=RequestId("R-new")),)))
    assert (await store.chain_end()).seq == before.seq + 1
    [added] = [one for one in await store.pending(LATER, 10_000) if one.lane == "card:R-new"]
    assert added.id > last_effect
    await store.close()
    assert [problem.code for problem in places.target.verify_audit().problems if problem.seq > before.seq] == []


async def test_until_it_is_finished_nobody_opens_the_database(places: Places) -> None:
    places.copy()
    for refused in (
        places.target.open(FixedClock()),
        places.target.open_shared(FixedClock()),
        places.target.read_records(),
    ):
        with pytest.raises(StoreUnusable, match="is being filled by gatehouse migrate"):
            await refused
    with places.open() as (_, filled):
        filled.finish()
    await (await places.target.open(FixedClock())).close()


class KilledError(Exception):
    """Stands for the end of the process: what was begun is taken back."""


def written(places: Places) -> set[tuple[str, ...]]:
    """Each row that is there, with the transaction that wrote it: a row that is copied again has another one."""
    queries = [f"select '{one.name}', ({', '.join(one.key)})::text, xmin::text from {one.name}" for one in TABLES]
    queries.append("select 'effects', id::text, xmin::text from procrastinate_jobs")
    query = " union all ".join(queries)
    rows = test_server().rows(f"select * from ({query}) as found", places.database)
    return {tuple(map(str, row)) for row in rows if BEING_MOVED not in str(row[1])}


async def test_a_copy_that_is_killed_again_and_again_goes_on_each_time_and_copies_no_row_twice(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, more = 10, 60
    monkeypatch.setattr(target_module, "_ROWS_TOGETHER", together)
    kills, before = 0, set[tuple[str, ...]]()
    while True:
        left = len(before) + more

        def die_later(_: str) -> None:
            nonlocal left
            left -= 1
            if not left:
                raise KilledError

        try:
            kept = places.copy(die_later)
        except KilledError:
            kills += 1
            now = written(places)
            assert before <= now
            assert len(now) > len(before) + more - together - 1, "less than one portion was taken back"
            before = now
        else:
            break
    assert kept == len(before)
    assert before < written(places)
    assert kills > 5
    assert places.differences() == []


async def test_a_copy_takes_away_and_copies_only_what_is_not_the_same_any_more(places: Places) -> None:
    places.copy()
    before = written(places)
    test_server().run(
        "delete from requests where id < 'R-00030'",
        "update audit set actor = 'x' where seq = 3",
        "insert into homes (person) values ('U0NEW')",
        "delete from procrastinate_jobs where id % 2 = 0",
        'update procrastinate_jobs set args = args || \'{"due": "2020"}\' where id = 9',
        "update audit_head set seq = 999",
        database=places.database,
    )
    assert places.differences() != []
    same = before & written(places)
    assert places.copy() == len(same)
    after = written(places)
    assert same < after
    assert {row[:2] for row in after} == {row[:2] for row in before}
    assert places.differences() == []


async def test_what_the_bot_did_with_the_file_after_a_killed_copy_is_moved_too(places: Places) -> None:
    """Also where a row is gone, and another one has its number."""
    places.copy()
    with closing(sqlite3.connect(places.path)) as db, db:
        db.execute("update requests set doc = doc || ' ' where id = 'R-00007'")
        db.execute("delete from requests where rowid = (select max(rowid) from requests)")
        names = [name for (_, name, *_) in db.execute("pragma table_info(requests)")]
        values = ", ".join("'R-99999'" if name == "id" else name for name in names)
        db.execute(f"insert into requests select {values} from requests where id = 'R-00008'")
        db.execute("delete from effects where id = (select min(id) from effects)")
        db.execute("delete from homes")
        db.execute("update people set gone_since = '2026-11-30T08:00:00.000000+00:00'")  # identities refer to them
        db.execute("delete from identities where number = (select max(number) from identities)")
    assert places.differences() != []
    places.copy()
    assert places.differences() == []


@pytest.mark.parametrize(
    ("sql", "table", "columns"),
    [
        ("update requests set doc = doc || ' ' where id = 'R-00007'", "requests", ("doc",)),
        ("update requests set kind = 'x' where id = 'R-00007'", "requests", ("kind",)),
        ("update requests set number = number + 1000 where id = 'R-00007'", "requests", ("number",)),
        ("delete from partnerships where tenant_id = (select min(tenant_id) from partnerships)", "partnerships", ()),
        ("insert into homes (person) values ('U0NEW')", "homes", ()),
        ("update audit set details = '{}' where seq = 5", "audit", ("details",)),
        ("update audit set mac = '\\x00' where seq = 5", "audit", ("mac",)),
        ("update audit set records = null where seq = 5", "audit", ("records",)),
        ("delete from audit where seq = (select max(seq) from audit)", "audit", ()),
        ("update copies set is_live = 0 where message_id = '7.0'", "copies", ("is_live",)),
        ("update marks set value = 'x' where name = 'generation'", "marks", ("value",)),
        ("update profiles set doc = '{}' where chat_id = (select min(chat_id) from profiles)", "profiles", ("doc",)),
        ("update procrastinate_jobs set attempts = attempts + 1 where id = 9", "effects", ("attempts",)),
        ("delete from procrastinate_jobs where id = 9", "effects", ()),
        ('update procrastinate_jobs set args = args || \'{"due": "2020"}\' where id = 9', "effects", ("due_at",)),
        ("update audit_head set seq = seq + 1", "audit", ("last number",)),
        ("select setval('procrastinate_jobs_id_seq', 1)", "effects", ("last number",)),
    ],
)
async def test_every_difference_is_found(places: Places, sql: str, table: str, columns: tuple[str, ...]) -> None:
    places.copy()
    test_server().run(sql, database=places.database)
    [(found, _, differing)] = places.differences()
    assert (found, differing) == (table, columns)


async def test_a_job_that_lost_its_lane_is_found(places: Places) -> None:
    places.copy()
    test_server().run("update procrastinate_jobs set lock = null where id = 9", database=places.database)
    [(table, key, _)] = places.differences()
    assert (table, key) == ("effects", "9")


async def test_a_changed_log_is_not_the_same(places: Places) -> None:
    places.copy()
    test_server().run("update audit set actor = 'x' where seq = 5", database=places.database)
    with places.open() as (source, target):
        _, is_same = check_logs(source, target, places.keys)
    assert not is_same


async def test_every_column_of_the_database_is_filled(places: Places) -> None:
    """Also every table but those of the queue has rows: nothing that a store reads is forgotten."""
    places.copy()
    names = {table for (table,) in test_server().rows(_TABLES, places.database)}
    assert names == {table.name for table in TABLES} | _BESIDE
    for table in TABLES:
        assert test_server().rows(f"select 1 from {table.name} limit 1", places.database), table.name

"""A world over each kind of store, and what somebody does who can write to its records and has no key.

The statements are theirs: those on records run on both kinds. Stored work is a row of `effects` in a file, and a job of
procrastinate on a server, so what is done to it has a function here.
"""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import psycopg
from psycopg.types.json import Jsonb

from tests.workflows.fakes import FixedClock, Script
from tests.workflows.store.postgres.server import test_server
from tests.workflows.world import CATALOG, ScriptedStore, World, assemble, open_world, restarted
from workflows.core.audit.chain import KeyRing
from workflows.core.requests.effects import Effect, Prepare, asked_by, lane, priority_of, work_kind
from workflows.ports.records import Commit
from workflows.store.audit_keys import GivenKeys, new_key
from workflows.store.codec import EFFECT, dump
from workflows.store.postgres.jobs.deferring import job_priority
from workflows.store.postgres.opening.server import Server
from workflows.store.postgres.store import PostgresStore
from workflows.store.redaction import RecordRedactor


class ScriptedPostgres(PostgresStore):
    """What `ScriptedStore` is, in a database of a server."""

    script: Script
    is_open: bool = True

    async def close(self) -> None:
        """Let go of the connections; once is enough."""
        if self.is_open:
            self.is_open = False
            await super().close()

    @property
    def url(self) -> str:
        """The address of its database."""
        return self._server.url

    async def execute(self, sql: str, *values: object) -> None:
        """Change stored data behind our back."""
        await self._write(sql, *values)

    async def commit(self, commit: Commit) -> bool:
        """Store, unless the script says otherwise."""
        fault = await self.script.begin("store.commit")
        stored = await super().commit(commit)
        self.script.end(fault)
        return stored


@asynccontextmanager
async def open_world_of(kind: str, folder: Path) -> AsyncIterator[World]:
    """Put a world over a store of one kind, without records."""
    if kind == "sqlite":
        async with open_world(folder / "gatehouse.db") as world:
            yield world
        return
    keys = GivenKeys(KeyRing((new_key(),)))
    with test_server().database() as database:
        async with _over_server(Server(test_server().url(database)), keys, FixedClock(), None) as world:
            yield world


@asynccontextmanager
async def _over_server(
    server: Server, keys: GivenKeys, clock: FixedClock, before: World | None
) -> AsyncIterator[World]:
    script, store = Script(), ScriptedPostgres(server, clock, RecordRedactor(), keys)
    store.script = script
    await store.open()
    try:
        tenant = None if before is None else before.tenant
        yield assemble(cast(ScriptedStore, store), clock, script, CATALOG, tenant)
    finally:
        await store.close()


@asynccontextmanager
async def restarted_of(world: World) -> AsyncIterator[World]:
    """End the process of `world`, and start another one with its records, its clock and its tenant."""
    if (store := on_server(world)) is None:
        async with restarted(world) as again:
            yield again
        return
    await store.close()
    keys = store._keys
    assert isinstance(keys, GivenKeys)
    async with _over_server(store._server, keys, world.clock, world) as again:
        again.clicks = world.clicks
        yield again


def on_server(world: World) -> ScriptedPostgres | None:
    """Return the store when it is on a server."""
    store: object = world.store
    return store if isinstance(store, ScriptedPostgres) else None


def run(world: World, *statements: tuple[str, tuple[Any, ...]]) -> list[Any]:
    """Run statements on the records; returns the rows of the last one."""
    rows: list[Any] = []
    if (store := on_server(world)) is None:
        with closing(sqlite3.connect(world.store.path)) as db:
            for sql, values in statements:
                rows = db.execute(sql, values).fetchall()
            db.commit()
        return rows
    with psycopg.connect(store.url) as connection:
        for sql, values in statements:
            cursor = connection.execute(sql.replace("%", "%%").replace("?", "%s").encode(), values)
            rows = cursor.fetchall() if cursor.description else []
    return rows


def change(world: World, sql: str, *values: Any) -> list[Any]:
    """Run one statement on the records."""
    return run(world, (sql, values))


def in_records(world: World, text: str) -> list[str]:
    """Return where a text still is: files of the database with it in any way of writing, or tables of the server."""
    if (store := on_server(world)) is not None:
        with psycopg.connect(store.url) as connection:
            names = connection.execute("select tablename from pg_tables where schemaname = 'public' order by 1")
            tables = [name for (name,) in names.fetchall()]
            rows = {name: connection.execute(f"select t::text from {name} as t".encode()).fetchall() for name in tables}
        written = (text, text.casefold())
        return [name for name, found in rows.items() if any(one in row[0] for row in found for one in written)]
    path = world.store.path
    bytes_of = {text.encode(), text.casefold().encode(), text.encode("utf-16-le")}
    paths = [path, *(path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm"))]
    return [one.name for one in paths if one.exists() and any(part in one.read_bytes() for part in bytes_of)]


# --- stored work ---


@dataclass(frozen=True, slots=True)
class StoredWork:
    """Rows with stored work, to be put back."""

    table: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def forge_effect(world: World, effect: Effect, *, is_given_up: bool = False) -> None:
    """Add an effect that is due, or that was given up."""
    doc = dump(EFFECT, effect)
    if on_server(world) is None:
        sql = """insert into effects (lane, rank, asked_by, due_at, attempts, is_parked, doc)
            values (?, 0, '', '2026', 0, ?, ?)"""
        change(world, sql, lane(effect), int(is_given_up), doc)
        return
    rank, kind = priority_of(effect).value, work_kind(effect).value
    turns = f"{rank}:{int(isinstance(effect, Prepare))}"
    args = {"doc": doc, "lane": lane(effect), "kind": kind, "rank": rank, "by": asked_by(effect), "turns": turns}
    args |= {"turn": 0, "due": "2026", "error": "", "faults": 0, "is_held": False, "is_planned": False}
    sql = """insert into procrastinate_jobs (queue_name, task_name, lock, priority, args, status)
        values (?, 'effect', ?, ?, ?, ?)"""
    in_lane, status = (None, "failed") if is_given_up else (lane(effect), "todo")
    change(world, sql, kind, in_lane, job_priority(priority_of(effect), 0), Jsonb(args), status)


def docs_of(world: World, in_lane: str) -> list[str]:
    """Read the documents of the effects in a lane."""
    if on_server(world) is None:
        return [doc for (doc,) in change(world, "select doc from effects where lane = ? order by id", in_lane)]
    sql = "select args->>'doc' from procrastinate_jobs where args->>'lane' = ? order by id"
    return [doc for (doc,) in change(world, sql, in_lane)]


def given_up_docs(world: World) -> list[str]:
    """Read the documents of the effects that were given up, oldest first."""
    if on_server(world) is None:
        return [doc for (doc,) in change(world, "select doc from effects where is_parked = 1 order by id")]
    return [
        doc
        for (doc,) in change(world, "select args->>'doc' from procrastinate_jobs where status = 'failed' order by id")
    ]


def change_docs(world: World, in_lane: str, doc: str) -> None:
    """Replace the documents of the effects in a lane."""
    if on_server(world) is None:
        change(world, "update effects set doc = ? where lane = ?", doc, in_lane)
        return
    sql = "update procrastinate_jobs set args = args || jsonb_build_object('doc', ?::text) where args->>'lane' = ?"
    change(world, sql, doc, in_lane)


def give_up_in(world: World, in_lane: str) -> None:
    """Have the effects of a lane given up."""
    if on_server(world) is None:
        change(world, "update effects set is_parked = 1 where lane = ?", in_lane)
        return
    sql = "update procrastinate_jobs set status = 'failed', lock = null where args->>'lane' = ?"
    change(world, sql, in_lane)


def remove_work(world: World) -> None:
    """Remove all stored work."""
    change(world, f"delete from {_work_table(world)}")


def stored_work(world: World, in_lane: str = "") -> StoredWork:
    """Read the effects of a lane, or all of them, to put them back later."""
    table = _work_table(world)
    if on_server(world) is None:
        columns = tuple(row[1] for row in change(world, "pragma table_info('effects')"))
        where = "lane"
    else:
        names = "select column_name from information_schema.columns where table_name = 'procrastinate_jobs' order by 1"
        columns, where = tuple(row[0] for row in change(world, names)), "args->>'lane'"
    sql = f"select {', '.join(columns)} from {table} where ? in ('', {where})"
    rows = change(world, sql, in_lane)
    return StoredWork(table, columns, tuple(rows))


def put_back_work(world: World, work: StoredWork) -> None:
    """Replace all stored work by effects that were read before."""
    remove_work(world)
    for row in work.rows:
        values = [Jsonb(value) if isinstance(value, dict) else value for value in row]
        marks = ", ".join("?" * len(values))
        change(world, f"insert into {work.table} ({', '.join(work.columns)}) values ({marks})", *values)


def _work_table(world: World) -> str:
    return "effects" if on_server(world) is None else "procrastinate_jobs"

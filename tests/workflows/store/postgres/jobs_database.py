"""A real PostgreSQL with nothing in it but procrastinate's tables, and the queue of effects on it."""

import functools
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from tests.workflows.fakes import FixedClock
from tests.workflows.store.postgres.server import test_server
from workflows.intervals import WORKER_DEAD_AFTER
from workflows.ports.records import Commit
from workflows.store.common.rows import text_of
from workflows.store.postgres.jobs.effect_jobs import EffectJobs
from workflows.store.postgres.jobs.shared_jobs import SharedJobs
from workflows.store.postgres.migrations.procrastinate_tables import prepare_jobs
from workflows.store.redaction import RecordRedactor

Pool = AsyncConnectionPool[AsyncConnection[DictRow]]


_TABLES = "procrastinate_jobs, procrastinate_workers, procrastinate_events, procrastinate_periodic_defers"


@functools.cache
def _database() -> str:
    """A database with the tables of the queue; its URL. All tests of this process use it, one after the other."""
    name = f"jobs_{os.getpid()}"
    test_server().run(f"create database {name}")
    url = test_server().url(name)
    with psycopg.connect(url) as connection:
        prepare_jobs(connection)
    return url


async def empty_database() -> str:
    """Return the URL of a database with the tables of the queue, and nothing in them."""
    url = _database()
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(f"truncate {_TABLES} restart identity".encode())
    return url


class JobsStore(EffectJobs):
    """The queue of a store in PostgreSQL, and of the rest of a store only what puts effects into it."""

    def __init__(
        self,
        url: str,
        clock: FixedClock,
        clean: RecordRedactor | None = None,
        dead_after: timedelta = WORKER_DEAD_AFTER,
    ) -> None:
        self.pool: Pool = AsyncConnectionPool(
            url,
            open=False,
            min_size=1,
            max_size=8,
            connection_class=AsyncConnection[DictRow],
            kwargs={"row_factory": dict_row, "autocommit": True, "options": "-c synchronous_commit=off"},
        )

        async def connect() -> AsyncConnection[DictRow]:
            return await AsyncConnection[DictRow].connect(url, autocommit=True, row_factory=dict_row)

        self.clock = self._clock = clock
        self._clean = clean or RecordRedactor()
        self.jobs = SharedJobs(self.pool, self._transaction, connect, clock, self._clean, dead_after=dead_after)

    @property
    def shared_queue(self) -> SharedJobs:
        """Return what several processes claim effects from."""
        return self.jobs

    def _transaction(self) -> AbstractAsyncContextManager[AsyncConnection[DictRow]]:
        return self.pool.connection()

    async def open(self) -> None:
        """Open the connections."""
        await self.pool.open(wait=True)

    async def close(self) -> None:
        """Close the connections."""
        await self.pool.close()

    async def commit(self, commit: Commit) -> bool:
        """Store the effects of a commit in one transaction."""
        async with self.pool.connection() as connection, connection.transaction():
            for effect in commit.effects:
                later = getattr(effect, "not_before", None)
                now = self.clock.now()
                await self._put_effect(connection, effect, text_of(max(now, later or now)))
        return True

    async def execute(self, sql: str, *values: object) -> list[DictRow]:
        """Run one statement directly, as an error of ours or another program would."""
        async with self.pool.connection() as connection:
            cursor = await connection.execute(sql.encode(), values or None)
            return [] if cursor.description is None else await cursor.fetchall()


@asynccontextmanager
async def open_jobs(url: str, clock: FixedClock, dead_after: timedelta = WORKER_DEAD_AFTER) -> AsyncIterator[JobsStore]:
    """Open the queue of a database, and close it in the end."""
    store = JobsStore(url, clock, dead_after=dead_after)
    await store.open()
    try:
        yield store
    finally:
        await store.close()

"""The connections to PostgreSQL, and transactions on them.

No rule depends on a single writer. A transaction is READ COMMITTED; whatever may be written only once or only after
something was read is protected by a version, a unique index, a locked row or an advisory lock.

It is long because every connection and every trouble of a server is handled here, for all parts of the store.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import lru_cache
from typing import Any, Final, TypeVar

import psycopg
import structlog
from psycopg import AsyncCursor
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool
from pydantic import TypeAdapter

from workflows.ports.audit_log import AuditKeys
from workflows.ports.clock import Clock
from workflows.ports.pages import START, Page, PagePosition
from workflows.ports.records import StoreNotWritable, StoreTrouble, StoreUnusable
from workflows.store.common.queries import POSTGRES, ListQuery, PageRows, Queries, Rows, Statement
from workflows.store.common.reading import readable
from workflows.store.common.rows import text_of
from workflows.store.postgres.locks import MIGRATION_LOCK
from workflows.store.postgres.migrations import STEPS, VERSION_TABLE
from workflows.store.postgres.opening.errors import trouble_of
from workflows.store.postgres.opening.server import Connected, Server, at_one_moment, at_one_moment_async
from workflows.store.postgres.opening.use_lock import UseLock
from workflows.store.redaction import RecordRedactor

_MARK: Final = "written_at"
_ROWS_OF_ROOM: Final = 300
"""A page of 8 kB has room for about 20 of these rows, because of their `fillfactor`. A click needs a few pages."""
_TRIES: Final = 3
"""How often a transaction is tried that the server ended because of another one."""
_RETRYABLE: Final = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)

Result = TypeVar("Result")
_log = structlog.get_logger()


class PostgresDatabase(Queries):
    """One open database. Call `open` before anything else, and `close` at the end."""

    _dialect = POSTGRES

    def __init__(
        self, server: Server, clock: Clock, clean: RecordRedactor, keys: AuditKeys, use_lock: UseLock | None = None
    ) -> None:
        """Prepare to open a database.

        :param use_lock: what tells bots from commands that must be alone; None for a command beside a bot.
        """
        self._server = server
        self._clock = clock
        self._clean = clean
        self._keys = keys
        self._use_lock = use_lock
        self._pool: AsyncConnectionPool[Connected] = server.pool()
        self._readers = server.reader_pool()
        self._is_closed = False
        self._last_write_error: StoreTrouble | None = None
        self._is_ours = True
        """Whether the last `probe` found the use lock held: no command has the records for itself."""

    async def open(self) -> None:
        """Open the connections.

        :raises StoreUnusable: when the server cannot be used.
        """
        await (await self._server.connect()).close()  # so that an error says why, which the pool does not
        try:
            await self._pool.open(wait=True)
        except psycopg.Error as error:  # somebody else took the last connection
            raise self._server.unusable(error) from None
        except BaseException:
            # NB. what connects in the pool loses a cancellation, and would never end.
            await self._pool.close()
            raise
        self._readers.open()

    async def close(self) -> None:
        """Close the connections. Everything that was committed stays."""
        self._is_closed = True
        await self._pool.close()
        await asyncio.to_thread(self._readers.close)
        if self._use_lock is not None:
            await self._use_lock.release()

    @property
    def audit_keys(self) -> AuditKeys:
        """Return the keys of the audit log."""
        return self._keys

    @property
    def last_write_error(self) -> StoreTrouble | None:
        """Return why the last write failed; None when it succeeded."""
        return self._last_write_error

    async def probe(self) -> StoreTrouble | None:
        """Write one record to check whether records can be written now; see `ports.records`."""
        try:
            await self._save_mark(_MARK, text_of(self._clock.now()))
            if self._last_write_error is StoreTrouble.DISK_FULL:
                await self._require_room()
            self._is_ours = self._use_lock is None or await self._use_lock.try_to_hold()
        except StoreNotWritable as error:
            self._note(error.trouble)
            return self._last_write_error
        except StoreUnusable:
            self._note(StoreTrouble.AWAY)
            return self._last_write_error
        self._note(None if self._is_ours else StoreTrouble.LOCKED)
        return self._last_write_error

    async def _require_room(self) -> None:
        """Check that there is room again: a mark replaces the one before, and needs none. Nothing is kept.

        :raises StoreNotWritable: when there is none.
        """
        async with self._transaction() as connection:
            await connection.execute("create table room_for_records (number integer) with (fillfactor = 10)")
            await connection.execute("insert into room_for_records select generate_series(1, %s)", [_ROWS_OF_ROOM])
            raise psycopg.Rollback

    async def _save_mark(self, name: str, value: str) -> None:
        sql = "insert into marks (name, value) values (?, ?) on conflict (name) do update set value = excluded.value"
        await self._write(sql, name, value)

    async def _query(self, sql: str, *values: object) -> list[dict[str, Any]]:
        async with self._connection() as connection:
            return await (await execute(connection, sql, *values)).fetchall()

    async def _write(self, sql: str, *values: object) -> None:
        async def work(connection: Connected) -> None:
            await execute(connection, sql, *values)

        await self._run_write(work)

    async def _run_write(self, work: Callable[[Connected], Any]) -> Any:
        """Run what writes in one transaction; again when the server ended it because of another transaction."""
        for number in range(1, _TRIES + 1):
            try:
                async with self._retryable_transaction() as connection:
                    await self._require_this_version(connection)
                    return await work(connection)
            except _RETRYABLE as error:
                _log.info("transaction_repeated", reason=type(error).__name__)
                if number == _TRIES:
                    self._note(StoreTrouble.LOCKED)
                    raise StoreNotWritable(StoreTrouble.LOCKED) from error
        raise AssertionError("unreachable")

    async def _require_this_version(self, connection: Connected) -> None:
        """Check that the tables are those of this version, and let nobody change them before the transaction ends.

        While bots are replaced one by one, the first one of a newer version changes the tables.

        :raises StoreNotWritable: when they are of another version.
        """
        await execute(connection, "select pg_advisory_xact_lock_shared(?)", MIGRATION_LOCK)
        if not await self._is_this_version(connection):
            self._note(StoreTrouble.OTHER_VERSION)
            raise StoreNotWritable(StoreTrouble.OTHER_VERSION)

    async def _is_this_version(self, connection: Connected) -> bool:
        row = await (await execute(connection, f"select version_num from {VERSION_TABLE}")).fetchone()  # noqa: S608
        return row is not None and row["version_num"] == STEPS[-1]

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Connected]:
        """Run the block in one transaction, and commit it at the end.

        :raises StoreNotWritable: when the server cannot do it now; nothing was stored.
        """
        with self._translated_errors():
            async with self._retryable_transaction() as connection:
                yield connection

    @asynccontextmanager
    async def _retryable_transaction(self) -> AsyncIterator[Connected]:
        """Run the block in one transaction, as `_transaction`; the caller may run it again after `_RETRYABLE`.

        :raises psycopg.Error: one of `_RETRYABLE`, when the server ended it because of another one; nothing was stored.
        :raises StoreNotWritable: when the server cannot do it now; nothing was stored.
        """
        with self._translated_errors(except_for=_RETRYABLE):
            async with (
                self._pool_connection() as connection,
                _closed_if_read_only(connection),
                connection.transaction(),
            ):
                yield connection

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connected]:
        """Give one connection, outside of a transaction.

        :raises StoreUnusable: when the store is closed.
        :raises StoreNotWritable: when the server is away, or cannot do it now. It is used again as soon as it answers.
        """
        with self._translated_errors(are_writes=False):
            async with self._pool_connection() as connection, _closed_if_read_only(connection):
                yield connection

    @asynccontextmanager
    async def _pool_connection(self) -> AsyncIterator[Connected]:
        """Give a connection of the pool, which has it back after the block.

        :raises StoreUnusable: when the store is closed.
        :raises psycopg.Error: as the driver raises it; see `_translated_errors`.
        """
        if self._is_closed:
            raise _closed()
        async with self._pool.connection() as connection:
            yield connection

    @contextmanager
    def _translated_errors(
        self, *, except_for: tuple[type[psycopg.Error], ...] = (), are_writes: bool = True
    ) -> Iterator[None]:
        """Raise and note a trouble of the server as `StoreNotWritable`. An error of ours is raised as it is.

        :param except_for: what is raised as it is.
        :param are_writes: whether every trouble says that records cannot be written; otherwise only that of no server.
        :raises StoreNotWritable: for a trouble.
        """
        try:
            yield
        except except_for:
            raise
        except psycopg.Error as error:
            if (trouble := trouble_of(error)) is None:
                raise
            if are_writes or trouble is StoreTrouble.AWAY:
                self._note(trouble)
            raise StoreNotWritable(trouble) from error

    def _note(self, trouble: StoreTrouble | None) -> None:
        if (trouble is None) != (self._last_write_error is None):
            if trouble:
                _log.error("store_not_writable", reason=trouble.value)
            else:
                _log.warning("store_writable_again")
        self._last_write_error = trouble

    async def _page(
        self,
        adapter: TypeAdapter[Result],
        rows: ListQuery,
        limit: int,
        position: PagePosition,
        *,
        are_remembered: bool = False,
    ) -> Page[Result]:
        found = await self._read_page(rows, limit, position)
        items = await asyncio.to_thread(readable, adapter, found.rows, are_remembered=are_remembered)
        return Page(
            items=items,
            count=found.count,
            count_before=found.count_before,
            first_cursor=found.first,
            last_cursor=found.last,
            size=len(found.rows),
        )

    async def _read_page(self, rows: ListQuery, limit: int, position: PagePosition) -> PageRows:
        try:
            async with self._connection() as connection, at_one_moment_async(connection):
                return await _run_all(connection, rows.read(limit, position))
        except psycopg.DataError:
            if position == START:
                raise
            # the cursor is that of another list, whose values are of other types
            return await self._read_page(rows, limit, START)

    async def _read_beside(self, read: Callable[[psycopg.Connection[Any]], Result]) -> Result:
        """Read many records in a thread, with a connection for readers, at one moment."""
        if self._is_closed:
            raise _closed()
        return await asyncio.to_thread(self._read_in_thread, read)

    def _read_in_thread(self, read: Callable[[psycopg.Connection[Any]], Result]) -> Result:
        try:
            with self._readers.connection() as connection, at_one_moment(connection):
                return read(connection)
        except psycopg.Error as error:
            if (trouble := trouble_of(error)) is None:
                raise
            raise StoreNotWritable(trouble) from error


@asynccontextmanager
async def _closed_if_read_only(connection: Connected) -> AsyncIterator[None]:
    """Close the connection when the block finds that it may only read; the error is raised on.

    It would stay so, also when the database may be written again.
    """
    try:
        yield
    except psycopg.errors.ReadOnlySqlTransaction:
        await connection.close()
        raise


def _closed() -> StoreUnusable:
    return StoreUnusable("the records are closed; start Gatehouse again")


async def _run_all(connection: Connected, reading: Generator[Statement, Rows, Result]) -> Result:
    """Run the statements of a reading, and return its result."""
    sql, values = next(reading)
    while True:
        rows = await (await execute(connection, sql, *values)).fetchall()
        try:
            sql, values = reading.send(rows)
        except StopIteration as end:
            result: Result = end.value
            return result


async def execute(connection: Connected, sql: str, *values: object) -> AsyncCursor[DictRow]:
    """Run one statement with `?` marks for its values.

    No text in PostgreSQL has the character NUL, so it is left out. In JSON it is written `\\u0000`, and stays.
    """
    clean = [value.replace("\x00", "") if isinstance(value, str) else value for value in values]
    return await connection.execute(marked(sql), clean)


@lru_cache(maxsize=512)
def marked(sql: str) -> str:
    """Return a statement with the marks of psycopg in place of `?`.

    NB. tables and columns are constants in the code, never input.
    """
    return sql.replace("%", "%%").replace("?", "%s")

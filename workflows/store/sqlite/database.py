"""The database: one SQLite file, and one thread that uses its connection.

It uses WAL with `synchronous=FULL`, so that committed data is not lost when the power fails (SQLite: "PRAGMA
synchronous"). Writes that wait at the same time share one transaction; one that fails takes back only its own part.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog
from pydantic import TypeAdapter
from sqlite_utils import Database

from workflows.ports.audit_log import AuditKeys
from workflows.ports.clock import Clock
from workflows.ports.pages import Page, PagePosition
from workflows.ports.records import StoreNotWritable, StoreTrouble
from workflows.store.audit_keys import KeyFile, own_key_file
from workflows.store.common.queries import SQLITE, ListQuery, PageRows, Queries, Rows, Statement
from workflows.store.common.reading import readable
from workflows.store.common.rows import text_of
from workflows.store.redaction import RecordRedactor
from workflows.store.sqlite.file import BUSY_MILLISECONDS, StoreFile
from workflows.store.sqlite.write_monitor import WriteMonitor
from workflows.store.work_thread import Outcome, Work, WorkThread, outcome_of

NO_REDACTION: Final = RecordRedactor()

Result = TypeVar("Result")
_log = structlog.get_logger()


class SqliteDatabase(Queries):
    """One open SQLite file. Call `open` before anything else, and `close` at the end."""

    _dialect = SQLITE

    def __init__(
        self, path: Path, clock: Clock, clean: RecordRedactor = NO_REDACTION, keys: AuditKeys | None = None
    ) -> None:
        """Prepare to open a file.

        :param keys: the keys of the audit log; None for those of the file beside the database.
        """
        self._path = path
        self._keys = keys or KeyFile(own_key_file(path), is_own=True)
        self._clock = clock
        self._clean = clean
        self._file = StoreFile(path)
        self._writes = WriteMonitor(self._file)
        self._thread = WorkThread(self._write_together, name="store")
        self._db: Database

    async def open(self) -> None:
        """Open the file, private to its owner, and update its schema.

        :raises StoreUnusable: when it is no database, or another process uses it for more than a few seconds. Two
            bots on one file would perform effects twice.
        """
        await self._run(self._open)

    @property
    def audit_keys(self) -> AuditKeys:
        """Return the keys of the audit log."""
        return self._keys

    @property
    def last_write_error(self) -> StoreTrouble | None:
        """Return why the last write failed; None when it succeeded."""
        return self._writes.last_write_error

    async def probe(self) -> StoreTrouble | None:
        """Write one record to check whether records can be written now; see `ports.records`."""
        return await self._run(lambda: self._writes.probe(self._db, text_of(self._clock.now())))

    async def close(self) -> None:
        """Finish the running work, close the file, and end the thread."""
        await self._thread.close(self._close)

    def _open(self) -> None:
        self._db = self._file.open(self._sign_existing, self._seal_existing)

    def _sign_existing(self, db: Database) -> None:
        """Sign the audit entries of an earlier version."""

    def _seal_existing(self, db: Database) -> None:
        """Have entries name the records of an earlier version."""

    def _close(self) -> None:
        self._db.close()
        self._file.release()

    async def _query(self, sql: str, *values: object) -> list[dict[str, Any]]:
        return await self._run(lambda: rows_of(self._db, sql, values))

    async def _write(self, sql: str, *values: object) -> None:
        def work() -> None:
            with self._writes.run_monitored(self._db), self._db.atomic():
                self._db.execute(sql, list(values))

        await self._run_write(work)

    async def _run_on_second_connection(self, read: Callable[[sqlite3.Connection], Result]) -> Result:
        """Read many records with another connection. Meanwhile the store's own stays free for clicks."""
        return await asyncio.to_thread(self._read_on_second_connection, read)

    def _read_on_second_connection(self, read: Callable[[sqlite3.Connection], Result]) -> Result:
        with closing(sqlite3.connect(f"{self._file.path.as_uri()}?mode=ro", uri=True)) as db:
            db.execute(f"pragma busy_timeout = {BUSY_MILLISECONDS}")
            return read(db)

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
        return await self._run(lambda: _run_all(self._db, rows.read(limit, position)))

    async def _run(self, work: Callable[[], Result]) -> Result:
        """Run what reads, or must not be part of a transaction."""
        return await self._thread.read(work)

    async def _run_write(self, work: Callable[[], Result]) -> Result:
        """Run what writes in `atomic()`: in a transaction of its own, or with other writes in one."""
        return await self._thread.write(work)

    def _write_together(self, works: Sequence[Work]) -> Sequence[Outcome]:
        """Do several writes in one transaction. A write that fails changes nothing; the writes around it are stored."""
        try:
            with self._writes.run_monitored(self._db), self._db.atomic():
                return [self._one_of_many(work) for work in works]
        except StoreNotWritable as error:
            if error.trouble is StoreTrouble.LOCKED:
                return [Outcome(error=StoreNotWritable(error.trouble)) for _ in works]
            # Nothing was stored. Perhaps only one of them meets a full disk or a damaged place, so each is tried alone.
            return [outcome_of(work) for work in works]

    def _one_of_many(self, work: Work) -> Outcome:
        """Do one write in a savepoint.

        :raises StoreNotWritable: when the whole transaction is lost.
        """
        outcome = outcome_of(work)
        if isinstance(outcome.error, StoreNotWritable) or not self._db.conn.in_transaction:
            raise outcome.error or RuntimeError("a write ended the transaction that it shares")
        return outcome


def _run_all(db: Database, reading: Generator[Statement, Rows, Result]) -> Result:
    """Run the statements of a reading, and return its result."""
    statement = next(reading)
    while True:
        try:
            statement = reading.send(rows_of(db, *statement))
        except StopIteration as end:
            result: Result = end.value
            return result


def rows_of(db: Database, sql: str, values: Sequence[object]) -> list[dict[str, Any]]:
    """Return the rows of a statement that only reads.

    sqlite-utils puts each such statement into a savepoint, in case it writes. That takes longer than the statement.
    """
    rows = db.conn.execute(sql, values)
    names = [column[0] for column in rows.description or ()]
    return [dict(zip(names, row, strict=True)) for row in rows]

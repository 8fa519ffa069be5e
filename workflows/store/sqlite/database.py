"""The database: one SQLite file, and one thread that uses its connection.

It uses WAL with `synchronous=FULL`, so that committed data is not lost when the power fails (SQLite: "PRAGMA
synchronous"). Writes that wait at the same time share one transaction; one that fails takes back only its own part.

It is long because the queries of lists are here too.
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog
from pydantic import TypeAdapter, ValidationError
from sqlite_utils import Database

from workflows.ports.audit_log import AuditKeys
from workflows.ports.clock import Clock
from workflows.ports.pages import START, Cursor, Page, PagePosition, PartnerFilter, RequestFilter
from workflows.ports.records import StoreNotWritable, StoreTrouble
from workflows.store.audit_keys import KeyFile, own_key_file
from workflows.store.codec import load, load_shared
from workflows.store.columns import text_of, typed_search_text
from workflows.store.redaction import RecordRedactor
from workflows.store.sqlite.file import BUSY_MILLISECONDS, StoreFile
from workflows.store.sqlite.write_monitor import WriteMonitor
from workflows.store.work_thread import Outcome, Work, WorkThread, outcome_of

NO_REDACTION: Final = RecordRedactor()

Result = TypeVar("Result")
_log = structlog.get_logger()


class SqliteDatabase:
    """One open SQLite file. Call `open` before anything else, and `close` at the end."""

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
        rows: "ListQuery",
        limit: int,
        position: PagePosition,
        *,
        are_remembered: bool = False,
    ) -> Page[Result]:
        found = await self._run(lambda: rows.read(self._db, limit, position))
        items = await asyncio.to_thread(readable, adapter, found.rows, are_remembered=are_remembered)
        return Page(
            items=items,
            count=found.count,
            count_before=found.count_before,
            first_cursor=found.first,
            last_cursor=found.last,
            size=len(found.rows),
        )

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


def rows_of(db: Database, sql: str, values: Sequence[object]) -> list[dict[str, Any]]:
    """Return the rows of a statement that only reads.

    sqlite-utils puts each such statement into a savepoint, in case it writes. That takes longer than the statement.
    """
    rows = db.conn.execute(sql, values)
    names = [column[0] for column in rows.description or ()]
    return [dict(zip(names, row, strict=True)) for row in rows]


def readable(adapter: TypeAdapter[Result], rows: list[dict[str, Any]], *, are_remembered: bool = False) -> list[Result]:
    """Read records for a list.

    An unreadable record is logged and left out, so that it does not hide the others.

    :param are_remembered: whether the records are remembered for the next reading; see `load_shared`.
    """
    found = []
    parse = load_shared if are_remembered else load
    for row in rows:
        try:
            found.append(parse(adapter, row["doc"]))
        except ValidationError:
            _log.error("record_unreadable", id=row["id"])
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRows:
    """The rows of one page, with the number of rows before them and in the whole list."""

    rows: list[dict[str, Any]]
    count: int
    count_before: int
    first: Cursor
    last: Cursor


@dataclass(frozen=True, slots=True)
class ListQuery:
    """The rows of a list: a table, conditions, and the columns by which they are sorted. The last column is unique.

    NB. tables, conditions and columns are constants in the code, never input.
    """

    table: str
    where: str
    values: tuple[object, ...]
    keys: tuple[str, ...]
    is_descending: bool = False
    read_columns: str = "doc"
    is_counted: bool = True
    """Whether the rows of the whole list are counted; otherwise both counts are 0."""

    def read(self, db: Database, limit: int, position: PagePosition) -> PageRows:
        """Read one page; the first page when a counted list has no rows at the given place any more."""
        cursor = position.cursor if len(position.cursor) == len(self.keys) else ()
        is_backwards = position.is_before and bool(cursor)
        direction = "desc" if is_backwards != self.is_descending else "asc"
        beyond_cursor, values = self._beyond_cursor(cursor, is_backwards=is_backwards)
        order = ", ".join(f"{key} {direction}" for key in self.keys)
        sql = f"""select {self.keys[-1]} as id, {", ".join(self.keys)}, {self.read_columns} from {self.table}
            where {self.where}{beyond_cursor} order by {order} limit ?"""  # noqa: S608
        rows = rows_of(db, sql, (*self.values, *values, limit))
        if self.is_counted and cursor and (not rows or (is_backwards and len(rows) < limit)):
            return self.read(db, limit, START)
        if is_backwards:
            rows.reverse()
        first, last = (self._cursor(rows[0]), self._cursor(rows[-1])) if rows else ((), ())
        if not self.is_counted:
            return PageRows(rows=rows, count=0, count_before=0, first=first, last=last)
        if not cursor and len(rows) < limit:  # this is the whole list
            return PageRows(rows=rows, count=len(rows), count_before=0, first=first, last=last)
        return PageRows(
            rows=rows,
            count=self._count(db, ()),
            count_before=self._count(db, first) if cursor else 0,
            first=first,
            last=last,
        )

    def _beyond_cursor(self, cursor: Cursor, *, is_backwards: bool) -> tuple[str, Cursor]:
        if not cursor:
            return "", ()
        sign = "<" if is_backwards != self.is_descending else ">"
        return f" and ({', '.join(self.keys)}) {sign} ({', '.join('?' * len(cursor))})", cursor

    def _count(self, db: Database, before: Cursor) -> int:
        beyond_cursor, values = self._beyond_cursor(before, is_backwards=True)
        sql = f"select count(*) from {self.table} where {self.where}{beyond_cursor}"  # noqa: S608
        return int(db.execute(sql, [*self.values, *values]).fetchone()[0])

    def _cursor(self, row: dict[str, Any]) -> Cursor:
        return tuple(str(row[key]) for key in self.keys)


def partner_conditions(partner_filter: PartnerFilter, *, by_end: bool = False) -> tuple[str, tuple[object, ...]]:
    """Return the conditions of a list of partners, and their values.

    :param by_end: whether the list is sorted by the end of access. Otherwise the index of the list's order is used,
        not that of the states (SQLite: "The Query Optimizer Overview", unary plus).
    """
    state = "state" if by_end else "+state"
    conditions: list[tuple[str, tuple[object, ...]]] = [("1", ())]
    if partner_filter.states:
        # NB. these are values of an enum, never input. With them SQLite knows that an index of few rows is enough.
        state_list = ", ".join(f"'{state.value}'" for state in sorted(partner_filter.states))
        conditions.append((f"{state} in ({state_list})", ()))
    if partner_filter.sponsors is not None:
        ids = json.dumps(sorted(partner_filter.sponsors))
        among = "in (select value from json_each(?))"
        conditions.append((f"(sponsor {among} or sponsor_account {among})", (ids, ids)))
    if partner_filter.asked is not None:
        ids = json.dumps(sorted(partner_filter.asked))
        among = "in (select value from json_each(?))"
        # NB. json_each reads no empty text, but null.
        manager = f"exists (select 1 from json_each(nullif(asked_managers, '')) as manager where manager.value {among})"  # noqa: S608
        conditions.append((f"(sponsor {among} or sponsor_account {among} or {manager})", (ids, ids, ids)))
    for column, text in (
        ("sponsor_name", partner_filter.sponsor_text),
        ("template", partner_filter.template),
        ("sought", partner_filter.text),
    ):
        if typed_search_text(text):
            conditions.append((f"instr({column}, ?) > 0", (typed_search_text(text),)))
    if partner_filter.overdue_at is not None:
        ended = f"({state} = 'review_due' or (state <> 'revoked' and ends_at <> '' and ends_at <= ?))"
        conditions.append((ended, (text_of(partner_filter.overdue_at),)))
    if partner_filter.ends_after is not None:
        conditions.append(("ends_at > ?", (text_of(partner_filter.ends_after),)))
    if partner_filter.ends_by is not None:
        conditions.append(("ends_at <> '' and ends_at <= ?", (text_of(partner_filter.ends_by),)))
    return " and ".join(text for text, _ in conditions), tuple(value for _, values in conditions for value in values)


def request_conditions(request_filter: RequestFilter) -> tuple[str, tuple[object, ...]]:
    """Return the conditions of a search for requests, and their values. Each uses a column of one index."""
    conditions: list[tuple[str, tuple[object, ...]]] = [("1", ())]
    if request_filter.sent_from is not None:
        conditions.append(("created_at >= ?", (text_of(request_filter.sent_from),)))
    if request_filter.sent_before is not None:
        conditions.append(("created_at < ?", (text_of(request_filter.sent_before),)))
    if request_filter.states:
        conditions.append(("state in (select value from json_each(?))", (json.dumps(sorted(request_filter.states)),)))
    if request_filter.is_partly_applied:
        conditions.append(("is_part = 1", ()))
    for column, text in (
        ("sought", request_filter.text),
        ("requester_sought", request_filter.requester),
        ("deciders", request_filter.approver),
        ("template", request_filter.template),
    ):
        if typed_search_text(text):
            conditions.append((f"instr({column}, ?) > 0", (typed_search_text(text),)))
    return " and ".join(text for text, _ in conditions), tuple(value for _, values in conditions for value in values)

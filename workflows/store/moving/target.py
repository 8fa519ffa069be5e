"""The database in PostgreSQL that records are moved to.

From its first row to its last one it has a mark, and no bot and no command uses it meanwhile. With what a killed move
leaves, the next one goes on.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Self

import psycopg
from psycopg import Connection, sql
from psycopg.types.json import Jsonb

from workflows.ports.records import StoreUnusable
from workflows.store.moving.moved_jobs import JOB_COLUMNS
from workflows.store.moving.tables import EFFECTS, TABLES, MovedTable, Row
from workflows.store.postgres.locks import USE_LOCK
from workflows.store.postgres.opening.schema import (
    BEING_MOVED,
    being_moved,
    bring_to_this_version_now,
    known_step,
    require_own_schema,
)
from workflows.store.postgres.opening.server import Server

_ROWS_TOGETHER: Final = 200
"""So many rows are read at once, and stored in one transaction: a killed move goes on after the last of these."""
_LOCK_SECONDS: Final = 3.0
"""How long a process is waited for that is ending."""
_PAUSE_SECONDS: Final = 0.05
_JOBS: Final = "procrastinate_jobs"
_QUEUE_TABLES: Final = (_JOBS, "procrastinate_events", "procrastinate_periodic_defers", "procrastinate_workers")
_SESSION: Final = "select set_config('idle_in_transaction_session_timeout', '10min', false)"
"""The source is read while a transaction of the target waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is noted while records are being moved."""

    installation: str
    source: str
    """The name of the file, for people."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read it.

        :raises ValueError: when it is none.
        """
        found = json.loads(text)
        return cls(installation=str(found["installation"]), source=str(found["source"]))

    @property
    def stored(self) -> str:
        """Return the text that is stored."""
        return json.dumps({"installation": self.installation, "source": self.source})


def _take_alone(server: Server, connection: "Connection[Any]") -> None:
    """Take the lock of the bot. One that is ending is waited for: the server notices its end a moment later.

    :raises StoreUnusable: when another process keeps it.
    """
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        row = connection.execute("select pg_try_advisory_lock(%s)", [USE_LOCK]).fetchone()
        if row and row[0]:
            return
        if time.monotonic() >= deadline:
            raise StoreUnusable(f"another process uses {server.name}; stop it first")
        time.sleep(_PAUSE_SECONDS)


class PostgresTarget:
    """One database, for as long as its connection is open. No bot can begin to use it meanwhile."""

    def __init__(self, server: Server, connection: "Connection[Any]") -> None:
        self.server = server
        self._db = connection

    @classmethod
    @contextmanager
    def open(cls, server: Server) -> Iterator[Self]:
        """Open the database, and keep bots away from it.

        :raises StoreUnusable: when it cannot be used, or a bot uses it.
        """
        with server.connect_now() as connection:
            try:
                connection.execute(_SESSION)
                _take_alone(server, connection)
                yield cls(server, connection)
            except psycopg.Error as error:
                raise server.unusable(error) from None

    def note(self) -> Note | None:
        """Return what is noted about a move that has not ended; None when there is none.

        :raises StoreUnusable: when its tables are of a newer version.
        """
        if known_step(self._db, self.server) is None or not self._has("marks"):
            return None
        text = being_moved(self._db, self.server)
        return None if text is None else Note.parse(text)

    def require_free(self, installation: str) -> None:
        """Check that there is nothing in it but what an earlier move of the same records left. Nothing is changed.

        :raises StoreUnusable: when it has other records, or tables of another program.
        """
        if known_step(self._db, self.server) is None:
            require_own_schema(self._db, self.server)
            return
        if (note := self.note()) is not None:
            if note.installation != installation:
                raise StoreUnusable(f"{self.server.name} is being filled from {note.source}, which has other records")
            return
        for table in TABLES:
            if self._has(table.name) and self._db.execute(f"select 1 from {table.name} limit 1").fetchone():  # noqa: S608
                raise StoreUnusable(f"{self.server.name} has records already; name a database without any in --to")

    def mark(self, name: str) -> str | None:
        """Return a mark; None when there is none."""
        if known_step(self._db, self.server) is None:
            return None
        row = self._db.execute("select value from marks where name = %s", [name]).fetchone()
        return None if row is None else str(row[0])

    def begin(self, note: Note) -> None:
        """Make the tables, and note that they are being filled. Afterwards only `finish` lets a bot use them.

        Rows of an earlier move of the same records stay.

        :raises StoreUnusable: when the tables cannot be made.
        """
        bring_to_this_version_now(self.server, is_moving=True)
        with self._db.transaction():
            self._db.execute("lock table marks in exclusive mode")
            self.require_free(note.installation)
            if self.note() is None:
                self._empty()
                self._db.execute("insert into marks (name, value) values (%s, %s)", [BEING_MOVED, note.stored])

    def finish(self) -> None:
        """Let a bot use the records."""
        self._db.execute("delete from marks where name = %s", [BEING_MOVED])

    def _empty(self) -> None:
        names = ", ".join((*(table.name for table in TABLES), *_QUEUE_TABLES))
        self._db.execute(f"truncate {names} restart identity")
        self._db.execute("update audit_head set seq = 0")

    def columns(self, table: MovedTable) -> list[str]:
        """Return the columns of a table."""
        found = self._db.execute(
            """select column_name from information_schema.columns
            where table_schema = current_schema() and table_name = %s order by ordinal_position""",
            [table.name],
        )
        return [name for (name,) in found]

    def remove(self, table: MovedTable, rows: Iterable[Row]) -> None:
        """Remove rows of a table, and those that name them, in one transaction. They may be read from it meanwhile.

        NB. rows that name them may be as they should be. They are missing then, and are stored again.
        """
        is_it = " and ".join(f"{one} = %s" for one in table.key)
        names = [name for name in (table.named_by, _name(table)) if name]
        deletes = [f"delete from {name} where {is_it}" for name in names]  # noqa: S608
        with self._db.transaction():
            for row in rows:
                for delete in deletes:
                    self._db.execute(delete.encode(), [row[one] for one in table.key])

    def put_missing(self, table: MovedTable, rows: Iterable[Row]) -> int:
        """Store the rows of a table that it does not have, some in each transaction. Returns how many it had."""
        return self._put_missing(table, self.columns(table), rows, lambda row: row)

    def put_missing_jobs(self, rows: Iterable[Row]) -> int:
        """Store waiting work that is not there, some in each transaction. Returns how much was there."""
        return self._put_missing(EFFECTS, JOB_COLUMNS, rows, lambda row: {**row, "args": Jsonb(row["args"])})

    def _put_missing(
        self, table: MovedTable, columns: Sequence[str], rows: Iterable[Row], stored: Callable[[Row], Row]
    ) -> int:
        kept, left = 0, iter(rows)
        while some := list(islice(left, _ROWS_TOGETHER)):
            there = self._keys_of(table, some)
            missing = [row for row in some if tuple(row[one] for one in table.key) not in there]
            kept += len(some) - len(missing)
            if missing:
                self._copy(_name(table), columns, map(stored, missing))
        return kept

    def _keys_of(self, table: MovedTable, rows: Sequence[Row]) -> set[tuple[Any, ...]]:
        """Return the keys in the table from the first to the last of these rows, which come in their order."""
        names, marks = ", ".join(table.key), ", ".join(["%s"] * len(table.key))
        found = self._db.execute(
            f"select {names} from {_name(table)} where ({names}) between ({marks}) and ({marks})".encode(),  # noqa: S608
            [row[one] for row in (rows[0], rows[-1]) for one in table.key],
        )
        return set(found)

    def _copy(self, name: str, names: Sequence[str], rows: Iterable[Row]) -> None:
        into = sql.SQL("copy {} ({}) from stdin").format(
            sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, names))
        )
        with self._db.transaction(), self._db.cursor() as cursor, cursor.copy(into) as copy:
            for row in rows:
                if row.keys() != set(names):
                    raise StoreUnusable(f"{name} has other columns than its rows: {sorted(row.keys() ^ set(names))}")
                copy.write_row([row[one] for one in names])

    def set_numbers(self, given: Mapping[str, int]) -> None:
        """Have new rows numbered after the last number that was ever given.

        :param given: by table of the source.
        """
        with self._db.transaction():
            self._db.execute("update audit_head set seq = %s", [given.get("audit", 0)])
            for table, column in self._numbered():
                known = given.get("effects" if table == _JOBS else table, 0)
                row = self._db.execute(f"select coalesce(max({column}), 0) from {table}").fetchone()  # noqa: S608
                if last := max(known, int(row[0]) if row else 0):
                    self._db.execute("select setval(pg_get_serial_sequence(%s, %s), %s)", [table, column, last])

    def last_numbers(self) -> dict[str, int]:
        """Return the last number of each table that was given or set; 0 before the first one."""
        found = {"audit": 0}
        if row := self._db.execute("select seq from audit_head").fetchone():
            found["audit"] = int(row[0])
        for table, column in self._numbered():
            sequence = self._db.execute("select pg_get_serial_sequence(%s, %s)", [table, column]).fetchone()
            last = self._db.execute(f"select last_value, is_called from {sequence[0] if sequence else ''}").fetchone()  # noqa: S608
            found["effects" if table == _JOBS else table] = int(last[0]) if last and last[1] else 0
        return found

    def _numbered(self) -> list[tuple[str, str]]:
        """Return each table that numbers its rows, with the column."""
        found = self._db.execute(
            """select table_name::text, column_name::text from information_schema.columns
            where table_schema = current_schema() and is_identity = 'YES' and table_name = any(%s)""",
            [[table.name for table in TABLES]],
        ).fetchall()
        return [(_JOBS, "id"), *((str(table), str(column)) for table, column in found)]

    def rows(self, table: MovedTable) -> Iterator[Row]:
        """Read the rows of a table by their keys, a few at a time."""
        where = f" where name <> '{BEING_MOVED}'" if table.name == "marks" else ""
        order = ", ".join(table.key)
        return self._stream(f"select {', '.join(self.columns(table))} from {table.name}{where} order by {order}")  # noqa: S608

    def jobs(self) -> Iterator[Row]:
        """Read all jobs by their numbers, a few at a time."""
        return self._stream(f"select {', '.join(JOB_COLUMNS)} from {_JOBS} order by id")  # noqa: S608

    def _stream(self, query: str) -> Iterator[Row]:
        with self._db.transaction(), self._db.cursor("moved") as cursor:
            cursor.itersize = _ROWS_TOGETHER
            cursor.execute(query.encode())
            names = [column.name for column in cursor.description or ()]
            for row in cursor:
                yield dict(zip(names, row, strict=True))

    def _has(self, table: str) -> bool:
        row = self._db.execute("select to_regclass(%s) is not null", [table]).fetchone()
        return bool(row and row[0])


def _name(table: MovedTable) -> str:
    return _JOBS if table is EFFECTS else table.name

"""The file of SQLite that records are moved from. While it is read, nobody else can write to it.

A connection that ends, also because its process was killed, takes back the lock and everything that was not finished.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, Self

from sqlite_utils import Database

from workflows.ports.records import StoreUnusable
from workflows.store.moving.tables import ALL_TABLES, OWN_MARKS, MovedTable, Row
from workflows.store.sqlite.migrations import MOVED_TO, migrations, require_known_steps

_ROWS_TOGETHER: Final = 200
_BUSY_SECONDS: Final = 5.0
_NOT_ANY_MORE: Final = "create trigger moved before insert on audit begin select raise(abort, 'they were moved'); end"
"""Nothing is stored without an audit entry. So no process stores anything, also one that had the file open before."""


def require_current(path: Path) -> None:
    """Check that a file has records of this version. Nothing is written.

    :raises StoreUnusable: when it has not; the text says what to do.
    """
    if not path.is_file() or not path.stat().st_size:
        raise StoreUnusable(f"there are no records in {path}; name the file of the bot with --from")
    with SqliteSource.reading(path) as source:
        source.require_current()


class SqliteSource:
    """One file, for as long as its connection is open."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._db = connection
        connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")

    @classmethod
    @contextmanager
    def reading(cls, path: Path) -> Iterator[Self]:
        """Read the records as they are at one moment, also while a bot runs.

        :raises StoreUnusable: when it cannot be read.
        """
        with _unusable(path), closing(_connect(path, "mode=ro")) as connection:
            connection.execute("begin")
            yield cls(path, connection)

    @classmethod
    @contextmanager
    def alone(cls, path: Path) -> Iterator[Self]:
        """Read the records, and let nobody write meanwhile. The bot's own lock is held already.

        :raises StoreUnusable: when it cannot be read, or another process writes.
        """
        with _unusable(path), closing(_connect(path, "mode=rw")) as connection:
            connection.execute("pragma synchronous = full")
            connection.execute("begin immediate")
            yield cls(path, connection)

    def require_current(self) -> None:
        """Check that the records are of this version; see `require_current`."""
        db = Database(self._db, execute_plugins=False)
        require_known_steps(db, self.path.name)
        if not migrations.applied(db):
            raise StoreUnusable(f"{self.path.name} is no database of Gatehouse; name the file of the bot with --from")
        if pending := migrations.pending(db):
            raise StoreUnusable(
                f"{self.path.name} is of an older version ({pending[0].name} is missing): make a backup, start this "
                "version of the bot once, stop it, and move the records then"
            )

    @property
    def moved_to(self) -> str | None:
        """Return where the records were moved; None when they are in use."""
        return self.mark(MOVED_TO)

    def mark(self, name: str) -> str | None:
        """Return a mark; None when there is none."""
        row = self._db.execute("select value from marks where name = ?", [name]).fetchone()
        return None if row is None else str(row[0])

    def newest_key_id(self) -> str | None:
        """Return the id of the key that signed the newest entry; None when there is none."""
        row = self._db.execute("select key_id from audit where mac is not null order by seq desc limit 1").fetchone()
        return None if row is None else str(row[0])

    def tables(self) -> list[str]:
        """Return the name of every table that is not SQLite's or that of the steps."""
        sql = "select name from sqlite_master where type = 'table' and name not glob 'sqlite_*' order by name"
        return [name for (name,) in self._db.execute(sql) if name != migrations.migrations_table]

    def counts(self) -> dict[str, int]:
        """Return how many rows each table has."""
        return {table.name: self._count(table) for table in ALL_TABLES}

    def _count(self, table: MovedTable) -> int:
        [count] = self._db.execute(f"select count(*) from {table.name}{_only(table)}").fetchone()  # noqa: S608
        return int(count)

    def rows(self, table: MovedTable) -> Iterator[Row]:
        """Read the rows of a table by their keys, a few at a time."""
        number = f", rowid as {table.number}" if table.number else ""
        sql = f"select *{number} from {table.name}{_only(table)} order by {', '.join(table.key)}"  # noqa: S608
        found = self._db.execute(sql)
        names = [column[0] for column in found.description]
        while rows := found.fetchmany(_ROWS_TOGETHER):
            for row in rows:
                yield dict(zip(names, row, strict=True))

    def last_numbers(self) -> Mapping[str, int]:
        """Return for each table that numbers its rows the last number that was given, also to rows that are gone."""
        return {str(name): int(seq) for name, seq in self._db.execute("select name, seq from sqlite_sequence")}

    def mark_moved(self, place: str) -> None:
        """Note that a bot goes on in another place. Must be called on a source that is `alone`.

        :param place: the name of that place, for people.
        """
        self._db.execute("insert into marks (name, value) values (?, ?)", [MOVED_TO, place])
        self._db.execute(_NOT_ANY_MORE)
        self._db.commit()


def _only(table: MovedTable) -> str:
    if table.name != "marks":
        return ""
    return f" where name not in ({', '.join(repr(name) for name in sorted(OWN_MARKS))})"


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.resolve().as_uri()}?{mode}",
        uri=True,
        isolation_level=None,
        timeout=_BUSY_SECONDS,
        check_same_thread=False,
    )


@contextmanager
def _unusable(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreUnusable(f"{path.name} cannot be read as Gatehouse's records ({error})") from error

"""The database of one bot in a story: made before the bot starts, looked at beside it, backed up and restored.

A boundary: it runs statements of SQL that the product does not have. It belongs to the folder of a sandbox, whose path
names it, so that every process of a story finds it.
"""

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from tests.stores.choice import is_postgres
from tests.waiting import LONGEST_WAIT
from tests.warm.ready_made import put_new_database
from workflows.core.audit.chain import ChainKey, written_key
from workflows.core.requests.effects import WorkKind
from workflows.store.audit_keys import own_key_file
from workflows.store.location import RecordsLocation, StoreLocation, location_of

if TYPE_CHECKING:
    from tests.workflows.store.postgres.server import TestServer

_FILE: Final = "gatehouse.db"
_GENERATION: Final = "generation"
_KEY: Final = ChainKey(sha256(b"audit log of the stories").digest())
_USED: Final[list["BotDatabase"]] = []
Row = dict[str, Any]


class BotDatabase(Protocol):
    """What one bot has stored."""

    @property
    def settings(self) -> dict[str, str]:
        """Return the settings that name it."""

    @property
    def location(self) -> RecordsLocation:
        """Return the place as the product knows it."""

    @property
    def given_up(self) -> str:
        """Return the statement that counts the effects that were given up, as `count`."""

    def put_new(self) -> None:
        """Make it without records, where there is none."""

    def before_start(self) -> None:
        """Do what a hosting platform's time would do between the end of a bot and the start of the next one."""

    def remove(self) -> None:
        """Remove it."""

    def rows(self, *statements: str, values: Sequence[object] = ()) -> list[list[Row]]:
        """Return the rows of each statement, all read at one moment. `?` marks stand for values."""

    def change(self, sql: str, *values: object) -> None:
        """Execute a statement, as another program would."""

    def put_effect(self, lane: str, doc: str) -> None:
        """Store a click that is due, as another program would."""

    def content(self) -> bytes:
        """Return everything that the database has, as bytes in which a text can be looked for."""

    def was_closed(self) -> bool:
        """Return whether the bot ended by itself: it was not killed."""

    def back_up(self, to: Path) -> None:
        """Back it up while the bot runs, as docs/operations.md says."""

    def restore(self, backup: Path) -> None:
        """Put a backup in its place, as docs/operations.md says. No bot may run."""

    def copy_from(self, folder: Path) -> None:
        """Become a copy of the database of another folder, whose bot has ended, and whose records are used no more."""


def bot_database(folder: Path) -> BotDatabase:
    """Return the database of the bot whose sandbox has this folder."""
    return _Postgres(folder) if is_postgres() else _Sqlite(folder)


def database_name(folder: Path) -> str:
    """Return the name of the database on a server that the bot of a sandbox has."""
    return f"story_{sha256(str(folder.resolve()).encode()).hexdigest()[:24]}"


def note_use(database: BotDatabase) -> None:
    """Remember a database for `removing_used`."""
    _USED.append(database)


@contextmanager
def removing_used() -> Iterator[None]:
    """Remove at the end of the block every database on a server that was used in it."""
    before = len(_USED)
    yield
    while len(_USED) > before:
        if isinstance(used := _USED.pop(), _Postgres):
            used.remove()


class _Sqlite:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / _FILE

    @property
    def settings(self) -> dict[str, str]:
        return {"DATABASE_URL": f"sqlite:///{self._path}"}

    @property
    def location(self) -> RecordsLocation:
        return StoreLocation(self._path)

    @property
    def given_up(self) -> str:
        return "select count(*) as count from effects where is_parked = 1"

    def put_new(self) -> None:
        put_new_database(self._path)

    def before_start(self) -> None:
        """Nothing: the next bot owns the file at once."""

    def remove(self) -> None:
        for ending in ("", "-wal", "-shm"):
            self._path.with_name(f"{_FILE}{ending}").unlink(missing_ok=True)

    def rows(self, *statements: str, values: Sequence[object] = ()) -> list[list[Row]]:
        with closing(sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True)) as db:
            db.row_factory = sqlite3.Row
            db.execute("begin")
            return [[dict(row) for row in db.execute(sql, tuple(values))] for sql in statements]

    def change(self, sql: str, *values: object) -> None:
        with closing(sqlite3.connect(self._path, timeout=20)) as db:
            db.execute(sql, values)
            db.commit()

    def put_effect(self, lane: str, doc: str) -> None:
        columns = "(lane, rank, asked_by, due_at, attempts, doc)"
        self.change(f"insert into effects {columns} values (?, 0, '', '2026', 0, ?)", lane, doc)

    def content(self) -> bytes:
        paths = [self._path.with_name(f"{_FILE}{end}") for end in ("", "-wal")]
        return b"".join(path.read_bytes() for path in paths if path.exists())

    def was_closed(self) -> bool:
        return not self._path.with_name(f"{_FILE}-wal").exists()

    def back_up(self, to: Path) -> None:
        to.touch(mode=0o600)  # nobody else may read it, where it is put back either
        with closing(sqlite3.connect(self._path)) as db, closing(sqlite3.connect(to)) as copy:
            db.backup(copy)

    def restore(self, backup: Path) -> None:
        self.remove()
        shutil.copy(backup, self._path)

    def copy_from(self, folder: Path) -> None:
        self.remove()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path.touch(mode=0o600)
        other = folder / _FILE
        with closing(sqlite3.connect(other)) as db, closing(sqlite3.connect(self._path)) as copy:
            db.backup(copy)
        if own_key_file(other).exists():
            shutil.copy(own_key_file(other), own_key_file(self._path))


class _Postgres:
    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._name = database_name(folder)

    @property
    def _server(self) -> "TestServer":
        from tests.workflows.store.postgres.server import test_server

        return test_server()

    @property
    def _url(self) -> str:
        return self._server.url(self._name)

    @property
    def settings(self) -> dict[str, str]:
        return {"DATABASE_URL": self._url, "AUDIT_KEY": written_key(_KEY)}

    @property
    def location(self) -> RecordsLocation:
        from workflows.core.audit.chain import KeyRing
        from workflows.store.audit_keys import GivenKeys

        return location_of(self._url, GivenKeys(KeyRing((_KEY,))))

    @property
    def given_up(self) -> str:
        return "select count(*) from procrastinate_jobs where task_name = 'effect' and status = 'failed'"

    def put_new(self) -> None:
        if not self._server.has(self._name):
            self._server.make(self._name)

    def before_start(self) -> None:
        """Let the time pass after which a silent bot counts as dead: no other bot is alive in these stories."""
        self._server.run("update procrastinate_workers set last_heartbeat = '-infinity'", database=self._name)

    def remove(self) -> None:
        self._server.drop(self._name)

    def rows(self, *statements: str, values: Sequence[object] = ()) -> list[list[Row]]:
        import psycopg
        from psycopg.rows import dict_row

        from workflows.store.postgres.database import marked

        with psycopg.connect(self._url, row_factory=dict_row) as connection:
            connection.execute("set transaction isolation level repeatable read read only")
            return [connection.execute(marked(sql).encode(), values).fetchall() for sql in statements]

    def change(self, sql: str, *values: object) -> None:
        import psycopg

        from workflows.store.postgres.database import marked

        with psycopg.connect(self._url) as connection:
            connection.execute(marked(sql).encode(), values)

    def put_effect(self, lane: str, doc: str) -> None:
        args = {"doc": doc, "lane": lane, "kind": WorkKind.CHECK.value, "rank": 0, "by": "", "turns": "", "turn": 0}
        args |= {"due": "2026", "error": "", "faults": 0, "is_held": False, "is_planned": False}
        columns = "(queue_name, task_name, lock, priority, args)"
        sql = f"insert into procrastinate_jobs {columns} values (?, 'effect', ?, 0, ?::jsonb)"
        self.change(sql, args["kind"], lane, json.dumps(args))

    def content(self) -> bytes:
        return self._run("pg_dump", f"--dbname={self._url}")

    def was_closed(self) -> bool:
        return self.rows("select 1 from procrastinate_workers") == [[]]

    def back_up(self, to: Path) -> None:
        self._run("pg_dump", "--format=custom", f"--file={to}", f"--dbname={self._url}")

    def restore(self, backup: Path) -> None:
        self.remove()
        self._server.make(self._name, template="template0")
        self._run("pg_restore", "--exit-on-error", "--single-transaction", f"--dbname={self._url}", str(backup))

    def copy_from(self, folder: Path) -> None:
        self.remove()
        self._server.make(self._name, template=_Postgres(folder)._name)
        address = self.location.known_as
        for file in (self._folder / _GENERATION).glob("*.json"):
            file.write_text(json.dumps({**json.loads(file.read_text()), "database": str(address)}))

    def _run(self, name: str, *arguments: str) -> bytes:
        from tests.workflows.store.postgres.server import program

        return subprocess.run([program(name), *arguments], check=True, capture_output=True, timeout=LONGEST_WAIT).stdout

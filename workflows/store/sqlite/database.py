"""The database: one SQLite file, one thread that owns its connection.

Durability: WAL with `synchronous=FULL`, so that what `commit` returned from survives a power cut (SQLite: "PRAGMA
synchronous"). Every transaction is short and local.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog
from pydantic import TypeAdapter, ValidationError
from sqlite_utils import Database

from workflows.ports.clock import Clock
from workflows.ports.records import StoreTrouble
from workflows.store.codec import load
from workflows.store.redaction import RecordRedactor
from workflows.store.sqlite.file import StoreFile
from workflows.store.sqlite.writes import WriteMonitor

AS_IT_IS: Final = RecordRedactor()

Result = TypeVar("Result")
_log = structlog.get_logger()


class SqliteDatabase:
    """One open SQLite file. `open` it before anything else, end it with `close`."""

    def __init__(self, path: Path, clock: Clock, clean: RecordRedactor = AS_IT_IS) -> None:
        self._path = path
        self._clock = clock
        self._clean = clean
        self._file = StoreFile(path)
        self._writes = WriteMonitor(self._file)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._db: Database

    async def open(self) -> None:
        """Open the file, private to its owner, and update its schema.

        :raises StoreUnusable: when it is no database, or another process does not release it within a few seconds: two
            outboxes on one file would perform effects twice.
        """
        await self._run(self._open)

    @property
    def trouble(self) -> StoreTrouble | None:
        """Return why records cannot be written, as of the last write; empty when they can."""
        return self._writes.trouble

    async def probe(self) -> StoreTrouble | None:
        """Check whether records can be written now; see `ports.records`."""
        return await self._run(lambda: self._writes.probe(self._db, text_of(self._clock.now())))

    async def close(self) -> None:
        """Finish running work, close the file, end the thread."""
        await self._run(self._close)
        self._thread.shutdown()

    def _open(self) -> None:
        self._db = self._file.open()

    def _close(self) -> None:
        self._db.close()
        self._file.release()

    async def _query(self, sql: str, *values: object) -> list[dict[str, Any]]:
        return await self._run(lambda: list(self._db.query(sql, list(values))))

    async def _write(self, sql: str, *values: object) -> None:
        def work() -> None:
            with self._writes.watched(self._db), self._db.atomic():
                self._db.execute(sql, list(values))

        await self._run(work)

    async def _run(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def readable(adapter: TypeAdapter[Result], rows: list[dict[str, Any]]) -> list[Result]:
    """Read records for a list.

    An unreadable record is logged and left out, so that it does not hide the others.
    """
    found = []
    for row in rows:
        try:
            found.append(load(adapter, row["doc"]))
        except ValidationError:
            _log.error("record_unreadable", id=row["id"])
    return found


def text_of(moment: datetime) -> str:
    """Write an instant so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")

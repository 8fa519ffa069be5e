"""Find whether the embedded store can be written: by the result of the last write, and by a test write.

Source: SQLite, "Result and Error Codes".
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from sqlite_utils import Database

from workflows.ports.records import StoreNotWritable, StoreTrouble
from workflows.store.sqlite.file import BUSY_MILLISECONDS, LOG_BYTES, StoreFile

_SHORT_WAIT_MILLISECONDS: Final = 200
"""The wait for a lock when an earlier write already failed because of it. It is short, so that clicks are answered."""
_TEST_WRITE_BYTES: Final = 256 * 1024
"""The size of the test write. It is larger than any commit, so that after it there is certainly enough space."""
_MARK: Final = "written_at"
_TEST_MARK: Final = "room"
_EXTERNAL_ERRORS: Final = {
    sqlite3.SQLITE_FULL: StoreTrouble.DISK_FULL,
    sqlite3.SQLITE_BUSY: StoreTrouble.LOCKED,
    sqlite3.SQLITE_LOCKED: StoreTrouble.LOCKED,
    sqlite3.SQLITE_READONLY: StoreTrouble.READ_ONLY,
    sqlite3.SQLITE_PERM: StoreTrouble.READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: StoreTrouble.FILE_BESIDE,
    sqlite3.SQLITE_IOERR: StoreTrouble.DISK_ERROR,
    sqlite3.SQLITE_CORRUPT: StoreTrouble.DAMAGED,
    sqlite3.SQLITE_NOTADB: StoreTrouble.DAMAGED,
}
"""The primary codes of SQLite's errors that are no programming errors."""

_log = structlog.get_logger()


class WriteMonitor:
    """Observes every write. `last_write_error` is why the last write failed; None when it succeeded."""

    def __init__(self, file: StoreFile) -> None:
        self._file = file
        self._is_log_long = False
        self.last_write_error: StoreTrouble | None = None

    @contextmanager
    def run_monitored(self, db: Database) -> Iterator[None]:
        """Run the writes in the `with` block, and record whether they fail because of the disk, the file or a lock.

        :raises StoreNotWritable: when they fail for such a reason; nothing was stored.
        """
        try:
            yield
        except sqlite3.DatabaseError as error:
            problem = _EXTERNAL_ERRORS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
            if problem is None:
                raise
            self._note(db, problem)
            raise StoreNotWritable(problem) from error

    def probe(self, db: Database, value: str) -> StoreTrouble | None:
        """Write one record to check whether records can be written now, and shorten a long log.

        :returns: why records cannot be written; None when they can.
        """
        try:
            with self.run_monitored(db):
                if self.last_write_error:
                    self._check_free_space(db)
                with db.atomic():
                    db.execute("insert or replace into marks (name, value) values (?, ?)", [_MARK, value])
        except StoreNotWritable:
            return self.last_write_error
        self._note(db, None)
        self._shorten(db)
        return None

    def _check_free_space(self, db: Database) -> None:
        with db.atomic():
            db.execute(
                "insert or replace into marks (name, value) values (?, ?)", [_TEST_MARK, "0" * _TEST_WRITE_BYTES]
            )
        with db.atomic():
            db.execute("delete from marks where name = ?", [_TEST_MARK])

    def _note(self, db: Database, problem: StoreTrouble | None) -> None:
        if (problem is None) != (self.last_write_error is None):
            db.execute(f"pragma busy_timeout = {_SHORT_WAIT_MILLISECONDS if problem else BUSY_MILLISECONDS}")
            if problem:
                _log.error("store_not_writable", reason=problem.value)
            else:
                _log.warning("store_writable_again")
        self.last_write_error = problem

    def _shorten(self, db: Database) -> None:
        """Shorten a write-ahead log that has grown. It grows while a process reads an older state."""
        try:
            size = self._file.log_path.stat().st_size
        except OSError:
            return
        if size <= LOG_BYTES:
            self._is_log_long = False
            return
        db.execute("pragma busy_timeout = 0")
        try:
            is_held = bool(db.execute("pragma wal_checkpoint(truncate)").fetchone()[0])
        finally:
            db.execute(f"pragma busy_timeout = {BUSY_MILLISECONDS}")
        if is_held and not self._is_log_long:
            _log.warning("log_held_by_a_reader", bytes=size)
        self._is_log_long = is_held

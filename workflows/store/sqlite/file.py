"""The file of the embedded store: created completely, used by only one process, checked before use.

Two bots on one file would perform effects twice, also when they open it by different names. A damaged file must not
be used: effects would be performed again, or lost.
"""

import fcntl
import os
import sqlite3
import stat
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, TypeAlias

import structlog
from filelock import FileLock, Timeout
from sqlite_utils import Database

from workflows.ports.records import StoreUnusable
from workflows.store.sqlite.migrations import (
    m034_audit_chain,
    m044_personal_texts,
    m045_record_seals,
    migrations,
    require_known_steps,
    require_not_moved,
)

BUSY_MILLISECONDS: Final = 2000
_LOCK_SECONDS: Final = 3.0
"""Seconds that a new process waits for the lock of a process that is ending."""
_CHECK_SECONDS: Final = 5.0
"""The longest time of the check. A larger file is used without a complete check, and that is logged."""
_CHECK_STEPS: Final = 100_000
"""The number of steps of SQLite's virtual machine between two looks at the time: a few milliseconds."""
_MIN_PAGE_BYTES: Final = 512
"""The size of SQLite's smallest page in bytes."""
UpdateStep: TypeAlias = Callable[[Database], None] | None
LOG_BYTES: Final = 4 * 1024 * 1024
"""The most bytes of the write-ahead log that stay after its data was written into the file."""
_RESTORE: Final = "restore the backup; see docs/operations.md"

_log = structlog.get_logger()


class StoreFile:
    """One file, which is opened once. Its name may be a symbolic link. A file with a second hard link is refused."""

    def __init__(self, path: Path) -> None:
        self._named = path.name
        self.path = path.resolve()
        self._lock = FileLock(f"{self.path}.lock", mode=0o600, thread_local=False)
        self._held: int | None = None

    @property
    def log_path(self) -> Path:
        """Return the path of the write-ahead log, with committed data that is not in the file yet."""
        return Path(f"{self.path}-wal")

    def open(self, sign_existing: UpdateStep = None, seal_existing: UpdateStep = None) -> Database:
        """Open the file, private to its owner, and update its schema.

        :param sign_existing: signs the audit entries of a file from before entries were signed, in the same
            transaction as the schema. None: such a file has no entries.
        :param seal_existing: has entries name the records of a file from before they did. None: it has no records.
        :raises StoreUnusable: when it is no database, incomplete, or in use.
        """
        if self.path.is_dir():
            raise StoreUnusable(f"{self.path} is a folder; name a file in it")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        was_here = Path(self._lock.lock_file).exists()
        deadline = time.monotonic() + _LOCK_SECONDS
        try:
            self._lock.acquire(timeout=_LOCK_SECONDS)
        except Timeout as error:
            raise self._in_use() from error
        try:
            self._create_if_missing(was_here=was_here)
            self._lock_file(deadline)
            return self._open(sign_existing, seal_existing)
        except (sqlite3.Error, UnicodeDecodeError) as error:  # a damaged name in the schema is no text any more
            self.release()
            raise StoreUnusable(f"{self._named} cannot be used as a database ({error}); {_RESTORE}") from error
        except BaseException:
            self.release()
            raise

    def is_in_use(self) -> bool:
        """Return whether another process has the lock. Nothing is changed."""
        try:
            self._lock.acquire(timeout=0)
            self._lock_file(time.monotonic())
        except (Timeout, StoreUnusable):
            return True
        finally:
            self.release()
        return False

    def release(self) -> None:
        """Release the lock for other processes.

        NB. only after SQLite has closed the file. Closing any descriptor of a file removes SQLite's own locks on it
        (SQLite: "How To Corrupt An SQLite Database File").
        """
        if self._held is not None:
            os.close(self._held)
            self._held = None
        self._lock.release()

    def _create_if_missing(self, *, was_here: bool) -> None:
        """Create the file under another name, and rename it when it is complete. So an empty file is never a store."""
        if self.path.exists():
            size = self.path.stat().st_size
            if not size:
                raise StoreUnusable(f"{self._named} is empty; {_RESTORE}; to begin again, delete the empty file")
            if size < _MIN_PAGE_BYTES:
                # SQLite treats a file of one byte as empty, and creates a new database in it.
                raise StoreUnusable(f"{self._named} is too short to be a database; {_RESTORE}")
            return
        if self.log_path.exists() and self.log_path.stat().st_size:
            raise StoreUnusable(f"{self._named} is gone, and {self.log_path.name} is there; {_RESTORE}")
        if was_here:
            _log.warning("database_made_anew", file=self._named, reason="it was here before and is gone")
        new = Path(f"{self.path}.new")
        for leftover in (new, Path(f"{new}-wal"), Path(f"{new}-shm")):
            leftover.unlink(missing_ok=True)
        new.touch(mode=0o600)
        new.chmod(0o600)
        with closing(sqlite3.connect(new)) as db:
            db.execute("pragma journal_mode = wal")
        os.replace(new, self.path)

    def _lock_file(self, deadline: float) -> None:
        """Lock the file itself, so that another name of it is locked too.

        :param deadline: the time of the monotonic clock at which to stop waiting.
        """
        self._held = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        if os.fstat(self._held).st_nlink > 1:
            # Each name has its own write-ahead log, and the data in one log is not in the other.
            raise StoreUnusable(f"{self._named} has a second name (a hard link); remove that, or make it a copy")
        if sys.platform != "linux":
            return  # on other systems this lock and SQLite's locks may block each other
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            if time.monotonic() >= deadline:
                raise self._in_use()
            time.sleep(0.05)

    def _open(self, sign_existing: UpdateStep, seal_existing: UpdateStep) -> Database:
        mode = stat.S_IMODE(self.path.stat().st_mode)
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            # It is made private now. What somebody read or copied before stays with them.
            _log.warning("database_was_open_to_others", file=self._named, mode=f"{mode:04o}")
        self.path.chmod(0o600)
        db = Database(self.path, execute_plugins=False)  # looking for plugins of sqlite-utils takes 14 ms
        try:
            db.execute(f"pragma busy_timeout = {BUSY_MILLISECONDS}")
            db.enable_wal()
            db.execute("pragma synchronous = full")
            db.execute(f"pragma journal_size_limit = {LOG_BYTES}")
            db.execute("pragma secure_delete = on")  # so that nothing of an erased text stays in freed pages
            self._check(db)
            require_known_steps(db, self._named)
            require_not_moved(db, self._named)
            with (
                db.atomic()
            ):  # so that a step that fails leaves the file to the version before; and one wait for the disk
                applied = {step.name for step in migrations.applied(db)}
                migrations.apply(db)
                if sign_existing is not None and m034_audit_chain.__name__ not in applied:
                    sign_existing(db)
                if seal_existing is not None and m045_record_seals.__name__ not in applied:
                    seal_existing(db)
            if applied and m044_personal_texts.__name__ not in applied:
                self._write_anew(db)
        except BaseException:
            db.close()
            raise
        return db

    def _write_anew(self, db: Database) -> None:
        """Write a file of an earlier version anew: its freed pages still have what was deleted from them."""
        try:
            db.conn.execute("vacuum")
        except sqlite3.OperationalError as error:
            _log.warning("freed_pages_not_overwritten", file=self._named, reason=str(error))

    def _check(self, db: Database) -> None:
        deadline = time.monotonic() + _CHECK_SECONDS
        db.conn.set_progress_handler(lambda: time.monotonic() > deadline, _CHECK_STEPS)
        try:
            found = [str(row[0]) for row in db.execute("pragma integrity_check(3)").fetchall()]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            _log.warning("database_not_checked_to_its_end", file=self._named, seconds=_CHECK_SECONDS)
            return
        finally:
            db.conn.set_progress_handler(None, 0)
        if found != ["ok"]:
            result_text = "; ".join(found).replace("\n", " ")
            raise StoreUnusable(f"{self._named} is damaged ({result_text[:200]}); {_RESTORE}")

    def _in_use(self) -> StoreUnusable:
        return StoreUnusable(f"another process uses {self._named}; stop it first")

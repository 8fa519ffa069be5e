"""Store commands while the bot is running, from another process. The file is not locked, and its schema not changed.

Each command is one short transaction. The bot performs the stored effects within seconds, or when it starts again.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from sqlite_utils import Database

from workflows.ports.audit_log import AuditKeys
from workflows.ports.clock import Clock
from workflows.ports.records import StoreUnusable
from workflows.store.sqlite.migrations import require_known_steps, require_not_moved
from workflows.store.sqlite.store import SqliteStore

_BUSY_MILLISECONDS: Final = 5000

Result = TypeVar("Result")


class SharedStore(SqliteStore):
    """A store that another process has locked. Reading and `commit` work; only the bot performs effects.

    Every method raises StoreUnusable when the file cannot be used. A method that writes raises StoreNotWritable when
    another process writes for too long.
    """

    _may_create_key = False

    def _open(self) -> None:
        self._db = Database(self._path, execute_plugins=False)
        self._db.execute(f"pragma busy_timeout = {_BUSY_MILLISECONDS}")
        self._db.execute("pragma synchronous = full")
        self._db.execute("pragma secure_delete = on")
        require_known_steps(self._db, self._path.name)
        require_not_moved(self._db, self._path.name)

    def _close(self) -> None:
        self._db.close()

    async def _run(self, work: Callable[[], Result]) -> Result:
        with self._usable():
            return await super()._run(work)

    async def _run_write(self, work: Callable[[], Result]) -> Result:
        with self._usable():
            return await super()._run_write(work)

    async def _run_on_second_connection(self, read: Callable[[sqlite3.Connection], Result]) -> Result:
        with self._usable():
            return await super()._run_on_second_connection(read)

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreUnusable(f"{self._path.name} cannot be used now ({error})") from error


async def open_shared(path: Path, clock: Clock, *, keys: AuditKeys | None = None) -> SharedStore:
    """Open the store in the existing file at `path`, which a running bot uses.

    :param keys: the keys of the audit log; None for those of the file beside the database.
    :raises StoreUnusable: when the file is not a store, or was changed by a newer version.
    """
    store = SharedStore(path, clock, keys=keys)
    await store.open()
    return store

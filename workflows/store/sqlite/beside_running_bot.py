"""Stores commands beside a running bot: its lock is not taken, its schema is not touched, it is not disturbed.

One short transaction at a time; SQLite lets the bot and this process take turns. What is stored is performed by the
bot, within seconds or when it starts again.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from sqlite_utils import Database

from workflows.ports.clock import Clock
from workflows.ports.records import StoreUnusable
from workflows.store.sqlite.store import SqliteStore

_BUSY_MILLISECONDS: Final = 5000

Result = TypeVar("Result")


class StoreBeside(SqliteStore):
    """A store that another process holds. Reading and `commit` work; performing effects is the bot's.

    Every method raises StoreUnusable where the file cannot be used; one that writes raises StoreNotWritable where it is
    busy for too long.
    """

    def _open(self) -> None:
        self._db = Database(self._path)
        self._db.execute(f"pragma busy_timeout = {_BUSY_MILLISECONDS}")
        self._db.execute("pragma synchronous = full")

    def _close(self) -> None:
        self._db.close()

    async def _run(self, work: Callable[[], Result]) -> Result:
        try:
            return await super()._run(work)
        except sqlite3.Error as error:
            raise StoreUnusable(f"{self._path.name} cannot be used now ({error})") from error


async def open_beside(path: Path, clock: Clock) -> StoreBeside:
    """Open the store in the file at `path`, which must be there, beside the bot that holds it."""
    store = StoreBeside(path, clock)
    await store.open()
    return store

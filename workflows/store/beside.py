"""Stores commands beside a running bot: its lock is not taken, its schema is not touched, it is not disturbed.

One short transaction at a time; SQLite lets the bot and this process take turns. What is stored is performed by the
bot, within seconds or when it starts again.
"""

from pathlib import Path
from typing import Final

from sqlite_utils import Database

from workflows.ports import Clock
from workflows.store.sqlite import SqliteStore

_BUSY_MILLISECONDS: Final = 5000


class StoreBeside(SqliteStore):
    """A store that another process holds. Reading and `commit` work; performing effects is the bot's."""

    def _open(self) -> None:
        self._db = Database(self._path)
        self._db.execute(f"pragma busy_timeout = {_BUSY_MILLISECONDS}")
        self._db.execute("pragma synchronous = full")

    def _close(self) -> None:
        self._db.close()


async def open_beside(path: Path, clock: Clock) -> StoreBeside:
    """Open the store in the file at `path`, which must be there, beside the bot that holds it."""
    store = StoreBeside(path, clock)
    await store.open()
    return store

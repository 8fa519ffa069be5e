"""A world and its bot's records in which Contoso was opened already: made by the first test that asks, then copied.

Opening it takes a request, three approvals and a write, which are not what those tests are about.
"""

import atexit
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from workflows.store.audit_keys import own_key_file

_LOCK = "sandbox.lock"
_GENERATION: Final = "generation"
"""The folder that names the generation of a database, beside it as the settings of these tests have it."""


@dataclass(frozen=True, slots=True)
class KeptWorld:
    """The folder of a sandbox and the database of its bot, for the tests of one process."""

    folder: Path

    @property
    def _world(self) -> Path:
        return self.folder / "world"

    @property
    def _database(self) -> Path:
        return self.folder / "gatehouse.db"

    @property
    def is_made(self) -> bool:
        """Tell whether there is something to copy."""
        return self._database.exists()

    def keep(self, world: Path, database: Path) -> None:
        """Copy both while they run; nothing may be left to do."""
        self.keep_world(world)
        _copy_beside(database, self._database)  # before the database, which must not be older
        with closing(sqlite3.connect(database)) as read, closing(sqlite3.connect(self._database)) as written:
            read.backup(written)

    def keep_world(self, world: Path) -> None:
        """Copy the sandbox's folder alone."""
        shutil.copytree(world, self._world, ignore=shutil.ignore_patterns(_LOCK))

    def put_world(self, world: Path) -> None:
        """Write the sandbox's folder, before the sandbox starts in it."""
        shutil.copytree(self._world, world)

    def put_database(self, database: Path) -> None:
        """Write the database, before the bot starts with it."""
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        database.touch(mode=0o600)
        shutil.copyfile(self._database, database)
        _copy_beside(self._database, database)


def _copy_beside(database: Path, other: Path) -> None:
    """Copy what a database is not believed without: its key, and the folder with its generation."""
    if own_key_file(database).exists():
        shutil.copy(own_key_file(database), own_key_file(other))
    if (generation := database.with_name(_GENERATION)).exists():
        shutil.copytree(generation, other.with_name(_GENERATION), dirs_exist_ok=True)


@cache
def contoso_opened() -> KeptWorld:
    """Return the one of this process."""
    folder = tempfile.mkdtemp(prefix="opened-")
    atexit.register(shutil.rmtree, folder)
    return KeptWorld(Path(folder))

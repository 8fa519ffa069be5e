"""Reads what was given up, for somebody who looks on: no lock, no migration, nothing is written."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """An effect that was given up, and why."""

    id: int
    lane: str
    error: str


def read_parked(path: Path) -> Sequence[Parked]:
    """List the parked effects of the store in the file at `path`, oldest first; a running bot is not disturbed.

    :raises OSError: when the file is not a store, or cannot be read.
    """
    # A WAL file stands there while somebody has the store open. Without one nobody writes, and "immutable" keeps SQLite
    # from making files of its own beside it (SQLite: "Write-Ahead Logging", read-only databases).
    path = path.resolve()
    mode = "mode=ro" if Path(f"{path}-wal").exists() else "mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?{mode}", uri=True)) as db:
            rows = db.execute("select id, lane, error from effects where is_parked = 1 order by id").fetchall()
    except sqlite3.Error as error:
        raise OSError(f"{path.name} cannot be read as Gatehouse's records ({error})") from error
    return [Parked(id=row[0], lane=row[1], error=row[2] or "") for row in rows]

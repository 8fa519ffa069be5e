"""Read from another process what waits, what was given up, alarms, marks, and the freeze, without a lock or a write."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from workflows.core.audit.sealing import RecordProofs
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.requests.alarms import Alarm
from workflows.ports.audit_log import AuditKeys
from workflows.store.codec import ALARM, FREEZE, load, stored_facts
from workflows.store.common.reading import GivenUpRow, WaitingWork
from workflows.store.common.rows import text_of
from workflows.store.sqlite.other_records.audit_chain import verify_connection

if TYPE_CHECKING:
    from workflows.core.audit.heads import Head
    from workflows.core.audit.verifying import ChainCheck

Result = TypeVar("Result")


def read_given_up(path: Path) -> Sequence[GivenUpRow]:
    """List the effects that were given up in the store in the file at `path`, oldest first.

    :raises OSError: when the file is not a store, or cannot be read.
    """
    rows = _read(path, "select id, lane, error from effects where is_parked = 1 order by id")
    return [GivenUpRow(id=row[0], lane=row[1], error=stored_facts(row[2])) for row in rows]


def read_waiting(path: Path, now: datetime) -> WaitingWork:
    """Count the effects that are not performed yet.

    :raises OSError: when the file is not a store, or cannot be read.
    """
    rows = _read(path, "select due_at from effects where is_parked = 0")
    due = min((row[0] for row in rows if row[0] and row[0] <= text_of(now)), default="")
    return WaitingWork(count=len(rows), due_since=datetime.fromisoformat(due) if due else None)


def read_open_alarms(path: Path) -> Sequence[Alarm]:
    """List the alarms that are not cleared, oldest first; empty for a store of a version without alarms.

    :raises OSError: when the file is not a store, or cannot be read.
    """
    if not _read(path, "select 1 from sqlite_master where name = 'alarms'"):
        return []
    rows = _read(path, "select doc from alarms where is_open = 1 order by raised_at, id")
    try:
        return [load(ALARM, row[0]) for row in rows]
    except ValidationError as error:
        raise OSError(f"{path.name} holds an alarm of another version") from error


def read_freeze(path: Path) -> Freeze | None:
    """Return the newest freeze, also when it has ended; None for a store that never had one.

    :raises OSError: when the file is not a store, or cannot be read.
    """
    if not _read(path, "select 1 from sqlite_master where name = 'freezes'"):
        return None
    rows = _read(path, "select doc from freezes")
    try:
        return load(FREEZE, rows[0][0]) if rows else None
    except ValidationError as error:
        raise OSError(f"the record of the freeze in {path.name} cannot be read") from error


def read_mark(path: Path, name: str) -> str:
    """Return a mark of the process; empty when it was never stored.

    :raises OSError: when the file is not a store, or cannot be read.
    """
    if not _read(path, "select 1 from sqlite_master where name = 'marks'"):
        return ""
    return next((str(value) for key, value in _read(path, "select name, value from marks") if key == name), "")


def count_entries(path: Path) -> int:
    """Return the number of the newest audit entry: about how many there are.

    :raises OSError: when the file is not a store, or cannot be read.
    """
    return int(_read(path, "select coalesce(max(seq), 0) from audit")[0][0])


def verify_file(path: Path, keys: AuditKeys, head: "Head | None") -> "ChainCheck":
    """Verify the signatures of the audit log.

    :raises StoreUnusable: when there is no key.
    :raises OSError: when the file is not a store, cannot be read, or has entries or records that are not signed yet.
    """
    if not _read(path, "select 1 from pragma_table_info('audit') where name = 'records'"):
        raise OSError(f"the audit log in {path.name} is not signed yet; start this version of the bot once")
    ring = keys.ring(may_create=False)
    proofs = RecordProofs(keys=ring)
    return _with_connection(path, lambda db: verify_connection(db, ring, head=head, proofs=proofs))


def _read(path: Path, sql: str) -> list[tuple[Any, ...]]:
    return _with_connection(path, lambda db: db.execute(sql).fetchall())


def _with_connection(path: Path, read: Callable[[sqlite3.Connection], Result]) -> Result:
    # There is a WAL file while a process has the store open. Without it nobody writes, and with "immutable" SQLite
    # creates no files of its own (SQLite: "Write-Ahead Logging", read-only databases).
    path = path.resolve()
    mode = "mode=ro" if Path(f"{path}-wal").exists() else "mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?{mode}", uri=True)) as db:
            return read(db)
    except sqlite3.Error as error:
        raise OSError(f"{path.name} cannot be read as Gatehouse's records ({error})") from error

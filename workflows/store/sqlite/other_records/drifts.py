"""The questions about drift that only SQLite answers in this way.

A boundary: they read with another connection, and by an index of an expression.
"""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from workflows.core.posture.watch.drift import Drift
from workflows.store.codec import DRIFT
from workflows.store.common.drifts import OPEN_DRIFTS, DriftRecords
from workflows.store.common.reading import readable
from workflows.store.sqlite.database import SqliteDatabase

Picked = TypeVar("Picked")


class SqliteDrifts(SqliteDatabase, DriftRecords):
    """Reads drift. `SqliteStore.commit` changes it."""

    async def picked_drifts(self, pick: Callable[[Drift], Picked]) -> Sequence[Picked]:
        """List something of the drift that has not ended, the oldest first. Nothing else is kept in memory."""
        return await self._run_on_second_connection(partial(_picked, pick=pick))

    async def has_rewritten_drift(self, after: datetime, until: datetime) -> bool:
        """Return whether Gatehouse wrote a partner with open drift in this time."""
        # NB. the expression of the index `partnerships_by_since`, so that only partners written in this time are read.
        since = "julianday(json_extract(partnerships.doc, '$.since'))"
        sql = f"""select 1 from partnerships where json_valid(partnerships.doc) and {since} > julianday(?)
            and {since} <= julianday(?)
            and exists (select 1 from drifts where subject = tenant_id and is_open = 1) limit 1"""  # noqa: S608
        return bool(await self._query(sql, after.isoformat(), until.isoformat()))


def _picked(db: sqlite3.Connection, pick: Callable[[Drift], Picked]) -> list[Picked]:
    rows = db.execute(OPEN_DRIFTS)
    return [pick(drift) for subject, text in rows for drift in readable(DRIFT, [{"id": subject, "doc": text}])]

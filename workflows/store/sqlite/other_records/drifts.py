"""The drift that sweeps found, in the embedded store: one record for each partner, and one for the default."""

from collections.abc import Sequence
from datetime import datetime

from workflows.core.posture.watch.drift import Drift, DriftSubject
from workflows.store.codec import DRIFT, load
from workflows.store.columns import text_of
from workflows.store.sqlite.database import SqliteDatabase, readable


class SqliteDrifts(SqliteDatabase):
    """Reads drift. `SqliteStore.commit` changes it."""

    async def drift(self, subject: DriftSubject) -> Drift | None:
        """Load the record of one partner's drift, also when it has ended."""
        rows = await self._query("select doc from drifts where subject = ?", subject)
        return load(DRIFT, rows[0]["doc"]) if rows else None

    async def open_drifts(self) -> Sequence[Drift]:
        """List the drift that has not ended, the oldest first."""
        sql = "select subject as id, doc from drifts where is_open = 1 order by found_at, subject"
        return readable(DRIFT, await self._query(sql))

    async def drifts_to_ask_again(self, now: datetime) -> Sequence[Drift]:
        """List the open drift with an acceptance that has ended."""
        sql = "select subject as id, doc from drifts where ask_again_at <= ? order by ask_again_at"
        return readable(DRIFT, await self._query(sql, text_of(now)))

    async def has_rewritten_drift(self, after: datetime, until: datetime) -> bool:
        """Return whether Gatehouse wrote a partner with open drift in this time."""
        # NB. the expression of the index `partnerships_by_since`, so that only partners written in this time are read.
        since = "julianday(json_extract(partnerships.doc, '$.since'))"
        sql = f"""select 1 from partnerships where json_valid(partnerships.doc) and {since} > julianday(?)
            and {since} <= julianday(?)
            and exists (select 1 from drifts where subject = tenant_id and is_open = 1) limit 1"""  # noqa: S608
        return bool(await self._query(sql, after.isoformat(), until.isoformat()))

    async def drifts_without_author(self) -> Sequence[Drift]:
        """List the open drift whose author the audit log has not named yet, the oldest first."""
        sql = "select subject as id, doc from drifts where is_open = 1 and needs_author = 1 order by found_at, subject"
        return readable(DRIFT, await self._query(sql))

"""Notices about denied sign-ins in the embedded store.

A boundary: nothing else reads their table.
"""

from collections.abc import Sequence

from workflows.core.posture.watch.denied_sign_ins.notices import DeniedNotice, NoticeSubject
from workflows.store.codec import DENIED_NOTICE, load
from workflows.store.sqlite.database import SqliteDatabase, readable


class SqliteDeniedNotices(SqliteDatabase):
    """Reads notices. `SqliteStore.commit` changes them."""

    async def denied_notice(self, subject: NoticeSubject) -> DeniedNotice | None:
        """Load the newest notice about one tenant, or about many, also when it is over."""
        rows = await self._query("select doc from denied_notices where subject = ?", subject)
        return load(DENIED_NOTICE, rows[0]["doc"]) if rows else None

    async def denied_notices(self, *, only_open: bool = False) -> Sequence[DeniedNotice]:
        """List the newest notice about each tenant, and the one about many, the oldest first."""
        sql = "select subject as id, doc from denied_notices where is_open >= ? order by told_at, subject"
        return readable(DENIED_NOTICE, await self._query(sql, int(only_open)))

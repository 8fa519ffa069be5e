"""Replace and remove what the newest scan of sign-ins and guests found.

A boundary: these are several writes in one transaction of SQLite.
"""

from typing import Final

from workflows.core.partners.reviewing.evidence.usage import ScanResult
from workflows.store.codec import PARTNER_USAGE, USAGE_SCAN, dump
from workflows.store.common.usage import UsageRecords
from workflows.store.sqlite.database import SqliteDatabase

_SCAN_ID: Final = "scan"


class SqliteUsage(SqliteDatabase, UsageRecords):
    """Reads what scans found. `SqliteStore.commit` changes it."""

    async def forget_usage(self) -> None:
        """Remove everything that scans found."""

        def work() -> None:
            with self._writes.run_monitored(self._db), self._db.atomic():
                self._remove_usage()

        await self._run_write(work)

    def _put_usage(self, result: ScanResult) -> None:
        """Replace what earlier scans found."""
        self._remove_usage()
        self._db.execute("insert into usage_scans (id, doc) values (?, ?)", (_SCAN_ID, dump(USAGE_SCAN, result.scan)))
        for partner in result.partners:
            row = (partner.tenant_id, dump(PARTNER_USAGE, partner))
            self._db.execute("insert into partner_usage (tenant_id, doc) values (?, ?)", row)

    def _remove_usage(self) -> None:
        self._db.execute("delete from usage_scans")
        self._db.execute("delete from partner_usage")

"""What the newest scan of sign-ins and guests found, in the embedded store. Each scan replaces the one before."""

from typing import Final

from workflows.core.partners.reviewing.evidence.usage import PartnerUsage, ScanResult, UsageScan
from workflows.core.settings.model import TenantId
from workflows.store.codec import PARTNER_USAGE, USAGE_SCAN, dump
from workflows.store.sqlite.database import SqliteDatabase, readable

_SCAN_ID: Final = "scan"


class SqliteUsage(SqliteDatabase):
    """Reads what scans found. `SqliteStore.commit` changes it."""

    async def usage_scan(self) -> UsageScan | None:
        """Load the newest scan; None when there is none, or it cannot be read."""
        return next(iter(readable(USAGE_SCAN, await self._query("select id, doc from usage_scans"))), None)

    async def partner_usage(self, tenant_id: TenantId) -> PartnerUsage | None:
        """Load what the newest scan found about one partner; None when it found nothing, or it cannot be read."""
        rows = await self._query("select tenant_id as id, doc from partner_usage where tenant_id = ?", tenant_id)
        return next(iter(readable(PARTNER_USAGE, rows)), None)

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

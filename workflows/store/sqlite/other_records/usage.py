"""What the newest scan of sign-ins and guests found, and notices about denied sign-ins, in the embedded store."""

from collections.abc import Sequence
from typing import Final

from workflows.core.partners.reviewing.evidence.usage import PartnerUsage, ScanResult, UsageScan
from workflows.core.posture.watch.denied_notice import DeniedNotice, NoticeSubject
from workflows.core.settings.model import TenantId
from workflows.store.codec import DENIED_NOTICE, PARTNER_USAGE, USAGE_SCAN, dump, load
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

"""What the newest scan of sign-ins and guests found, and notices about denied sign-ins."""

from collections.abc import Sequence

from workflows.core.partners.reviewing.evidence.usage import PartnerUsage, UsageScan
from workflows.core.posture.watch.denied_notice import DeniedNotice, NoticeSubject
from workflows.core.settings.model import TenantId
from workflows.store.codec import DENIED_NOTICE, PARTNER_USAGE, USAGE_SCAN, load
from workflows.store.common.queries import Queries
from workflows.store.common.reading import readable


class UsageRecords(Queries):
    """Reads what scans found. `commit` changes it."""

    async def usage_scan(self) -> UsageScan | None:
        """Load the newest scan; None when there is none, or it cannot be read."""
        return next(iter(readable(USAGE_SCAN, await self._query("select id, doc from usage_scans"))), None)

    async def partner_usage(self, tenant_id: TenantId) -> PartnerUsage | None:
        """Load what the newest scan found about one partner; None when it found nothing, or it cannot be read."""
        rows = await self._query("select tenant_id as id, doc from partner_usage where tenant_id = ?", tenant_id)
        return next(iter(readable(PARTNER_USAGE, rows)), None)


class DeniedNoticeRecords(Queries):
    """Reads notices. `commit` changes them."""

    async def denied_notice(self, subject: NoticeSubject) -> DeniedNotice | None:
        """Load the newest notice about one tenant, or about many, also when it is over."""
        rows = await self._query("select doc from denied_notices where subject = ?", subject)
        return load(DENIED_NOTICE, rows[0]["doc"]) if rows else None

    async def denied_notices(self, *, only_open: bool = False) -> Sequence[DeniedNotice]:
        """List the newest notice about each tenant, and the one about many, the oldest first."""
        sql = "select subject as id, doc from denied_notices where is_open >= ? order by told_at, subject"
        return readable(DENIED_NOTICE, await self._query(sql, int(only_open)))

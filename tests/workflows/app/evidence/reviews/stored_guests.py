"""Store how many guests the last scan for reviews counted."""

from tests.workflows.core.builders import NOW
from workflows.core.partners.reviewing.evidence.usage import (
    WINDOW,
    GuestUsage,
    PartnerUsage,
    ScanResult,
    SourceRead,
    UsageScan,
)
from workflows.core.settings.model import TenantId
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit
from workflows.ports.store import Store


async def store_guests(store: Store, tenant_id: TenantId, count: int, *, is_complete: bool) -> None:
    """Store a scan that read the list of guests, or only its beginning."""
    guests = SourceRead(rows=max(count, 1), is_complete=is_complete)
    scan = UsageScan(
        taken_at=NOW,
        since=NOW - WINDOW,
        sign_ins=SourceRead(is_complete=True),
        guests=guests,
        activity=guests,
        reaches_back_to=NOW - WINDOW,
    )
    usage = PartnerUsage(tenant_id=tenant_id, taken_at=NOW, guests=GuestUsage(count=count))
    entry = AuditEntry(key="scan", at=NOW, actor="test", command="scan_usage", outcome="accepted", details={})
    result = ScanResult(scan=scan, partners=(usage,) if count else ())
    assert await store.commit(Commit(entry=entry, usage=result))

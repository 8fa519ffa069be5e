"""Read the present and recent sponsors of the partners of a batch, before anybody decides on it."""

from datetime import datetime

from workflows.core.batches.batch import Batch
from workflows.core.batches.members import with_row_sponsors
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.recent_sponsors import sponsors_of
from workflows.core.people import Person
from workflows.core.settings.model import TenantId
from workflows.ports.store import Store


async def with_current_sponsors(batch: Batch, store: Store, now: datetime) -> Batch:
    """Return a batch whose rows name the sponsors that the records of their partners have now."""
    tenants = {row.tenant_id for row in batch.rows}

    def recent(record: Partnership) -> tuple[TenantId, tuple[Person, ...]] | None:
        tenant_id = record.identity.tenant_id
        return (tenant_id, sponsors_of(record, now)) if tenant_id in tenants else None

    return with_row_sponsors(batch, dict(one for one in await store.partnerships(recent) if one is not None))

"""The partners that are configured in the tenant and not adopted yet, as the last reading of the whole tenant found."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from workflows.core.posture.model import Posture
from workflows.core.settings.model import TenantId
from workflows.ports.store import Store

_MARK: Final = "not_adopted"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAdopted:
    """The partners without a record, when the tenant was last read to its end."""

    tenant_ids: tuple[TenantId, ...]
    read_at: datetime


async def save_not_adopted_of(posture: Posture, *, store: Store) -> None:
    """Store which partners of a posture are not adopted. Nothing is stored without our records."""
    if posture.records_are_read:
        await save_not_adopted([partner.tenant_id for partner in posture.not_adopted], posture.read_at, store=store)


async def save_not_adopted(tenant_ids: Sequence[TenantId], read_at: datetime, *, store: Store) -> None:
    """Store which partners are not adopted.

    :param read_at: when the whole tenant was read.
    """
    await store.save_mark(_MARK, json.dumps({"read_at": read_at.isoformat(), "tenant_ids": list(tenant_ids)}))


async def read_not_adopted(*, store: Store) -> NotAdopted | None:
    """Return the partners that were not adopted, without those that have a record now; None when it was never read."""
    text = await store.mark(_MARK)
    if text is None:
        return None
    stored = json.loads(text)
    recorded = {identity.tenant_id for identity in await store.identities()} if stored["tenant_ids"] else set()
    return NotAdopted(
        tenant_ids=tuple(TenantId(tenant_id) for tenant_id in stored["tenant_ids"] if tenant_id not in recorded),
        read_at=datetime.fromisoformat(stored["read_at"]),
    )

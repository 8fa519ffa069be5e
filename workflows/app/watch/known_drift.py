"""What is stored about the drift of partners, for cards, lists and reviews. The tenant is not read.

A boundary: what the rest of the application asks about drift.
"""

from collections.abc import Mapping

from workflows.core.posture.watch.drift import Drift, DriftSubject
from workflows.core.settings.model import TenantId
from workflows.ports.store import Store


async def known_drift(tenant_id: TenantId, store: Store) -> Drift | None:
    """Return the open drift of a partner; None when the last sweep found none."""
    drift = await store.drift(DriftSubject(tenant_id))
    return drift if drift is not None and drift.is_open else None


async def is_partner_drifted(tenant_id: TenantId, store: Store) -> bool:
    """Return whether a sweep found that the partner is not as approved. Accepted drift counts too."""
    return await known_drift(tenant_id, store) is not None


async def drift_by_partner(store: Store) -> Mapping[str, Drift]:
    """Return all open drift, by tenant id, or `default` for the tenant's default."""
    return {drift.subject: drift for drift in await store.open_drifts()}

"""What Gatehouse recorded of partners, for tests of diagnoses."""

from collections.abc import Sequence
from dataclasses import dataclass

from workflows.core.partners.partnership import Partnership
from workflows.core.plans.plan import TenantIdentity
from workflows.core.posture.watch.drift import Drift, DriftSubject
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.model import TenantId


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """The records of one partner."""

    partnerships: Sequence[Partnership] = ()
    requests: Sequence[AccessRequest] = ()
    found: Drift | None = None

    async def partnerships_named(self, name: str) -> Sequence[Partnership]:
        """The partners of a name."""
        return [one for one in self.partnerships if name in (one.identity.tenant_id, one.identity.default_domain)]

    async def open_requests_about(self, tenant_id: TenantId) -> Sequence[AccessRequest]:
        """The open requests that may be about the partner: as in the store, also each without a plan."""
        tenants = [(one, None if one.prepared is None else one.prepared.plan.tenant_id) for one in self.requests]
        return [request for request, tenant in tenants if tenant in (None, tenant_id)]

    async def requests_for(self, tenant_id: TenantId, limit: int) -> Sequence[AccessRequest]:
        """The requests about the partner."""
        return list(self.requests)[:limit]

    async def identities(self) -> Sequence[TenantIdentity]:
        """The identities of the partners."""
        return [one.identity for one in self.partnerships]

    async def drift(self, subject: DriftSubject) -> Drift | None:
        """What was found about the partner."""
        return self.found

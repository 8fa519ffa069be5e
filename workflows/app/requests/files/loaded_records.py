"""Records that were read before, with the interface of a store's reader."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property

from workflows.core.partners.records import Records
from workflows.core.plans.plan import TenantIdentity
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.model import TenantId


class LoadedRecords:
    """The records of one moment. Implements `ports.records.RecordsReader`."""

    def __init__(self, records: Records) -> None:
        self.records = records

    @cached_property
    def _requests(self) -> dict[TenantId, list[AccessRequest]]:
        """The requests that were read whole, by tenant, newest first."""
        found: defaultdict[TenantId, list[AccessRequest]] = defaultdict(list)
        whole = [request for request in self.records.requests.values() if isinstance(request, AccessRequest)]
        for request in sorted(whole, key=lambda one: one.created_at, reverse=True):
            if request.prepared:
                found[request.plan.tenant_id].append(request)
        return dict(found)

    async def open_requests_about(self, tenant_id: TenantId, *, only_planned: bool = False) -> Sequence[AccessRequest]:
        """List the requests that are not terminal; `open_request_about` chooses among them."""
        return self.records.open_requests()

    async def requests_for(self, tenant_id: TenantId, limit: int) -> Sequence[AccessRequest]:
        """List the requests about one tenant that were read, newest first; very old ones are not included."""
        return self._requests.get(tenant_id, [])[:limit]

    async def identities(self) -> Sequence[TenantIdentity]:
        """List the identity of every partnership."""
        return tuple(partnership.identity for partnership in self.records.partnerships.values())

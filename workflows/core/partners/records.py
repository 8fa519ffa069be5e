"""The records of all partners, read at one moment. A posture compares the tenant with them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from workflows.core.partners.partnership import Partnership
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.core.settings.model import TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Every partnership, and the requests that matter for the current settings."""

    partnerships: Mapping[TenantId, Partnership] = field(default_factory=dict)
    requests: Mapping[RequestId, AccessRequest] = field(default_factory=dict)
    """The requests of partnerships, the open requests, and those that began to write a tenant without a record."""
    unreadable: frozenset[TenantId] = frozenset()
    """Tenants with a record that this version cannot read. They count as neither known nor unknown."""

    def open_requests(self) -> tuple[AccessRequest, ...]:
        """Return the requests that are not terminal."""
        return tuple(request for request in self.requests.values() if not request.is_terminal)

    def for_comparison(self) -> "Records":
        """Return all that `changed_between` needs of the first of two reads: without the requests that have ended."""
        return replace(self, requests={request.id: request for request in self.open_requests()})

    def being_written(self) -> frozenset[TenantId]:
        """Return the tenants that Gatehouse may be writing, or whose last write may not be visible yet."""
        return frozenset(
            request.plan.tenant_id for request in self.open_requests() if request.writing_since is not None
        )

    def unfinished(self) -> Mapping[TenantId, AccessRequest]:
        """Return, by tenant, the newest request that began to write and then failed or was stopped."""
        ended = (
            request
            for request in self.requests.values()
            if request.is_terminal and request.was_sent and not request.was_written
        )
        return {request.plan.tenant_id: request for request in sorted(ended, key=lambda one: one.changed_at)}


def changed_between(first: Records, second: Records) -> frozenset[TenantId]:
    """Return the tenants whose records changed between two reads, and those that Gatehouse may be changing now.

    Their records are not compared with the settings in the tenant.
    """
    return frozenset(_changed_records(first, second)) | first.being_written() | second.being_written()


def _changed_records(first: Records, second: Records) -> Iterable[TenantId]:
    for tenant_id in {*first.partnerships, *second.partnerships}:
        if first.partnerships.get(tenant_id) != second.partnerships.get(tenant_id):
            yield tenant_id

"""Gatehouse's records of every partner, read at one moment. A posture compares the tenant with them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from workflows.core.partners.partnership import Partnership
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.core.settings.model import TenantId

_SETTLED: Final = frozenset({RequestState.APPLIED, RequestState.OVERWRITTEN})
"""States in which the partnership's record describes the result of the writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Every partnership, and the requests that matter for the current settings."""

    partnerships: Mapping[TenantId, Partnership] = field(default_factory=dict)
    requests: Mapping[RequestId, AccessRequest] = field(default_factory=dict)
    """The requests of partnerships, the open ones, and those that began to write a tenant without a partnership."""
    unreadable: frozenset[TenantId] = frozenset()
    """Tenants with a record that this version cannot read. They count as neither known nor unknown."""

    def open_requests(self) -> tuple[AccessRequest, ...]:
        """Return the requests that are not terminal."""
        return tuple(request for request in self.requests.values() if not request.is_terminal)

    def being_written(self) -> frozenset[TenantId]:
        """Return the tenants to which a write of ours may be on its way or not yet visible."""
        return frozenset(
            request.known.plan.tenant_id for request in self.open_requests() if request.writing_since is not None
        )

    def unfinished(self) -> Mapping[TenantId, AccessRequest]:
        """Return the newest request of each tenant that began to write and was then given up."""
        ended = (
            request
            for request in self.requests.values()
            if request.is_terminal and request.was_sent and request.state not in _SETTLED
        )
        return {request.known.plan.tenant_id: request for request in sorted(ended, key=lambda one: one.changed_at)}


def changed_meanwhile(before: Records, after: Records) -> frozenset[TenantId]:
    """Return the tenants whose records changed between two reads. A tenant read in between may match neither."""
    return frozenset(_moved(before, after)) | before.being_written() | after.being_written()


def _moved(before: Records, after: Records) -> Iterable[TenantId]:
    for tenant_id in {*before.partnerships, *after.partnerships}:
        if before.partnerships.get(tenant_id) != after.partnerships.get(tenant_id):
            yield tenant_id

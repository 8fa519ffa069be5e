"""Search all requests for auditors: one page of what matches, and what became of each request until today.

What replaced a request is read for every history of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from workflows.core.requests.request import AccessRequest, RequestId, RequestKind
from workflows.ports.pages import EMPTY, Page, PagePosition, RequestFilter
from workflows.ports.store import Store

MAX_LATER_REQUESTS: Final = 200
"""Requests about one partner that are read to find what replaced one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """What became of the result of a request."""

    successor: AccessRequest | None = None
    """The later request whose settings the partner has now; None where it has those of this one."""
    is_past_its_end: bool = False
    """Whether its access period has ended. Settings that nobody approved have none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRequests:
    """One page of the requests that a search finds."""

    page: Page[AccessRequest] = EMPTY
    today: Mapping[RequestId, Today] = field(default_factory=dict)
    """For each shown request that was written; see `AccessRequest.was_written`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """The first later request that changed the partner's settings, as they were read in the tenant."""

    request: AccessRequest
    at: datetime
    """When its result was read."""


NOTHING_FOUND: Final = FoundRequests()


async def find_requests(
    request_filter: RequestFilter, *, limit: int, position: PagePosition, store: Store, now: datetime
) -> FoundRequests:
    """Read one page of the requests that match, the newest first. Only the records of this page are read."""
    page = await store.requests_page(request_filter, limit=limit, position=position)
    today = {one.id: await read_today(one, store=store, now=now) for one in page.items if one.was_written}
    return FoundRequests(page=page, today=today)


async def read_today(request: AccessRequest, *, store: Store, now: datetime) -> Today:
    """Read what became of one request. Of one that was not written, nothing became."""
    record = await store.partnership(request.plan.tenant_id) if request.was_written else None
    if record is None:
        return Today()
    if record.request_id != request.id:
        return Today(successor=await store.request(record.request_id))
    is_open = request.particulars.kind is not RequestKind.REVOCATION
    return Today(is_past_its_end=is_open and record.is_as_approved and record.is_past_its_end(now))


async def read_replacement(request: AccessRequest, *, store: Store) -> Replacement | None:
    """Read which later request replaced the result of this one; None when no such result was read in the tenant.

    It is also None when the partner has so many requests that the first later one is not certain.
    """
    if (done_at := _result_read_at(request)) is None:
        return None
    newest = await store.requests_for(request.plan.tenant_id, MAX_LATER_REQUESTS)
    if len(newest) == MAX_LATER_REQUESTS:
        return None
    later = [(at, one) for one in newest if (at := _result_read_at(one)) is not None and at > done_at]
    if not later:
        return None
    at, first = min(later, key=lambda found: found[0])
    return Replacement(request=first, at=at)


def _result_read_at(request: AccessRequest) -> datetime | None:
    """Return when the result of a written request was read in the tenant; None when it was not."""
    return (request.confirmed_at or request.changed_at) if request.was_written else None

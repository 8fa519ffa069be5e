"""Search all requests for auditors: one page of what matches, and what became of each request until today.

Every surface reads here which later request replaced one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from workflows.app.watch.known_drift import known_drift
from workflows.core.partners.partnership import Partnership, result_read_at
from workflows.core.posture.watch.drift import Drift
from workflows.core.requests.notes import as_not_believed, is_believed
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.pages import EMPTY, Page, PagePosition, RequestFilter
from workflows.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """What became of the result of a request."""

    successor: AccessRequest | None = None
    """The later request that replaced its result; None where the partner still has that."""
    is_past_its_end: bool = False
    """Whether its access period has ended. Settings that nobody approved have none."""
    drift: Drift | None = None
    """The drift that a sweep found since its result was read, while that is in force; see `read_open_drift`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRequests:
    """One page of the requests that a search finds."""

    page: Page[AccessRequest] = EMPTY
    today: Mapping[RequestId, Today] = field(default_factory=dict)
    """For each shown request that was written; see `AccessRequest.was_written`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SinceApplied:
    """What became of the result of an applied request."""

    request: AccessRequest
    successor: AccessRequest | None
    """See `Today.successor`."""
    drift: Drift | None
    """See `Today.drift`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """The later request that replaced a result, see `partnership.replacements_among`."""

    request: AccessRequest
    at: datetime
    """When its result was read."""


NOTHING_FOUND: Final = FoundRequests()


async def find_requests(
    request_filter: RequestFilter, *, limit: int, position: PagePosition, store: Store, now: datetime
) -> FoundRequests:
    """Read one page of the requests that match, the newest first. Only the records of this page are read."""
    page = await page_as_believed(await store.requests_page(request_filter, limit=limit, position=position), store)
    today = {item.id: await read_today(item, store=store, now=now) for item in page.items if item.was_written}
    return FoundRequests(page=page, today=today)


async def read_today(request: AccessRequest, *, store: Store, now: datetime) -> Today:
    """Read what became of one request. Of one that was not written, nothing became."""
    record = await store.partnership(request.plan.tenant_id) if request.was_written else None
    return await today_from_record(request, record, store=store, now=now)


async def today_from_record(
    request: AccessRequest, record: Partnership | None, *, store: Store, now: datetime
) -> Today:
    """Read what became of one request, where the record of its partner was read before."""
    if record is None or not request.was_written:
        return Today()
    if record.request_id != request.id:
        replaced_by = await store.first_to_replace(request)
        return Today(successor=replaced_by or await store.request(record.request_id))
    is_open = request.fields.kind is not RequestKind.REVOCATION
    return Today(
        is_past_its_end=is_open and record.is_as_approved and record.is_past_its_end(now),
        drift=await read_open_drift(request, record, store) if request.state is RequestState.APPLIED else None,
    )


async def read_replacement(request: AccessRequest, *, store: Store) -> Replacement | None:
    """Read which later request replaced the result of this one; None when no such result was read in the tenant."""
    first = await store.first_to_replace(request)
    at = None if first is None else result_read_at(first)
    return None if first is None or at is None else Replacement(request=first, at=at)


async def read_open_drift(request: AccessRequest, record: Partnership | None, store: Store) -> Drift | None:
    """Read the open drift of a partner that was found after the result of a request; None when there is none.

    :param record: the partner's record; None when there is none, or when it was not read.
    """
    read_at = result_read_at(request)
    if record is None or read_at is None or record.request_id != request.id:
        return None
    found = await known_drift(record.identity.tenant_id, store)
    return found if found is not None and found.found_at >= read_at else None


async def read_partner_drift(tenant_id: TenantId, record: Partnership | None, store: Store) -> Drift | None:
    """Read the open drift of a partner, by the rule of `read_open_drift` for the request in force; None without any.

    :param record: the partner's record; None when there is none. Then nothing was read after the drift.
    """
    found = await known_drift(tenant_id, store)
    if found is None or record is None:
        return found
    in_force = await store.request(record.request_id)
    read_at = None if in_force is None else result_read_at(in_force)
    return found if read_at is None or found.found_at >= read_at else None


async def read_since_applied(
    request_ids: Iterable[RequestId], *, store: Store, now: datetime
) -> Mapping[RequestId, SinceApplied]:
    """Read of applied requests what became of their results since, by request. What is as it was applied is left out.

    A batch stores what was applied. What happens to its partners afterwards is not part of its record.
    """
    found = {}
    for request_id in request_ids:
        request = await store.request(request_id)
        if request is None or not request.was_written:
            continue
        record = await store.partnership(request.plan.tenant_id)
        today = await today_from_record(request, record, store=store, now=now)
        if today.successor is not None or today.drift is not None:
            found[request_id] = SinceApplied(request=request, successor=today.successor, drift=today.drift)
    return found


async def as_believed(request: AccessRequest, store: Store) -> AccessRequest:
    """Return a request as it may be shown: without its decisions when something other than Gatehouse changed it.

    A revocation is shown as it is: it needs no approval, and nothing about closing waits for a comparison.
    """
    [shown] = await all_as_believed([request], store)
    return shown


async def page_as_believed(page: Page[AccessRequest], store: Store) -> Page[AccessRequest]:
    """Return one page of a list of requests as it may be shown, see `as_believed`."""
    return replace(page, items=await all_as_believed(page.items, store))


async def all_as_believed(requests: Sequence[AccessRequest], store: Store) -> tuple[AccessRequest, ...]:
    """Return requests as they may be shown, see `as_believed`. They are compared at once."""
    compared = [one.id for one in requests if _rests_on_approvals(one) and is_believed(one)]
    unproven = await store.unproven_requests(compared) if compared else frozenset[RequestId]()
    return tuple(as_not_believed(one) if one.id in unproven else _without_void_decisions(one) for one in requests)


def _rests_on_approvals(request: AccessRequest) -> bool:
    return request.fields.kind is not RequestKind.REVOCATION and request.prepared is not None


def _without_void_decisions(request: AccessRequest) -> AccessRequest:
    """Return a request without its decisions when it has ended because something else had changed it."""
    return (
        request
        if is_believed(request) or not _rests_on_approvals(request)
        else replace(request, decisions=(), void_decisions=())
    )

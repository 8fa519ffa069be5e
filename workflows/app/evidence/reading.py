"""Read the stories of requests and the catalogue of partners, page by page. The tenant is not read."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from workflows.app.reads.found_requests import today_from_record
from workflows.app.watch.sweep import time_of_mark
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.history.days import Days
from workflows.core.partners.history.handovers import HANDOVER_COMMANDS
from workflows.core.partners.history.outside_changes import DRIFT_COMMANDS
from workflows.core.partners.history.story import RequestStory, StorySource, request_story
from workflows.core.partners.partnership import Partnership, tenant_of
from workflows.core.posture.watch.drift import LAST_COMPLETE, Drift
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.target import target_candidates
from workflows.ports.audit_log import AuditEntry
from workflows.ports.clock import Clock
from workflows.ports.pages import START, Page, PagePosition, PartnerFilter, RequestFilter
from workflows.ports.store import Store

Item = TypeVar("Item")
_PAGE: Final = 50
_ENTRIES_PAGE: Final = 200
MAX_ENTRIES: Final = 2000
"""The audit entries of one request that are read. Of more, the first ones are read, and the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """One partner with its record, and the request whose plan now applies."""

    record: Partnership
    request: AccessRequest | None
    """None when it is missing."""
    drift: Drift | None = None
    """What a sweep found to be different from what was approved; None where nothing is."""


@dataclass(slots=True, kw_only=True)
class EvidenceReader:
    """Reads for one report or export. Only one page is in memory."""

    store: Store
    clock: Clock
    _swept_at: datetime | None = field(default=None, init=False)
    """When the last complete sweep began."""
    unreadable: int = field(default=0, init=False)
    """How many records were met so far that this version cannot read. They are not in the result."""
    not_believed: int = field(default=0, init=False)
    """How many requests were met so far that something other than Gatehouse changed. They are in the result, marked."""
    _lost: set[str] = field(default_factory=set, init=False)
    """The keys of the unreadable entries about sweeps that were counted."""

    async def tenants_named(self, typed_text: str) -> frozenset[TenantId]:
        """Return the tenants of a typed domain or tenant id, from the records alone.

        None are returned where only requests without a known tenant have this name, or where a record that may have
        it cannot be read: then `stories` counts it.

        :raises InvalidField: when the text is not one name.
        :raises Refused: when no record and no request has this name.
        """
        for name in target_candidates(typed_text):
            found, is_found = await self._tenants_of(name)
            if is_found:
                return found
        raise Refused(RefusalCode.NOTHING_RECORDED, partner=target_candidates(typed_text)[0])

    async def stories(
        self, days: Days, tenants: frozenset[TenantId] | None = None, typed_text: str = ""
    ) -> AsyncIterator[RequestStory]:
        """Read the stories of the requests that were sent on these days, the newest first.

        :param tenants: only requests about these tenants; None for all requests.
        :param typed_text: also the requests whose tenant is not known, and for which this name was typed.
        """
        nameless = [] if tenants is None or not typed_text else await self._without_tenant(days, typed_text)
        by_name, self.unreadable = self.unreadable, 0
        self._swept_at = await time_of_mark(self.store, LAST_COMPLETE)
        for text in [""] if tenants is None else sorted(tenants):
            async for request in self._requests(_filter_by_days(days, text)):
                while nameless and nameless[0].created_at > request.created_at:
                    yield await self._story(nameless.pop(0))
                # NB. the filter finds the id also where it is a part of a name that a tenant has chosen for itself.
                if tenants is None or tenant_of(request) == text:
                    yield await self._story(request)
        for request in nameless:
            yield await self._story(request)
        self.unreadable = max(self.unreadable, by_name)  # most have the name and the tenant's id

    async def catalogue(self) -> AsyncIterator[CatalogueEntry]:
        """Read all partners, by default domain."""
        drifts = {one.tenant_id: one for one in await self.store.open_drifts()}
        async for record in self._all(partial(self.store.partners_page, PartnerFilter(), limit=_PAGE)):
            request = await self.store.request(record.request_id)
            self.unreadable += request is None  # missing, or not readable: the row is not complete
            yield CatalogueEntry(record=record, request=request, drift=drifts.get(record.identity.tenant_id))

    async def _tenants_of(self, name: str) -> tuple[frozenset[TenantId], bool]:
        """Return the tenants with a name, and whether there is or may be any record with it."""
        found = {one.identity.tenant_id for one in await self.store.partnerships_named(name)}
        is_found = bool(found)
        async for request in self._requests(RequestFilter(text=name)):
            if name in _names_of(request):
                is_found = True
                found |= set() if (tenant_id := tenant_of(request)) is None else {tenant_id}
        is_found = is_found or self.unreadable > 0
        self.unreadable = 0  # of this search. What cannot be read is counted where it is missing.
        return frozenset(found), is_found

    async def _without_tenant(self, days: Days, typed_text: str) -> list[AccessRequest]:
        """List the requests whose tenant is not known and for which one of these names was typed, newest first.

        Requests with this name that cannot be read are counted: their tenant is not known either.
        """
        names = target_candidates(typed_text)
        found = [
            one
            async for one in self._requests(_filter_by_days(days, names[-1]))
            if tenant_of(one) is None and one.fields.target.lower() in names
        ]
        return found

    def _requests(self, wanted: RequestFilter) -> AsyncIterator[AccessRequest]:
        return self._all(partial(self.store.requests_page, wanted, limit=_PAGE))

    async def _all(self, read_page: Callable[..., Awaitable[Page[Item]]]) -> AsyncIterator[Item]:
        """Read every page of a list. The next page begins after the last row, whatever was added before it.

        The list is not counted: that would read all of it again for each page.
        """
        position = START
        while True:
            page = await read_page(position=position, is_counted=False)
            self.unreadable += page.size - len(page.items)
            for item in page.items:
                yield item
            if page.size < _PAGE:
                return
            position = PagePosition(cursor=page.last_cursor)

    async def _story(self, request: AccessRequest) -> RequestStory:
        now, tenant_id = self.clock.now(), tenant_of(request)
        record = None if tenant_id is None else await self._record(tenant_id)
        today = await today_from_record(request, record, store=self.store, now=now)
        entries, count = await self._entries(request.id)
        found = () if tenant_id is None else await self.store.partner_history(tenant_id, DRIFT_COMMANDS)
        handovers = () if tenant_id is None else await self.store.partner_history(tenant_id, HANDOVER_COMMANDS)
        lost = {one.key for one in (*found, *handovers) if not one.is_readable} - self._lost
        self._lost |= lost  # they are read again for each request of the partner
        self.unreadable += len(lost)
        source = StorySource(
            request=request,
            record=record,
            later=today.successor,
            entries=entries,
            entry_count=count,
            sweep_entries=found,
            handover_entries=handovers,
            swept_at=self._swept_at,
            is_as_signed=not await self.store.unproven_requests([request.id]),
        )
        story = request_story(source, now)
        self.not_believed += not story.is_believed
        return story

    async def _record(self, tenant_id: TenantId) -> Partnership | None:
        try:
            return await self.store.partnership(tenant_id)
        except ValueError:  # it cannot be read as a record of this version
            self.unreadable += 1
            return None

    async def _entries(self, request_id: RequestId) -> tuple[list[AuditEntry], int]:
        entries: list[AuditEntry] = []
        position = START
        while True:
            page = await self.store.history_page(request_id, limit=_ENTRIES_PAGE, position=position)
            entries += page.items
            self.unreadable += sum(not one.is_readable for one in page.items)
            if not page.count_after or len(entries) >= MAX_ENTRIES:
                return entries, page.count
            position = PagePosition(cursor=page.last_cursor)


def _filter_by_days(days: Days, text: str) -> RequestFilter:
    return RequestFilter(text=text, sent_from=days.since, sent_before=days.before)


def _names_of(request: AccessRequest) -> Iterable[str]:
    """Return the names by which a person knows the partner of a request: as typed, and the default domain."""
    observed = request.observation if request.prepared is None else request.prepared.observation
    known = () if observed is None else (observed.identity.default_domain.lower(), observed.identity.tenant_id)
    return (request.fields.target.lower(), *known)

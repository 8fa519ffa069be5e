"""The lists of a person's App Home: what waits for them, what they requested, and what admins must look at.

It is long because every list of an App Home is read here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from workflows.app.approvers.absences import NO_ABSENCES, ShownAbsences, read_absences
from workflows.app.approvers.stage_holders import waited_roles_of
from workflows.app.reads.audit_log_permission import is_shown_as_auditor
from workflows.app.reads.found_requests import (
    NOTHING_FOUND,
    FoundRequests,
    Today,
    find_requests,
    page_as_believed,
    read_partner_drift,
    today_from_record,
)
from workflows.app.reads.home_batches import NO_BATCHES, HomeBatches, read_batches
from workflows.app.reads.newer_requests import MAX_OWN_REQUESTS, AfterEnd, read_after_end
from workflows.app.reads.waiting_requests import every_id_of, ids_of
from workflows.app.watch.not_adopted import NotAdopted, read_not_adopted
from workflows.core.checks.partner_setup.confirmations import open_steps
from workflows.core.partners.partnership import Partnership, PartnershipState, tenant_of
from workflows.core.partners.reviewing.campaigns import Campaign
from workflows.core.people import ADMIN, ChatId, Person, PersonId, Role
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.requests.alarms import Alarm
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState
from workflows.core.settings.model import TenantId
from workflows.intervals import HOME_SHOWS_ENDS_WITHIN
from workflows.ports.pages import EMPTY, START, Cursor, Page, PagePosition, PartnerFilter, RequestFilter
from workflows.ports.people_directory import PeopleDirectory
from workflows.ports.store import Store

PAGE: Final = 10
"""Records of one list on a page."""
ALARMS_PAGE: Final = 5
"""Alarms on a page: each is some sentences long."""
SPONSORED_PAGE: Final = 5
"""Partners on a page of those with active access: with every other list full, a home still has room."""
AUDITOR_PAGE: Final = 5
"""Records of one list on a page while an auditor searches by text, which shows two more lists."""
FOUND_PAGE: Final = 20
"""Requests on a page of an auditor's search, which replaces the other lists."""
_LIVE: Final = frozenset({PartnershipState.ACTIVE, PartnershipState.REVIEW_DUE})


class HomeList(StrEnum):
    """The lists of an App Home that have pages of their own. The values are stored with the places."""

    REVIEWS = "reviews"
    APPROVALS = "approvals"
    BATCHES = "batches"
    OWN_BATCHES = "own_batches"
    MINE = "mine"
    ENDING = "ending"
    SPONSORED = "sponsored"
    OVERDUE = "overdue"
    PARTNERS = "partners"
    ALARMS = "alarms"
    REQUESTS = "requests"


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePosition:
    """The page that a person sees of each list, and the text that they searched for."""

    text: str = ""
    """The searched text; empty when nothing was searched for."""
    request_filter: RequestFilter | None = None
    """The requests that an auditor searches for; None when they do not."""
    positions: Mapping[HomeList, PagePosition] = field(default_factory=dict)

    def of_list(self, name: HomeList) -> PagePosition:
        """Return the position of the shown page of one list."""
        return self.positions.get(name, START)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppHome:
    """The content of one person's App Home, from the records."""

    text: str = ""
    reviews: Page[Partnership] = EMPTY
    """Reviews that this person is asked, as the sponsor or as the sponsor's manager."""
    approvals: Page[AccessRequest] = EMPTY
    """Requests that this person can decide on, by deadline."""
    batches: HomeBatches = NO_BATCHES
    mine: Page[AccessRequest] = EMPTY
    setups: Mapping[RequestId, Partnership] = field(default_factory=dict)
    """The records of partners that have to do something for one of these requests, by request."""
    after_end: Mapping[RequestId, AfterEnd] = field(default_factory=dict)
    """For the shown own requests that are closed: whether they can be requested again."""
    today: Mapping[RequestId, Today] = field(default_factory=dict)
    """What became of each shown own request that was written."""
    drifted: frozenset[TenantId] = frozenset()
    """The partners of the lists whose settings are not the approved ones, see `read_partner_drift`."""
    extensions: Mapping[TenantId, AccessRequest] = field(default_factory=dict)
    """The person's open requests by partner: for these, nothing is requested again."""
    ending: Page[Partnership] = EMPTY
    """Access that this person sponsors and that ends within `HOME_SHOWS_ENDS_WITHIN`."""
    sponsored: Page[Partnership] = EMPTY
    """All active access that this person sponsors, the next to end first."""
    is_admin: bool = False
    overdue: Page[Partnership] = EMPTY
    """For admins: every review that is due, and every access period that has ended."""
    partners: Page[Partnership] = EMPTY
    """For admins and auditors: what the search finds among all partners."""
    is_auditor: bool | None = False
    """None when it cannot be read now whether the person is an auditor. Nothing more is shown then."""
    request_filter: RequestFilter | None = None
    """For auditors: the requests that they search for. Only these are shown then."""
    found_requests: FoundRequests = NOTHING_FOUND
    """For auditors: what the search finds among all requests."""
    alarms: Page[Alarm] = EMPTY
    """For admins: the open alarms, the newest first. They are not searched."""
    not_adopted: NotAdopted | None = None
    """For admins: the partners of the tenant without a record; None while that was never read."""
    campaigns: Sequence[Campaign] = ()
    """For admins: the campaigns of reviews in which something is left to do."""
    absences: ShownAbsences = NO_ABSENCES
    freeze: Freeze | None = None
    """The freeze in force; shown to everybody."""

    def has_drifted(self, partnership: Partnership) -> bool:
        """Return whether the settings of a listed partner are not the approved ones."""
        return partnership.identity.tenant_id in self.drifted

    @property
    def has_nothing_to_show(self) -> bool:
        """Return whether there is nothing to show: the person is no admin, searched nothing, and has empty lists."""
        lists = (self.reviews, self.approvals, self.mine, self.ending, self.sponsored)
        is_listed = not self.batches.is_empty or any(home_list.count for home_list in lists)
        is_listed = is_listed or bool(self.absences.own)
        return not (self.is_admin or self.is_auditor or self.text or is_listed)


async def read_home(
    person: ChatId,
    *,
    identified_person: Person | None,
    position: HomePosition,
    store: Store,
    directory: PeopleDirectory,
    now: datetime,
) -> AppHome:
    """Read one page of each list that concerns a person.

    :param identified_person: the person, if their account could be read. Records may contain another chat id of the
        same person.
    """
    chat_ids, person_ids = ids_of(person, identified_person), every_id_of(person, identified_person)
    is_admin, searches = bool(chat_ids & await directory.holders(ADMIN)), bool(position.text or position.request_filter)
    is_auditor = await is_shown_as_auditor(person, identified_person, directory, searches=searches)
    if is_auditor and position.request_filter is not None:
        found = await _found_requests(position.request_filter, position, FOUND_PAGE, store, now)
        return AppHome(is_admin=is_admin, is_auditor=True, request_filter=position.request_filter, found_requests=found)
    roles = await waited_roles_of(chat_ids, await store.roles_waited_for(), directory)
    size = AUDITOR_PAGE if (searches_all := bool(is_auditor and position.text)) else PAGE
    pages = [position.of_list(name) for name in (HomeList.BATCHES, HomeList.OWN_BATCHES)]
    home = await _read_lists(person_ids, roles, position=position, size=size, is_admin=is_admin, store=store, now=now)
    home = replace(
        home,
        is_auditor=is_auditor,
        batches=NO_BATCHES if position.text else await read_batches(person, identified_person, roles, pages, store),
        absences=await read_absences(person_ids, is_admin=is_admin, store=store, now=now),
        not_adopted=await read_not_adopted(store=store) if is_admin and not position.text else None,
        campaigns=await store.open_campaigns() if is_admin and not position.text else (),
        partners=await _found_partners(position, size, store) if position.text and (is_admin or is_auditor) else EMPTY,
        found_requests=await _found_requests(RequestFilter(text=position.text), position, size, store, now)
        if searches_all
        else NOTHING_FOUND,
    )
    return replace(home, drifted=await _drifted(home, store))


async def _read_lists(
    person_ids: frozenset[ChatId | PersonId],
    roles: Sequence[Role],
    *,
    position: HomePosition,
    size: int,
    is_admin: bool,
    store: Store,
    now: datetime,
) -> AppHome:
    """Read the lists of what concerns a person.

    :param person_ids: all IDs of the person.
    :param roles: the roles of the person for which requests wait.
    :param size: the maximum number of records of each list; partners that the person sponsors have their own number.
    """

    async def partners(name: HomeList, partner_filter: PartnerFilter, *, limit: int = size) -> Page[Partnership]:
        return await store.partners_page(partner_filter, limit=limit, position=position.of_list(name), by_end=True)

    sponsored = PartnerFilter(states=_LIVE, sponsors=person_ids, text=position.text)
    due = PartnerFilter(states=frozenset({PartnershipState.REVIEW_DUE}), asked=person_ids, text=position.text)
    ending = replace(sponsored, ends_after=now, ends_by=now + HOME_SHOWS_ENDS_WITHIN)
    overdue = PartnerFilter(overdue_at=now, text=position.text)
    own_page, waiting = await _requests_of(person_ids, roles, position, size, store)
    alarms = await store.open_alarms() if is_admin and not position.text else ()
    home = AppHome(
        text=position.text,
        reviews=await partners(HomeList.REVIEWS, due),
        approvals=waiting,
        mine=own_page,
        ending=await partners(HomeList.ENDING, ending),
        sponsored=await partners(HomeList.SPONSORED, sponsored, limit=SPONSORED_PAGE),
        is_admin=is_admin,
        overdue=await partners(HomeList.OVERDUE, overdue) if is_admin else EMPTY,
        alarms=_page(alarms, position.of_list(HomeList.ALARMS)) if alarms else EMPTY,
    )
    return await _with_results(home, await _own_open_requests(own_page, person_ids, position.text, store), store, now)


async def _requests_of(
    person_ids: frozenset[ChatId | PersonId], roles: Sequence[Role], position: HomePosition, size: int, store: Store
) -> tuple[Page[AccessRequest], Page[AccessRequest]]:
    """Return a person's own requests and those that wait for their roles, each as it is believed."""
    own, waiting = position.of_list(HomeList.MINE), position.of_list(HomeList.APPROVALS)
    pages = (
        await store.own_page(person_ids, text=position.text, limit=size, position=own),
        await store.waiting_page(roles, person_ids, text=position.text, limit=size, position=waiting),
    )
    return await page_as_believed(pages[0], store), await page_as_believed(pages[1], store)


async def _with_results(home: AppHome, waiting: Sequence[AccessRequest], store: Store, now: datetime) -> AppHome:
    """Add what became of the person's own requests. The record of each partner is read once for each request.

    :param waiting: the person's open requests.
    """
    own_requests = home.mine.items
    records = {own_request.id: await _record(own_request, store) for own_request in own_requests}
    written = [own_request for own_request in own_requests if own_request.was_written]
    return replace(
        home,
        setups=_setups(own_requests, records),
        after_end={
            own_request.id: await read_after_end(own_request, records[own_request.id], waiting, store=store, now=now)
            for own_request in own_requests
            if own_request.is_terminal
        },
        extensions={tenant: request for request in waiting if (tenant := tenant_of(request)) is not None},
        today={
            request.id: await today_from_record(request, records[request.id], store=store, now=now)
            for request in written
        },
    )


async def _drifted(home: AppHome, store: Store) -> frozenset[TenantId]:
    """Return which partners of the lists differ from what was approved. There is seldom any."""
    pages = (home.sponsored, home.overdue, home.ending, home.partners)
    listed = {record.identity.tenant_id: record for page in pages for record in page.items}
    if not listed or not await store.count_open_drifts():
        return frozenset()
    found = [await read_partner_drift(tenant_id, record, store) for tenant_id, record in sorted(listed.items())]
    return frozenset(TenantId(drift.subject) for drift in found if drift is not None)


async def _found_partners(position: HomePosition, limit: int, store: Store) -> Page[Partnership]:
    place = position.of_list(HomeList.PARTNERS)
    return await store.partners_page(PartnerFilter(text=position.text), limit=limit, position=place, by_end=False)


async def _found_requests(
    request_filter: RequestFilter, position: HomePosition, limit: int, store: Store, now: datetime
) -> FoundRequests:
    return await find_requests(
        request_filter, limit=limit, position=position.of_list(HomeList.REQUESTS), store=store, now=now
    )


async def _record(request: AccessRequest, store: Store) -> Partnership | None:
    return None if request.prepared is None else await store.partnership(request.prepared.plan.tenant_id)


def _setups(
    requests: Sequence[AccessRequest], records: Mapping[RequestId, Partnership | None]
) -> Mapping[RequestId, Partnership]:
    """Return the records whose partner setup is not complete, for requests that are in force."""
    found = {}
    for request in requests:
        if request.state is RequestState.APPLIED and request.fields.kind is not RequestKind.REVOCATION:
            record = records[request.id]
            is_present = record is not None and record.request_id == request.id
            if record is not None and is_present and open_steps(record.setup, record.confirmations):
                found[request.id] = record
    return found


async def _own_open_requests(
    mine: Page[AccessRequest], person_ids: frozenset[ChatId | PersonId], text: str, store: Store
) -> Sequence[AccessRequest]:
    """Return the person's open requests.

    The first page of the person's requests starts with them. For any other page they are read from the store.

    :param text: what the person searched for.
    """
    first = mine
    if text or mine.count_before:
        first = await store.own_page(person_ids, text="", limit=MAX_OWN_REQUESTS, position=START)
    return [item for item in first.items if not item.is_terminal]


def _page(oldest_first: Sequence[Alarm], position: PagePosition) -> Page[Alarm]:
    """Return a page of the open alarms, the newest first. There are few, so all of them are read."""
    alarms = list(reversed(oldest_first))
    cursors: list[Cursor] = [(alarm.raised_at.isoformat(), alarm.id) for alarm in alarms]
    start = 0
    if position.cursor in cursors:
        index = cursors.index(position.cursor)
        start = max(0, index - ALARMS_PAGE) if position.is_before else index + 1
    start = 0 if start >= len(alarms) else start
    page_alarms = alarms[start : start + ALARMS_PAGE]
    first, last = (cursors[start], cursors[start + len(page_alarms) - 1]) if page_alarms else ((), ())
    return Page(
        items=page_alarms,
        count=len(alarms),
        count_before=start,
        first_cursor=first,
        last_cursor=last,
        size=len(page_alarms),
    )

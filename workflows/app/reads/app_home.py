"""The lists of a person's App Home: what waits for them, what they requested, and what admins must look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from workflows.app.reads.waiting_requests import ids_of
from workflows.core.partner_setup.confirmations import open_steps
from workflows.core.partners.partnership import Partnership, PartnershipState, is_over
from workflows.core.people import ADMIN, ChatId, Person, PersonId
from workflows.core.requests.alarms import Alarm
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState
from workflows.intervals import HOME_SHOWS_ENDS_WITHIN
from workflows.ports.pages import EMPTY, START, Cursor, Page, PagePosition, PartnerFilter
from workflows.ports.people_directory import PeopleDirectory
from workflows.ports.store import Store

PAGE: Final = 10
"""Records of one list on a page."""
ALARMS_PAGE: Final = 5
"""Alarms on a page: each is some sentences long."""
SPONSORED_PAGE: Final = 5
"""Partners on a page of those with active access: with every other list full, a home still has room."""
_LIVE: Final = frozenset({PartnershipState.ACTIVE, PartnershipState.REVIEW_DUE})


class HomeList(StrEnum):
    """The lists of an App Home that have pages of their own. The values are stored with the places."""

    REVIEWS = "reviews"
    APPROVALS = "approvals"
    MINE = "mine"
    ENDING = "ending"
    SPONSORED = "sponsored"
    OVERDUE = "overdue"
    PARTNERS = "partners"
    ALARMS = "alarms"


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePosition:
    """The page that a person sees of each list, and the text that they searched for."""

    text: str = ""
    """The searched text; empty when nothing was searched for."""
    places: Mapping[HomeList, PagePosition] = field(default_factory=dict)

    def at(self, name: HomeList) -> PagePosition:
        """Return where the shown page of one list begins."""
        return self.places.get(name, START)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppHome:
    """The content of one person's App Home, from the records."""

    text: str = ""
    reviews: Page[Partnership] = EMPTY
    """Reviews that this person, as the sponsor, has to answer."""
    approvals: Page[AccessRequest] = EMPTY
    """Requests that this person can decide on, by deadline."""
    mine: Page[AccessRequest] = EMPTY
    setups: Mapping[RequestId, Partnership] = field(default_factory=dict)
    """The records of partners that have to do something for one of these requests, by request."""
    over: frozenset[RequestId] = frozenset()
    """Of the shown own requests, those that can be requested again; see `partnership.is_over`."""
    ending: Page[Partnership] = EMPTY
    """Access that this person sponsors and that ends within `HOME_SHOWS_ENDS_WITHIN`."""
    sponsored: Page[Partnership] = EMPTY
    """All active access that this person sponsors, the next to end first."""
    is_admin: bool = False
    overdue: Page[Partnership] = EMPTY
    """For admins: every review that is due, and every access period that has ended."""
    partners: Page[Partnership] = EMPTY
    """For admins: what the search finds among all partners."""
    alarms: Page[Alarm] = EMPTY
    """For admins: the open alarms, the newest first. They are not searched."""

    @property
    def has_nothing_to_show(self) -> bool:
        """Return whether there is nothing to show: the person is no admin, searched nothing, and has empty lists."""
        lists = (self.reviews, self.approvals, self.mine, self.ending, self.sponsored)
        return not (self.is_admin or self.text or any(one.count for one in lists))


async def read_home(
    person: ChatId, *, known: Person | None, at: HomePosition, store: Store, directory: PeopleDirectory, now: datetime
) -> AppHome:
    """Read one page of each list that concerns a person.

    :param known: the person, if their account could be read. Records may contain another chat id of the same person.
    """
    chat_ids = ids_of(person, known)
    every: frozenset[ChatId | PersonId] = chat_ids if known is None else chat_ids | {known.id}
    roles = [role for role in await store.roles_waited_for() if chat_ids & await directory.holders(role)]
    is_admin = bool(chat_ids & await directory.holders(ADMIN))

    async def partners(
        name: HomeList, wanted: PartnerFilter, *, by_end: bool = True, limit: int = PAGE
    ) -> Page[Partnership]:
        return await store.partners_page(wanted, limit=limit, place=at.at(name), by_end=by_end)

    due = PartnerFilter(states=frozenset({PartnershipState.REVIEW_DUE}), sponsors=every, text=at.text)
    soon = PartnerFilter(
        states=_LIVE, sponsors=every, ends_after=now, ends_by=now + HOME_SHOWS_ENDS_WITHIN, text=at.text
    )
    live = PartnerFilter(states=_LIVE, sponsors=every, text=at.text)
    mine = await store.own_page(every, text=at.text, limit=PAGE, place=at.at(HomeList.MINE))
    return AppHome(
        text=at.text,
        reviews=await partners(HomeList.REVIEWS, due),
        approvals=await store.waiting_page(roles, every, text=at.text, limit=PAGE, place=at.at(HomeList.APPROVALS)),
        mine=mine,
        setups=await _setups(mine.shown, store),
        over=frozenset([one.id for one in mine.shown if await _is_over(one, store, now)]),
        ending=await partners(HomeList.ENDING, soon),
        sponsored=await partners(HomeList.SPONSORED, live, limit=SPONSORED_PAGE),
        is_admin=is_admin,
        overdue=await partners(HomeList.OVERDUE, PartnerFilter(overdue_at=now, text=at.text)) if is_admin else EMPTY,
        partners=await partners(HomeList.PARTNERS, PartnerFilter(text=at.text), by_end=False)
        if is_admin and at.text
        else EMPTY,
        alarms=_page(await store.open_alarms(), at.at(HomeList.ALARMS)) if is_admin and not at.text else EMPTY,
    )


async def _setups(requests: Sequence[AccessRequest], store: Store) -> Mapping[RequestId, Partnership]:
    """Read the records whose partner setup is not complete, for requests that are in force."""
    found = {}
    for request in requests:
        if request.state is RequestState.APPLIED and request.particulars.kind is not RequestKind.REVOCATION:
            record = await store.partnership(request.plan.tenant_id)
            is_present = record is not None and record.request_id == request.id
            if record is not None and is_present and open_steps(record.setup, record.confirmations):
                found[request.id] = record
    return found


async def _is_over(request: AccessRequest, store: Store, now: datetime) -> bool:
    known = None if request.prepared is None else await store.partnership(request.prepared.plan.tenant_id)
    return is_over(request, known, now)


def _page(oldest_first: Sequence[Alarm], place: PagePosition) -> Page[Alarm]:
    """Return a page of the open alarms, the newest first. There are few, so all of them are read."""
    alarms = list(reversed(oldest_first))
    cursors: list[Cursor] = [(one.raised_at.isoformat(), one.id) for one in alarms]
    start = 0
    if place.cursor in cursors:
        at = cursors.index(place.cursor)
        start = max(0, at - ALARMS_PAGE) if place.is_before else at + 1
    start = 0 if start >= len(alarms) else start
    shown = alarms[start : start + ALARMS_PAGE]
    first, last = (cursors[start], cursors[start + len(shown) - 1]) if shown else ((), ())
    return Page(shown=shown, count=len(alarms), count_before=start, first=first, last=last, size=len(shown))

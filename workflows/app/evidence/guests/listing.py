"""Read the guests of one partner page by page, and give each row on at once. Nothing is stored or written.

The guest accounts come first: each page is matched when it comes. Then come accounts of our own with an address of the
partner. The partner's sign-ins of the last 30 days come last, because they are read slowly; they show guests whose
account names another domain.

A list can be read in parts: `ListPlaces` says where each page of Graph begins, and each part reads from there.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Final

from workflows.app.evidence.guests.places import ListPart, ListPlaces
from workflows.app.evidence.guests.sign_in_log import guest_account, read_log
from workflows.app.evidence.reviews.role_reads import read_roles
from workflows.app.evidence.reviews.source_reads import NO_ACTIVITY, source_of_error
from workflows.core.checks.tenant_facts import UnreadableReason
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.evidence.guest_listing import GuestFilter, GuestList, GuestRow, GuestTally
from workflows.core.partners.reviewing.evidence.guest_state import GuestAccount
from workflows.core.partners.reviewing.evidence.usage import MAX_LISTED_GUESTS, SourceRead
from workflows.core.people import PersonId
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.reviews.terms import USUAL_LIMITS, GuestLimits
from workflows.ports.clock import Clock
from workflows.ports.guest_accounts import GuestAccounts
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable
from workflows.ports.tenant_settings import AccountPage

TakeRow = Callable[[GuestRow], bool]
"""Takes a row as soon as it is found; returns whether to read on."""

_AUDIT_LOG: Final = "AuditLog.Read.All"
_USERS: Final = "User.Read.All"
_ORGANIZATION: Final = "Organization.Read.All"
_LINK_IS_OLD: Final = frozenset({400, 404, 410})
"""The statuses of Graph for a link that it does not know any more."""
_ACCOUNTS_TOGETHER: Final = 20
"""Accounts that were found by a sign-in are read in groups of so many."""
_NOTHING_TO_READ: Final = SourceRead(is_complete=True)


class PlaceLost(Exception):
    """Graph does not know the place any more where the list was to go on. The list must be read from its beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedGuests:
    """Whose guests are read."""

    identity: TenantIdentity
    domains: tuple[str, ...]
    limits: GuestLimits = USUAL_LIMITS


def asked_guests(identity: TenantIdentity, partnership: Partnership | None, limits: GuestLimits) -> AskedGuests:
    """Return whose guests are read: with every domain that is known of the partner."""
    known = (identity,) if partnership is None else (identity, partnership.identity)
    names = (name for one in known for name in (one.default_domain, one.typed_name) if name)
    return AskedGuests(identity=identity, domains=tuple(dict.fromkeys(names)), limits=limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestsRead:
    """What was read, and how far."""

    read_at: datetime
    tally: GuestTally
    guests: SourceRead
    activity: SourceRead
    """Whether the last sign-in was read with the accounts."""
    own_accounts: SourceRead
    sign_ins: SourceRead
    roles: SourceRead = field(default_factory=SourceRead)
    """Whether directory roles were read; without an application for guest accounts they never are."""

    @property
    def is_complete(self) -> bool:
        """Return whether every account was read."""
        return all(source.is_complete for source in (self.guests, self.own_accounts, self.sign_ins))

    @property
    def is_every_address_read(self) -> bool:
        """Return whether every account was read whose address shows that it is the partner's, own accounts too.

        Otherwise it cannot be said that only one account has an address. Sign-ins show nobody with such an address.
        """
        return self.guests.is_complete and self.own_accounts.is_complete

    @property
    def missing_permissions(self) -> tuple[str, ...]:
        """List the permissions of Graph without which something was not read."""
        sources = (self.guests, self.activity, self.own_accounts, self.sign_ins, self.roles)
        return tuple(sorted({source.permission for source in sources if source.permission}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a reading is."""

    part: ListPart
    rows: int
    """Rows of this part that were read: accounts, or sign-ins."""
    found: int
    """Guests that were found so far."""


Tell = Callable[[Progress], Awaitable[None]]


async def tell_nobody(_: Progress) -> None:
    """Tell nobody how far a reading is."""


@dataclass(slots=True, kw_only=True)
class GuestReading:
    """One reading of the guests of a partner: of the whole list, or of a part of it."""

    asked: AskedGuests
    tenant: Tenant
    clock: Clock
    take: TakeRow
    only: GuestFilter = GuestFilter.EVERYBODY
    also_own: bool = False
    """Whether accounts of our own are listed that have an address of the partner. They are no guests."""
    accounts: GuestAccounts | None = None
    """Reads directory roles; None: they are not read."""
    places: ListPlaces | None = None
    """What earlier parts of the list saw, which this part adds to; None: the whole list is read, and nothing kept."""
    begin: int = 0
    """The place of the first account that is wanted. It was reached before."""
    is_shown_before: bool = False
    """Whether this part was read before. Accounts that are new in it are left out."""
    tell: Tell = tell_nobody
    """Is told how far the reading is, after each page of accounts and before the sign-ins."""
    _is_wanted: bool = field(default=True, init=False)
    """Whether more rows are wanted."""
    _tally: GuestTally = field(default_factory=GuestTally, init=False)

    async def read(self) -> GuestsRead:
        """Read the accounts, then own accounts, then the sign-ins, as long as rows are wanted.

        A part of a list ends where the guest accounts cannot be read on, so that the next part begins there.

        :raises PlaceLost: when Graph does not know any more where the part begins; never for a list that begins now.
        """
        now = self.clock.now()
        await self.tenant.verify_home(must_be_known=True)  # another tenant's guests are nobody's answer
        places = ListPlaces() if self.places is None else self.places
        roles, roles_read = await read_roles(self.accounts)
        found = GuestList(
            self.asked.identity.tenant_id,
            self.asked.domains,
            self.asked.limits,
            now=now,
            seen=places.seen,
            only=self.only,
            is_shown_before=self.is_shown_before,
            roles=roles,
        )
        read = await self._read_parts(found, places)
        guests = read[ListPart.GUESTS]
        return GuestsRead(
            read_at=now,
            tally=self._tally,
            guests=guests,
            activity=places.activity or guests,
            own_accounts=read[ListPart.OWN_ACCOUNTS],
            sign_ins=read[ListPart.SIGN_INS],
            roles=roles_read,
        )

    async def _read_parts(self, found: GuestList, places: ListPlaces) -> Mapping[ListPart, SourceRead]:
        read = dict.fromkeys(ListPart, SourceRead())
        readers = {
            ListPart.GUESTS: self._read_guests,
            ListPart.OWN_ACCOUNTS: self._read_own_accounts,
            ListPart.SIGN_INS: self._read_sign_ins,
        }
        for part in places.parts_from(self.begin):
            read[part] = await readers[part](found, places)
            is_broken = part is ListPart.GUESTS and read[part].unread is not None and self.places is not None
            if not self._is_wanted or is_broken:
                break
        return read

    async def _read_guests(self, found: GuestList, places: ListPlaces) -> SourceRead:
        settings = self.tenant.tenant_settings

        async def read_page(link: str | None) -> AccountPage:
            return await settings.guest_page(link, with_activity=places.activity is None)

        pages = _Pages(ListPart.GUESTS, read_page, partial(found.rows_of, begin=self.begin))
        if places.activity is None:
            source = await self._read_pages(pages, places, _AUDIT_LOG)
            if source.unread not in NO_ACTIVITY or places.is_begun:
                return source
            places.activity = source
        return await self._read_pages(pages, places, _USERS)

    async def _read_own_accounts(self, found: GuestList, places: ListPlaces) -> SourceRead:
        """Give the accounts of our own that have an address of the partner, when asked for. A filter takes guests."""
        settings = self.tenant.tenant_settings
        places.reach(ListPart.OWN_ACCOUNTS, self.begin)
        begin = max(self.begin, places.begin_of(ListPart.OWN_ACCOUNTS))
        domains: Sequence[str] = ()
        if self.also_own and self.only is GuestFilter.EVERYBODY:
            try:
                ours = frozenset(await settings.verified_domains())
            except (TenantRefused, TenantUnavailable) as error:
                return source_of_error(error, _ORGANIZATION, rows=0)
            # A domain that moved to our tenant is in the addresses of all our own people.
            domains = [domain for domain in found.known_domains if domain not in ours]
        if not domains:
            return _NOTHING_TO_READ

        async def read_page(link: str | None) -> AccountPage:
            return await settings.own_account_page(link, domains=domains)

        pages = _Pages(ListPart.OWN_ACCOUNTS, read_page, partial(found.own_rows_of, begin=begin))
        return await self._read_pages(pages, places, _USERS)

    async def _read_pages(self, pages: "_Pages", places: ListPlaces, permission: str) -> SourceRead:
        reached_before = len(places.marks)
        number, rows = places.reach(pages.part, self.begin), 0
        while True:
            link = places.marks[number].link
            try:
                page = await pages.read_page(link)
            except (TenantRefused, TenantUnavailable) as error:
                # NB. a link of this reading is not old: a list that has just begun would not go on when it began again.
                if link is not None and number < reached_before and not rows and _is_old_link(error):
                    raise PlaceLost from error
                return source_of_error(error, permission, rows=rows)
            rows += len(page.accounts)
            if not all(map(self._give, pages.rows_of(page.accounts))):
                return SourceRead(rows=rows)
            await self.tell(Progress(part=pages.part, rows=rows, found=self._tally.count))
            if page.next_link is None:
                return SourceRead(rows=rows, is_complete=True)
            following = places.after(number, page.next_link)
            if following is None or rows >= MAX_LISTED_GUESTS:
                return SourceRead(rows=rows, unread=UnreadableReason.UNREACHABLE if following is None else None)
            number = following

    def _give(self, row: GuestRow) -> bool:
        """Give one row on; return whether more are wanted."""
        self._tally.add(row)
        self._is_wanted = self.take(row)
        return self._is_wanted

    async def _read_sign_ins(self, found: GuestList, places: ListPlaces) -> SourceRead:
        """Give the accounts that only a sign-in from the partner's tenant shows."""
        if not self.only.takes_recent_users:
            return _NOTHING_TO_READ
        places.reach(ListPart.SIGN_INS, self.begin)
        begin = max(self.begin, places.begin_of(ListPart.SIGN_INS))
        log = places.signed_in
        if log is None:
            await self.tell(Progress(part=ListPart.SIGN_INS, rows=0, found=self._tally.count))
            log = await read_log(self.tenant, self.asked.identity.tenant_id, found, self.clock.now())
            places.signed_in = log if log.source.unread is None else None  # otherwise the next part reads it again
        times = dict(log.people)
        for people in _in_groups(person for person in times if found.is_wanted(person, begin)):
            try:
                accounts = await self.tenant.accounts_by_id(people)
            except (TenantRefused, TenantUnavailable) as error:
                return source_of_error(error, _USERS, rows=log.source.rows)
            for account in accounts:
                row = found.row_of_sign_in(guest_account(account), times.get(account.id), begin=begin)
                if row is not None and not self._give(row):
                    return SourceRead(rows=log.source.rows)
        return log.source


@dataclass(frozen=True, slots=True)
class _Pages:
    """A part of the list that Graph gives in pages."""

    part: ListPart
    read_page: Callable[[str | None], Awaitable[AccountPage]]
    rows_of: Callable[[Sequence[GuestAccount]], Iterable[GuestRow]]


def _is_old_link(error: TenantRefused | TenantUnavailable) -> bool:
    """Return whether Graph does not know a link any more that it gave before."""
    return isinstance(error, TenantRefused) and error.status in _LINK_IS_OLD


def _in_groups(people: Iterable[PersonId]) -> Iterator[Sequence[PersonId]]:
    rest = iter(people)
    while group := list(islice(rest, _ACCOUNTS_TOGETHER)):
        yield group

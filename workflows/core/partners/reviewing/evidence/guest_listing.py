"""List the guests of one partner while they are read: each row with the reason why it is there. Pure.

Of the rows that were given out only two numbers of twelve bytes each are kept, so that memory hardly grows with the
list. With them a list can be read in parts, forwards and backwards.
"""

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from types import MappingProxyType

from workflows.core.partners.reviewing.evidence.guest_matching import domains_of, match_guest
from workflows.core.partners.reviewing.evidence.guest_state import GuestAccount, Oddity, finding_about, oddities_of
from workflows.core.partners.reviewing.evidence.usage import GuestFinding, GuestMatch
from workflows.core.people import PersonId
from workflows.core.policy.reviews.terms import GuestLimits
from workflows.core.settings.model import TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestRow:
    """One account that seems to be a guest of the partner."""

    account: GuestAccount
    match: GuestMatch
    """Why it is in the list."""
    finding: GuestFinding | None = None
    oddities: tuple[Oddity, ...] = ()
    signed_in_at: datetime | None = None
    """The last sign-in in the log, for who was found by it."""
    roles: tuple[str, ...] = ()
    """Its directory roles by name, as far as they were read: the list says whether they were."""
    place: int = 0
    """Its place in the order of reading, among all accounts of the list."""

    @property
    def is_own_account(self) -> bool:
        """Return whether it is no guest: an account of our own, never invited, with an address of the partner."""
        return self.match is GuestMatch.OWN_ACCOUNT

    @property
    def last_sign_in_at(self) -> datetime | None:
        """Return the last sign-in that is known; None when there is none, and when it could not be read."""
        return self.signed_in_at if self.account.activity is None else self.account.activity.last_at

    @property
    def pending_since(self) -> datetime | None:
        """Return since when the invitation is open; None when it is not open, or Entra names no time."""
        return (self.account.state_since or self.account.created_at) if self.account.is_pending else None


class GuestFilter(StrEnum):
    """Which rows of a list are wanted. The values are typed at the command line."""

    EVERYBODY = "all"
    OPEN_INVITATIONS = "invitations"
    UNUSED = "unused"
    DISABLED = "disabled"
    ROLES = "roles"
    """Guests with a directory role."""

    def takes(self, row: GuestRow) -> bool:
        """Return whether a row is wanted."""
        judged = {
            GuestFilter.EVERYBODY: True,
            GuestFilter.OPEN_INVITATIONS: row.account.is_pending,
            GuestFilter.UNUSED: row.finding is GuestFinding.UNUSED,
            GuestFilter.DISABLED: not row.account.is_enabled,
            GuestFilter.ROLES: bool(row.roles),
        }
        return judged[self]

    @property
    def takes_recent_users(self) -> bool:
        """Return whether a row can be somebody who signed in lately."""
        return self not in (GuestFilter.OPEN_INVITATIONS, GuestFilter.UNUSED)


@dataclass(slots=True)
class GuestTally:
    """How many rows there are of each kind."""

    count: int = 0
    pending: int = 0
    disabled: int = 0
    members: int = 0
    synchronized: int = 0
    with_roles: int = 0
    own_accounts: int = 0
    """Accounts of our own with an address of the partner. They are no guests, and counted nowhere else."""
    findings: dict[GuestFinding, int] = field(default_factory=dict)
    matches: dict[GuestMatch, int] = field(default_factory=dict)

    def add(self, row: GuestRow) -> None:
        """Count one row."""
        if row.is_own_account:
            self.own_accounts += 1
            return
        self.count += 1
        self.pending += row.account.is_pending
        self.disabled += not row.account.is_enabled
        self.members += row.account.is_member
        self.synchronized += row.account.is_synchronized
        self.with_roles += bool(row.roles)
        self.matches[row.match] = self.matches.get(row.match, 0) + 1
        if row.finding is not None:
            self.findings[row.finding] = self.findings.get(row.finding, 0) + 1


class _Seen:
    """Texts that were seen, each as a number of eight bytes, with the place of the account that had it first."""

    def __init__(self) -> None:
        self._numbers = array("Q")
        self._places = array("I")

    def place_of(self, text: str) -> int | None:
        number = _number(text)
        at = bisect_left(self._numbers, number)
        return self._places[at] if at < len(self._numbers) and self._numbers[at] == number else None

    def add(self, text: str, place: int) -> None:
        if self.place_of(text) is None:
            number = _number(text)
            at = bisect_left(self._numbers, number)
            self._numbers.insert(at, number)
            self._places.insert(at, place)


class SeenAccounts:
    """The accounts of one list so far, as short hashes of their ids and addresses. Kept between two pages."""

    def __init__(self) -> None:
        self._ids = _Seen()
        self._addresses = _Seen()
        self.count = 0
        """How many accounts were seen."""

    def place_of(self, person: PersonId) -> int | None:
        """Return the place of an account in the order of reading; None when it was not seen."""
        return self._ids.place_of(person)

    def add(self, account: GuestAccount) -> int:
        """Remember an account that was not seen before; return its place."""
        place = self.count
        self._ids.add(account.id, place)
        if address := _address(account):
            self._addresses.add(address, place)
        self.count += 1
        return place

    def has_earlier_address(self, account: GuestAccount, place: int) -> bool:
        """Return whether an account before this place has the same address."""
        first = self._addresses.place_of(address) if (address := _address(account)) else None
        return first is not None and first < place


class GuestList:
    """Finds the guests of one partner in the pages of all guests, then own accounts and who signed in from there.

    A list can be read in parts: accounts before a place are then left out.
    """

    def __init__(
        self,
        tenant_id: TenantId,
        domains: Collection[str],
        limits: GuestLimits,
        *,
        now: datetime,
        seen: SeenAccounts | None = None,
        only: GuestFilter = GuestFilter.EVERYBODY,
        is_shown_before: bool = False,
        roles: Mapping[PersonId, tuple[str, ...]] = MappingProxyType({}),
    ) -> None:
        """Create the list.

        :param domains: every domain that is known of the partner.
        :param seen: what earlier parts of the same list saw.
        :param only: which rows are returned.
        :param is_shown_before: whether this part was read before. An account that is new in it is then left out.
        :param roles: the directory roles of accounts, as far as they are known.
        """
        self._tenant_id = tenant_id
        self._domains = domains_of([(tenant_id, domains)])
        self._limits = limits
        self._now = now
        self._seen = SeenAccounts() if seen is None else seen
        self._only = only
        self._is_shown_before = is_shown_before
        self._roles = roles

    @property
    def known_domains(self) -> tuple[str, ...]:
        """Return the domains of the partner, without tenant ids and empty names."""
        return tuple(self._domains)

    def rows_of(self, page: Iterable[GuestAccount], *, begin: int = 0) -> Iterator[GuestRow]:
        """Return the rows of one page of all guests, from a place on."""
        for account in page:
            found = match_guest(account, self._domains, {})
            if found is not None and (row := self._row(account, found[0], begin)) is not None:
                yield row

    def own_rows_of(self, page: Iterable[GuestAccount], *, begin: int = 0) -> Iterator[GuestRow]:
        """Return the rows of one page of accounts that are no guests and have an address of the partner.

        Who was invited after all is a guest who counts as a member.

        :param begin: at least the place after the last guest, so that no guest is returned again.
        """
        for account in page:
            match = GuestMatch.MAIL if account.is_invited else GuestMatch.OWN_ACCOUNT
            if (row := self._row(account, match, begin)) is not None:
                yield row

    def is_new(self, person: PersonId) -> bool:
        """Return whether an account is not in the list yet."""
        return self._seen.place_of(person) is None

    def is_wanted(self, person: PersonId, begin: int) -> bool:
        """Return whether the row of an account is wanted, from a place on."""
        place = self._seen.place_of(person)
        return not self._is_shown_before if place is None else place >= begin

    def row_of_sign_in(
        self, account: GuestAccount, signed_in_at: datetime | None, *, begin: int = 0
    ) -> GuestRow | None:
        """Return the row of an account that only a sign-in from the partner's tenant shows; None when it is left out.

        :param begin: see `own_rows_of`.
        """
        return self._row(account, GuestMatch.SIGN_IN, begin, signed_in_at)

    def _row(
        self, account: GuestAccount, match: GuestMatch, begin: int, signed_in_at: datetime | None = None
    ) -> GuestRow | None:
        place = self._seen.place_of(account.id)
        if place is None and not self._is_shown_before:
            place = self._seen.add(account)
        if place is None or place < begin:
            return None
        has_same_address = self._seen.has_earlier_address(account, place)
        is_seen = match is GuestMatch.SIGN_IN
        is_own = match is GuestMatch.OWN_ACCOUNT
        row = GuestRow(
            account=account,
            match=match,
            finding=None if is_own else finding_about(account, self._limits, self._now, has_signed_in=is_seen),
            oddities=() if is_seen else oddities_of(account, has_same_address=has_same_address),
            signed_in_at=signed_in_at,
            roles=self._roles.get(account.id, ()),
            place=place,
        )
        return row if self._only.takes(row) else None


def _address(account: GuestAccount) -> str:
    # NB. an address with a plus sign is an address of its own: only upper and lower case make no difference.
    return account.mail.strip().lower()


def _number(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")

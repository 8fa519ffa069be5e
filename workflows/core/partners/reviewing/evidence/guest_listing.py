"""List the guests of one partner while they are read: each row with the reason why it is there. Pure.

Of the rows that were given out only a number of eight bytes each is kept, so that memory hardly grows with the list.
"""

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b

from workflows.core.partners.reviewing.evidence.guest_matching import domains_of, match_guest
from workflows.core.partners.reviewing.evidence.guest_state import GuestAccount, Oddity, finding_about, oddities_of
from workflows.core.partners.reviewing.evidence.usage import GuestFinding, GuestMatch
from workflows.core.people import PersonId
from workflows.core.policy.reviews.guest_limits import GuestLimits
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

    @property
    def last_sign_in_at(self) -> datetime | None:
        """Return the last sign-in that is known; None when there is none, and when it could not be read."""
        return self.signed_in_at if self.account.activity is None else self.account.activity.last_at

    @property
    def pending_since(self) -> datetime | None:
        """Return since when the invitation is open; None when it is not open, or Entra names no time."""
        return (self.account.state_since or self.account.created_at) if self.account.is_pending else None


@dataclass(slots=True)
class GuestTally:
    """How many rows there are of each kind."""

    count: int = 0
    pending: int = 0
    disabled: int = 0
    members: int = 0
    synchronized: int = 0
    findings: dict[GuestFinding, int] = field(default_factory=dict)
    matches: dict[GuestMatch, int] = field(default_factory=dict)

    def add(self, row: GuestRow) -> None:
        """Count one row."""
        self.count += 1
        self.pending += row.account.is_pending
        self.disabled += not row.account.is_enabled
        self.members += row.account.is_member
        self.synchronized += row.account.is_synchronized
        self.matches[row.match] = self.matches.get(row.match, 0) + 1
        if row.finding is not None:
            self.findings[row.finding] = self.findings.get(row.finding, 0) + 1


class _Seen:
    """Texts that were seen, each as a number of eight bytes."""

    def __init__(self) -> None:
        self._numbers = array("Q")

    def __contains__(self, text: str) -> bool:
        number = _number(text)
        place = bisect_left(self._numbers, number)
        return place < len(self._numbers) and self._numbers[place] == number

    def add(self, text: str) -> None:
        number = _number(text)
        self._numbers.insert(bisect_left(self._numbers, number), number)


class GuestList:
    """Finds the guests of one partner in the pages of all guests, then in the partner's sign-ins."""

    def __init__(self, tenant_id: TenantId, domains: Collection[str], limits: GuestLimits, *, now: datetime) -> None:
        """Create the list.

        :param domains: every domain that is known of the partner.
        """
        self._tenant_id = tenant_id
        self._domains = domains_of([(tenant_id, domains)])
        self._limits = limits
        self._now = now
        self._ids = _Seen()
        self._addresses = _Seen()

    def rows_of(self, page: Iterable[GuestAccount]) -> Iterator[GuestRow]:
        """Return the rows of one page of all guests."""
        for account in page:
            found = match_guest(account, self._domains, {})
            if found is not None:
                yield self._row(account, found[0])

    def is_new(self, person: PersonId) -> bool:
        """Return whether an account is not in the list yet."""
        return person not in self._ids

    def row_of_sign_in(self, account: GuestAccount, signed_in_at: datetime | None) -> GuestRow:
        """Return the row of an account that only a sign-in from the partner's tenant shows."""
        return self._row(account, GuestMatch.SIGN_IN, signed_in_at)

    def _row(self, account: GuestAccount, match: GuestMatch, signed_in_at: datetime | None = None) -> GuestRow:
        # NB. an address with a plus sign is an address of its own: only upper and lower case make no difference.
        address = account.mail.strip().lower()
        has_same_address = bool(address) and address in self._addresses
        self._ids.add(account.id)
        if address:
            self._addresses.add(address)
        is_seen = match is GuestMatch.SIGN_IN
        return GuestRow(
            account=account,
            match=match,
            finding=finding_about(account, self._limits, self._now, has_signed_in=is_seen),
            oddities=() if is_seen else oddities_of(account, has_same_address=has_same_address),
            signed_in_at=signed_in_at,
        )


def _number(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")

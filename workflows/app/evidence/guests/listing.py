"""Read the guests of one partner page by page, and give each row on at once. Nothing is stored or written.

The guest accounts come first: each page is matched when it comes. The partner's sign-ins of the last 30 days come after
it, because they are read slowly; they show guests whose account names another domain.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

from workflows.app.evidence.reviews.source_reads import NO_ACTIVITY, source_of_error
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.evidence.guest_listing import GuestList, GuestRow, GuestTally
from workflows.core.partners.reviewing.evidence.guest_state import GUEST, MEMBER, GuestAccount
from workflows.core.partners.reviewing.evidence.sign_in_counting import SignIn, SignInCount
from workflows.core.partners.reviewing.evidence.usage import MAX_LISTED_GUESTS, MAX_SIGN_INS, WINDOW, SourceRead
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.reviews.guest_limits import USUAL_LIMITS, GuestLimits
from workflows.ports.clock import Clock
from workflows.ports.tenant import Account, Tenant, TenantRefused, TenantUnavailable

TakeRow = Callable[[GuestRow], bool]
"""Takes a row as soon as it is found; returns whether to read on."""

_AUDIT_LOG: Final = "AuditLog.Read.All"
_USERS: Final = "User.Read.All"


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
    sign_ins: SourceRead

    @property
    def is_complete(self) -> bool:
        """Return whether everything was read to its end."""
        return self.guests.is_complete and self.sign_ins.is_complete

    @property
    def missing_permissions(self) -> tuple[str, ...]:
        """List the permissions of Graph without which something was not read."""
        sources = (self.guests, self.activity, self.sign_ins)
        return tuple(sorted({source.permission for source in sources if source.permission}))


@dataclass(slots=True, kw_only=True)
class GuestReading:
    """One reading of the guests of a partner."""

    asked: AskedGuests
    tenant: Tenant
    clock: Clock
    take: TakeRow
    _is_wanted: bool = field(default=True, init=False)
    """Whether more rows are wanted."""
    _tally: GuestTally = field(default_factory=GuestTally, init=False)
    _rows: int = field(default=0, init=False)

    async def read(self) -> GuestsRead:
        """Read the accounts, then the sign-ins, as long as rows are wanted."""
        now = self.clock.now()
        asked = self.asked
        await self.tenant.verify_home(must_be_known=True)  # another tenant's guests are nobody's answer
        found = GuestList(asked.identity.tenant_id, asked.domains, asked.limits, now=now)
        activity = await self._read_guests(found, with_activity=True)
        guests = activity
        if activity.unread in NO_ACTIVITY and not activity.rows:
            guests = await self._read_guests(found, with_activity=False)
        sign_ins = await self._read_sign_ins(found, now) if self._is_wanted else SourceRead()
        return GuestsRead(
            read_at=now,
            tally=self._tally,
            guests=guests,
            activity=activity,
            sign_ins=sign_ins,
        )

    async def _read_guests(self, found: GuestList, *, with_activity: bool) -> SourceRead:
        self._rows = 0
        read = partial(self._take_page, found)
        try:
            is_complete = await self.tenant.tenant_settings.read_guests(
                read, with_activity=with_activity, also_members=True
            )
        except (TenantRefused, TenantUnavailable) as error:
            return source_of_error(error, _AUDIT_LOG if with_activity else _USERS, rows=self._rows)
        return SourceRead(rows=self._rows, is_complete=is_complete)

    def _take_page(self, found: GuestList, page: Sequence[GuestAccount]) -> bool:
        self._rows += len(page)
        for row in found.rows_of(page):
            if not self._give(row):
                return False
        return self._rows < MAX_LISTED_GUESTS

    def _give(self, row: GuestRow) -> bool:
        """Give one row on; return whether more are wanted."""
        self._tally.add(row)
        self._is_wanted = self.take(row)
        return self._is_wanted

    async def _read_sign_ins(self, found: GuestList, now: datetime) -> SourceRead:
        """Give the accounts that only a sign-in from the partner's tenant shows."""
        partner = self.asked.identity.tenant_id
        count = SignInCount([partner], since=now - WINDOW, until=now)

        def take(page: Sequence[SignIn]) -> bool:
            for sign_in in page:
                count.add(sign_in)
            return count.rows < MAX_SIGN_INS

        settings = self.tenant.tenant_settings
        try:
            home = await self.tenant.home()
            is_complete = await settings.read_foreign_sign_ins(home, now - WINDOW, take, partner=partner)
            times = count.of(partner).last_by_person
            new = [person for person in times if person and found.is_new(person)]
            accounts = await self.tenant.accounts_by_id(new) if new else ()
        except (TenantRefused, TenantUnavailable) as error:
            return source_of_error(error, _AUDIT_LOG, rows=count.rows)
        for account in accounts:
            if not self._give(found.row_of_sign_in(_guest_account(account), times.get(account.id))):
                break
        is_whole = is_complete and not count.of(partner).has_more_people
        return SourceRead(rows=count.rows, is_complete=is_whole)


def _guest_account(account: Account) -> GuestAccount:
    """Return an account that was read by its id: with less than a list of guests has."""
    return GuestAccount(
        id=account.id,
        name=account.name,
        mail=account.mail,
        is_enabled=account.is_enabled,
        user_type=MEMBER if account.is_member else GUEST,
    )

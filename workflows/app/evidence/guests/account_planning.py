"""Find which guest accounts of a partner a request writes: list them, read them again, and read their roles."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from workflows.app.evidence.guests.listing import GuestReading, GuestsRead, asked_guests
from workflows.app.requests.open_request import open_account_changes
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.closing.guest_accounts import undone_accounts
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.evidence.account_choice import AccountChoice, undo_plan
from workflows.core.partners.reviewing.evidence.guest_listing import GuestRow
from workflows.core.partners.reviewing.evidence.usage import SourceRead
from workflows.core.people import Person, PersonId
from workflows.core.plans.accounts import AccountChange, AccountPlan
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.reviews.terms import GuestLimits
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest
from workflows.core.requests.transitions.guest_accounts import progress_of
from workflows.core.settings.model import TenantId
from workflows.ports.clock import Clock
from workflows.ports.guest_accounts import GuestAccounts
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantUnavailable

_READ_BACK_SECONDS: Final = 5.0
"""The pause while what an earlier request sent is read back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedAccounts:
    """Whose accounts are to be written, and which of them."""

    identity: TenantIdentity
    record: Partnership | None
    limits: GuestLimits
    change: AccountChange
    chosen: tuple[PersonId, ...] = ()
    only_found: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPlanning:
    """Plans which accounts are written. It writes nothing."""

    tenant: Tenant
    accounts: GuestAccounts
    store: Store
    clock: Clock

    async def plan(self, asked: AskedAccounts) -> AccountPlan:
        """Return the accounts that may be written now, and why the others are left alone.

        :raises Refused: when no account may be written, or a permission is missing.
        :raises TenantUnavailable, TenantRefused: when something cannot be read. Then nothing is planned.
        """
        await self._require_permissions()
        await self._require_read_back(asked.identity.tenant_id)
        roles = await self._roles()
        choice = AccountChoice(asked.change, chosen=asked.chosen, only_found=asked.only_found)

        def take(row: GuestRow) -> bool:
            choice.take(row)
            return True

        whose = asked_guests(asked.identity, asked.record, asked.limits)
        read = await GuestReading(
            asked=whose, tenant=self.tenant, clock=self.clock, take=take, also_own=not asked.chosen
        ).read()
        _require_read(read, asked)
        states = await self.accounts.read([row.account.id for row in choice.candidates])
        others = await self._other_partners(choice.candidates, asked.identity)
        return _with_accounts(choice.plan(states, roles, others, is_complete=read.is_complete))

    async def plan_undo(self, disabling: AccessRequest | None, actor: Person, tenant_id: TenantId) -> AccountPlan:
        """Return the accounts that a request disabled and that are still exactly as it left them.

        :raises Refused: when it cannot be undone by this person alone, or nothing is left to undo.
        :raises TenantUnavailable, TenantRefused: when something cannot be read.
        """
        others = await later_changes(disabling, self.store)
        disabled = undone_accounts(disabling, actor, self.clock.now(), tenant_id=tenant_id, others=others)
        await self._require_permissions()
        roles = await self._roles()
        states = await self.accounts.read([one.id for one in disabled])
        return _with_accounts(undo_plan(disabled, states, roles))

    async def _require_read_back(self, tenant_id: TenantId) -> None:
        """Wait until a request that was stopped has ended: until then the state of its accounts is not sure.

        :raises TenantUnavailable: when it has not.
        """
        running = await open_account_changes(tenant_id, self.store)
        if any(progress_of(one).stop for one in running):
            raise TenantUnavailable((Fact(NoteCode.ACCOUNTS_READ_BACK_FIRST),), _READ_BACK_SECONDS)

    async def _require_permissions(self) -> None:
        missing = await self.accounts.missing_permissions()
        if missing:
            raise Refused(RefusalCode.GUESTS_PERMISSIONS_MISSING, names=sorted(missing))

    async def _roles(self) -> Mapping[PersonId, Collection[str]]:
        return {person: roles.names for person, roles in (await self.accounts.roles()).items()}

    async def _other_partners(self, rows: Collection[GuestRow], identity: TenantIdentity) -> Mapping[PersonId, str]:
        """Return the other recorded partner to which the address of an account belongs.

        Whatever an account is found by, its address can name another partner: after the address was changed, and where
        two partners are recorded with one domain.
        """
        found: dict[PersonId, str] = {}
        by_domain: dict[str, str | None] = {}
        for row in rows:
            domain = row.account.mail.rpartition("@")[2].strip().lower()
            if not domain:
                continue
            if domain not in by_domain:
                by_domain[domain] = await self._other_partner(domain, identity)
            if (name := by_domain[domain]) is not None:
                found[row.account.id] = name
        return found

    async def _other_partner(self, domain: str, identity: TenantIdentity) -> str | None:
        named = await self.store.partnerships_named(domain)
        return next((one.identity.name for one in named if one.identity.tenant_id != identity.tenant_id), None)


async def later_changes(disabling: AccessRequest | None, store: Store) -> Sequence[AccessRequest]:
    """Return the requests about accounts of the same partner that changed since a disabling ended; itself, too."""
    if disabling is None or disabling.prepared is None:
        return ()
    return await store.account_changes_since(disabling.plan.tenant_id, disabling.changed_at)


def _require_read(read: GuestsRead, asked: AskedAccounts) -> None:
    """Check that every address was read: otherwise a second account of an address may be missing.

    Of accounts that were chosen one by one, a part of the list is enough: their addresses need not be theirs alone.

    :raises Refused: when a permission is missing, or there are more accounts than are read.
    :raises TenantUnavailable: when something could not be read now.
    """
    if asked.chosen:
        sources: tuple[SourceRead, ...] = () if read.guests.is_usable else (read.guests,)
    else:
        sources = tuple(one for one in (read.guests, read.own_accounts) if not one.is_complete)
    missing = [one.permission for one in sources if one.permission]
    if missing:
        raise Refused(RefusalCode.GUESTS_PERMISSIONS_MISSING, names=missing)
    if any(one.unread is not None for one in sources):
        raise TenantUnavailable((Fact(NoteCode.GUESTS_UNREADABLE),))
    if sources:
        raise Refused(RefusalCode.NO_GUESTS_TO_CHANGE, change=asked.change.value, left={}, is_complete=False)


def _with_accounts(plan: AccountPlan) -> AccountPlan:
    """Return a plan that writes something.

    :raises Refused: when it writes nothing; the error says why.
    """
    if plan.accounts:
        return plan
    left = {reason.value: count for reason, count in plan.left_counts.items()}
    values = {"change": plan.change.value, "left": left, "is_complete": plan.is_complete, "more": plan.more}
    raise Refused(RefusalCode.NO_GUESTS_TO_CHANGE, **values)

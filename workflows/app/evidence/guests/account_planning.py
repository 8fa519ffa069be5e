"""Find which guest accounts of a partner a request writes: list them, read them again, and read their roles."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from workflows.app.evidence.guests.listing import GuestReading, GuestsRead, asked_guests
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.closing.guest_accounts import undone_accounts
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.evidence.account_choice import AccountChoice, undo_plan
from workflows.core.partners.reviewing.evidence.guest_listing import GuestRow
from workflows.core.partners.reviewing.evidence.usage import GuestMatch
from workflows.core.people import Person, PersonId
from workflows.core.plans.accounts import AccountChange, AccountPlan
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.reviews.guest_limits import GuestLimits
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest
from workflows.ports.clock import Clock
from workflows.ports.guest_accounts import GuestAccounts
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantUnavailable

_LATER_REQUESTS = 200
"""How many of the newest requests about a partner are looked at for accounts that somebody else decided about."""


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
        roles = await self._roles()
        choice = AccountChoice(asked.change, chosen=asked.chosen, only_found=asked.only_found)

        def take(row: GuestRow) -> bool:
            choice.take(row)
            return True

        whose = asked_guests(asked.identity, asked.record, asked.limits)
        read = await GuestReading(asked=whose, tenant=self.tenant, clock=self.clock, take=take).read()
        _require_read(read)
        states = await self.accounts.read([row.account.id for row in choice.candidates])
        others = await self._other_partners(choice.candidates, asked.identity)
        return _with_accounts(choice.plan(states, roles, others, is_complete=read.is_complete))

    async def plan_undo(self, disabling: AccessRequest | None, actor: Person) -> AccountPlan:
        """Return the accounts that a request disabled and that are still exactly as it left them.

        :raises Refused: when it cannot be undone by this person alone, or nothing is left to undo.
        :raises TenantUnavailable, TenantRefused: when something cannot be read.
        """
        disabled = undone_accounts(disabling, actor, self.clock.now(), await self._later(disabling))
        await self._require_permissions()
        roles = await self._roles()
        states = await self.accounts.read([one.id for one in disabled])
        return _with_accounts(undo_plan(disabled, states, roles))

    async def _later(self, disabling: AccessRequest | None) -> list[AccessRequest]:
        if disabling is None or disabling.prepared is None:
            return []
        requests = await self.store.requests_for(disabling.plan.tenant_id, _LATER_REQUESTS)
        return [request for request in requests if request.created_at > disabling.created_at]

    async def _require_permissions(self) -> None:
        if not self.accounts.is_configured:
            raise Refused(RefusalCode.GUESTS_NOT_CONFIGURED)
        missing = await self.accounts.missing_permissions()
        if missing:
            raise Refused(RefusalCode.GUESTS_PERMISSIONS_MISSING, names=sorted(missing))

    async def _roles(self) -> Mapping[PersonId, Collection[str]]:
        return {person: roles.names for person, roles in (await self.accounts.roles()).items()}

    async def _other_partners(self, rows: Collection[GuestRow], identity: TenantIdentity) -> Mapping[PersonId, str]:
        """Return the other recorded partner to which the address of an account belongs.

        Only accounts that a sign-in shows can have such an address: the others are found by it.
        """
        found: dict[PersonId, str] = {}
        by_domain: dict[str, str | None] = {}
        for row in rows:
            domain = row.account.mail.rpartition("@")[2].strip().lower()
            if row.match is not GuestMatch.SIGN_IN or not domain:
                continue
            if domain not in by_domain:
                by_domain[domain] = await self._other_partner(domain, identity)
            if (name := by_domain[domain]) is not None:
                found[row.account.id] = name
        return found

    async def _other_partner(self, domain: str, identity: TenantIdentity) -> str | None:
        named = await self.store.partnerships_named(domain)
        return next((one.identity.name for one in named if one.identity.tenant_id != identity.tenant_id), None)


def _require_read(read: GuestsRead) -> None:
    """Check that guest accounts could be read at all. A part of them is enough: it names who may be written.

    :raises Refused: when a permission is missing.
    :raises TenantUnavailable: when nothing could be read now.
    """
    if read.guests.is_usable:
        return
    if read.guests.permission:
        raise Refused(RefusalCode.GUESTS_PERMISSIONS_MISSING, names=[read.guests.permission])
    raise TenantUnavailable((Fact(NoteCode.GUESTS_UNREADABLE),))


def _with_accounts(plan: AccountPlan) -> AccountPlan:
    """Return a plan that writes something.

    :raises Refused: when it writes nothing; the error says why.
    """
    if plan.accounts:
        return plan
    left = {reason.value: count for reason, count in plan.left_counts.items()}
    raise Refused(RefusalCode.NO_GUESTS_TO_CHANGE, change=plan.change.value, left=left, is_complete=plan.is_complete)

"""Check, before each group of accounts, that the plan may still be written."""

from dataclasses import dataclass

from workflows.app.schedule.downtime import command_after_gap
from workflows.app.service import Service
from workflows.catalog.catalog import Catalog
from workflows.core.errors.facts import Fact, Facts
from workflows.core.errors.raised import Refused
from workflows.core.partners.closing.guest_accounts import require_may_enable
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.recent_sponsors import with_partner_sponsors
from workflows.core.people import ADMIN, CurrentRoles
from workflows.core.plans.accounts import AccountChange
from workflows.core.requests.commands.automatic import Replan, Stop
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestKind
from workflows.core.requests.transitions.guest_accounts import (
    account_plan,
    is_approved_lately,
    may_still_be_undone,
    progress_of,
)
from workflows.core.settings.canonical import JsonObject
from workflows.effects.applying.still_approved import find_objection
from workflows.effects.applying.write_gate import WriteGate
from workflows.ports.clock import Clock
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryRefused, PeopleDirectoryUnavailable
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class StillWanted:
    """Checks a plan of accounts. Disabling by an admin alone is checked as little as a revocation.

    Enabling opens, and may take long: a freeze or a missing credential can hold it between two groups. So everything is
    checked before each group. A plan of which a part took effect ends with that part; nothing more of it is sent.
    """

    service: Service
    store: Store
    tenant: Tenant
    directory: PeopleDirectory
    clock: Clock
    gate: WriteGate
    catalog: Catalog | None

    async def check(self, request: AccessRequest) -> bool:
        """Return whether the next group may be written; otherwise record why not.

        :raises WritesFrozen: during a freeze, for accounts that are enabled.
        :raises TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable: when something cannot be read now.
        :raises EffectTakenOver: for accounts that are enabled, when another process has taken the work over.
        """
        has_chain = bool(request.require_prepared().stages)
        if account_plan(request).change is AccountChange.DISABLE:
            is_begun = request.writing_since is not None
            return is_begun or not has_chain or await self._is_still_approved(request)
        await self.gate.require_not_frozen(request)
        if await self._is_blocked(request):
            return False
        await self.tenant.verify_home(must_be_known=True)
        if await self._has_gap(request):
            return False
        is_wanted = self._is_still_approved if has_chain else self._may_still_be_undone
        if not await is_wanted(request):
            return False
        await self.gate.require_not_frozen(request)  # it may have begun while everything was read
        await self.gate.require_still_mine(request)
        return True

    async def _is_blocked(self, request: AccessRequest) -> bool:
        """Stop when the partner is blocked, or is being blocked, since the accounts were confirmed.

        Its settings in Entra are read as well: somebody may have blocked it there.
        """
        tenant_id = request.plan.tenant_id
        running = await self.store.open_requests_about(tenant_id, only_planned=False)
        is_closing = any(_closes(one, request) for one in running)
        is_open = not is_closing and _may_enable(await self.store.partnership(tenant_id))
        if is_open and _may_enable(None, await self.tenant.read_partner(tenant_id)):
            return False
        await self._stop(request, (Fact(NoteCode.ACCOUNTS_PARTNER_BLOCKED),))
        return True

    async def _has_gap(self, request: AccessRequest) -> bool:
        again = await command_after_gap(request, store=self.store, tenant=self.tenant, clock=self.clock)
        if again is None:
            return False
        await self._ask_again(request, again.reason)
        return True

    async def _ask_again(self, request: AccessRequest, reason: Facts) -> None:
        """Show the accounts again for a new decision; where a part took effect, end with that part."""
        if progress_of(request).has_effect:
            await self._stop(request, reason)
        else:
            await self.service.advance(request.id, Replan(reason=reason, has_written_nothing=True))

    async def _is_still_approved(self, request: AccessRequest) -> bool:
        """Check the approvals with the roles of now, as before every write; of an enabling also their age."""
        is_enabling = account_plan(request).change is AccountChange.ENABLE
        if is_enabling and not is_approved_lately(request, self.clock.now()):
            await self._ask_again(request, (Fact(NoteCode.ACCOUNTS_APPROVED_LONG_AGO),))
            return False
        record = await self.store.partnership(request.plan.tenant_id)
        named = with_partner_sponsors(request, record, self.clock.now())
        objection = await find_objection(
            named, tenant=self.tenant, directory=self.directory, catalog=self.catalog, store=self.store
        )
        if objection is None:
            return True
        if progress_of(request).has_effect:
            await self._stop(request, objection.reason)
            return False

        async def as_read(_: AccessRequest) -> CurrentRoles:
            return objection.current_roles or CurrentRoles()

        roles = None if objection.current_roles is None else as_read
        await self.service.advance(request.id, objection.command_before_first_write(named), current_roles_of=roles)
        return False

    async def _may_still_be_undone(self, request: AccessRequest) -> bool:
        """Check an undo that nobody else approved: it is not too old, and who confirmed it still is an admin."""
        undoes, person = request.fields.undoes, request.require_prepared().requester
        disabling = None if undoes is None else await self.store.request(undoes)
        if disabling is None or not may_still_be_undone(disabling, self.clock.now()):
            await self._stop(request, (Fact(NoteCode.ACCOUNTS_UNDO_TOO_LATE),))
            return False
        try:
            roles = await self.directory.current_roles([person])
        except PeopleDirectoryRefused as error:
            raise PeopleDirectoryUnavailable(error.facts) from error
        if roles.holds(person.id, ADMIN):
            return True
        await self._stop(request, (Fact(NoteCode.ACCOUNTS_NOT_ADMIN, {"name": person.name}),))
        return False

    async def _stop(self, request: AccessRequest, reason: Facts) -> None:
        await self.service.advance(request.id, Stop(reason=reason))


def _may_enable(record: Partnership | None, configuration: JsonObject | None = None) -> bool:
    try:
        require_may_enable(record, configuration)
    except Refused:
        return False
    return True


def _closes(other: AccessRequest, request: AccessRequest) -> bool:
    """Return whether another open request blocks the partner of a request."""
    observed = other.observation if other.prepared is None else other.prepared.observation
    about = other.fields.target if observed is None else observed.identity.tenant_id
    return other.fields.kind is RequestKind.REVOCATION and about == request.plan.tenant_id

"""File a change of guest accounts of a partner, and check what may not have changed until it is confirmed."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from workflows.app.evidence.guests.undoing import undoable_accounts
from workflows.app.requests.open_request import open_account_changes
from workflows.app.service import Service
from workflows.catalog.catalog import Catalog
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.approval_policy import strongest_template
from workflows.core.partners.closing.guest_accounts import (
    gives_way_to_disabling,
    require_may_change_guests,
    require_may_enable,
)
from workflows.core.partners.partnership import Partnership
from workflows.core.people import CurrentRoles, Person, PersonId
from workflows.core.plans.accounts import AccountChange
from workflows.core.requests.commands.automatic import Stop
from workflows.core.requests.commands.request import ChangeGuests
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestFields, RequestId, RequestKind
from workflows.core.requests.transitions.guest_accounts import account_plan
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.identifying import identify_partner
from workflows.ports.clock import Clock
from workflows.ports.guest_accounts import GuestAccounts, usable_accounts
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant

_KINDS: Final = {
    AccountChange.DISABLE: RequestKind.DISABLE_GUESTS,
    AccountChange.ENABLE: RequestKind.ENABLE_GUESTS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFiling:
    """Stores requests to change guest accounts. May be repeated safely with the same key."""

    service: Service
    store: Store
    tenant: Tenant
    catalog: Catalog
    clock: Clock
    accounts: GuestAccounts | None

    async def file(
        self, asked: ChangeGuests, actor: Person, current_roles: CurrentRoles, request_id: RequestId, *, key: str
    ) -> None:
        """Store a request. Its accounts are read next, and shown to the admin, who confirms them.

        :raises Refused: for everybody but admins, without the credential, and when it is not possible now.
        :raises TenantUnavailable, TenantRefused: when the partner cannot be found now.
        """
        require_may_change_guests(actor, current_roles)
        if usable_accounts(self.accounts) is None:
            raise Refused(RefusalCode.GUESTS_NOT_CONFIGURED)
        if not (reason := asked.reason.strip()):
            raise Refused(RefusalCode.GUEST_REASON_MISSING)
        identity, record = await identify_partner(asked.target, store=self.store, tenant=self.tenant)
        if asked.change is AccountChange.ENABLE:
            require_may_enable(record)
            await self._require_undo(asked.undoes, actor, identity.tenant_id)
        if await self.store.request(request_id) is None:
            await self._make_way(asked.change, identity.tenant_id, actor)
        undoes = asked.undoes if asked.change is AccountChange.ENABLE else None
        fields = RequestFields(
            kind=_KINDS[asked.change],
            requester=actor.chat_id,
            sponsor=actor.chat_id if record is None else record.sponsor.chat_id,
            target=identity.tenant_id,
            template=_KINDS[asked.change].value,
            justification=reason,
            duration=None,
            accounts=tuple(dict.fromkeys(asked.accounts)),
            only_found=asked.only_found,
            undoes=undoes,
        )
        lifetime = self._lifetime(record)
        await self.service.submit(request_id, fields, key=key, decide_within=lifetime, submitter=actor)

    async def require_confirmable(self, request: AccessRequest, actor: Person) -> None:
        """Check, when the accounts are confirmed, what may have changed since they were shown.

        :raises Refused: when accounts would be enabled of a partner that is blocked now, or an undo is not possible
            any more.
        """
        if request.fields.account_change is not AccountChange.ENABLE or request.prepared is None:
            return
        tenant_id = request.plan.tenant_id
        require_may_enable(await self.store.partnership(tenant_id))
        undone = await self._require_undo(request.fields.undoes, actor, tenant_id)
        if undone is not None and not {one.id for one in account_plan(request).accounts} <= undone:
            raise Refused(RefusalCode.UNDO_OVERTAKEN)

    async def _make_way(self, change: AccountChange, tenant_id: TenantId, actor: Person) -> None:
        """Stop what gives way to a new disabling, as a revocation stops what opens.

        :raises Refused: when accounts of the partner are being disabled, and for an enabling when anything is open.
        """
        running = await open_account_changes(tenant_id, self.store)
        for other in running:
            if change is AccountChange.ENABLE or not gives_way_to_disabling(other):
                raise Refused(RefusalCode.GUEST_CHANGE_RUNNING, request=other.id)
        stop = Stop(reason=(Fact(NoteCode.ACCOUNTS_DISABLED_INSTEAD, {"name": actor.name}),))
        for other in running:
            with suppress(Refused):  # it has ended meanwhile
                await self.service.advance(other.id, stop)

    async def _require_undo(
        self, undoes: RequestId | None, actor: Person, tenant_id: TenantId
    ) -> frozenset[PersonId] | None:
        """Check that an admin may undo a disabling alone now. Returns the accounts; None when nothing is undone.

        :raises Refused: when it is not theirs or too old, when others decided later, and during a freeze.
        """
        if undoes is None:
            return None
        disabling = await self.store.request(undoes)
        return await undoable_accounts(disabling, actor, tenant_id, store=self.store, clock=self.clock)

    def _lifetime(self, record: Partnership | None) -> timedelta:
        """Return how long the chain may decide: that of the partner's template, or of the strictest one."""
        templates = self.catalog.templates
        named = None if record is None else templates.get(record.template)
        return (named or strongest_template(templates.values())).decide_within

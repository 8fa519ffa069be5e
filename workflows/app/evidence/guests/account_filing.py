"""File a change of guest accounts of a partner, and check what may not have changed until it is confirmed."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from workflows.app.reads.known_freeze import known_freeze
from workflows.app.requests.open_request import open_request_about
from workflows.app.service import Service
from workflows.catalog.catalog import Catalog
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.approval_policy import strongest_template
from workflows.core.partners.closing.guest_accounts import (
    require_may_change_guests,
    require_may_enable,
    undone_accounts,
)
from workflows.core.partners.partnership import Partnership
from workflows.core.people import CurrentRoles, Person
from workflows.core.plans.accounts import AccountChange
from workflows.core.requests.commands.request import ChangeGuests
from workflows.core.requests.request import AccessRequest, RequestFields, RequestId, RequestKind
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
        running = await open_request_about(identity.tenant_id, records=self.store, changes_accounts=True)
        if running is not None and running.id != request_id:
            raise Refused(RefusalCode.GUEST_CHANGE_RUNNING, request=running.id)
        if asked.change is AccountChange.ENABLE:
            require_may_enable(record)
            await self._require_undo(asked.undoes, actor)
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
        require_may_enable(await self.store.partnership(request.plan.tenant_id))
        await self._require_undo(request.fields.undoes, actor)

    async def _require_undo(self, undoes: RequestId | None, actor: Person) -> None:
        """Check that an admin may undo a disabling alone now.

        :raises Refused: when it is not theirs or too old, and during a freeze.
        """
        if undoes is None:
            return
        undone_accounts(await self.store.request(undoes), actor, self.clock.now())
        freeze = await known_freeze(self.store)
        if freeze is not None:
            raise Refused(RefusalCode.UNDO_DURING_FREEZE, name=freeze.by, reason=freeze.reason)

    def _lifetime(self, record: Partnership | None) -> timedelta:
        """Return how long the chain may decide: that of the partner's template, or of the strictest one."""
        templates = self.catalog.templates
        named = None if record is None else templates.get(record.template)
        return (named or strongest_template(templates.values())).decide_within

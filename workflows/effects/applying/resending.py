"""Decide whether a write that Graph accepted but does not show is sent again now. Only reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from workflows.app.reads.known_freeze import known_freeze
from workflows.catalog.catalog import Catalog
from workflows.core.errors.facts import Fact
from workflows.core.requests.commands.automatic import RecordResent, Replan
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest
from workflows.core.requests.transitions.freezing import is_stopped_by_freeze
from workflows.core.requests.transitions.resending import ResendStep, first_sent, needs_the_audit_log, next_step
from workflows.core.settings.partner_changes import PartnerChange
from workflows.effects.applying.still_approved import find_objection
from workflows.ports.clock import Clock
from workflows.ports.people_directory import PeopleDirectory
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

NOT_SHOWN: Final = Fact(NoteCode.PLANNED_FROM_NOW)
_SENT_AGAIN: Final = Fact(NoteCode.ACCEPTED_NOT_SHOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendDecision:
    """Decides about requests whose partner still shows the state before the last write."""

    store: Store
    tenant: Tenant
    directory: PeopleDirectory
    clock: Clock
    catalog: Catalog | None = None
    """The current templates and roles; None: they are not compared."""

    async def next_command(self, request: AccessRequest) -> RecordResent | Replan | None:
        """Return the command to store first: send again, or request approval again. None: only read again.

        :raises TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable: when the approvals cannot be checked now.
        """
        now = self.clock.now()
        changes = await self._changes(request) if needs_the_audit_log(request, now) else None
        match next_step(request, now, changes):
            case ResendStep.READ:
                return None
            case ResendStep.ASK_AGAIN:
                return Replan(reason=(NOT_SHOWN,))
            case ResendStep.SEND_AGAIN if is_stopped_by_freeze(request) and await known_freeze(self.store) is not None:
                return None  # what was sent may still be shown
            case ResendStep.SEND_AGAIN:
                return await self._no_longer_approved(request) or RecordResent(reason=(_SENT_AGAIN,))

    async def _changes(self, request: AccessRequest) -> Sequence[PartnerChange] | None:
        """Read the entries of Entra's audit log about the partner; None when they cannot be read."""
        since, tenant_id = first_sent(request), request.plan.tenant_id
        try:
            return await self.tenant.tenant_settings.read_partner_changes(tenant_id, since)
        except (TenantUnavailable, TenantRefused):
            return None

    async def _no_longer_approved(self, request: AccessRequest) -> Replan | None:
        """Check a request that opens access as before its first write; None when everything is still as approved."""
        found_objection = await find_objection(
            request, tenant=self.tenant, directory=self.directory, catalog=self.catalog, store=self.store
        )
        return None if found_objection is None else found_objection.command_after_write(NOT_SHOWN)

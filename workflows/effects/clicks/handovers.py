"""Hand over the sponsorship of a partner: check who proposes and who is proposed, and what an answer changes.

The proposed person is identified as every sponsor is: exactly one enabled member account. The person who accepts is
identified again, by the click.
"""

from contextlib import suppress
from dataclasses import dataclass

from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.closing.revoking import requests_for_more_access
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.recent_sponsors import sponsors_of
from workflows.core.people import ChatId, Person, PersonId
from workflows.core.requests.commands.automatic import RecordSponsors
from workflows.core.requests.commands.clicks import HandoverClick, with_person
from workflows.core.requests.commands.people import AcceptSponsorship, ProposeSponsor
from workflows.ports.clock import Clock
from workflows.ports.people_directory import PeopleDirectory
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant


async def is_manager_of(person: PersonId, sponsor: PersonId, tenant: Tenant) -> bool:
    """Return whether Entra names a person as the sponsor's manager now, with an enabled member account.

    :raises TenantUnavailable, TenantRefused: when that cannot be read now.
    """
    manager = (await tenant.managers([sponsor]))[sponsor]
    return manager is not None and manager.is_enabled and manager.is_member and manager.id == person


@dataclass(frozen=True, slots=True, kw_only=True)
class Handovers:
    """Carries out the clicks about hand-overs."""

    service: Service
    store: Store
    tenant: Tenant
    directory: PeopleDirectory
    clock: Clock

    async def carry_out(self, click: HandoverClick, actor: Person, *, key: str) -> None:
        """Propose a sponsor, or give the answer of the proposed person.

        :raises Refused: when this is not possible now or for this person.
        :raises TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable: when something cannot be read now.
        """
        if isinstance(click, ProposeSponsor):
            await self._propose(click, actor, key)
            return
        partnership = await self.service.advance_review(click.tenant_id, with_person(click, actor), key=key)
        if isinstance(click, AcceptSponsorship):
            await self._name_sponsors(partnership)

    async def _propose(self, click: ProposeSponsor[ChatId], actor: Person, key: str) -> None:
        partnership = await self.store.partnership(click.tenant_id)
        if partnership is None:
            raise Refused(RefusalCode.UNKNOWN_PARTNER)
        current_roles = await self.directory.current_roles([actor])
        command: ProposeSponsor[Person] = ProposeSponsor(
            actor=actor,
            tenant_id=click.tenant_id,
            proposed=await self._proposed(click.proposed, actor),
            is_manager=await is_manager_of(actor.id, partnership.sponsor.id, self.tenant),
            channel=click.channel,
        )
        await self.service.advance_review(click.tenant_id, command, key=key, current_roles=current_roles)

    async def _proposed(self, chat_id: ChatId, actor: Person) -> Person:
        """Identify the proposed person.

        :raises Refused: for a guest, a bot, a deactivated or external user, and without exactly one account.
        """
        if chat_id == actor.chat_id:
            return actor
        try:
            return await self.directory.identify(chat_id)
        except Refused as refused:
            raise Refused(RefusalCode.SPONSOR_REFUSED, refused=refused.fact.as_value()) from refused

    async def _name_sponsors(self, partnership: Partnership) -> None:
        """Name the new sponsor on the open requests about the partner, so that their cards say who can decide.

        If this is not done, because the process ends here, nothing is decided wrongly: every decision, and the check
        before the first write, reads the partner's record.
        """
        people = sponsors_of(partnership, self.clock.now())
        for request in requests_for_more_access(await self.store.open_requests(), partnership.identity):
            with suppress(Refused):  # it does not wait for approvals
                await self.service.advance(request.id, RecordSponsors(people=people))

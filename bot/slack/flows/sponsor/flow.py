"""Change a partner's sponsor: `/partner sponsor` and Change sponsor open a window, and the proposed person answers."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import structlog
from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.blocks.blocks import Json
from bot.slack.flows.entry_point_types import Action, Card, CommandButton, EntryPoint, Subcommand, Submission
from bot.slack.flows.sponsor.views import change_sponsor_view
from bot.slack.payloads.button_values import parse_handover_value, parse_tenant_id
from bot.slack.payloads.models import Interaction, SlashCommand
from bot.slack.people.directory import SlackDirectory
from bot.words.requests.notes import refusal_words
from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.reviewing.sponsor_handover import may_propose_sponsor
from workflows.core.people import ChatId
from workflows.core.requests.commands.people import (
    AcceptSponsorship,
    DeclineSponsorship,
    ProposeSponsor,
    WithdrawHandover,
)
from workflows.core.requests.commands.request import CommandSubject
from workflows.effects.clicks.handovers import is_manager_of
from workflows.partner_lookup.named_partner import named_partner
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

_CHECKING_SECONDS: Final = 1.8
"""Seconds that the window waits for the answer who the chosen person is. It is checked again afterwards."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class SponsorFlow:
    """Shows the window to whoever may propose a sponsor, and stores proposals and answers."""

    service: Service
    windows: ModalWindows
    directory: SlackDirectory
    store: Store
    tenant: Tenant

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Subcommand("sponsor", self.open_from_command)
        yield Action(ids.CHANGE_SPONSOR, self.open_from_button, audit_name="want_propose_sponsor")
        yield Submission(ids.PROPOSE_SPONSOR, self.propose, audit_name="want_propose_sponsor")
        yield CommandButton(ids.ACCEPT_SPONSORSHIP, acceptance, "want_accept_sponsorship", Card.HANDOVER)
        yield CommandButton(ids.DECLINE_SPONSORSHIP, refusal, "want_decline_sponsorship", Card.HANDOVER)
        yield CommandButton(ids.WITHDRAW_HANDOVER, withdrawal, "want_withdraw_sponsorship", Card.HANDOVER)

    async def open_from_command(self, ack: AsyncAck, command: SlashCommand) -> None:
        """Open the window about the partner that the command names."""

        async def build(window: Window) -> Json:
            return await self._view_for(window, command.argument)

        await self.windows.open_and_fill(ack, command, build, command="/partner sponsor")

    async def open_from_button(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the window about the partner of a button."""
        tenant_id = parse_tenant_id(click.action.value)

        async def build(window: Window) -> Json:
            return await self._view_for(window, tenant_id)

        subject = CommandSubject(tenant_id=tenant_id)
        await self.windows.open_and_fill(ack, click, build, command="want_propose_sponsor", subject=subject)

    async def propose(self, ack: AsyncAck, click: Interaction) -> None:
        """Store who shall be the sponsor. A person who cannot be one is refused in the window."""
        tenant_id = parse_tenant_id(click.required_view.private_metadata)
        proposed = ChatId(click.required_view.value(ids.NEW_SPONSOR))
        if problem := await self._problem_with(proposed):
            await ack(response_action="errors", errors={ids.NEW_SPONSOR: problem})
            return
        command = ProposeSponsor(actor=click.actor, tenant_id=tenant_id, proposed=proposed)
        await self.service.store_click(command, key=click.key)
        await ack(response_action="clear")

    async def _view_for(self, window: Window, typed_text: str) -> Json:
        """Return the window, for a person who may propose a sponsor of a live partner."""
        identity, partnership = await named_partner(typed_text, store=self.store, tenant=self.tenant)
        window.subject = CommandSubject(tenant_id=identity.tenant_id)
        person = await self.directory.identify(window.actor)
        if partnership is None:
            raise Refused(RefusalCode.UNKNOWN_PARTNER)
        if partnership.state is PartnershipState.SUSPENDED:
            raise Refused(RefusalCode.SUSPENDED, domain=partnership.identity.default_domain)
        if partnership.is_closed:
            raise Refused(RefusalCode.REVOKED)
        current_roles = await self.directory.current_roles([person])
        is_manager = await is_manager_of(person.id, partnership.sponsor.id, self.tenant)
        if not may_propose_sponsor(partnership, person, current_roles, is_manager=is_manager):
            raise Refused(RefusalCode.MAY_NOT_PROPOSE_SPONSOR, sponsor=partnership.sponsor.name)
        return change_sponsor_view(partnership, reader=person.id, manager=await self._offered_manager(partnership))

    async def _offered_manager(self, partnership: Partnership) -> ChatId | None:
        """Return the manager of a sponsor who has no account any more; None when there is none, or it is not known."""
        if partnership.sponsor_gone_at is None:
            return None
        try:
            manager = (await self.tenant.managers([partnership.sponsor.id]))[partnership.sponsor.id]
            if manager is None or not (manager.is_enabled and manager.is_member):
                return None
            [person] = await self.directory.people_of([manager.id])
        except (TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable) as error:
            _log.warning("manager_not_read", reason=str(error))
            return None
        return person.chat_id or None

    async def _problem_with(self, proposed: ChatId) -> str:
        """State why a person cannot be a sponsor; empty when nothing is wrong, or it is not known in time."""
        try:
            async with asyncio.timeout(_CHECKING_SECONDS):
                await self.directory.identify(proposed)
        except Refused as refused:
            return refusal_words(Refused(RefusalCode.SPONSOR_REFUSED, refused=refused.fact.as_value()))
        except (TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable, TimeoutError):
            pass  # the stored click is checked when they answer
        return ""


def acceptance(click: Interaction) -> AcceptSponsorship[ChatId]:
    """Return the acceptance of the person who clicked."""
    tenant_id, number = parse_handover_value(click.action.value)
    return AcceptSponsorship(actor=click.actor, tenant_id=tenant_id, number=number, channel=click.channel)


def refusal(click: Interaction) -> DeclineSponsorship[ChatId]:
    """Return the refusal of the person who clicked."""
    tenant_id, number = parse_handover_value(click.action.value)
    return DeclineSponsorship(actor=click.actor, tenant_id=tenant_id, number=number, channel=click.channel)


def withdrawal(click: Interaction) -> WithdrawHandover[ChatId]:
    """Return the withdrawal by the person who proposed the sponsor."""
    tenant_id, number = parse_handover_value(click.action.value)
    return WithdrawHandover(actor=click.actor, tenant_id=tenant_id, number=number, channel=click.channel)

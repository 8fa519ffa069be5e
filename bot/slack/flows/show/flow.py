"""`/partner list`, `show`, `posture` and `help`, and the answer to unknown commands."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.response_url import Answers, answer_at_once
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.blocks.blocks import Json
from bot.slack.blocks.message import Message, refusal
from bot.slack.blocks.modal import shown_modal
from bot.slack.flows.alarms.drift_views import drift_row_words
from bot.slack.flows.entry_point_types import NO_SUBCOMMAND, UNKNOWN_SUBCOMMAND, Action, EntryPoint, Subcommand
from bot.slack.flows.show.filters import UnknownFilter, parse_filter
from bot.slack.flows.show.partner_details import partner_details
from bot.slack.flows.show.partner_list import PAGE_SIZE, parse_step, partner_list
from bot.slack.flows.show.posture import posture_message
from bot.slack.partner_commands import POSTURE_TAKES_NO_PARTNER, help_message, start_message, unknown_command
from bot.slack.payloads.button_values import parse_tenant_id
from bot.slack.payloads.models import Interaction, SlashCommand
from bot.slack.people.members import Members
from workflows.app.reads.audit_log_permission import AuditLogPermission
from workflows.app.reads.found_requests import read_partner_drift
from workflows.app.reads.known_freeze import known_freeze
from workflows.app.reads.look_up_permission import LookupPermission
from workflows.app.reads.posture import concerns_about, read_posture
from workflows.app.watch.not_adopted import read_not_adopted, save_not_adopted_of
from workflows.core.people import ChatId, Person, PersonId
from workflows.core.plans.named_targets import current_targets
from workflows.core.posture.model import Posture
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.named_partner import named_partner
from workflows.ports.clock import Clock
from workflows.ports.pages import START, PagePosition
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant
from workflows.preflight.object_names import names_for_display

MAX_READ_REQUESTS: Final = 1000
"""Requests about one partner that are read to find its first opening; the message shows the newest."""


class KnownPeople(Protocol):
    """Who a chat user is."""

    async def known_person(self, chat_id: ChatId) -> Person | None:
        """Return the person of a chat user; None when not known now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowFlow:
    """Answers read-only commands.

    Answers from the store come with the acknowledgement, answers that need Entra right after it.
    """

    answers: Answers
    windows: ModalWindows
    lookup_permission: LookupPermission
    members: Members
    audit_log_permission: AuditLogPermission
    people: KnownPeople
    store: Store
    tenant: Tenant
    clock: Clock

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Subcommand("list", self.list_partners)
        yield Action(ids.LIST_PREVIOUS, self.show_other_page, audit_name="/partner list")
        yield Action(ids.LIST_NEXT, self.show_other_page, audit_name="/partner list")
        yield Subcommand("show", self.show_partner)
        yield Subcommand("posture", self.show_posture)
        yield Action(ids.OPEN_POSTURE, self.open_posture, audit_name="open_posture", is_in_view=True)
        yield Action(ids.READ_PARTNER, self.read_partner, audit_name="read_partner", is_in_view=True)
        yield Subcommand("help", self.show_help)
        yield Subcommand(NO_SUBCOMMAND, self.show_start)
        yield Subcommand(UNKNOWN_SUBCOMMAND, self.answer_unknown)

    async def list_partners(self, ack: AsyncAck, command: SlashCommand) -> None:
        """List the partners on record that the typed filters find; the tenant is not read."""
        await self.answers.answer_later(ack, command, self._list, reads_tenant=False)

    async def show_other_page(self, ack: AsyncAck, click: Interaction) -> None:
        """Show another page of a list in its place."""
        typed, place = parse_step(click.action.value)
        await self.answers.replace_answer(ack, click, lambda: self._page_of(click.actor, typed, place))

    async def show_partner(self, ack: AsyncAck, command: SlashCommand) -> None:
        """Show one partner."""
        await self.answers.answer_later(ack, command, self._show)

    async def show_posture(self, ack: AsyncAck, command: SlashCommand) -> None:
        """Show the posture of the whole tenant."""
        if command.argument:
            await self.members.refuse_known_guests(command.actor)
            await answer_at_once(ack, refusal(POSTURE_TAKES_NO_PARTNER))
        else:
            await self.answers.answer_later(ack, command, lambda _: self._posture())

    async def open_posture(self, ack: AsyncAck, click: Interaction) -> None:
        """Show the posture in a window, from an admin's App Home."""

        async def build(window: Window) -> Json:
            await self.lookup_permission.require(window.actor, "", key=window.key, command_name=window.command)
            answer = await self._posture()
            return shown_modal("Current tenant settings", answer.blocks, ids.POSTURE)

        await self.windows.open_and_fill(ack, click, build, command="open_posture")

    async def read_partner(self, ack: AsyncAck, click: Interaction) -> None:
        """Show one partner in a window, for an auditor: without a button that changes anything."""
        tenant_id = parse_tenant_id(click.action.value)

        async def build(window: Window) -> Json:
            await self.audit_log_permission.require(window.actor)
            await self.lookup_permission.require(window.actor, tenant_id, key=window.key, command_name=window.command)
            details = await self._details(tenant_id, reader=frozenset())
            return shown_modal("Partner", details.blocks, ids.AUDIT_PARTNER)

        subject = CommandSubject(tenant_id=tenant_id)
        await self.windows.open_and_fill(ack, click, build, command=ids.READ_PARTNER, subject=subject)

    async def show_help(self, ack: AsyncAck, command: SlashCommand) -> None:
        """List the commands."""
        await self.members.refuse_known_guests(command.actor)
        await answer_at_once(ack, help_message())

    async def show_start(self, ack: AsyncAck, command: SlashCommand) -> None:
        """Answer the command without any word: lead to the App Home and to a new request."""
        await self.members.refuse_known_guests(command.actor)
        await answer_at_once(ack, start_message(command.team_id, command.api_app_id))

    async def answer_unknown(self, ack: AsyncAck, command: SlashCommand) -> None:
        """Answer an unknown command, or one without its partner."""
        await self.members.refuse_known_guests(command.actor)
        await answer_at_once(ack, unknown_command(command.text))

    async def _list(self, command: SlashCommand) -> Message:
        return await self._page_of(command.actor, " ".join(command.argument.split()), START)

    async def _page_of(self, actor: ChatId, typed_text: str, position: PagePosition) -> Message:
        reader, now = await self._ids_of(actor), self.clock.now()
        try:
            partner_filter = parse_filter(typed_text, reader=reader, now=now)
        except UnknownFilter as error:
            return refusal(str(error))
        page = await self.store.partners_page(partner_filter, limit=PAGE_SIZE, position=position)
        drifts = [await read_partner_drift(one.identity.tenant_id, one, self.store) for one in page.items]
        drift_words = {TenantId(drift.subject): drift_row_words(drift, now) for drift in drifts if drift is not None}
        return partner_list(page, now, typed_text, await read_not_adopted(store=self.store), drift_words)

    async def _ids_of(self, actor: ChatId) -> frozenset[ChatId | PersonId]:
        person = await self.people.known_person(actor)
        return frozenset({actor}) if person is None else frozenset({actor, person.chat_id, person.id})

    async def _posture(self) -> Message:
        return posture_message(await self._read_posture(), await known_freeze(self.store))

    async def _read_posture(self) -> Posture:
        posture = await read_posture(tenant=self.tenant, records=self.store.records, clock=self.clock)
        await save_not_adopted_of(posture, store=self.store)
        return posture

    async def _show(self, command: SlashCommand) -> Message:
        return await self._details(command.argument, reader=await self._ids_of(command.actor))

    async def _details(self, name: str, *, reader: frozenset[ChatId | PersonId]) -> Message:
        """Read one partner by its domain or tenant id.

        :param reader: the ids of the person who reads it, for the buttons of their own requests.
        """
        identity, partnership = await named_partner(name, store=self.store, tenant=self.tenant)
        configuration, default, concerns = await concerns_about(
            identity, tenant=self.tenant, records=partial(self.store.records, identity.tenant_id), clock=self.clock
        )
        return partner_details(
            identity,
            configuration,
            default,
            partnership,
            await self.store.requests_for(identity.tenant_id, MAX_READ_REQUESTS),
            now=self.clock.now(),
            names=await names_for_display(current_targets(configuration), tenant=self.tenant),
            concerns=concerns,
            reader=reader,
            drift=await read_partner_drift(identity.tenant_id, partnership, self.store),
        )

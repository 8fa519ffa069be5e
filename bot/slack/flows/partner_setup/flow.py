"""The partner setup: confirm its steps or undo that, set its reminder, show its checklist."""

from collections.abc import Iterator
from dataclasses import dataclass

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.response_url import Answers
from bot.slack.answers.windows import Window, Windows
from bot.slack.blocks.blocks import Json
from bot.slack.blocks.message import Message
from bot.slack.blocks.modal import message_view
from bot.slack.flows.entry_point_types import Action, Card, EntryPoint, Subcommand
from bot.slack.flows.partner_setup.checklist import checklist_message, checklist_view
from bot.slack.payloads.button_values import parse_setup_value, parse_tenant_id
from bot.slack.payloads.models import Interaction, SlashCommand
from bot.slack.people.directory import SlackDirectory
from bot.slack.words.unavailable import not_possible_now_words
from workflows.app.reads.look_up_permission import LookupPermission
from workflows.app.reads.partner_setup import CurrentSetup, PartnerSetupReader
from workflows.app.service import Service
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.people import ADMIN, ChatId
from workflows.core.requests.commands.partner_record import ConfirmSetup, RemindSetup, UnconfirmSetup
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.settings.canonical import Digest
from workflows.core.settings.model import TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerSetupFlow:
    """Stores confirmations and reminders of the partner setup. The right of the person is checked later."""

    service: Service
    windows: Windows
    answers: Answers
    lookup_permission: LookupPermission
    directory: SlackDirectory
    checklists: PartnerSetupReader

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Subcommand("checklist", self.answer_checklist)
        yield Action(ids.SHOW_CHECKLIST, self.show_checklist, audit_name="show_checklist")
        yield Action(ids.CONFIRM_SETUP, self.confirm, audit_name="want_confirm_half", card=Card.SETUP)
        yield Action(ids.UNCONFIRM_SETUP, self.unconfirm, audit_name="want_unconfirm_half", card=Card.SETUP)
        yield Action(ids.REMIND_SETUP, self.remind, audit_name="want_remind_half", card=Card.SETUP)

    async def confirm(self, ack: AsyncAck, click: Interaction) -> None:
        """Store the confirmation of a step."""
        tenant_id, step, step_digest = parse_setup_value(click.action.value)
        person, where = click.actor, click.channel
        command = ConfirmSetup(actor=person, tenant_id=tenant_id, step=step, step_digest=step_digest, channel=where)
        await self.service.store_click(command, key=click.key)
        await ack()
        self._show_received(click, tenant_id, step_digest)

    async def unconfirm(self, ack: AsyncAck, click: Interaction) -> None:
        """Store that a confirmation is undone."""
        tenant_id, step, step_digest = parse_setup_value(click.action.value)
        person, where = click.actor, click.channel
        command = UnconfirmSetup(actor=person, tenant_id=tenant_id, step=step, step_digest=step_digest, channel=where)
        await self.service.store_click(command, key=click.key)
        await ack()
        self._show_received(click, tenant_id, step_digest)

    async def remind(self, ack: AsyncAck, click: Interaction) -> None:
        """Store that somebody asked for a reminder."""
        tenant_id = parse_tenant_id(click.action.value)
        command = RemindSetup(actor=click.actor, tenant_id=tenant_id, channel=click.channel)
        await self.service.store_click(command, key=click.key)
        await ack()

    async def answer_checklist(self, ack: AsyncAck, command: SlashCommand) -> None:
        """Answer a command with the checklist."""
        await self.answers.answer_later(ack, command, self._message)

    async def show_checklist(self, ack: AsyncAck, click: Interaction) -> None:
        """Show the checklist in a window."""
        tenant_id = parse_tenant_id(click.action.value)

        async def build(window: Window) -> Json:
            return await self._view(window, tenant_id)

        subject = CommandSubject(tenant_id=tenant_id)
        await self.windows.open_and_fill(ack, click, build, command="/partner checklist", subject=subject)

    def _show_received(self, click: Interaction, tenant_id: TenantId, step_digest: Digest) -> None:
        """Show the checklist again without the button that was used, where it is an answer to a command."""

        async def build() -> Message:
            current = await self.checklists.read_current(tenant_id)
            may_confirm = await self._may_confirm(click.actor, current)
            return checklist_message(current, may_confirm=may_confirm, received_steps=(step_digest,))

        self.answers.replace_used_answer(click, build, shown_by=f"/partner checklist {tenant_id}")

    async def _message(self, command: SlashCommand) -> Message:
        present = await self.checklists.read_current(command.argument)
        return checklist_message(present, may_confirm=await self._may_confirm(command.actor, present))

    async def _view(self, window: Window, tenant_id: TenantId) -> Json:
        await self.lookup_permission.require(window.actor, tenant_id, key=window.key, command_name="show_checklist")
        try:
            return checklist_view(await self.checklists.read_current(tenant_id))
        except InvalidField as error:  # nobody typed it: Entra does not accept the id of a partner on record
            return message_view("Not possible now", not_possible_now_words(error))

    async def _may_confirm(self, actor: ChatId, current_setup: CurrentSetup) -> bool:
        """Return whether to offer this person to confirm. A click is checked again."""
        if current_setup.partnership is None:
            return False
        try:
            person = await self.directory.identify(actor)
            current_roles = await self.directory.current_roles([person])
        except Refused:
            return False  # as for the click
        return person.id == current_setup.partnership.sponsor.id or current_roles.holds(person.id, ADMIN)

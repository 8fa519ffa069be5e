"""The partner setup: confirm its steps or undo that, set its reminder, show its checklist."""

from collections.abc import Iterator
from dataclasses import dataclass

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.response_url import Answers
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.blocks.blocks import Json
from bot.slack.blocks.message import Message
from bot.slack.blocks.modal import message_view
from bot.slack.flows.entry_point_types import Action, Card, CommandButton, EntryPoint, Subcommand
from bot.slack.flows.partner_setup.checklist import checklist_message, checklist_view
from bot.slack.payloads.button_values import parse_setup_value, parse_tenant_id
from bot.slack.payloads.models import Interaction, SlashCommand
from bot.slack.people.directory import SlackDirectory
from bot.slack.words.unavailable import not_possible_now_words
from workflows.app.reads.look_up_permission import LookupPermission
from workflows.app.reads.partner_setup import CurrentSetup, PartnerSetupReader
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.people import ADMIN, ChatId
from workflows.core.requests.commands.partner_record import ConfirmSetup, RemindSetup, UnconfirmSetup
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.settings.model import TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerSetupFlow:
    """Takes confirmations and reminders of the partner setup, and shows its checklist."""

    windows: ModalWindows
    answers: Answers
    lookup_permission: LookupPermission
    directory: SlackDirectory
    checklists: PartnerSetupReader

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Subcommand("checklist", self.answer_checklist)
        yield Action(ids.SHOW_CHECKLIST, self.show_checklist, audit_name="show_checklist")
        for name, command_of, audit_name in (
            (ids.CONFIRM_SETUP, confirmation, "want_confirm_half"),
            (ids.UNCONFIRM_SETUP, undone_confirmation, "want_unconfirm_half"),
        ):
            yield CommandButton(name, command_of, audit_name, Card.SETUP, self.show_received)
        yield CommandButton(ids.REMIND_SETUP, reminder, "want_remind_half", Card.SETUP)

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

    def show_received(self, click: Interaction) -> None:
        """Show the checklist again without the button that was used, where it is an answer to a command."""
        tenant_id, _, step_digest = parse_setup_value(click.action.value)

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


def confirmation(click: Interaction) -> ConfirmSetup[ChatId]:
    """Return the confirmation of a step that somebody clicked."""
    tenant_id, step, wanted = parse_setup_value(click.action.value)
    who, where = click.actor, click.channel
    return ConfirmSetup(actor=who, tenant_id=tenant_id, step=step, step_digest=wanted, channel=where)


def undone_confirmation(click: Interaction) -> UnconfirmSetup[ChatId]:
    """Return the command that undoes a confirmation."""
    tenant_id, step, wanted = parse_setup_value(click.action.value)
    who, where = click.actor, click.channel
    return UnconfirmSetup(actor=who, tenant_id=tenant_id, step=step, step_digest=wanted, channel=where)


def reminder(click: Interaction) -> RemindSetup[ChatId]:
    """Return the reminder that somebody asked for."""
    tenant_id = parse_tenant_id(click.action.value)
    return RemindSetup(actor=click.actor, tenant_id=tenant_id, channel=click.channel)

"""Import a file of partners: the window with the file, the choice of its columns, and the way to its draft."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.blocks.blocks import Json
from bot.slack.blocks.modal import message_view
from bot.slack.flows.entry_point_types import Action, EntryPoint, Subcommand, Submission
from bot.slack.flows.request_access.adopt.draft_flow import DraftFlow
from bot.slack.flows.request_access.adopt.sheet_views import choices_view, import_view, received_view
from bot.slack.payloads.button_values import parse_batch_id, typed_batch_id
from bot.slack.payloads.import_values import parse_choices, parse_import_form, parse_import_value
from bot.slack.payloads.models import Interaction, SlashCommand
from bot.slack.people.members import Members
from bot.words.batches.sheet_imports import DISCARDING, problem_words
from workflows.app.batches.importing.opening import SheetOpening
from workflows.app.reads.offers import Offers
from workflows.app.service import Service
from workflows.core.batches.sheets.columns import SheetUnusable
from workflows.core.requests.commands.batch import WithdrawBatch
from workflows.core.requests.commands.request import CommandSubject
from workflows.ports.notifier import NotifierUnavailable
from workflows.sheets.received import FileNotUsable

_AUDIT_NAME: Final = "/partner import"
_STORED: Final = "want_import_sheet"
_NO_FILE: Final = "Choose one file of partners."
_NOT_LOADED: Final = "Slack does not give the file now. Try again in a minute."


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetFlow:
    """The windows of an import, for full members of the workspace."""

    windows: ModalWindows
    members: Members
    service: Service
    offers: Offers
    opening: SheetOpening
    drafts: DraftFlow

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Subcommand("import", self.open_from_command)
        yield Submission(ids.IMPORT_FILE, self.submit, audit_name=_STORED)
        yield Action(ids.CHOOSE_COLUMNS, self.choose, audit_name=ids.CHOOSE_COLUMNS)
        yield Submission(ids.IMPORT_CHOICES, self.submit_choices, audit_name=_STORED)
        yield Action(ids.OPEN_DRAFT, self.open_draft, audit_name=_AUDIT_NAME)
        yield Action(ids.DISCARD_DRAFT, self.discard, audit_name="want_withdraw_batch")

    async def open_from_command(self, ack: AsyncAck, command: SlashCommand) -> None:
        """Open the window that asks for the file, or the window of the draft that the command names."""
        batch_id = typed_batch_id(command.argument)

        async def build(window: Window) -> Json:
            if batch_id is not None:
                return await self.drafts.build(window, batch_id)
            await self.members.directory.require_member(window.actor)
            return import_view(await self.offers.open())

        await self.windows.open_and_fill(ack, command, build, command=_AUDIT_NAME)

    async def submit(self, ack: AsyncAck, click: Interaction) -> None:
        """Store that somebody gave a file. It is loaded and judged later; the result is a direct message."""
        command = parse_import_form(click)
        if command is None:
            await ack(response_action="errors", errors={ids.SHEET_FILE: _NO_FILE})
            return
        await self.members.refuse_known_guests(click.actor)
        await self.service.store_click(command, key=click.key)
        await ack(response_action="update", view=received_view())

    async def choose(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the window that asks for the sheet or the columns. The file is loaded again for it."""
        command = parse_import_value(click.action.value, click.actor)

        async def build(window: Window) -> Json:
            await self.members.directory.require_member(window.actor)
            try:
                return choices_view(command, await self.opening.choices(command), await self.offers.open())
            except (FileNotUsable, SheetUnusable) as error:
                return message_view("Not possible", problem_words(error.facts))
            except NotifierUnavailable:
                return message_view("Not possible now", _NOT_LOADED)

        await self.windows.open_and_fill(ack, click, build, command=ids.CHOOSE_COLUMNS)

    async def submit_choices(self, ack: AsyncAck, click: Interaction) -> None:
        """Store what was chosen. The same message shows the result."""
        command, chosen = parse_choices(click)
        await self.members.refuse_known_guests(click.actor)
        await self.service.store_click(replace(command, **chosen), key=click.key)
        await ack(response_action="update", view=received_view())

    async def open_draft(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the window of a draft."""
        batch_id = parse_batch_id(click.action.value)

        async def build(window: Window) -> Json:
            return await self.drafts.build(window, batch_id)

        subject = CommandSubject(batch_id=batch_id)
        await self.windows.open_and_fill(ack, click, build, command=_AUDIT_NAME, subject=subject)

    async def discard(self, ack: AsyncAck, click: Interaction) -> None:
        """Store that a draft is not wanted; whether the person may discard it is checked later."""
        batch_id = parse_batch_id(click.action.value)
        command = WithdrawBatch(actor=click.actor, batch_id=batch_id, channel=click.channel, is_of_draft=True)
        await self.service.store_click(command, key=click.key)
        await ack()
        if click.is_in(ids.CONFIRM_DRAFT):
            window = Window.of(click, command=_AUDIT_NAME, subject=CommandSubject(batch_id=command.batch_id))
            self.windows.fill(window, self._show_discarding(window))

    async def _show_discarding(self, window: Window) -> None:
        await self.windows.update(window.id, message_view("Draft", DISCARDING), person=window.actor)

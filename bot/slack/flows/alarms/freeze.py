"""Freeze all writes that open access, and end that: windows for admins. Two of them end it.

When Entra does not answer, an admin can still freeze: the window is shown, and the permission is checked afterwards.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hmac import compare_digest

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.blocks.blocks import Json
from bot.slack.blocks.modal import message_view
from bot.slack.flows.alarms.freeze_views import already_frozen_view, freeze_view, unfreeze_view
from bot.slack.flows.entry_point_types import Action, EntryPoint, Subcommand, Submission
from bot.slack.payloads.button_values import freeze_code, parse_freeze_step
from bot.slack.payloads.models import Interaction, SlashCommand
from bot.slack.people.members import Members
from bot.words.refusals.freeze import UNREADABLE_FREEZE
from bot.words.requests.notes import refusal_words
from workflows.app.reads.known_freeze import UNREADABLE, known_freeze
from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN, Person
from workflows.core.policy.stops.freeze import ADMINS_TO_END_FREEZE, FreezeStep, require_admin, require_reason
from workflows.core.requests.commands.freeze import ChangeFreeze
from workflows.core.requests.transitions.freezing import is_stopped_by_freeze
from workflows.ports.clock import Clock
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryRefused, PeopleDirectoryUnavailable
from workflows.ports.store import Store
from workflows.ports.tenant import TenantRefused, TenantUnavailable

_FREEZE, _UNFREEZE = "want_freeze", "want_unfreeze"


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeFlow:
    """Shows admins the freeze, and stores what they decide. The right of the person is checked later again."""

    service: Service
    store: Store
    members: Members
    directory: PeopleDirectory
    windows: ModalWindows
    clock: Clock

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Subcommand("freeze", self.open_freeze)
        yield Submission(ids.FREEZE_FORM, self.freeze, audit_name=_FREEZE)
        yield Subcommand("unfreeze", self.open_unfreeze)
        yield Action(ids.OPEN_UNFREEZE, self.open_unfreeze, audit_name=_UNFREEZE)
        yield Submission(ids.UNFREEZE_FORM, self.end, audit_name=_UNFREEZE)
        yield Action(ids.KEEP_FROZEN, self.keep, audit_name="want_keep_frozen", is_in_view=True)

    async def open_freeze(self, ack: AsyncAck, command: SlashCommand) -> None:
        """Open the window that freezes."""

        async def build(window: Window) -> Json:
            await self._admin(window, must_be_known=False)
            if (freeze := await known_freeze(self.store)) is not None and freeze is not UNREADABLE:
                return already_frozen_view(freeze)
            waiting = sum(map(is_stopped_by_freeze, await self.store.open_requests()))
            return freeze_view(waiting, freeze, can_be_ended=await self._can_be_ended())

        await self.windows.open_and_fill(ack, command, build, command="/partner freeze", closes=True)

    async def freeze(self, ack: AsyncAck, click: Interaction) -> None:
        """Store the freeze."""
        reason = click.required_view.value(ids.REASON)
        try:
            require_reason(reason)
        except Refused as refused:
            await ack(response_action="errors", errors={ids.REASON: refusal_words(refused)})
            return
        command = ChangeFreeze(actor=click.actor, step=FreezeStep.FREEZE, reason=reason)
        await self.service.store_click(command, key=click.key)
        await ack(response_action="clear")

    async def open_unfreeze(self, ack: AsyncAck, event: Interaction | SlashCommand) -> None:
        """Open the window that asks to end the freeze, or confirms that."""

        async def build(window: Window) -> Json:
            admin = await self._admin(window, must_be_known=True)
            freeze = await known_freeze(self.store)
            if freeze is None:
                raise Refused(RefusalCode.NOT_FROZEN)
            if freeze is UNREADABLE:
                return message_view("Not possible now", UNREADABLE_FREEZE)
            reader = None if admin is None else admin.id
            return unfreeze_view(freeze, reader=reader, now=self.clock.now(), can_be_ended=await self._can_be_ended())

        await self.windows.open_and_fill(ack, event, build, command=_UNFREEZE)

    async def end(self, ack: AsyncAck, click: Interaction) -> None:
        """Store the request to end the freeze, or its confirmation by another admin.

        :raises Refused: when the window is not of the present freeze, or never was a window of ours.
        """
        *_, code = parse_freeze_step(click.required_view.private_metadata)
        freeze = await known_freeze(self.store)
        if freeze is not None and freeze is not UNREADABLE and not compare_digest(code, freeze_code(freeze)):
            raise Refused(RefusalCode.FREEZE_CHANGED)
        await self._store(click, click.required_view.private_metadata)
        await ack(response_action="clear")

    async def keep(self, ack: AsyncAck, click: Interaction) -> None:
        """Store that the request to end the freeze is taken back."""
        await self._store(click, click.action.value)
        await ack()
        view = message_view("Kept frozen", "Received. The freeze goes on, and the request to end it is taken back.")
        window = Window.of(click, command="want_keep_frozen")

        async def build(_: Window) -> Json:
            return view

        self.windows.fill(window, self.windows.show(window, build))

    async def _can_be_ended(self) -> bool:
        """Return whether there are admins enough to end a freeze; True while that cannot be read."""
        try:
            admins = await self.directory.known_holders(ADMIN)
        except (PeopleDirectoryUnavailable, PeopleDirectoryRefused, TenantUnavailable, TenantRefused):
            return True
        return len(admins) >= ADMINS_TO_END_FREEZE

    async def _store(self, click: Interaction, value: str) -> None:
        step, version, _ = parse_freeze_step(value)
        await self.service.store_click(ChangeFreeze(actor=click.actor, step=step, version=version), key=click.key)

    async def _admin(self, window: Window, *, must_be_known: bool) -> Person | None:
        """Check that the reader is an admin now.

        :param must_be_known: False where the window may be shown while that cannot be read.
        :returns: the person; None while that cannot be read.
        :raises Refused: for everybody else.
        """
        await self.members.refuse_known_guests(window.actor)
        try:
            person = await self.directory.identify(window.actor)
            require_admin(person, await self.directory.current_roles([person]))
        except (PeopleDirectoryUnavailable, TenantUnavailable):
            if must_be_known:
                raise
            return None
        return person

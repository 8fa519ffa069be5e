"""Open modal windows at once, because a trigger is valid for three seconds, and fill them afterwards."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Self

import structlog
from slack_bolt.async_app import AsyncAck
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.answers.background import Background
from bot.slack.blocks.blocks import Json
from bot.slack.blocks.modal import loading_view, message_view
from bot.slack.errors import NO_ANSWER, error_code, is_temporary
from bot.slack.payloads.models import Interaction, SlashCommand
from bot.slack.payloads.stamps import Stamps
from bot.slack.words.unavailable import not_possible_now_words
from bot.words.requests.notes import refusal_words
from workflows.app.service import Service
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import InvalidField, Refused, UnreadableSetting
from workflows.core.people import ChatId
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.effects import MessageCode, refusal_message
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable

NOT_READABLE_NOW: Final = (TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable)
"""The errors when something cannot be read now; `words.not_now` explains them to the person."""

_HASH_CONFLICT: Final = "hash_conflict"
_CLOSED: Final = "not_found"
_UPDATE_PAUSES: Final = (0.1, 0.4, 1.0)
"""Seconds to wait before each further attempt to update a view."""
_TRIGGER_SECONDS: Final = 2.5
"""Seconds that Slack may take to open a view: a trigger and the acknowledgement are both valid for three seconds."""
_NO_SUBJECT: Final = CommandSubject()

_log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Window:
    """One open modal: its reader, and how a refusal in it is recorded."""

    id: str
    actor: ChatId
    key: str
    """The idempotency key of the action that opened it."""
    command: str
    """The name of the action in the audit log."""
    subject: CommandSubject = _NO_SUBJECT
    """The request or partner that it is about; set as soon as it is known."""
    asked_at: float = field(default_factory=time.monotonic)
    """When the person clicked, on the clock of `time.monotonic`."""

    def seconds_left(self, seconds: float) -> float:
        """Return what is left of a number of seconds since the click."""
        return max(0.0, self.asked_at + seconds - time.monotonic())

    @classmethod
    def of(cls, click: Interaction, *, command: str, subject: CommandSubject = _NO_SUBJECT) -> Self:
        """Return the window of a click.

        :raises Refused: when the click has no window.
        """
        return cls(id=click.required_view.id, actor=click.actor, key=click.key, command=command, subject=subject)


BuildView = Callable[[Window], Awaitable[Json]]
"""Reads a window's content and returns its view. The text of an error is shown in the window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModalWindows:
    """Opens modal windows, reads what they show in the background, and updates them with it."""

    client: AsyncWebClient
    service: Service
    background: Background
    stamps: Stamps

    async def open(self, event: Interaction | SlashCommand, view: Json) -> str:
        """Open a view for the person who clicked, before the acknowledgement. Returns its id.

        :raises SlackApiError: when Slack refuses; for a late answer see `errors.NO_ANSWER`.
        """
        async with asyncio.timeout(_TRIGGER_SECONDS):
            stamped = self.stamps.stamped(view, event.actor)
            answer = await self.client.views_open(trigger_id=event.trigger_id, view=stamped)
        return str(answer["view"]["id"])

    async def open_and_fill(
        self,
        ack: AsyncAck,
        event: Interaction | SlashCommand,
        build: BuildView,
        *,
        command: str,
        subject: CommandSubject = _NO_SUBJECT,
        closes: bool = False,
    ) -> None:
        """Open a window that shows "reading", acknowledge, then show the view of `build`, or why there is none.

        :param command: the name under which a refusal is recorded, about `subject` unless `build` sets another.
        :param closes: whether it is a window to close access; see `fill`.
        :raises SlackApiError: when Slack does not open it; see `open`.
        """
        window = Window(id="", actor=event.actor, key=event.key, command=command, subject=subject)
        window.id = await self.open(event, loading_view())
        await ack()
        self.fill(window, self.show(window, build), closes=closes)

    def fill(self, window: Window, work: Coroutine[Any, Any, None], *, closes: bool = False) -> None:
        """Fill an open window in parallel with the acknowledgement. When Slack does not accept it, tell the person.

        :param closes: whether it is a window to close access, which waits behind no other window.
        """
        self.background.start(self._fill_or_notify(window, work), at_once=closes)

    async def show(self, window: Window, build: BuildView) -> None:
        """Show the view of `build` in an open window; otherwise show there why not, and record a refusal."""
        async with self.showing_refusals(window):
            try:
                view = await build(window)
            except (InvalidField, UnreadableSetting) as error:
                view = message_view("Not possible", refusal_words(error))
            except NOT_READABLE_NOW as error:
                view = message_view("Not possible now", not_possible_now_words(error))
            await self.update(window.id, view, person=window.actor)

    @asynccontextmanager
    async def showing_refusals(self, window: Window) -> AsyncIterator[None]:
        """Record a refusal that is raised inside the block, and show it in the window."""
        try:
            yield
        except Refused as refused:
            await self._refuse(window, refused)

    async def _refuse(self, window: Window, refused: Refused) -> None:
        """Record a refusal and show it in the open window.

        It is sent as a direct message when the window was closed before that.
        """
        key, actor = window.key, window.actor
        await self.service.record_refusal(
            refused, key=key, actor=actor, command=window.command, subject=window.subject, is_told=True
        )
        try:
            view = message_view("Not possible", refusal_words(refused))
            is_seen = await self.update(window.id, view, person=actor)
        except (SlackApiError, *NO_ANSWER):
            is_seen = False
        if not is_seen:
            await self.service.send_message(refusal_message(refused), key=f"{key}:unseen", person=actor)

    async def _fill_or_notify(self, window: Window, work: Awaitable[None]) -> None:
        """Fill an open window. When Slack does not accept it, tell the person, once for each action."""
        try:
            await work
        except (SlackApiError, *NO_ANSWER) as error:
            _log.warning("view_not_filled", error=repr(error))
            await self.service.send_message(
                Fact(MessageCode.VIEW_NOT_FILLED), key=f"not_filled:{window.key}", person=window.actor
            )

    async def update(self, view_id: str, view: Json, *, person: ChatId) -> bool:
        """Replace the content of an open view; return False when it was closed before.

        No hash is sent, so it always replaces the newest view. It is tried again when Slack does not answer, or reports
        another change at the same moment. Replacing twice changes nothing.

        :param person: whose window it is.
        :raises SlackApiError: when Slack refuses it, or does not accept it after some tries.
        """
        stamped = self.stamps.stamped(view, person)
        for rest in _UPDATE_PAUSES:
            try:
                return await self._update_once(view_id, stamped)
            except SlackApiError as error:
                if error_code(error) != _HASH_CONFLICT and not is_temporary(error):
                    raise
            except NO_ANSWER as error:
                _log.info("view_not_updated", error=repr(error))
            await asyncio.sleep(rest)
        return await self._update_once(view_id, stamped)

    async def show_received(self, view_id: str, view: Json, click: Interaction, *, choice: str) -> None:
        """Show in a window that a decision is stored, or send a direct message when Slack does not accept that.

        :param choice: "approval" or "rejection".
        """
        try:
            await self.update(view_id, view, person=click.actor)
        except (SlackApiError, *NO_ANSWER):
            fact = Fact(MessageCode.DECISION_RECEIVED, {"choice": choice})
            await self.service.send_message(fact, key=f"not_filled:{click.key}", person=click.actor)

    async def _update_once(self, view_id: str, view: Json) -> bool:
        try:
            await self.client.views_update(view_id=view_id, view=view)
        except SlackApiError as error:
            if error_code(error) == _CLOSED:
                return False
            raise
        return True

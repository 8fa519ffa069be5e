"""What every window does in which somebody writes about a request: opens, checks our own records, and stores."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from slack_bolt.async_app import AsyncAck

from bot.slack.answers.windows import BuildView, ModalWindows, Window
from bot.slack.blocks.blocks import Json
from bot.slack.flows.decide.views import received_note
from bot.slack.payloads.models import Interaction
from bot.slack.people.directory import SlackDirectory
from bot.words.requests.notes import refusal_words
from workflows.app.approvers.stage_holders import roles_at
from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import CurrentRoles, Person
from workflows.core.requests.commands.clicks import ChangeClick, RemarkClick
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.core.requests.transitions.conversation import require_remarks_possible
from workflows.ports.clock import Clock
from workflows.ports.store import Store

_RECEIVED: Final[Mapping[str, str]] = {
    "ask": "question",
    "answer": "answer",
    "comment": "comment",
    "request_changes": "request for changes",
    "propose_less": "proposal",
    "accept_proposal": "answer to the proposal",
    "decline_proposal": "answer to the proposal",
}
"""What a command writes, in words."""

BuildDetails: TypeAlias = Callable[[Window, RequestId, str], Awaitable[Json]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemarkWindows:
    """Opens the windows and stores what is sent. The right of the person is checked again afterwards."""

    service: Service
    store: Store
    windows: ModalWindows
    directory: SlackDirectory
    clock: Clock
    details: BuildDetails
    """Builds the window Details again, with a note on top."""

    async def open(
        self, ack: AsyncAck, click: Interaction, build: BuildView, command: str, request_id: RequestId
    ) -> None:
        """Open a window; a refusal of `build` is recorded under `command`."""
        subject = CommandSubject(request_id=request_id)
        await self.windows.open_and_fill(ack, click, build, command=command, subject=subject)

    async def keep(self, ack: AsyncAck, click: Interaction, command: RemarkClick | ChangeClick) -> None:
        """Store what was sent, then acknowledge it. A window below this one, if any, shows that it is received."""
        await self.service.store_click(command, key=click.key)
        await ack()
        view = click.view
        if view is not None and view.root_view_id not in ("", view.id):
            self.windows.background.start(self._show_received(view.root_view_id, click, command))

    async def _show_received(self, view_id: str, click: Interaction, command: RemarkClick | ChangeClick) -> None:
        """Show Details as they are now. What was just written is in them when it was checked."""
        window = Window.of(click, command=command.name, subject=CommandSubject(request_id=command.request_id))
        what = _RECEIVED[command.name]
        try:
            view = await self.details(window, command.request_id, received_note(what))
        except Refused:
            return  # its card says what became of the request
        await self.windows.show_received(view_id, view, click, choice=what)

    async def is_accepted(self, ack: AsyncAck, field: str, check: Awaitable[None]) -> bool:
        """Return whether a check accepts what was sent. Otherwise its refusal is shown at a field, with the text kept.

        :param check: raises `Refused` for what cannot be recorded, as far as our own records say.
        """
        try:
            await check
        except Refused as refused:
            await ack(response_action="errors", errors={field: refusal_words(refused)})
            return False
        return True

    async def request(self, request_id: RequestId, *, is_answer: bool = False) -> AccessRequest:
        """Return a request about which something can be written now.

        :raises Refused: for every other one.
        """
        request = await self.store.request(request_id)
        if request is None:
            raise Refused(RefusalCode.UNKNOWN_REQUEST)
        require_remarks_possible(request, self.clock.now(), is_answer=is_answer)
        return request

    async def reader(
        self, window: Window, request: AccessRequest, others: Sequence[Person] = ()
    ) -> tuple[Person, CurrentRoles]:
        """Identify who opened the window, and read their roles, and those of other people, for this request."""
        person, now = await self.directory.identify(window.actor), self.clock.now()
        return person, await roles_at(request, [person, *others], now, directory=self.directory, store=self.store)

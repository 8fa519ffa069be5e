"""The App Home's own buttons: opened, searched, turned to another page. What they change is only what is shown."""

from collections.abc import Iterator
from dataclasses import dataclass

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.background import Background
from bot.slack.blocks.untrusted import encodable
from bot.slack.flows.entry_point_types import Action, EntryPoint, HomeEvent
from bot.slack.flows.home.paging import MAX_SEARCH_CHARACTERS, on_page, parse_page, parse_position, stored_position
from bot.slack.payloads.models import HomeOpened, Interaction
from bot.slack.people.members import Members
from workflows.app.reads.app_home import HomeList, HomePosition
from workflows.app.reads.audit_log_permission import AuditLogPermission
from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.people import ChatId
from workflows.core.requests.commands.request import CommandSubject
from workflows.ports.notifier import Notifier
from workflows.ports.pages import PagePosition, RequestFilter
from workflows.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeFlow:
    """Publishes the App Home of a person who opens it, or looks for something in it."""

    service: Service
    store: Store
    notifier: Notifier
    members: Members
    audit_log_permission: AuditLogPermission
    background: Background

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield HomeEvent("app_home_opened", self.home_opened)
        yield Action(ids.HOME_PREVIOUS, self.show_other_page, audit_name="home_page", is_in_view=True)
        yield Action(ids.HOME_NEXT, self.show_other_page, audit_name="home_page", is_in_view=True)
        yield Action(ids.HOME_SEARCH, self.search, audit_name="home_search", is_in_view=True)
        yield Action(ids.HOME_CLEAR, self.clear, audit_name="home_search", is_in_view=True)

    async def home_opened(self, event: HomeOpened) -> None:
        """Record that this person has an App Home, and publish it from the start of its lists."""
        if event.event.tab == "home":
            person = ChatId(event.event.user)
            await self.store.save_home(person)
            self.background.start(self._show(person, key=f"home:{event.event_id}"))

    async def show_other_page(self, ack: AsyncAck, click: Interaction) -> None:
        """Show another page of one list."""
        name, to = parse_page(click.action.value)
        if name is HomeList.REQUESTS:
            await ack()
            self.background.start(self._turn_found(click, to))
            return
        place = parse_position(await self.store.home_position(click.actor))
        await self._move(ack, click, on_page(place, name, to))

    async def search(self, ack: AsyncAck, click: Interaction) -> None:
        """Show only what contains the text, from the start of each list."""
        await self._move(ack, click, HomePosition(text=encodable(click.action.value).strip()[:MAX_SEARCH_CHARACTERS]))

    async def clear(self, ack: AsyncAck, click: Interaction) -> None:
        """Show everything again."""
        await self._move(ack, click, HomePosition())

    async def show_found(self, click: Interaction, request_filter: RequestFilter) -> None:
        """Show an auditor the requests that match. For everybody else, record that it is refused, and tell them."""
        if await self._is_auditor(click, "search_requests"):
            await self._show_position(click, HomePosition(request_filter=request_filter))

    async def _turn_found(self, click: Interaction, position: PagePosition) -> None:
        if await self._is_auditor(click, "home_page"):
            place = parse_position(await self.store.home_position(click.actor))
            await self._show_position(click, on_page(place, HomeList.REQUESTS, position))

    async def _is_auditor(self, click: Interaction, command: str) -> bool:
        """Check the right again, after the acknowledgement: reading people and roles may take long."""
        try:
            await self.audit_log_permission.require(click.actor)
        except Refused as refused:
            await self.service.record_refusal(
                refused, key=click.key, actor=click.actor, command=command, subject=CommandSubject()
            )
            await self.notifier.show_home(click.actor)  # what an earlier search found is not shown any longer
            return False
        return True

    async def _show_position(self, click: Interaction, position: HomePosition) -> None:
        await self.store.save_home_position(click.actor, stored_position(position))
        await self.notifier.show_home(click.actor)

    async def _move(self, ack: AsyncAck, click: Interaction, position: HomePosition) -> None:
        await self.store.save_home_position(click.actor, stored_position(position))
        await ack()
        self.background.start(self._show(click.actor, key=click.key))

    async def _show(self, person: ChatId, *, key: str) -> None:
        """Publish it. For a person who is no full member, record that and show it there."""
        try:
            await self.members.refuse_known_guests(person)
        except Refused as refused:
            await self.service.record_refusal(
                refused, key=key, actor=person, command="app_home_opened", subject=CommandSubject(), is_told=True
            )
        await self.notifier.show_home(person)

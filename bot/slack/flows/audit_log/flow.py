"""An auditor searches all requests, and reads one with its whole history. The right is checked at every click."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.blocks.blocks import Json
from bot.slack.flows.audit_log.form import SearchProblems, parse_search, search_form
from bot.slack.flows.audit_log.request_modals import HISTORY_PAGE_SIZE, audit_details_view, history_view, parse_history
from bot.slack.flows.entry_point_types import Action, EntryPoint, Submission
from bot.slack.flows.home.flow import HomeFlow
from bot.slack.flows.home.paging import parse_position
from bot.slack.payloads.button_values import parse_request_id
from bot.slack.payloads.models import Interaction
from bot.slack.people.approvers import name_open_stages
from bot.slack.people.display_directory import DisplayDirectory
from workflows.app.reads.audit_log_permission import AuditLogPermission
from workflows.app.reads.found_requests import Replacement, as_believed, read_replacement, read_today
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.ports.audit_log import AuditEntry
from workflows.ports.clock import Clock
from workflows.ports.pages import START, Page, PagePosition, RequestFilter
from workflows.ports.store import Store

MAX_HISTORY_ENTRIES: Final = 10_000
"""Audit entries of one request that are read, to show the last ones and to count the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLogFlow:
    """Shows records to auditors. It stores only which search their App Home shows."""

    audit_log_permission: AuditLogPermission
    home: HomeFlow
    store: Store
    windows: ModalWindows
    display_directory: DisplayDirectory
    clock: Clock

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Action(ids.SEARCH_REQUESTS, self.open_form, audit_name="search_requests", is_in_view=True)
        yield Submission(ids.SEARCH_FORM, self.search, audit_name="search_requests")
        yield Action(ids.READ_REQUEST, self.read_request, audit_name="read_request", is_in_view=True)
        yield Action(ids.READ_HISTORY, self.read_history, audit_name="read_history", is_in_view=True)
        yield Action(ids.HISTORY_EARLIER, self.turn_history, audit_name="read_history", is_in_view=True)
        yield Action(ids.HISTORY_LATER, self.turn_history, audit_name="read_history", is_in_view=True)

    async def open_form(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the form, filled in with the search that the App Home shows."""

        async def build(window: Window) -> Json:
            await self._require(window)
            home_position = parse_position(await self.store.home_position(window.actor))
            return search_form(home_position.request_filter or RequestFilter(text=home_position.text))

        await self.windows.open_and_fill(ack, click, build, command="search_requests")

    async def search(self, ack: AsyncAck, click: Interaction) -> None:
        """Show the requests that match in the App Home."""
        try:
            request_filter = parse_search(click.required_view)
        except SearchProblems as problems:
            await ack(response_action="errors", errors=problems.by_field)
            return
        await ack()
        self.windows.background.start(self.home.show_found(click, request_filter))

    async def read_request(self, ack: AsyncAck, click: Interaction) -> None:
        """Open a window with everything about a request, without a button that decides."""
        request_id = parse_request_id(click.action.value)

        async def build(window: Window) -> Json:
            request = await self._read(window, request_id)
            return audit_details_view(
                request,
                successor=await self._successor(request),
                holders=await name_open_stages(request, self.display_directory),
                history=await self.store.history(request_id=request_id, limit=MAX_HISTORY_ENTRIES),
                now=self.clock.now(),
                replacement=await read_replacement(request, store=self.store),
            )

        subject = CommandSubject(request_id=request_id)
        await self.windows.open_and_fill(ack, click, build, command=ids.READ_REQUEST, subject=subject)

    async def read_history(self, ack: AsyncAck, click: Interaction) -> None:
        """Open a window with the audit history of a request."""
        request_id = parse_request_id(click.action.value)

        async def build(window: Window) -> Json:
            return await self._history(window, request_id, START)

        subject = CommandSubject(request_id=request_id)
        await self.windows.open_and_fill(ack, click, build, command=ids.READ_HISTORY, subject=subject)

    async def turn_history(self, ack: AsyncAck, click: Interaction) -> None:
        """Show another page of an audit history in the same window."""
        request_id, place = parse_history(click.action.value)

        async def build(window: Window) -> Json:
            return await self._history(window, request_id, place)

        window = Window.of(click, command=ids.READ_HISTORY, subject=CommandSubject(request_id=request_id))
        await ack()
        self.windows.fill(window, self.windows.show(window, build))

    async def _history(self, window: Window, request_id: RequestId, position: PagePosition) -> Json:
        request = await self._read(window, request_id)
        page = await self.store.history_page(request_id, limit=HISTORY_PAGE_SIZE, position=position)
        return history_view(
            request,
            page,
            successor=await self._successor(request),
            replacement=await self._replacement(request, page),
        )

    async def _replacement(self, request: AccessRequest, page: Page[AuditEntry]) -> Replacement | None:
        """Read what replaced the result of a request; None when an earlier page of the history shows it."""
        replacement = await read_replacement(request, store=self.store)
        if replacement is None or not page.count_before or page.items[0].at <= replacement.at:
            return replacement
        place = PagePosition(cursor=page.first_cursor, is_before=True)
        (before,) = (await self.store.history_page(request.id, limit=1, position=place)).items
        return replacement if before.at <= replacement.at else None

    async def _successor(self, request: AccessRequest) -> AccessRequest | None:
        return (await read_today(request, store=self.store, now=self.clock.now())).successor

    async def _require(self, window: Window) -> None:
        """Check the right. Who has lost it gets an App Home without what an earlier search found.

        :raises Refused: for everybody who is no auditor now.
        """
        try:
            await self.audit_log_permission.require(window.actor)
        except Refused:
            await self.store.request_home_updates([window.actor])
            raise

    async def _read(self, window: Window, request_id: RequestId) -> AccessRequest:
        """Check the right, then read a request."""
        await self._require(window)
        request = await self.store.request(request_id)
        if request is None:
            raise Refused(RefusalCode.UNKNOWN_REQUEST)
        return await as_believed(request, self.store)

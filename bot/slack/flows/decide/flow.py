"""Decide on a request: view it, approve it, or reject it with a reason, from a card or a window."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.blocks.blocks import Json
from bot.slack.blocks.modal import message_view
from bot.slack.cards.approval.details_parts import whole_part
from bot.slack.flows.decide.approval import approval_of, approve_button
from bot.slack.flows.decide.views import decision_received_view, decision_view, notes_view, part_view, reject_view
from bot.slack.flows.entry_point_types import Action, Card, EntryPoint, Submission
from bot.slack.ids import DetailsPart
from bot.slack.payloads.button_values import parse_card_value, parse_part_value
from bot.slack.payloads.models import Interaction
from bot.slack.people.approvers import deciders_by_stage, is_known_admin, may_decide, name_open_stages
from bot.slack.people.directory import SlackDirectory
from bot.slack.people.display_directory import DisplayDirectory
from bot.slack.people.members import Members
from bot.words.requests.notes import refusal_words
from workflows.app.reads.found_requests import as_believed, read_open_drift, read_replacement
from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership
from workflows.core.people import ChatId
from workflows.core.requests.commands.request import CommandSubject, Reject
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.core.settings.canonical import Digest
from workflows.ports.clock import Clock
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.store import Store

MAX_COUNTED_REQUESTS: Final = 50
"""Requests of the requester that are looked at."""
MAX_HISTORY_ENTRIES: Final = 1000
"""Audit entries of a request that are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideFlow:
    """Stores decisions. The stored click is checked later for the right to decide."""

    service: Service
    store: Store
    windows: ModalWindows
    members: Members
    directory: SlackDirectory
    display_directory: DisplayDirectory
    clock: Clock

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Action(ids.REVIEW_REQUEST, self.review, audit_name="review_request")
        yield Action(ids.SHOW_NOTES, self.notes, audit_name="review_request", is_in_view=True)
        for shows in (ids.SHOW_PART, ids.PART_PREVIOUS, ids.PART_NEXT):
            yield Action(shows, self.part, audit_name="review_request", is_in_view=True)
        yield approve_button(self.show_approved)
        yield Action(ids.APPROVE_AGAIN, self.approve_again, audit_name="want_approve")
        yield Action(ids.REJECT, self.reject, audit_name="want_reject", card=Card.REQUEST)
        yield Submission(ids.REJECT_REASON, self.reject_with_reason, audit_name="want_reject")

    async def review(self, ack: AsyncAck, click: Interaction) -> None:
        """Open a window with the whole card, and the two buttons for a person who may decide now."""
        request_id, _ = parse_card_value(click.action.value)

        async def build(window: Window) -> Json:
            return await self.details(window, request_id)

        await self.windows.open_and_fill(
            ack, click, build, command="review_request", subject=CommandSubject(request_id=request_id)
        )

    async def notes(self, ack: AsyncAck, click: Interaction) -> None:
        """Show a full member, on top of Details, what is always true of such a change."""
        await self.members.require_member(click.actor)
        request_id, _ = parse_card_value(click.action.value)
        await self.windows.open(click, notes_view(await self._require_request(request_id)))
        await ack()

    async def part(self, ack: AsyncAck, click: Interaction) -> None:
        """Show one part of Details whole, on top of Details; or another page of it, in the same window."""
        request_id, name, page = parse_part_value(click.action.value)
        subject = CommandSubject(request_id=request_id)

        async def build(window: Window) -> Json:
            await self.directory.require_member(window.actor)
            request = await self._require_request(request_id)
            if name is DetailsPart.ACCOUNTS:
                await self._require_may_name_guests(request, window.actor)
            return await self._part(request, name, page)

        if click.is_in(ids.DETAILS_PART):
            await ack()
            window = Window.of(click, command="review_request", subject=subject)
            self.windows.fill(window, self.windows.show(window, build))
        else:
            await self.windows.open_and_fill(ack, click, build, command="review_request", subject=subject)

    def show_approved(self, click: Interaction) -> None:
        """Show in the window, if it was clicked there, that the approval is stored."""
        if click.is_in(ids.DECIDE):
            self.windows.background.start(self._show_received(click.required_view.id, "approval", click))

    async def approve_again(self, ack: AsyncAck, click: Interaction) -> None:
        """Store an approval that was clicked below the list of what the person approved just before.

        Only this person got the list. So the click counts only with the code that its button has.
        """
        shown, _, code = click.action.value.rpartition(":")
        if not await self._is_button_of(shown, code, click.actor):
            raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE)
        command = replace(approval_of(click, shown), is_second_look=True)
        await self.service.store_click(command, key=click.key)
        await ack()

    async def _is_button_of(self, shown: str, code: str, person: ChatId) -> bool:
        """Return whether a button was sent to this person, by whichever of their ids. Slack is asked only if needed."""
        stamps = self.windows.stamps
        return stamps.is_button_of(shown, code, person) or any(
            stamps.is_button_of(shown, code, chat_id) for chat_id in await self.members.ids_of(person)
        )

    async def reject(self, ack: AsyncAck, click: Interaction) -> None:
        """Ask a full member for the reason."""
        await self.members.require_member(click.actor)
        request = await self._decidable_request(*parse_card_value(click.action.value))
        await self.windows.open(click, reject_view(request))
        await ack()

    async def reject_with_reason(self, ack: AsyncAck, click: Interaction) -> None:
        """Store a rejection. A window below this one, if any, shows that it is received."""
        view = click.required_view
        request_id, digest = parse_card_value(view.private_metadata)
        reason = view.value(ids.REASON)
        if not reason.strip():
            problem = {ids.REASON: "Write a reason, so that the requester knows what to change."}
            await ack(response_action="errors", errors=problem)
            return
        command = Reject(actor=click.actor, request_id=request_id, digest=digest, reason=reason)
        await self.service.store_click(command, key=click.key)
        await ack()
        if view.root_view_id not in ("", view.id):
            self.windows.background.start(self._show_received(view.root_view_id, "rejection", click))

    async def details(self, window: Window, request_id: RequestId, note: str = "") -> Json:
        """Return the view with the present state of a request, for a member of the workspace.

        :param note: a sentence above it.
        """
        try:
            await self.directory.require_member(window.actor)
        except PeopleDirectoryUnavailable as error:
            return message_view("Not possible now", f"{refusal_words(error)} Try again.")
        request = await as_believed(await self._require_request(request_id), self.store)
        history = await self.store.history(request_id=request.id, limit=MAX_HISTORY_ENTRIES)
        others = await self._others(request)
        names = await name_open_stages(request, self.display_directory)
        return decision_view(
            request,
            holders=names,
            history=history,
            now=self.clock.now(),
            other_requests=others,
            replacement=await read_replacement(request, store=self.store),
            # NB. where the roles cannot be read now, an approver can still decide: each click is checked.
            may_decide=await may_decide(request, window.actor, self.display_directory) is not False,
            may_reassign=await is_known_admin(window.actor, self.display_directory),
            note=note,
            drift=await read_open_drift(request, await self._record(request), self.store),
        )

    async def _record(self, request: AccessRequest) -> Partnership | None:
        return await self.store.partnership(request.plan.tenant_id) if request.was_written else None

    async def _part(self, request: AccessRequest, name: DetailsPart, page: int) -> Json:
        """Return the view with one page of one part of Details. Only what the part shows is read."""
        rows = whole_part(
            request,
            name,
            history=await self.store.history(request_id=request.id, limit=MAX_HISTORY_ENTRIES)
            if name is DetailsPart.HISTORY
            else (),
            replacement=await read_replacement(request, store=self.store) if name is DetailsPart.HISTORY else None,
            other_requests=await self._others(request) if name is DetailsPart.OTHERS else (),
            approvers=await deciders_by_stage(request, self.display_directory) if name is DetailsPart.APPROVERS else (),
        )
        return part_view(request, name, rows, page)

    async def _require_may_name_guests(self, request: AccessRequest, reader: ChatId) -> None:
        """Require an admin, or somebody who may decide on the request now.

        :raises Refused: for everybody else.
        """
        if not await is_known_admin(reader, self.display_directory) and not await may_decide(
            request, reader, self.display_directory
        ):
            raise Refused(RefusalCode.NO_GUESTS_FOR_YOU)

    async def _require_request(self, request_id: RequestId) -> AccessRequest:
        request = await self.store.request(request_id)
        if request is None:
            raise Refused(RefusalCode.UNKNOWN_REQUEST)
        return request

    async def _others(self, request: AccessRequest) -> list[AccessRequest]:
        """List the other open requests of the same requester."""
        own_requests = await self.store.requests_of(
            request.fields.requester, MAX_COUNTED_REQUESTS, request.requester_account
        )
        return [
            own_request for own_request in own_requests if not own_request.is_terminal and own_request.id != request.id
        ]

    async def _decidable_request(self, request_id: RequestId, digest: Digest) -> AccessRequest:
        request = await self._require_request(request_id)
        if request.is_terminal:
            raise Refused(RefusalCode.NOT_POSSIBLE_IN_THIS_STATE, is_closed=True)
        if request.plan.digest != digest:
            raise Refused(RefusalCode.CARD_OUT_OF_DATE)
        return request

    async def _show_received(self, view_id: str, decision_word: str, click: Interaction) -> None:
        view = decision_received_view(decision_word)
        await self.windows.show_received(view_id, view, click, choice=decision_word)

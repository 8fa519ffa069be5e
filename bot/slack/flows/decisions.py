"""What an approver does: look at a request whole, approve it, reject it with a reason. From a card or from a window."""

from dataclasses import dataclass

from slack_bolt.async_app import AsyncAck
from slack_sdk.errors import SlackApiError

from bot.slack import ids
from bot.slack.background import Background
from bot.slack.blocks.modal import message_view
from bot.slack.errors import NO_ANSWER
from bot.slack.flows.decision_views import decided_view, decision_view, reject_view
from bot.slack.flows.windows import Windows
from bot.slack.payloads import Interaction, parse_card_value
from bot.slack.people.directory import SlackDirectory
from workflows.app.service import UNKNOWN_REQUEST, Service
from workflows.core.errors import Refused
from workflows.core.people import ChatId
from workflows.core.requests.commands import Approve, Reject, Subject
from workflows.core.requests.deciding import STALE_CARD
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.core.settings.canonical import Digest
from workflows.ports.clock import Clock
from workflows.ports.directory import DirectoryUnavailable
from workflows.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """The listeners of decisions. Who may decide is judged later, from the stored click."""

    service: Service
    store: Store
    windows: Windows
    directory: SlackDirectory
    background: Background
    clock: Clock

    async def review(self, ack: AsyncAck, click: Interaction) -> None:
        """Open a window with the whole card and the two buttons."""
        request_id, _ = parse_card_value(click.action.value)
        view_id = await self.windows.open_loading(click.trigger_id)
        await ack()
        showing = self._show(view_id, click.actor, request_id, key=click.key)
        self.background.start(self.windows.filling(showing, click.actor, key=click.key))

    async def approve(self, ack: AsyncAck, click: Interaction) -> None:
        """Store an approval; the window, where it came from one, says so."""
        request_id, digest = parse_card_value(click.action.value)
        intent = Approve(actor=click.actor, request_id=request_id, digest=digest, channel=click.channel)
        await self.service.want(intent, key=click.key)
        await ack()
        if click.is_in(ids.DECIDE):
            self.background.start(self._say_stored(click.the_view.id, "approval", click))

    async def reject(self, ack: AsyncAck, click: Interaction) -> None:
        """Ask a full member for the reason."""
        await self.windows.require_known_member(click.actor)
        request = await self._required(*parse_card_value(click.action.value))
        await self.windows.open(click.trigger_id, reject_view(request))
        await ack()

    async def reject_with_reason(self, ack: AsyncAck, click: Interaction) -> None:
        """Store a rejection; a window below, where there is one, says so."""
        view = click.the_view
        request_id, digest = parse_card_value(view.private_metadata)
        reason = view.value(ids.REASON)
        if not reason.strip():
            problem = {ids.REASON: "Say why: the requester has to know what to change."}
            await ack(response_action="errors", errors=problem)
            return
        await self.service.want(
            Reject(actor=click.actor, request_id=request_id, digest=digest, reason=reason), key=click.key
        )
        await ack()
        if view.root_view_id not in ("", view.id):
            self.background.start(self._say_stored(view.root_view_id, "rejection", click))

    async def _say_stored(self, view_id: str, what: str, click: Interaction) -> None:
        """Say in a window that a decision is stored; directly, where Slack does not take that."""
        try:
            await self.windows.update(view_id, decided_view(what))
        except (SlackApiError, *NO_ANSWER):
            text = f"Your {what} is received. The window could not show it."
            await self.service.say(text, key=f"not_filled:{click.key}", person=click.actor)

    async def _required(self, request_id: RequestId, digest: Digest) -> AccessRequest:
        request = await self.store.request(request_id)
        if request is None:
            raise Refused("unknown_request", UNKNOWN_REQUEST)
        if request.is_terminal:
            raise Refused(
                "not_now",
                "This request is closed; nothing about it can change any more. "
                "Ask again with /partner request if it is still needed.",
            )
        if request.known.plan.digest != digest:
            raise Refused("stale_card", STALE_CARD)
        return request

    async def _show(self, view_id: str, actor: ChatId, request_id: RequestId, *, key: str) -> None:
        """Fill an open window with a request as it stands now, for a member of the workspace; else say why not."""
        try:
            await self.directory.require_member(actor)
            request = await self.store.request(request_id)
            if request is None:
                raise Refused("unknown_request", UNKNOWN_REQUEST)
        except Refused as refused:
            subject = Subject(request_id=request_id)
            await self.windows.refuse(view_id, refused, key=key, actor=actor, command="review_request", subject=subject)
        except DirectoryUnavailable as error:
            await self.windows.update(view_id, message_view("Not possible now", f"{error} Try again."))
        else:
            await self.windows.update(view_id, decision_view(request, now=self.clock.now()))

"""What requesters do with their own open request: remind its approvers, or withdraw it."""

from collections.abc import Iterator
from dataclasses import dataclass

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.response_url import Answers, received_message
from bot.slack.blocks.message import Message
from bot.slack.flows.entry_point_types import Action, Card, EntryPoint
from bot.slack.flows.request_access.flow import RequestAccessFlow
from bot.slack.payloads.models import Interaction
from workflows.app.service import Service
from workflows.core.requests.commands.clicks import AskReminder
from workflows.core.requests.commands.request import Withdraw
from workflows.core.requests.request import RequestId
from workflows.core.requests.transitions.transition import partner_of
from workflows.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindOrWithdrawFlow:
    """Stores reminders and withdrawals: from the requester's card, the App Home, or the form that shows the request."""

    service: Service
    store: Store
    answers: Answers
    request_access: RequestAccessFlow

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Action(ids.REMIND, self.remind, audit_name="remind_approvers", card=Card.REQUESTER)
        yield Action(ids.WITHDRAW, self.withdraw, audit_name="withdraw", card=Card.REQUESTER)

    async def remind(self, ack: AsyncAck, click: Interaction) -> None:
        """Remind the approvers of a request, at most once a day.

        For another chat ID it is first checked whether both belong to one account.
        """
        request_id = RequestId(click.action.value)
        if await self._is_sent_by(click, request_id):
            await self.service.remind(request_id, click.actor, key=click.key)
        else:
            command = AskReminder(actor=click.actor, request_id=request_id, channel=click.channel)
            await self.service.store_click(command, key=click.key)
        await ack()
        await self._show_received(click, request_id)

    async def withdraw(self, ack: AsyncAck, click: Interaction) -> None:
        """Withdraw at once for the requester.

        For another chat ID it is first checked whether both belong to one account.
        """
        request_id = RequestId(click.action.value)
        if await self._is_sent_by(click, request_id):
            await self.service.withdraw(request_id, click.actor, key=click.key)
        else:
            command = Withdraw(actor=click.actor, request_id=request_id, channel=click.channel)
            await self.service.store_click(command, key=click.key)
        await ack()
        await self._show_received(click, request_id)
        if click.is_in(ids.REQUEST_ACCESS):
            self.request_access.look_up_again(click)

    async def _show_received(self, click: Interaction, request_id: RequestId) -> None:
        """Take the buttons away from the answer to a command in which one was used."""
        request = await self.store.request(request_id)
        shown_by = "/partner show" if request is None else f"/partner show {partner_of(request)}"

        async def build() -> Message:
            return received_message(shown_by)

        self.answers.replace_used_answer(click, build, shown_by=shown_by)

    async def _is_sent_by(self, click: Interaction, request_id: RequestId) -> bool:
        """Return whether a click is certainly of the requester, or of who sent it for them.

        Otherwise it may still come from their second id.
        """
        request = await self.store.request(request_id)
        return request is None or request.is_filed_by(click.actor)

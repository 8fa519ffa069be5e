"""Remind the approvers of a request: its requester asks for it, at most once a day."""

from collections.abc import Iterator
from dataclasses import dataclass

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.flows.entry_points import Action, Card, EntryPoint
from bot.slack.payloads.models import Interaction
from workflows.app.service import Service
from workflows.core.requests.request import RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindFlow:
    """Stores a reminder that the requester asks for."""

    service: Service

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Action(ids.REMIND, self.remind, stored="remind_approvers", card=Card.REQUESTER)

    async def remind(self, ack: AsyncAck, click: Interaction) -> None:
        """Remind the approvers of the request."""
        await self.service.remind(RequestId(click.action.value), click.actor, key=click.key)
        await ack()

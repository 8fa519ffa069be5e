"""Stopped work: an admin's App Home offers to retry it, or to give it up.

A boundary: no other module handles stopped work in Slack.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.flows.entry_point_types import Action, EntryPoint
from bot.slack.payloads.button_values import parse_effect_id
from bot.slack.payloads.models import Interaction
from workflows.app.service import Service
from workflows.core.requests.commands.clicks import DropEffect, RetryEffect


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppedWorkFlow:
    """Stores decisions about stopped work. The right of the person is checked later."""

    service: Service

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Action(ids.RETRY_EFFECT, self.retry, audit_name="want_retry_effect", is_in_view=True)
        yield Action(ids.DROP_EFFECT, self.drop, audit_name="want_drop_effect", is_in_view=True)

    async def retry(self, ack: AsyncAck, click: Interaction) -> None:
        """Store the decision to retry it."""
        command = RetryEffect(actor=click.actor, effect_id=parse_effect_id(click.action.value))
        await self.service.store_click(command, key=click.key)
        await ack()

    async def drop(self, ack: AsyncAck, click: Interaction) -> None:
        """Store the decision to give it up."""
        command = DropEffect(actor=click.actor, effect_id=parse_effect_id(click.action.value))
        await self.service.store_click(command, key=click.key)
        await ack()

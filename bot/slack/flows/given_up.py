"""Work that was given up: an admin's App Home offers to try it again, or to forget it."""

from collections.abc import Iterator
from dataclasses import dataclass

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.flows.entry_points import Action, EntryPoint
from bot.slack.payloads import Interaction, parse_effect_id
from workflows.app.service import Service
from workflows.core.requests.commands.clicks import DropEffect, RetryEffect


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUpFlow:
    """Stores what is to become of given up work. Who is an admin is judged later, from the stored click."""

    service: Service

    def entry_points(self) -> Iterator[EntryPoint]:
        """Name what leads here."""
        yield Action(ids.RETRY_EFFECT, self.retry, stored="want_retry_effect")
        yield Action(ids.DROP_EFFECT, self.drop, stored="want_drop_effect")

    async def retry(self, ack: AsyncAck, click: Interaction) -> None:
        """Store that it is to be tried again."""
        command = RetryEffect(actor=click.actor, effect_id=parse_effect_id(click.action.value))
        await self.service.want(command, key=click.key)
        await ack()

    async def drop(self, ack: AsyncAck, click: Interaction) -> None:
        """Store that it is to be forgotten."""
        command = DropEffect(actor=click.actor, effect_id=parse_effect_id(click.action.value))
        await self.service.want(command, key=click.key)
        await ack()

"""Clicks on cards that do not count any more: another card took their place, or they were never known to be posted.

Slack may post a card and lose the answer. The next attempt posts a second one, and the first cannot be found: the bot
may not read a channel's history. So a click says where its card stands. At most one card of each place counts: the one
that is remembered. A card that nobody remembers takes the place if it is free, or else is told to be out of date.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bot.slack.blocks.blocks import utc_words
from bot.slack.flows.entry_points import Card
from bot.slack.payloads import Interaction, claimed_subject
from workflows.core.errors import Refused
from workflows.core.requests.commands.request import Subject
from workflows.core.requests.effects import Effect, ShowRequest, ShowReview, ShowSetup
from workflows.core.requests.request import RequestId
from workflows.core.settings.model import TenantId
from workflows.ports.message_copies import Copy
from workflows.ports.store import Store

_DIRECT: Final = "D"
"""How the ids of direct conversations begin."""


class CardReplaced(Refused):
    """What was clicked stands on a card that does not count any more. `effect` brings that card up to date."""

    def __init__(self, reason: str, effect: Effect) -> None:
        super().__init__("card_replaced", reason)
        self.effect = effect


def _request(subject: Subject) -> Effect:
    return ShowRequest(request_id=subject.request_id or RequestId(""))


def _review(subject: Subject) -> Effect:
    return ShowReview(tenant_id=subject.tenant_id or TenantId(""))


def _setup(subject: Subject) -> Effect:
    return ShowSetup(tenant_id=subject.tenant_id or TenantId(""))


_BROUGHT_UP_TO_DATE: Final[Mapping[Card, Callable[[Subject], Effect]]] = {
    Card.REQUEST: _request,
    Card.REQUESTER: _request,
    Card.REVIEW: _review,
    Card.SETUP: _setup,
}
"""What brings a card up to date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OldCards:
    """Tells whether the card of a click counts."""

    store: Store
    channel: str
    """The approval channel: besides direct messages the only place where a card that nobody remembered may count."""

    async def require_current(self, click: Interaction, card: Card) -> None:
        """Refuse a click on a card that does not count any more; remember a card that nobody remembered.

        :param card: the kind of card that the button stands on.
        :raises CardReplaced: when another card counts in this place.
        """
        where = click.container
        if not where.channel_id or not where.message_ts or where.is_ephemeral:
            return
        subject = claimed_subject(click)
        about = subject.request_id or subject.tenant_id
        if about is None:
            return  # what is not one of our cards is refused for that
        stored, effect_of = f"{card.value}:{about}", _BROUGHT_UP_TO_DATE[card]
        copies = await self.store.copies(stored)
        known = next(
            (one for one in copies if (one.channel, one.message_id) == (where.channel_id, where.message_ts)), None
        )
        if known is not None and known.is_live:
            return
        newest = max((one.message_id for one in copies if one.is_live and one.channel == where.channel_id), default="")
        is_direct = where.channel_id.startswith(_DIRECT)
        if known is None and not is_direct and where.channel_id != self.channel:
            raise CardReplaced(_out_of_date(newest), effect_of(subject))
        if known is None:
            audience = click.actor if is_direct else ""
            await self.store.save_copy(
                Copy(
                    subject=stored,
                    channel=where.channel_id,
                    message_id=where.message_ts,
                    audience=audience,
                    content="",  # what it shows is not known, so it is brought up to date
                    is_live=not newest,
                )
            )
            if not newest:
                return
        raise CardReplaced(_out_of_date(newest), effect_of(subject))


def _out_of_date(newest: str) -> str:
    """State that a card does not count, and where the one is that does."""
    where = f"The newest one stands in this conversation, posted {_posted(newest)}." if newest else "See your App Home."
    return f"This card is out of date, so your click changed nothing. {where}"


def _posted(ts: str) -> str:
    return utc_words(datetime.fromtimestamp(float(ts), UTC))

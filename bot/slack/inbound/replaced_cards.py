"""Refuse clicks on cards that no longer count, because another card replaced them.

Slack may post a card, but its answer may be lost. The next attempt then posts a second card. The first one cannot be
found, because the bot may not read a channel's history. So a click contains the place of its card. At most one card
counts in each place: the stored one. An unknown card counts if the place has no other card.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bot.slack.flows.entry_point_types import Card
from bot.slack.payloads.button_values import named_subject
from bot.slack.payloads.models import Interaction
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.effects import Effect, ShowRequest, ShowReview, ShowSetup
from workflows.core.requests.request import RequestId
from workflows.core.settings.model import TenantId
from workflows.ports.message_copies import MessageCopy
from workflows.ports.store import Store

_DIRECT: Final = "D"
"""The first letter of the ids of direct conversations."""


class CardReplaced(Refused):
    """The clicked card no longer counts. `effect` updates that card."""

    def __init__(self, newest: str, effect: Effect) -> None:
        super().__init__(RefusalCode.CARD_REPLACED, newest_at=_posted_at(newest) if newest else None)
        self.effect = effect


def _request(subject: CommandSubject) -> Effect:
    return ShowRequest(request_id=subject.request_id or RequestId(""))


def _review(subject: CommandSubject) -> Effect:
    return ShowReview(tenant_id=subject.tenant_id or TenantId(""))


def _setup(subject: CommandSubject) -> Effect:
    return ShowSetup(tenant_id=subject.tenant_id or TenantId(""))


_UPDATE_EFFECTS: Final[Mapping[Card, Callable[[CommandSubject], Effect]]] = {
    Card.REQUEST: _request,
    Card.REQUESTER: _request,
    Card.REVIEW: _review,
    Card.SETUP: _setup,
}
"""The effect that updates each kind of card."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacedCards:
    """Decides whether the card of a click counts."""

    store: Store
    channel: str
    """The approval channel: besides direct messages the only place where an unknown card may count."""

    async def require_current(self, click: Interaction, card: Card) -> None:
        """Refuse a click on a card that no longer counts; store an unknown card.

        :param card: the kind of card that contains the button.
        :raises CardReplaced: when another card counts in this place.
        """
        where = click.container
        if not where.channel_id or not where.message_ts or where.is_ephemeral:
            return
        subject = named_subject(click)
        about = subject.request_id or subject.tenant_id
        if about is None:
            return  # a card of another kind is refused for that
        card_name, effect_of = f"{card.value}:{about}", _UPDATE_EFFECTS[card]
        copies = await self.store.copies(card_name)
        place = (where.channel_id, where.message_ts)
        known = next((copy for copy in copies if (copy.channel, copy.message_id) == place), None)
        if known is not None and known.is_live:
            return
        newest = max(
            (copy.message_id for copy in copies if copy.is_live and copy.channel == where.channel_id), default=""
        )
        is_direct = where.channel_id.startswith(_DIRECT)
        if known is None and not is_direct and where.channel_id != self.channel:
            raise CardReplaced(newest, effect_of(subject))
        if known is None:
            audience = click.actor if is_direct else ""
            await self.store.save_copy(
                MessageCopy(
                    subject=card_name,
                    channel=where.channel_id,
                    message_id=where.message_ts,
                    audience=audience,
                    content="",  # its content is not known, so it will be updated
                    is_live=not newest,
                )
            )
            if not newest:
                return
        raise CardReplaced(newest, effect_of(subject))


def _posted_at(ts: str) -> str:
    return datetime.fromtimestamp(float(ts), UTC).isoformat()

"""Refuse clicks on cards that no longer count, because another card replaced them.

Slack may post a card, but its answer may be lost. The next attempt then posts a second card. The first one cannot be
found, because the bot may not read a channel's history. So a click contains the place of its card. At most one card
counts in each place: the stored one. An unknown card counts if the place has no other card.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bot.slack.flows.entry_point_types import Card
from bot.slack.payloads.button_values import named_subject
from bot.slack.payloads.models import Interaction
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.effects import (
    Effect,
    ShowAccessTest,
    ShowBatch,
    ShowHandover,
    ShowRequest,
    ShowReview,
    ShowSetup,
)
from workflows.core.requests.request import BatchId, RequestId
from workflows.core.settings.model import TenantId
from workflows.ports.message_copies import CardNotCurrent, ClickedCard
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


def _batch(subject: CommandSubject) -> Effect:
    return ShowBatch(batch_id=subject.batch_id or BatchId(""))


def _handover(subject: CommandSubject) -> Effect:
    return ShowHandover(tenant_id=subject.tenant_id or TenantId(""))


def _access_test(subject: CommandSubject) -> Effect:
    return ShowAccessTest(tenant_id=subject.tenant_id or TenantId(""))


_UPDATE_EFFECTS: Final[Mapping[Card, Callable[[CommandSubject], Effect]]] = {
    Card.REQUEST: _request,
    Card.REQUESTER: _request,
    Card.REVIEW: _review,
    Card.SETUP: _setup,
    Card.BATCH: _batch,
    Card.HANDOVER: _handover,
    Card.ACCESS_TEST: _access_test,
}
"""The effect that updates each kind of card."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacedCards:
    """Has the store check whether the card of a click counts."""

    store: Store
    channel: str
    """The approval channel: besides direct messages the only place where an unknown card may count."""

    async def require_current(self, click: Interaction, card: Card) -> None:
        """Refuse a click on a card that no longer counts; store an unknown card.

        :param card: the kind of card that contains the button.
        :raises CardNotCurrent: when it does not count.
        """
        clicked = self.clicked_card(click, card)
        if clicked is not None:
            await self.store.require_current_card(clicked)

    def clicked_card(self, click: Interaction, card: Card) -> ClickedCard | None:
        """Return the card of a click, for the transaction that stores the click; None when there is none to check.

        :param card: the kind of card that contains the button.
        """
        where, subject = click.container, named_subject(click)
        about = subject.request_id or subject.tenant_id or subject.batch_id
        if not where.channel_id or not where.message_ts or where.is_ephemeral:
            return None
        if about is None:
            return None  # a card of another kind is refused for that
        is_direct = where.channel_id.startswith(_DIRECT)
        return ClickedCard(
            subject=f"{card.value}:{about}",
            channel=where.channel_id,
            message_id=where.message_ts,
            audience=click.actor if is_direct else "",
            may_be_unknown=is_direct or where.channel_id == self.channel,
        )


@contextmanager
def refuse_if_replaced(click: Interaction, card: Card) -> Iterator[None]:
    """Refuse a click when the store finds that its card does not count.

    :param card: the kind of card that contains the button.
    :raises CardReplaced: when it does not count.
    """
    try:
        yield
    except CardNotCurrent as found:
        raise CardReplaced(found.newest, _UPDATE_EFFECTS[card](named_subject(click))) from found


def _posted_at(ts: str) -> str:
    return datetime.fromtimestamp(float(ts), UTC).isoformat()

"""The message that each reader gets about a request now: approvers, the channel, and its thread."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.slack.blocks.message import Message
from bot.slack.cards.approval.card_context import CardContext
from bot.slack.cards.approval.closed_card import closed_card, older_card
from bot.slack.outbound.recipients import direct_recipients
from workflows.core.people import ChatId
from workflows.core.requests.request import AccessRequest
from workflows.ports.message_copies import MessageCopy


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadersMessages:
    """The messages that each reader gets about a request now."""

    request: AccessRequest
    context: CardContext
    deciders: frozenset[ChatId]
    """Who can decide now."""
    asked: frozenset[ChatId]
    """Who of them gets a message: in the place of who is away, their delegate."""
    now: datetime
    build_card: Callable[..., Message]
    build_new_approval: Callable[..., Message]
    copies: Sequence[MessageCopy]
    """The copies from before this update, also those that are closed."""
    asked_later: frozenset[ChatId]
    """Who can decide in a later stage than the open one."""

    @property
    def occasion(self) -> str:
        """Return the present round of approval, as copies store it."""
        return str(self.request.round) if self.request.round else ""

    @property
    def _earlier_occasion(self) -> str | None:
        """Return the round of approval before the present one, as copies store it; None in the first round."""
        if not self.request.round:
            return None
        return str(self.request.round - 1) if self.request.round > 1 else ""

    def has_seen_earlier_plan(self, person: str) -> bool:
        """Return whether a person got a message about the plan of the round before."""
        return any(copy.audience == person and copy.occasion == self._earlier_occasion for copy in self.copies)

    def is_replaced(self, copy: MessageCopy) -> bool:
        """Return whether a newer message about the request was posted in the place of a copy."""
        if not copy.audience and not copy.occasion:
            return False  # the channel's card; what is asked again is in its thread
        return any(one.audience == copy.audience and _round(one) > _round(copy) for one in self.copies)

    def for_copy(self, copy: MessageCopy) -> Message:
        """Return the present message for a posted copy."""
        if not copy.audience and not copy.occasion:
            return self.build_card()
        is_present, reader = copy.occasion == self.occasion, ChatId(copy.audience) if copy.audience else None
        if is_present and copy.audience in self.deciders:
            return self.for_approver(copy.audience)
        if is_present and reader is None and self.deciders:
            return self.for_thread()
        is_asked_now = copy.audience in self.deciders if copy.audience else bool(self.deciders)
        if self.is_replaced(copy) or (is_asked_now and not is_present):
            return older_card(self.request, reader=reader)
        is_asked_later = not is_present and copy.audience in self.asked_later
        return closed_card(
            self.request,
            successor=self.context.successor,
            now=self.now,
            reader=reader,
            is_asked_later=is_asked_later,
            drift=self.context.drift,
        )

    def for_approver(self, audience: str) -> Message:
        """Return the direct message to an approver: with the difference, if they got a message about the plan before.

        Who got no message about this request at all gets the card of a new request.
        """
        if self.has_seen_earlier_plan(audience):
            return self.build_new_approval(reader=ChatId(audience))
        has_no_copy = all(copy.audience != audience or copy.occasion == self.occasion for copy in self.copies)
        return self.build_card(knows_earlier=False) if self.request.round and has_no_copy else self.build_card()

    def for_thread(self) -> Message:
        """Return the message under the channel's card that asks for approval again.

        It mentions who got a message about the plan before, or everybody when they are too many for direct messages.
        """
        is_direct = bool(direct_recipients(self.asked, is_channel_closed=False))
        people_asked = frozenset(filter(self.has_seen_earlier_plan, self.asked)) if is_direct else self.asked
        return self.build_new_approval(approvers=people_asked)


def _round(copy: MessageCopy) -> int:
    """Return in which round of approval a copy was posted; 0 for the first one."""
    return int(copy.occasion) if copy.occasion.isdigit() else 0

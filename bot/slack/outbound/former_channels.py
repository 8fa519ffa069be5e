"""Empty the cards in a channel that is no longer the approval channel, or no longer private, once each.

This changes no request: cards of finished requests are emptied too. Nothing is written there afterwards.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import structlog

from bot.slack.outbound.announcements.audit_heads import AUDIT_HEAD_SUBJECT
from bot.slack.outbound.approval_channel import ApprovalChannel
from bot.slack.outbound.card_copies import CardCopies
from workflows.app.service import Service
from workflows.core.requests.effects import ShowBatch, ShowRequest
from workflows.core.requests.request import BatchId, RequestId
from workflows.intervals import FORMER_CHANNEL_PAUSE
from workflows.ports.clock import Clock
from workflows.ports.message_copies import MessageCopy
from workflows.ports.notifier import NotifierUnavailable
from workflows.ports.store import Store

_EMPTIED_PER_CHECK: Final = 4
"""The most cards emptied in each check, a few seconds apart: Slack accepts about fifty updates a minute."""
_log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class FormerChannelCards:
    """Empties former cards, and shows the cards of open requests and batches in the present channel."""

    store: Store
    service: Service
    copies: CardCopies
    channel: ApprovalChannel
    clock: Clock
    _paused_until: datetime = field(default=datetime.min.replace(tzinfo=UTC), init=False)

    async def clear_cards(self) -> None:
        """Empty the next few cards. Safe to repeat: an emptied card is not processed again."""
        if self.clock.now() < self._paused_until:
            return
        # While it is not known whether the channel is suitable, `problem` is empty, and only other channels are
        # emptied.
        suitable_channel = "" if self.channel.known_problem else self.channel.id
        for copy in await self.store.channel_copies(suitable_channel, _EMPTIED_PER_CHECK):
            if copy.subject.startswith(AUDIT_HEAD_SUBJECT):
                await self.copies.mark_out_of_date(copy)  # it stays: somebody may compare it later
                continue
            try:
                if not await self.copies.empty_card(copy):
                    # After an admin repairs the channel it is suitable, or can be emptied.
                    self._paused_until = self.clock.now() + FORMER_CHANNEL_PAUSE
                    return
            except NotifierUnavailable as error:
                _log.info("former_card_waits", subject=copy.subject, message_id=copy.message_id, reason=str(error))
                return
            await self._post_in_present_channel(copy)
            await self.copies.mark_out_of_date(copy)

    async def _post_in_present_channel(self, copy: MessageCopy) -> None:
        kind, _, name = copy.subject.partition(":")
        show: ShowRequest | ShowBatch | None = None
        if kind == "request":
            request = await self.store.request(RequestId(name))
            show = None if request is None or request.is_terminal else ShowRequest(request_id=request.id)
        elif kind == "batch":
            batch = await self.store.batch(BatchId(name))
            show = None if batch is None or batch.has_ended else ShowBatch(batch_id=batch.id)
        if show is not None:
            await self.service.update_cards(show, key=f"moved:{copy.channel}:{copy.message_id}", channel=copy.channel)

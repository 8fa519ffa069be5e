"""Cards in a channel that is the approval channel no more, or not private any more: each is emptied there, once.

Nobody has to change a request for that: what is over is emptied as well. Nothing is written there afterwards.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from bot.slack.outbound.approval_channel import ApprovalChannel
from bot.slack.outbound.card_copies import CardCopies
from workflows.app.service import Service
from workflows.core.requests.request import RequestId
from workflows.ports.clock import Clock
from workflows.ports.message_copies import Copy
from workflows.ports.notifier import NotifierUnavailable
from workflows.ports.store import Store

_AT_ONCE: Final = 4
"""How many are emptied with every look, a few seconds apart: Slack takes about fifty updates a minute."""
_REST: Final = timedelta(minutes=1)
"""How long a channel that does not take an update is left alone."""
_log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class FormerCards:
    """Empties former cards, and has the cards of open requests shown where they belong now."""

    store: Store
    service: Service
    copies: CardCopies
    channel: ApprovalChannel
    clock: Clock
    _rests_until: datetime = field(default=datetime.min.replace(tzinfo=UTC), init=False)

    async def empty(self) -> None:
        """Empty the next few. Safe to repeat: one that is emptied is not looked at again."""
        if self.clock.now() < self._rests_until:
            return
        # While it is not known whether the channel is fit, `problem` is empty, and only other channels are emptied.
        fit = "" if self.channel.known_problem else self.channel.id
        for copy in await self.store.channel_copies(fit, _AT_ONCE):
            try:
                if not await self.copies.empty(copy):
                    # An admin mends the channel: then it is fit, or can be emptied.
                    self._rests_until = self.clock.now() + _REST
                    return
            except NotifierUnavailable as error:
                _log.info("former_card_waits", subject=copy.subject, message_id=copy.message_id, reason=str(error))
                return
            await self._show_again(copy)
            await self.copies.forget(copy)

    async def _show_again(self, copy: Copy) -> None:
        kind, _, name = copy.subject.partition(":")
        request = await self.store.request(RequestId(name)) if kind == "request" else None
        if request is not None and not request.is_terminal:
            await self.service.show_elsewhere(
                request.id, key=f"moved:{copy.channel}:{copy.message_id}", channel=copy.channel
            )

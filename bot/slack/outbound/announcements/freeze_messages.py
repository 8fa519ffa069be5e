"""Tell everybody who waits that a freeze began or ended, once each; the channel has one message, updated at the end."""

from dataclasses import replace
from typing import Final

from slack_sdk.models.blocks import Block

from bot.slack.blocks.blocks import cleaned_text, fixed_text, header, local_time, paragraph, rich_text
from bot.slack.blocks.message import MAX_NOTICE_CHARACTERS, Message, message, notice
from bot.slack.outbound.card_copies import NotAccepted
from bot.slack.outbound.recipients import Outbound, Recipients
from bot.words.refusals.freeze import HELD_STILL_POSSIBLE, STILL_POSSIBLE, as_sentence, ended_words, freeze_words
from workflows.core.people import ADMIN, ChatId
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.requests.transitions.freezing import is_stopped_by_freeze, is_void
from workflows.ports.message_copies import MessageCopy

_BEGAN, _ENDED = "began", "ended"
_OVER: Final = notice("This freeze is over, see the newer message. You need to do nothing.")


class FreezeMessages:
    """Posts one message a person when a freeze begins, and one when it ends. A repetition sends nothing twice."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound
        self._recipients = Recipients(outbound.directory)

    async def show(self, freeze: Freeze) -> frozenset[ChatId]:
        """Tell who waits, and show the freeze in the channel; see `ports.Notifier.show_freeze`.

        Admins have an alarm while it lasts, so they get only the message about its end, and only if they wait.

        :returns: who waits or is an admin.
        :raises NotifierUnavailable, NotifierRefused: when the channel does not accept the message; everybody is told.
        """
        subject, card = f"freeze:{freeze.since.isoformat()}", freeze_message(freeze)
        occasion = _BEGAN if freeze.is_frozen else _ENDED
        admins, waiting = await self._recipients.holders(ADMIN), await self._waiting(freeze)
        copies = await self._outbound.copies.live_copies(subject)
        told = {copy.audience for copy in copies if copy.occasion == occasion}
        for person in sorted((waiting - admins if freeze.is_frozen else waiting) - told):
            await self._outbound.copies.post(subject, person, card, occasion)
        for copy in copies:
            if copy.audience and copy.occasion == _BEGAN and not freeze.is_frozen:
                await self._outbound.copies.close(copy, _OVER if copy.audience in waiting else card)
        problem = await self._show_in_channel(freeze, subject, card)
        for since in freeze.earlier:
            await self._close_earlier(f"freeze:{since.isoformat()}")
        if problem is not None:
            raise problem
        return waiting | admins

    async def _close_earlier(self, subject: str) -> None:
        """Close the messages of an earlier freeze that was replaced before its end was shown."""
        for copy in await self._outbound.copies.live_copies(subject):
            if copy.occasion != _ENDED:
                await self._outbound.copies.close(copy, _OVER)

    async def _show_in_channel(self, freeze: Freeze, subject: str, card: Message) -> NotAccepted | None:
        """Post the channel's message, or update it."""
        posted = await self._channel_copy(subject)
        if posted is None:
            return await self._outbound.copies.post(subject, "", card, "" if freeze.is_frozen else _ENDED)
        problem = await self._outbound.copies.renew(posted, card, replaces_deleted=False)
        shown = None if freeze.is_frozen or problem is not None else await self._channel_copy(subject)
        if shown is not None and shown.occasion != _ENDED:
            await self._outbound.store.save_copy(replace(shown, occasion=_ENDED))
        return problem

    async def _channel_copy(self, subject: str) -> MessageCopy | None:
        copies = await self._outbound.copies.live_copies(subject)
        return next((copy for copy in copies if not copy.audience), None)

    async def _waiting(self, freeze: Freeze) -> frozenset[ChatId]:
        """List the requesters of open requests that a freeze stops, and who can decide on one of them now.

        After a hold, the requesters of void requests get a message of their own.
        """
        waiting: set[ChatId] = set()
        for request in await self._outbound.store.open_requests():
            is_told_that_it_is_void = freeze.hold is not None and not freeze.is_frozen and is_void(request, freeze)
            if is_stopped_by_freeze(request) and not is_told_that_it_is_void:
                holders = await self._recipients.stage_holders(request)
                waiting |= {request.fields.requester} | await self._recipients.deciders(request, holders)
        return frozenset(waiting)


def freeze_message(freeze: Freeze) -> Message:
    """Return the message about a freeze, also its content after the end."""
    said = freeze_words(freeze) if freeze.is_frozen else ended_words(freeze)
    begun, ended = ("Frozen", "Freeze ended") if freeze.hold is None else ("Held", "Released")
    blocks: list[Block] = [header(begun if freeze.is_frozen else ended)]
    if freeze.is_frozen or freeze.ended_at is None:
        times = [fixed_text("Since "), local_time(freeze.since)]
        more = [paragraph(fixed_text(STILL_POSSIBLE if freeze.hold is None else HELD_STILL_POSSIBLE))]
    else:
        times = [fixed_text("From "), local_time(freeze.since), fixed_text(" until "), local_time(freeze.ended_at)]
        reason = cleaned_text(as_sentence(freeze.reason), MAX_NOTICE_CHARACTERS)
        more = [paragraph(fixed_text("The reason was: "), reason)] if freeze.reason else []
    shown = paragraph(cleaned_text(said, MAX_NOTICE_CHARACTERS, bold=freeze.is_frozen))
    return message(said, [*blocks, rich_text(shown, *more, paragraph(*times))])

"""Show a batch: its card in the approval channel, and a copy for each person who can decide now."""

from collections.abc import Callable, Mapping
from typing import Final

from bot.slack.blocks.message import Message
from bot.slack.cards.batches.batch_card import batch_card, batch_sponsor_card, older_batch_card
from bot.slack.outbound.batches.list_file import BatchListFiles
from bot.slack.outbound.card_copies import NotAccepted, UpdateResult
from bot.slack.outbound.recipients import Outbound, Recipients, direct_recipients
from bot.slack.people.approvers import Approvers, name_able
from workflows.app.reads.home_batches import batch_as_believed
from workflows.core.batches.batch import Batch, BatchState, ListFile
from workflows.core.batches.deciding import batch_eligibility, current_batch_eligibility, is_batch_believed
from workflows.core.people import ChatId, Role
from workflows.core.requests.eligibility import Eligibility
from workflows.core.requests.request import BatchId
from workflows.intervals import NAMES_SHOWN_FOR
from workflows.ports.message_copies import MessageCopy

_ASKED: Final = frozenset({BatchState.AWAITING_APPROVAL, BatchState.APPLYING})
"""States in which a batch needs a card in the channel. Otherwise only a card that was posted is updated."""


class BatchMessages:
    """Posts and updates the cards of batches. Every method may be repeated safely."""

    def __init__(self, outbound: Outbound, lists: BatchListFiles) -> None:
        self._outbound = outbound
        self._lists = lists
        self._recipients = Recipients(outbound.directory)

    async def show(self, batch: Batch) -> ListFile | None:
        """Update every copy of the card, and post missing ones; see `ports.Notifier.show_batch`.

        :raises NotifierUnavailable, NotifierRefused: when the channel does not accept the card.
        """
        batch = await batch_as_believed(batch, self._outbound.store)
        eligible = current_batch_eligibility(batch)
        holders = await self._recipients.open_stage_holders(eligible)
        deciders = await self._recipients.deciders_now(eligible, holders) if batch.is_list_current else frozenset()
        names, now = await self._names(batch, eligible, holders), self._outbound.clock.now()
        card = batch_card(batch, holders=names, now=now)
        problem = await self._show_in_channel(batch, card)
        # NB. without progress: otherwise every wave of members would update every copy.
        settled = batch_card(batch, holders=names, now=now, with_buttons=False, with_progress=False)
        asked = await self._update_copies(batch, lambda person: card if person in deciders else settled)
        is_asked = batch.is_list_current and is_batch_believed(batch)
        to_ask = await self._recipients.asked_now(eligible, holders) if is_asked else frozenset()
        for person in direct_recipients(to_ask, is_channel_closed=problem is not None):
            if person not in asked:
                await self._outbound.copies.post(
                    _subject(batch.id), person, card, _round(batch), active_within=NAMES_SHOWN_FOR
                )
        await self._show_sponsor(batch)
        if problem is not None:
            raise problem
        if batch.state is BatchState.AWAITING_APPROVAL and batch.is_list_current:
            return await self._attach_to_new_card(batch)
        return None

    async def _show_sponsor(self, batch: Batch) -> None:
        """Tell each sponsor once that they are named, and update these messages."""
        requester, subject = batch.requester, f"batch_sponsor:{batch.id}"
        cards = {
            person.chat_id: batch_sponsor_card(batch, count)
            for person, count in batch.sponsored_rows.items()
            if person.chat_id and requester is not None and person.id != requester.id
        }
        for copy in await self._outbound.copies.live_copies(subject):
            if (card := cards.pop(ChatId(copy.audience), None)) is not None:
                await self._outbound.copies.update(copy, card, replaces_deleted=False)
        for chat_id, card in cards.items() if batch.state in _ASKED else ():
            await self._outbound.copies.post(subject, chat_id, card)

    async def attach_list(self, batch: Batch) -> ListFile:
        """Attach the list to the thread of the card; see `ports.Notifier.upload_batch_list`."""
        if await self._channel_card(batch) is None:
            await self.show(batch)
        return await self._attach(batch, await self._channel_card(batch))

    async def _attach_to_new_card(self, batch: Batch) -> ListFile | None:
        """Attach the list again when the card was posted again, in another channel for example."""
        card, file = await self._channel_card(batch), batch.list_file
        if card is None or file is None:
            return None
        # NB. earlier versions stored with the card which list is below it.
        is_below = card.occasion == batch.digest if not file.message_id else card.message_id == file.message_id
        return None if is_below else await self._attach(batch, card)

    async def _attach(self, batch: Batch, card: MessageCopy | None) -> ListFile:
        return await self._lists.attach(batch, thread="" if card is None else card.message_id)

    async def asked_now(self, batch: Batch) -> frozenset[ChatId]:
        """Return who is asked and reminded now to decide on a batch: nobody on one that is not believed."""
        if not is_batch_believed(await batch_as_believed(batch, self._outbound.store)):
            return frozenset()
        eligible = current_batch_eligibility(batch)
        return await self._recipients.asked_now(eligible, await self._recipients.open_stage_holders(eligible))

    async def asked(self, batch: Batch) -> frozenset[ChatId]:
        """Return who was asked for a decision and has a message about it."""
        return frozenset(ChatId(copy.audience) for copy in await self._copies(batch) if copy.audience)

    async def concerned(self, batch: Batch) -> frozenset[ChatId]:
        """Return whose App Home lists the batch, or did."""
        named = (batch.requester, batch.sponsor, *batch.row_sponsors)
        people = {person.chat_id for person in named if person is not None and person.chat_id}
        return await self._recipients.chain_members(batch.stages) | people

    async def _names(
        self, batch: Batch, eligible: Eligibility | None, holders: Mapping[Role, frozenset[ChatId]]
    ) -> Mapping[Role, Approvers]:
        if eligible is None:
            return {}
        return await name_able(batch_eligibility(batch), holders, self._outbound.directory)

    async def _show_in_channel(self, batch: Batch, card: Message) -> NotAccepted | None:
        """Update the card in the channel, or post it; return why that is not accepted."""
        posted = await self._channel_card(batch)
        if posted is not None:
            updated = await self._outbound.copies.update(posted, card, replaces_deleted=not batch.has_ended)
            if not isinstance(updated, UpdateResult):
                return updated
            if updated is UpdateResult.DONE:
                return None
        elif batch.state not in _ASKED:
            return None
        return await self._outbound.copies.post(_subject(batch.id), "", card)

    async def _update_copies(self, batch: Batch, card_of: Callable[[str], Message]) -> set[str]:
        """Update the approvers' copies; one of an earlier round becomes a line that says nothing of the state.

        :param card_of: returns the card for a person: who cannot decide now gets it without Approve and Reject.
        :returns: who has a copy of this round.
        """
        asked: set[str] = set()
        for copy in await self._copies(batch):
            if copy.audience and copy.occasion == _round(batch):
                asked.add(copy.audience)
                await self._outbound.copies.update(copy, card_of(copy.audience), replaces_deleted=False)
            elif copy.audience:
                await self._outbound.copies.close(copy, older_batch_card(batch))
        return asked

    async def _copies(self, batch: Batch) -> list[MessageCopy]:
        return await self._outbound.copies.live_copies(_subject(batch.id))

    async def _channel_card(self, batch: Batch) -> MessageCopy | None:
        return next((copy for copy in await self._copies(batch) if not copy.audience), None)


def _subject(batch_id: BatchId) -> str:
    return f"batch:{batch_id}"


def _round(batch: Batch) -> str:
    return str(batch.round)

"""Ask the proposed sponsor of a partner, and update the question with the result. A repetition sends nothing twice."""

from collections.abc import Collection
from datetime import timedelta

from bot.slack.outbound.announcements.handover_cards import closed_handover_card, handover_card, not_reached_card
from bot.slack.outbound.recipients import Outbound
from workflows.core.partners.partnership import Partnership
from workflows.core.people import ADMIN, ChatId
from workflows.core.policy.reviews.sponsorship import Handover


class HandoverMessages:
    """Posts one question and one reminder for each hand-over.

    Slack is always asked whether the person is active, because it accepts messages to people who have left.
    """

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    async def show(self, partnership: Partnership) -> None:
        """Ask the proposed person, remind them, or say in their messages how the hand-over ended."""
        handover = partnership.handover
        if handover is None:
            return
        subject, newest = f"handover:{partnership.identity.tenant_id}", _occasion(handover)
        if handover.is_open and newest not in {copy.occasion for copy in await self._outbound.store.copies(subject)}:
            await self._ask(partnership, handover, subject)
        for copy in await self._outbound.copies.live_copies(subject):
            if handover.is_open and copy.occasion == newest:
                await self._outbound.copies.renew(copy, handover_card(partnership, handover), replaces_deleted=True)
            else:
                is_same = copy.occasion.partition(".")[0] == str(handover.number)
                await self._outbound.copies.close(copy, closed_handover_card(partnership, handover, is_same=is_same))

    async def _ask(self, partnership: Partnership, handover: Handover, subject: str) -> None:
        """Post the question. When Slack does not deliver it, tell once who proposed the person, and the sponsor.

        Where the sponsor has no account any more, the admins are told instead.
        """
        card, proposed = handover_card(partnership, handover), handover.proposed.chat_id
        refused = await self._outbound.copies.post(
            subject, proposed, card, _occasion(handover), active_within=timedelta(0)
        )
        if refused is None:
            return
        not_reached, number = f"not_asked:{partnership.identity.tenant_id}", str(handover.number)
        told = {(copy.audience, copy.occasion) for copy in await self._outbound.store.copies(not_reached)}
        others: Collection[ChatId] = (partnership.sponsor.chat_id,)
        if partnership.sponsor_gone_at is not None:
            others = await self._outbound.directory.holders(ADMIN)
        for person in sorted({handover.proposed_by.chat_id, *others}):
            if (person, number) not in told:
                await self._outbound.copies.post(not_reached, person, not_reached_card(partnership, handover), number)


def _occasion(handover: Handover) -> str:
    return f"{handover.number}.{0 if handover.reminded_at is None else 1}"

"""Post each reassignment of an approval once under the channel's card, as the history of the request."""

from bot.slack.blocks.blocks import cleaned_text, fixed_text, paragraph, quote, rich_text
from bot.slack.blocks.message import Message, message
from bot.slack.cards.requests import notified_target
from bot.slack.outbound.recipients import Outbound
from workflows.core.policy.delegation.asking import Reassignment
from workflows.core.requests.request import AccessRequest
from workflows.core.requests.transitions.taking_part.reassigning import MAX_REASON_CHARACTERS


class ReassignmentMessages:
    """Posts the reassignments of one request. The effects of one request run one after the other."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    async def show(self, request: AccessRequest) -> None:
        """Post what is missing. Without a card, the next update of the request posts it."""
        if not request.reassignments:
            return
        subject, copies = f"reassigned:{request.id}", self._outbound.copies
        cards = [one for one in await copies.live_copies(f"request:{request.id}") if not one.audience]
        card = next((one for one in cards if not one.occasion and one.channel == copies.channel.id), None)
        if card is None:
            return
        posted = {one.occasion for one in await self._outbound.store.copies(subject) if one.channel == card.channel}
        for number, made in enumerate(request.reassignments, 1):
            if str(number) not in posted:
                await copies.post(subject, "", thread_message(request, made), str(number), thread=card.message_id)


def thread_message(request: AccessRequest, made: Reassignment) -> Message:
    """Return a reassignment as it stands in the thread of the channel's card."""
    who = (f"{made.by.name} asks ", f"{made.to_person.name} in place of {made.from_person.name}")
    parts = (
        cleaned_text(made.by.name, bold=True),
        fixed_text(" asks "),
        cleaned_text(made.to_person.name, bold=True),
        fixed_text(" to decide in place of "),
        cleaned_text(made.from_person.name, bold=True),
        fixed_text(":"),
    )
    blocks = [rich_text(paragraph(*parts), quote(made.reason, MAX_REASON_CHARACTERS))]
    return message(f"{notified_target(request)}: {''.join(who)} ({request.id}).", blocks)

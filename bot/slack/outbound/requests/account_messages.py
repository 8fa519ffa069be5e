"""Ask the admin again to confirm guest accounts, with a new message: Slack notifies nobody of an update."""

from bot.slack.blocks.message import Message
from bot.slack.cards.approval.closed_card import older_card
from bot.slack.outbound.card_copies import CardCopies
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.ports.store import Store


async def ask_to_confirm_again(
    request: AccessRequest, subject: str, card: Message, *, copies: CardCopies, store: Store
) -> None:
    """Post the preview of a list that was planned again, once, and close the earlier message. May be repeated.

    :param subject: the subject of the copies of the message to the requester.
    """
    if request.state is not RequestState.AWAITING_CONFIRMATION or not request.round:
        return
    occasion, posted = str(request.round), await store.copies(subject)
    told = {copy.audience for copy in posted if copy.occasion == occasion}
    for person in sorted({copy.audience for copy in posted} - told):
        if await copies.post(subject, person, card, occasion) is None:
            told.add(person)
    for copy in posted:
        if copy.is_live and copy.occasion != occasion and copy.audience in told:
            await copies.close(copy, older_card(request))

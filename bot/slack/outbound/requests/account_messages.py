"""Who sees a request about guest accounts, and the message that asks to confirm them again.

That message is a new one: Slack notifies nobody of an update.
"""

from collections.abc import Sequence

from bot.slack.blocks.message import Message
from bot.slack.cards.approval.closed_card import older_card
from bot.slack.outbound.card_copies import CardCopies
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.ports.message_copies import MessageCopy
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


def is_only_shown_to_requester(request: AccessRequest, posted: Sequence[MessageCopy]) -> bool:
    """Return whether guest accounts are not confirmed yet, or ended before that: nobody else has to know of them.

    :param posted: the copies of the card. After the confirmation, the channel has one. When the list is planned again
        then, the copies are still updated: nobody can approve the earlier list.
    """
    if request.fields.account_change is None or posted:
        return False
    if request.state in (RequestState.PREPARING, RequestState.AWAITING_CONFIRMATION):
        return True
    return request.is_terminal and request.accounts is None

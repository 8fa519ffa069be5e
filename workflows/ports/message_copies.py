"""The interface to the stored copies of posted cards, and to the state of each App Home."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from workflows.core.errors.raised import DomainError
from workflows.core.people import ChatId
from workflows.core.requests.effects import RemindPerson, SendEscalationMessage, ShowAccessTest
from workflows.core.requests.request import RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageCopy:
    """One posted copy of a card."""

    subject: str
    """`request:<id>` or `review:<tenant id>:<number>`."""
    channel: str
    message_id: str
    audience: str
    """The chat id of the recipient; empty for the card in the channel."""
    content: str
    """The hash of the shown content, so that an unchanged card is not sent again."""
    occasion: str = ""
    """Distinguishes several posts to one person about one subject; empty when there is only one."""
    is_live: bool = True
    """False when a newer copy has replaced it. Clicks on it are then refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickedCard:
    """The card on which somebody clicked, and its place."""

    subject: str
    """As in `MessageCopy`."""
    channel: str
    message_id: str
    audience: str
    """The chat id of the person, if the place is a direct conversation; otherwise empty."""
    may_be_unknown: bool
    """Whether a card of which no copy is stored may count."""


class CardNotCurrent(DomainError):
    """The clicked card does not count. `newest` is the message id of the one that counts in its place, or empty."""

    def __init__(self, newest: str) -> None:
        super().__init__(newest)
        self.newest = newest


@dataclass(frozen=True, slots=True, kw_only=True)
class CardCheck:
    """Whether a clicked card counts."""

    is_current: bool
    newest: str = ""
    """The message id of the newest card that counts in its place; empty when there is none."""
    unknown: MessageCopy | None = None
    """The clicked card, if it must be stored because it was not known."""


def check_card(card: ClickedCard, copies: Iterable[MessageCopy]) -> CardCheck:
    """Decide whether a clicked card counts. Every store decides it by this function.

    A known card counts until another one replaces it. An unknown card counts if nothing else does in its place.

    :param copies: the copies with the card's subject in the card's channel.
    """
    live = {copy.message_id: copy.is_live for copy in copies}
    newest = max((message_id for message_id, is_live in live.items() if is_live), default="")
    if card.message_id in live:
        return CardCheck(is_current=live[card.message_id], newest=newest)
    if not card.may_be_unknown:
        return CardCheck(is_current=False, newest=newest)
    unknown = MessageCopy(
        subject=card.subject,
        channel=card.channel,
        message_id=card.message_id,
        audience=card.audience,
        content="",  # its content is not known, so it will be updated
        is_live=not newest,
    )
    return CardCheck(is_current=not newest, newest=newest, unknown=unknown)


class MessageCopies(Protocol):
    """Stores the copies of posted cards, and what each App Home shows."""

    async def copies(self, subject: str) -> Sequence[MessageCopy]:
        """List the posted copies of a card."""

    async def require_current_card(self, card: ClickedCard) -> None:
        """Check whether a clicked card counts, and store it when it was not known. `commit` can check it, too.

        :raises CardNotCurrent: when it does not count.
        """

    async def save_copy(self, copy: MessageCopy) -> None:
        """Store a posted copy, or its new content."""

    async def save_home(self, person: ChatId) -> None:
        """Store that a person opened the App Home. It is published with the start of every list."""

    async def home_position(self, person: ChatId) -> str:
        """Return the stored place of a person's App Home in its lists; empty for the start."""

    async def save_home_position(self, person: ChatId, place: str) -> None:
        """Store the place of a person's App Home in its lists."""

    async def home_content(self, person: ChatId) -> str:
        """Return the hash of the published content of a person's App Home; empty when it must be published."""

    async def save_home_content(self, person: ChatId, content: str) -> None:
        """Store the hash of the published content of a person's App Home."""

    async def request_home_updates(self, people: Sequence[ChatId]) -> None:
        """Store effects that publish the App Homes of these people, without people who have never opened it.

        At most one effect waits for each person, and an App Home is published at most every few seconds.
        """

    async def count_home_requests(self, person: ChatId) -> int:
        """Return how often publishing a person's App Home was requested; 0 for a person who never opened it."""

    async def save_home_published(self, person: ChatId, request_count: int) -> None:
        """Store that the App Home was published.

        It is published again when there was another request in the meantime.

        :param request_count: the result of `count_home_requests` before the content was read.
        """

    async def perform_later(self, effect: RemindPerson | SendEscalationMessage | ShowAccessTest, at: datetime) -> None:
        """Store an effect that is performed when its person works next, unless the same waits already.

        A restart loses nothing.
        """

    async def request_card_update(
        self, request_id: RequestId, *, after: timedelta, may_be_running: bool = False
    ) -> None:
        """Store an effect that updates the copies of a request's card soon, unless one waits already.

        That one shows the newest state when it is performed, so nothing is lost.

        :param after: how long the update waits.
        :param may_be_running: whether one that is due may be performed now, and have read the state already. So it is
            unless the caller is in the lane of the card.
        """

    async def channel_copies(self, current_channel: str, limit: int) -> Sequence[MessageCopy]:
        """List the live copies in channels other than `current_channel`. Copies for a single person are left out."""

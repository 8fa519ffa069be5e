"""The interface to the stored copies of posted cards, and to the state of each App Home."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from workflows.core.people import ChatId
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


class MessageCopies(Protocol):
    """Stores the copies of posted cards, and what each App Home shows."""

    async def copies(self, subject: str) -> Sequence[MessageCopy]:
        """List the posted copies of a card."""

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

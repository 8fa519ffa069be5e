"""Posted copies of cards, and whose App Home is to be shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from workflows.core.people import ChatId


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One posted copy of a card."""

    subject: str
    """`request:<id>` or `review:<tenant id>:<number>`."""
    channel: str
    message_id: str
    audience: str
    """Empty for the channel's card, else the chat id of whom it was sent to."""
    content: str
    """Hash of what it shows now, so that an unchanged card is not sent again."""
    occasion: str = ""
    """Which of several posts to one person about one subject this is; empty where there is only one."""
    is_live: bool = True
    """False once another copy took its place: what is clicked on it does not count."""


class MessageCopies(Protocol):
    """Where posted copies of cards and wanted App Homes are remembered."""

    async def copies(self, subject: str) -> Sequence[Copy]:
        """List the posted copies of a card."""

    async def save_copy(self, copy: Copy) -> None:
        """Remember a posted copy, or what it shows now."""

    async def has_opened_home(self, person: ChatId) -> bool:
        """Return whether a person has ever opened the App Home."""

    async def save_home(self, person: ChatId) -> None:
        """Remember that a person opened the App Home."""

    async def want_homes(self, people: Sequence[ChatId]) -> None:
        """Have the App Homes of those who ever opened theirs published anew.

        At most one waits for each person, and a person's is published every few seconds at most.
        """

    async def home_wanted(self, person: ChatId) -> int:
        """Count how often a person's App Home was wanted; 0 for one who never opened it."""

    async def home_shown(self, person: ChatId, wanted: int) -> None:
        """Note that the App Home shows what stood when it was wanted so often; have it published again if need be."""

    async def channel_copies(self, fit: str, limit: int) -> Sequence[Copy]:
        """List the live copies that were posted for nobody in particular, but those in the channel `fit`."""

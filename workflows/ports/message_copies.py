"""Posted copies of cards, and the App Homes that must be published."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from workflows.core.people import ChatId


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageCopy:
    """One posted copy of a card."""

    subject: str
    """`request:<id>` or `review:<tenant id>:<number>`."""
    channel: str
    message_id: str
    audience: str
    """Empty for the channel's card, otherwise the chat id of the recipient."""
    content: str
    """Hash of the shown content, so that an unchanged card is not sent again."""
    occasion: str = ""
    """Which of several posts to one person about one subject this is; empty when there is only one."""
    is_live: bool = True
    """False once another copy replaced it: clicks on it do not count."""


class MessageCopies(Protocol):
    """Where posted copies of cards and wanted App Homes are stored."""

    async def copies(self, subject: str) -> Sequence[MessageCopy]:
        """List the posted copies of a card."""

    async def save_copy(self, copy: MessageCopy) -> None:
        """Store a posted copy, or what it shows now."""

    async def has_opened_home(self, person: ChatId) -> bool:
        """Return whether a person has ever opened the App Home."""

    async def save_home(self, person: ChatId) -> None:
        """Record that a person opened the App Home: it begins at the start of every list, and is published again."""

    async def home_place(self, person: ChatId) -> str:
        """Return where in its lists a person's App Home is; empty: at the start."""

    async def move_home(self, person: ChatId, place: str) -> None:
        """Record where in its lists a person's App Home is from now on."""

    async def home_content(self, person: ChatId) -> str:
        """Return the hash of what a person's App Home shows; empty when it must be published in any case."""

    async def save_home_content(self, person: ChatId, content: str) -> None:
        """Record the hash of what a person's App Home shows now."""

    async def want_homes(self, people: Sequence[ChatId]) -> None:
        """Publish again the App Homes of those people who ever opened theirs.

        At most one waits for each person, and each is published every few seconds at most.
        """

    async def home_wanted(self, person: ChatId) -> int:
        """Return how often a person's App Home was requested; 0 for a person who never opened it."""

    async def home_shown(self, person: ChatId, wanted: int) -> None:
        """Record that the App Home shows the state of this request number.

        If a newer request exists, it is published again.
        """

    async def channel_copies(self, fit: str, limit: int) -> Sequence[MessageCopy]:
        """List the live copies that were posted for no single person, except those in the channel `fit`."""

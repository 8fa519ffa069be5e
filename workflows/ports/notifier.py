"""What people are shown and told."""

from typing import Protocol

from workflows.core.errors import DomainError
from workflows.core.partners.partnership import Partnership
from workflows.core.people import ChatId
from workflows.core.requests.alarms import Alarm
from workflows.core.requests.request import AccessRequest


class NotifierUnavailable(DomainError):
    """The chat system did not take a message. `retry_after` in seconds, if it said so."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class NotifierBlocked(NotifierUnavailable):
    """A place does not take a message until an admin mends that: it is archived, or the bot is no member of it."""


class NotifierRefused(DomainError):
    """The chat system will never take this message (the channel or the person is gone)."""


class Notifier(Protocol):
    """Shows the domain's state to people. Every method may be repeated.

    Every method raises NotifierUnavailable or NotifierRefused.
    """

    async def show_request(self, request: AccessRequest) -> None:
        """Bring every copy of the request's card up to date; post those that are missing."""

    async def show_review(self, partnership: Partnership, *, remind: bool) -> None:
        """Bring every review card of the partnership up to date; with `remind`, post a new one to the sponsor."""

    async def show_setup(self, partnership: Partnership, *, remind: bool) -> None:
        """Bring every card about the partner's half up to date; post it where it is new, with `remind` once more."""

    async def show_home(self, person: ChatId) -> None:
        """Publish the App Home of one person."""

    async def show_alarm(self, alarm: Alarm) -> None:
        """Send an alarm to every admin who does not have it yet; bring what was sent before up to date."""

    async def tell(self, person: ChatId, text: str, *, channel: str) -> None:
        """Say something to one person: in `channel` for their eyes only, or directly when it is empty."""

"""The interface that shows cards and messages to people."""

from typing import Protocol

from workflows.core.errors.facts import Fact, Facts
from workflows.core.errors.raised import ToldError
from workflows.core.partners.partnership import Partnership
from workflows.core.people import ChatId
from workflows.core.requests.alarms import Alarm
from workflows.core.requests.request import AccessRequest


class NotifierUnavailable(ToldError):
    """The chat system did not accept a message. `retry_after` in seconds, if given."""

    def __init__(self, said: str | Facts, retry_after: float | None = None) -> None:
        """Create the error.

        :param said: what it tells: facts, or text from outside.
        """
        super().__init__(said)
        self.retry_after = retry_after


class NotifierBlocked(NotifierUnavailable):
    """A channel accepts no message until an admin repairs that: it is archived, or the bot is no member."""


class NotifierRefused(ToldError):
    """The chat system will never accept this message (the channel or the person no longer exists)."""


class Notifier(Protocol):
    """Shows the domain's state to people. Every method may be repeated safely.

    Every method raises NotifierUnavailable or NotifierRefused.
    """

    async def show_request(self, request: AccessRequest) -> None:
        """Update every copy of the request's card, and post missing copies."""

    async def remind(self, request: AccessRequest) -> None:
        """Remind everybody who can decide on a request, each in one message for all that waits for them, once a day."""

    async def tell_expired(self, request: AccessRequest) -> None:
        """Tell everybody who was to decide on a request that it expired, each in one message a day for all of them."""

    async def show_review(self, partnership: Partnership, *, remind: bool) -> None:
        """Update every review card of the partnership; with `remind`, post a new one to the sponsor."""

    async def show_setup(self, partnership: Partnership, *, remind: bool) -> None:
        """Update every partner setup card; post it when it is new, and once more with `remind`."""

    async def show_home(self, person: ChatId) -> None:
        """Publish the App Home of one person."""

    async def show_alarm(self, alarm: Alarm) -> None:
        """Send an alarm to every admin who has not got it yet; update the copies that were sent before."""

    async def tell(self, person: ChatId, said: Fact, *, channel: str) -> None:
        """Send one person a message: visible only to them in `channel`, or as a direct message when it is empty."""

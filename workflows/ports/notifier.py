"""The interface that shows cards and messages to people in the chat system."""

from typing import Protocol

from workflows.core.errors.facts import Fact, Facts
from workflows.core.errors.raised import FactsError
from workflows.core.partners.partnership import Partnership
from workflows.core.people import ChatId
from workflows.core.requests.alarms import Alarm
from workflows.core.requests.request import AccessRequest


class NotifierUnavailable(FactsError):
    """The chat system did not accept a message now. `retry_after` is in seconds; None when it is not known."""

    def __init__(self, reason: str | Facts, retry_after: float | None = None) -> None:
        """Create the error.

        :param reason: the reason: facts, or a text from another system.
        """
        super().__init__(reason)
        self.retry_after = retry_after


class NotifierBlocked(NotifierUnavailable):
    """A channel accepts no message until an admin repairs it. It is archived, for example, or the bot is no member."""


class NotifierRefused(FactsError):
    """The chat system will never accept this message. The channel or the person no longer exists, for example."""


class Notifier(Protocol):
    """Shows requests, partners and alarms to people. Every method may be repeated safely.

    Every method can raise NotifierUnavailable and NotifierRefused.
    """

    async def show_request(self, request: AccessRequest) -> None:
        """Update every copy of the request's card, and post missing copies."""

    async def show_change(self, request: AccessRequest, *, clicked_in: str, clicked_by: str) -> bool:
        """Post missing copies of the request's card, and update the copy that was clicked.

        :param clicked_in: the channel of that copy; empty for a click in a window.
        :param clicked_by: the chat id of the person who clicked; empty when nobody did.
        :returns: whether that was everything. Otherwise an effect is stored that updates the other copies soon.
        """

    async def remind(self, request: AccessRequest) -> None:
        """Remind the people who can decide on a request. Each gets one message a day about all waiting requests."""

    async def send_expiry_messages(self, request: AccessRequest) -> None:
        """Tell the requester and the people who could have decided that a request expired.

        Each gets one message about all that expired together.
        """

    async def show_review(self, partnership: Partnership, *, remind: bool) -> None:
        """Update every review card of a partner; with `remind`, post a new one to the sponsor."""

    async def show_setup(self, partnership: Partnership, *, remind: bool) -> None:
        """Update every partner setup card of a partner; post it when it is new, and again with `remind`."""

    async def show_home(self, person: ChatId) -> None:
        """Publish the App Home of one person."""

    async def show_alarm(self, alarm: Alarm) -> None:
        """Send an alarm to every admin who has not received it; update the copies that were sent before."""

    async def send_message(self, person: ChatId, fact: Fact, *, channel: str) -> None:
        """Send one person a message: visible only to them in `channel`; a direct message when `channel` is empty."""

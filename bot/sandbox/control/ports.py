"""Say what the control API reads and changes of the sandbox, and nothing more."""

from typing import Protocol

from bot.sandbox.bot_status import BotHandle, BotStatus
from bot.sandbox.clock import SandboxClock
from bot.sandbox.entra import EntraStandIn
from bot.sandbox.http.faults import Faults
from bot.sandbox.http.request_log import RequestLog
from bot.sandbox.revision import Revision
from bot.sandbox.slack.stand_in import SlackStandIn


class Sandbox(Protocol):
    """The composition that the control API drives. With only one stand-in running, the other one is None."""

    bot: BotHandle | None
    """Where payloads are delivered; a control call may set it."""

    @property
    def clock(self) -> SandboxClock:
        """The one clock."""
        ...

    @property
    def revision(self) -> Revision:
        """Counts changes of anything the sandbox shows."""
        ...

    @property
    def faults(self) -> Faults:
        """What goes wrong at the next calls."""
        ...

    @property
    def status(self) -> BotStatus:
        """Whether the bot has work that is due."""
        ...

    @property
    def socket_mode(self) -> bool:
        """Whether Slack's payloads go over the bot's own WebSockets."""
        ...

    @property
    def slack_stand_in(self) -> SlackStandIn | None:
        """The Slack stand-in."""
        ...

    @property
    def entra(self) -> EntraStandIn | None:
        """The Entra stand-in."""
        ...

    @property
    def slack_log(self) -> RequestLog:
        """Requests to Slack's Web API."""
        ...

    @property
    def graph_log(self) -> RequestLog:
        """Requests to Graph."""
        ...

    def bot_settings(self, port: int) -> dict[str, str]:
        """The environment of a bot on this sandbox that listens on `port`."""
        ...

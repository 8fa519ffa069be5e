"""The parts of the sandbox that the control API reads and changes."""

from typing import Protocol

from bot.sandbox.bot_status import BotHandle, BotStatus
from bot.sandbox.clock import SandboxClock
from bot.sandbox.entra import EntraSimulator
from bot.sandbox.http.faults import Faults
from bot.sandbox.http.request_log import RequestLog
from bot.sandbox.revision import Revision
from bot.sandbox.slack.simulator import SlackSimulator


class Sandbox(Protocol):
    """The sandbox as the control API uses it. With only one simulator running, the other one is None."""

    bot: BotHandle | None
    """Where payloads are sent; a control call may set it."""

    @property
    def clock(self) -> SandboxClock:
        """Return the sandbox's clock."""
        ...

    @property
    def revision(self) -> Revision:
        """Return the counter of changes of everything that the sandbox shows."""
        ...

    @property
    def faults(self) -> Faults:
        """Return the faults to inject into the next calls."""
        ...

    @property
    def status(self) -> BotStatus:
        """Return the object that reports whether the bot has due work."""
        ...

    @property
    def socket_mode(self) -> bool:
        """Return whether Slack's payloads are sent over the bot's own WebSockets."""
        ...

    @property
    def slack_simulator(self) -> SlackSimulator | None:
        """Return the simulated Slack; None when it is not running."""
        ...

    @property
    def entra(self) -> EntraSimulator | None:
        """Return the simulated Entra tenant; None when it is not running."""
        ...

    @property
    def slack_log(self) -> RequestLog:
        """Return the log of requests to Slack's Web API."""
        ...

    @property
    def graph_log(self) -> RequestLog:
        """Return the log of requests to Graph."""
        ...

    def bot_settings(self, port: int, health_port: int = 3001) -> dict[str, str]:
        """Return the environment variables for a bot that uses this sandbox and listens on `port`."""
        ...

"""The parts of the sandbox that the page reads."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from bot.sandbox.clock import SandboxClock

Json = Mapping[str, Any]


class OpenView(Protocol):
    """A view that is open for a person."""

    def to_slack(self) -> dict[str, Any]:
        """Return the view object with its `state`."""
        ...


class OpenViews(Protocol):
    """All open views, by Slack user id."""

    def modals(self, user_id: str, /) -> Sequence[OpenView]:
        """Return a person's modals; the one on top is last."""
        ...

    def home(self, user_id: str, /) -> OpenView | None:
        """Return a person's App Home; None before the app published one."""
        ...


class Conversation(Protocol):
    """A channel or a direct message conversation."""

    @property
    def id(self) -> str:
        """Return Slack's channel id."""
        ...


class Workspace(Protocol):
    """The simulated Slack workspace, as the page reads it."""

    @property
    def views(self) -> OpenViews:
        """Return the open views."""
        ...

    def find(self, reference: str, /) -> Conversation | None:
        """Find a conversation by name, or by `@handle` for direct messages with the bot; None when there is none."""
        ...

    def messages(self, channel_id: str, viewer: str | None = None, /) -> Sequence[Json]:
        """Return the messages that the viewer (a Slack user id) can see, oldest first."""
        ...


class Tenant(Protocol):
    """The simulated Entra tenant, as the page reads it."""

    def state(self) -> dict[str, Any]:
        """Return the tenant's objects in Graph's form, such as `default`, `partners` and `organizations`."""
        ...


class RequestLog(Protocol):
    """The requests to one simulator."""

    @property
    def entries(self) -> Sequence[Json]:
        """Return them, oldest first: `method, path, query, body, status, at`, and `ms` (None until answered)."""
        ...


class Sandbox(Protocol):
    """The sandbox as the page uses it. With only one simulator running, the other one is None."""

    @property
    def clock(self) -> SandboxClock:
        """Return the sandbox's clock."""
        ...

    @property
    def slack(self) -> Workspace | None:
        """Return the simulated Slack; None when it is not running."""
        ...

    @property
    def entra(self) -> Tenant | None:
        """Return the simulated Entra tenant; None when it is not running."""
        ...

    @property
    def graph_log(self) -> RequestLog:
        """Return the log of requests to Graph."""
        ...

    @property
    def slack_log(self) -> RequestLog:
        """Return the log of requests to Slack's Web API."""
        ...

    async def wait_for_change(self, seen: int) -> int:
        """Return the present revision as soon as it is greater than `seen`."""
        ...

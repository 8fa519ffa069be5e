"""Say what the page reads of the sandbox, and nothing more."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from bot.sandbox.clock import SandboxClock

Json = Mapping[str, Any]


class OpenView(Protocol):
    """A view somebody has before them."""

    def to_slack(self) -> dict[str, Any]:
        """The view object with its `state`."""
        ...


class OpenViews(Protocol):
    """All open views, by Slack user id."""

    def modals(self, user_id: str, /) -> Sequence[OpenView]:
        """A person's modals, the one on top last."""
        ...

    def home(self, user_id: str, /) -> OpenView | None:
        """A person's App Home, None before the app published one."""
        ...


class Conversation(Protocol):
    """A place for messages."""

    @property
    def id(self) -> str:
        """Slack's channel id."""
        ...


class Workspace(Protocol):
    """The Slack side."""

    @property
    def views(self) -> OpenViews:
        """The open views."""
        ...

    def find(self, reference: str, /) -> Conversation | None:
        """A conversation by name, or `@handle` for the direct messages with the bot."""
        ...

    def messages(self, channel_id: str, viewer: str | None = None, /) -> Sequence[Json]:
        """What the viewer (a Slack user id) can see, oldest first."""
        ...


class Tenant(Protocol):
    """The Entra side."""

    def state(self) -> dict[str, Any]:
        """The tenant's objects, Graph-shaped: `default`, `partners` by tenant id, `organizations` by tenant id."""
        ...


class RequestLog(Protocol):
    """Requests to one stand-in."""

    @property
    def entries(self) -> Sequence[Json]:
        """Oldest first: `method, path, query, body, status, at`, and `ms`, None until it is answered."""
        ...


class Sandbox(Protocol):
    """The composition the page is mounted on. With only one stand-in running, the other one is None."""

    @property
    def clock(self) -> SandboxClock:
        """The one clock."""
        ...

    @property
    def slack(self) -> Workspace | None:
        """The Slack stand-in."""
        ...

    @property
    def entra(self) -> Tenant | None:
        """The Entra stand-in."""
        ...

    @property
    def graph_log(self) -> RequestLog:
        """Requests to Graph."""
        ...

    @property
    def slack_log(self) -> RequestLog:
        """Requests to Slack's Web API."""
        ...

    async def wait_for_change(self, seen: int) -> int:
        """Answer the present revision, once it is greater than `seen`."""
        ...

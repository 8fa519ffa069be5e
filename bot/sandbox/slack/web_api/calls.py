"""One call of a Web API method: the caller and the arguments."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack.errors import SlackError, invalid_arguments
from bot.sandbox.slack.workspace.conversations import Conversation
from bot.sandbox.slack.workspace.triggers import Triggers
from bot.sandbox.slack.workspace.workspace import Workspace

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call. `socket_url` returns the address of a new Socket Mode connection."""

    arguments: Mapping[str, Any]
    workspace: Workspace
    triggers: Triggers
    scopes: frozenset[str]
    base_url: str
    """The address of the workspace, with a slash at the end."""
    socket_url: Callable[[], str]

    def text(self, name: str) -> str:
        """Return a required string.

        :raises SlackError: `invalid_arguments`.
        """
        value = self.arguments.get(name)
        if value is None or value == "":
            raise invalid_arguments(f"missing required field: {name} [json-pointer:/{name}]")
        return str(value)

    def maybe(self, name: str) -> str | None:
        """Return an optional string; empty counts as absent."""
        value = self.arguments.get(name)
        return None if value in (None, "") else str(value)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return an optional boolean; a form contains it as `true`, `false`, `1` or `0`."""
        value = self.arguments.get(name, default)
        return value if isinstance(value, bool) else str(value).lower() in ("true", "1")

    def json_argument(self, name: str, refusal: str) -> Any:
        """Return an optional object or array; a form contains it as JSON text.

        :raises SlackError: `refusal`, when the text is not JSON.
        """
        value = self.arguments.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError as error:
            raise SlackError(refusal) from error

    def conversation(self, name: str = "channel", refusal: str = "channel_not_found") -> Conversation:
        """Return the conversation that an argument names.

        :raises SlackError: `channel_not_found`.
        """
        found = self.workspace.find(self.text(name))
        if found is None:
            raise SlackError(refusal)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A Web API method: its handler, and the scopes of which the token needs one (empty: none needed)."""

    run: Callable[[Call], Answer]
    scopes: tuple[str, ...] = ()
    app_level: bool = False
    """Called with an app-level token (`xapp-…`) instead of the bot's token."""


def parent_of(call: Call, channel: Conversation) -> dict[str, str]:
    """Return the `thread_ts` of a reply.

    A reply to an unknown message becomes a message of its own, as in Slack.
    """
    ts = call.maybe("thread_ts")
    parent = call.workspace.message(channel.id, ts) if ts else None
    if parent is None:
        return {}
    return {"thread_ts": str(parent.get("thread_ts", parent["ts"]))}


def page_answer(call: Call, name: str, rows: list[Any], maximum: int = 1000) -> Answer:
    """Return one page of a list, with a cursor to the next.

    :raises SlackError: `invalid_cursor`, `invalid_limit`.
    """
    limit, cursor = call.maybe("limit") or "0", call.maybe("cursor") or "0"
    if not limit.isdecimal():
        raise SlackError("invalid_limit")
    if not cursor.isdecimal():
        raise SlackError("invalid_cursor")
    start, size = int(cursor), min(int(limit) or maximum, maximum)
    following = str(start + size) if start + size < len(rows) else ""
    return {name: rows[start : start + size], "response_metadata": {"next_cursor": following}}

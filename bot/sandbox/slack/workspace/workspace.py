"""The workspace: its conversations, messages and views, stored across restarts."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from bot.sandbox.seed import APP_ID, BOT_ID, BOT_USER_ID, TEAM_ID
from bot.sandbox.slack.workspace.conversations import CONVERSATIONS, Conversation, find_conversation
from bot.sandbox.slack.workspace.files import Files
from bot.sandbox.slack.workspace.views import Views
from bot.sandbox.storage.tables import AppendOnlyTables

Message = dict[str, Any]
MICROSECONDS = 1_000_000


class Workspace:
    """Everything that people see in Slack. Returned objects are the stored ones: read them, never change them."""

    def __init__(
        self, tables: AppendOnlyTables, *, now: Callable[[], datetime], base_url: Callable[[], str] = str
    ) -> None:
        self.now = now
        self.views = Views(tables, now=now)
        self.files = Files(tables, now=now, base_url=base_url)
        self.conversations = dict(CONVERSATIONS)
        self._tables = tables
        latest = max((row["message"]["ts"] for row in tables.rows("messages").values()), default="0.0")
        self._last_ts = int(latest.replace(".", ""))

    def next_ts(self) -> str:
        """Create a message id: the sandbox's time in microseconds, unique and increasing."""
        self._last_ts = max(int(self.now().timestamp() * MICROSECONDS), self._last_ts + 1)
        return f"{self._last_ts // MICROSECONDS}.{self._last_ts % MICROSECONDS:06d}"

    def find(self, reference: str) -> Conversation | None:
        """Find a conversation by id, `name`, `#name`, `@handle` or a person's Slack id; None when there is none."""
        return find_conversation(self.conversations, reference)

    def post(self, channel_id: str, content: Message, *, only_for: str | None = None) -> Message:
        """Post a message of the bot in a conversation; with `only_for` (a Slack id) it is ephemeral."""
        message = {
            "type": "message",
            "user": BOT_USER_ID,
            "ts": self.next_ts(),
            "bot_id": BOT_ID,
            "app_id": APP_ID,
            "team": TEAM_ID,
            **content,
        }
        if only_for is not None:
            message["is_ephemeral"] = True
        self.keep(channel_id, message, only_for)
        return message

    def keep(self, channel_id: str, message: Message, only_for: str | None = None) -> None:
        """Store a message; it replaces an older one with its ts."""
        row = {"channel": channel_id, "only_for": only_for, "message": message}
        self._tables.put("messages", f"{channel_id}/{message['ts']}", row)

    def message(self, channel_id: str, ts: str, *, viewer: str | None = None) -> Message | None:
        """Return one message that `viewer` can see; without a viewer, one that is not ephemeral."""
        row = self._tables.get("messages", f"{channel_id}/{ts}")
        if row is None or row["only_for"] not in (None, viewer) or not self._may_look(channel_id, viewer):
            return None
        message: Message = row["message"]
        return message

    def remove(self, channel_id: str, ts: str) -> None:
        """Remove a message."""
        self._tables.drop("messages", f"{channel_id}/{ts}")

    def messages(self, channel_id: str, viewer: str | None = None) -> list[Message]:
        """Return all messages that `viewer` (a Slack id) can see, oldest first; without a viewer, no ephemeral ones."""
        if not self._may_look(channel_id, viewer):
            return []
        rows = self._tables.rows("messages").values()
        return [row["message"] for row in rows if row["channel"] == channel_id and row["only_for"] in (None, viewer)]

    def ephemerals(self, user_id: str) -> list[Message]:
        """Return all ephemeral messages to a person, oldest first, each with its `channel`."""
        rows = self._tables.rows("messages").values()
        return [{**row["message"], "channel": row["channel"]} for row in rows if row["only_for"] == user_id]

    def _may_look(self, channel_id: str, viewer: str | None) -> bool:
        conversation = self.conversations.get(channel_id)
        if conversation is None:
            return False
        return viewer is None or conversation.kind == "public_channel" or viewer in conversation.members

"""Answer posts to a `response_url`: five uses within thirty minutes of the sandbox's time."""

import json
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from bot.sandbox.seed import TEAM_ID
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.web_api.message_content import checked_content
from bot.sandbox.slack.workspace.workspace import Workspace
from bot.sandbox.storage.tables import AppendOnlyTables

PREFIX = "/slack/response/"
USES = 5
LIFETIME = timedelta(minutes=30)


class ResponseUrls:
    """All response_urls of the workspace."""

    def __init__(self, tables: AppendOnlyTables, workspace: Workspace, *, base_url: Callable[[], str]) -> None:
        self._tables = tables
        self._workspace = workspace
        self._base_url = base_url

    def issue(self, user_id: str, channel_id: str, message_ts: str | None = None) -> str:
        """Create an address to answer `user_id` in a conversation; with a message, it may replace that message."""
        key = f"{TEAM_ID}/{secrets.token_hex(12)}"
        expires = (self._workspace.now() + LIFETIME).isoformat()
        self._tables.put(
            "response_urls",
            key,
            {"user": user_id, "channel": channel_id, "ts": message_ts, "uses": USES, "expires": expires},
        )
        return f"{self._base_url()}{PREFIX.removeprefix('/')}{key}"

    def routes(self) -> list[web.RouteDef]:
        """Return the route of the addresses."""
        return [web.post(PREFIX + "{key:.+}", self._handle)]

    async def _handle(self, request: web.Request) -> web.Response:
        try:
            self._use(request.match_info["key"], await _read(request))
        except SlackError as error:
            missing = error.code in ("expired_url", "used_url")
            return web.json_response(error.body(), status=404 if missing else 400)
        return web.Response(text="ok")

    def _use(self, key: str, payload: dict[str, Any]) -> None:
        record = self._tables.get("response_urls", key)
        if record is None or datetime.fromisoformat(record["expires"]) <= self._workspace.now():
            raise SlackError("expired_url")
        if record["uses"] < 1:
            raise SlackError("used_url")
        self.respond(record["user"], record["channel"], record["ts"], payload)
        self._tables.put("response_urls", key, {**record, "uses": record["uses"] - 1})

    def respond(self, user_id: str, channel_id: str, ts: str | None, payload: dict[str, Any]) -> None:
        """Do what the payload requests: delete, replace, or post a message, for one person or for all.

        :raises SlackError: for a problem of the message, or `message_not_found`.
        """
        if payload.get("delete_original"):
            self._original(channel_id, ts, user_id)
            self._workspace.remove(channel_id, str(ts))
            return
        parts = {name: payload[name] for name in ("text", "blocks", "attachments") if payload.get(name) is not None}
        content = checked_content(parts)
        if not any(content.values()):
            raise SlackError("no_text")
        if payload.get("replace_original"):
            original = self._original(channel_id, ts, user_id)
            replaced = {**original, "text": "", "blocks": [], **content}
            self._workspace.keep(channel_id, replaced, user_id if original.get("is_ephemeral") else None)
            return
        thread = {"thread_ts": payload["thread_ts"]} if payload.get("thread_ts") else {}
        only_for = None if payload.get("response_type") == "in_channel" else user_id
        self._workspace.post(channel_id, {"text": "", **content, **thread}, only_for=only_for)

    def _original(self, channel_id: str, ts: str | None, user_id: str) -> dict[str, Any]:
        message = self._workspace.message(channel_id, ts, viewer=user_id) if ts else None
        if message is None:
            raise SlackError("message_not_found")
        return message


async def _read(request: web.Request) -> dict[str, Any]:
    try:
        payload = json.loads(await request.text())
    except ValueError as error:
        raise SlackError("invalid_payload") from error
    if not isinstance(payload, dict):
        raise SlackError("invalid_payload")
    return payload

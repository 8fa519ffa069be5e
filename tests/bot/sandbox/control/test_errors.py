"""The control API says which field is wrong and what to do, with a fitting status."""

from typing import Any

import pytest
from aiohttp import ClientSession

from bot.sandbox.server import Sandbox
from tests.bot.sandbox.control_client import Control
from tests.bot.sandbox.fake_bot import FakeBot


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "error", "names"),
    [
        ("POST", "command", {"user": "nobody", "text": ""}, 404, "no_such_person", "user"),
        ("POST", "command", {"text": ""}, 400, "bad_field", "user"),
        ("POST", "command", {"user": "admin", "txt": ""}, 400, "bad_field", "txt"),
        ("POST", "command", {"user": "admin", "channel": "nowhere"}, 404, "channel_not_found", "channel"),
        ("POST", "command", {"user": "admin", "channel": "@requester"}, 404, "channel_not_found", "channel"),
        ("POST", "command", [], 400, "bad_field", "body"),
        ("POST", "click", {"user": "admin", "action_id": "x"}, 400, "missing_place", "view_id"),
        (
            "POST",
            "click",
            {"user": "admin", "action_id": "x", "channel": "general", "ts": "1.0"},
            404,
            "message_not_found",
            "ts",
        ),
        ("POST", "click", {"user": "admin", "action_id": "x", "view_id": "V0"}, 404, "view_not_found", "view_id"),
        ("POST", "submit", {"user": "admin", "view_id": "V0"}, 404, "view_not_found", "view_id"),
        ("POST", "close", {"user": "admin", "view_id": "V0"}, 404, "view_not_found", "view_id"),
        ("GET", "messages?channel=nowhere", None, 404, "channel_not_found", "channel"),
        ("GET", "messages", None, 400, "bad_field", "channel"),
        ("GET", "views", None, 400, "bad_field", "user"),
        ("GET", "home?user=nobody", None, 404, "no_such_person", "user"),
        ("POST", "clock", {"advance_seconds": -1}, 400, "bad_field", "advance_seconds"),
        ("POST", "clock", {"advance_seconds": "soon"}, 400, "bad_field", "advance_seconds"),
        ("POST", "faults", {"target": "moon"}, 400, "bad_field", "target"),
        ("POST", "faults", {"target": "slack", "times": 0}, 400, "bad_field", "times"),
        ("POST", "faults", {"target": "slack", "tmes": 1}, 400, "bad_field", "tmes"),
        ("PATCH", "graph/state", {"prtners": {}}, 400, "bad_patch", "prtners"),
        ("GET", "idle?timeout=soon", None, 400, "bad_field", "timeout"),
        ("PUT", "bot", {"url": "http://example.com:80"}, 400, "bad_field", "url"),
        ("GET", "nothing", None, 404, "unknown_call", "docs/sandbox.md"),
        ("GET", "click", None, 405, "wrong_method", "POST"),
    ],
)
async def test_refusals(
    bot: FakeBot, control: Control, method: str, path: str, body: Any, status: int, error: str, names: str
) -> None:
    got, answer = await control.call(method, path, body)
    assert (got, answer["ok"], answer["error"]) == (status, False, error)
    assert names in answer["message"]
    assert bot.received == []


async def test_body_that_is_no_json(sandbox: Sandbox, session: ClientSession) -> None:
    async with session.post(f"{sandbox.url}control/click", data="{") as response:
        assert (response.status, (await response.json())["error"]) == (400, "bad_json")


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({"Host": "evil.example"}, "foreign_host"),
        ({"Host": "127.0.0.1:1"}, "foreign_host"),
        ({"Origin": "https://evil.example"}, "foreign_origin"),
        ({"Origin": "null"}, "foreign_origin"),
        ({"Origin": "http://127.0.0.1:1"}, "foreign_origin"),
    ],
)
async def test_pages_of_others_cannot_drive_the_sandbox(
    sandbox: Sandbox, session: ClientSession, headers: dict[str, str], error: str
) -> None:
    url = f"{sandbox.url}control/clock"
    async with session.post(url, json={"advance_seconds": 9}, headers=headers) as response:
        assert (response.status, (await response.json())["error"]) == (403, error)
    assert sandbox.clock.offset.total_seconds() == 0


async def test_own_page_can(sandbox: Sandbox, session: ClientSession) -> None:
    headers = {"Origin": sandbox.url.rstrip("/")}
    async with session.post(f"{sandbox.url}control/clock", json={"advance_seconds": 9}, headers=headers) as response:
        assert response.status == 200

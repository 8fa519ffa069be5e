"""The Web API refuses as Slack refuses, and keeps what it takes."""

import json
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientSession

from bot.sandbox.server import Sandbox
from tests.bot.sandbox.control_client import Control
from tests.bot.sandbox.fake_bot import FakeBot
from tests.bot.sandbox.slack.samples import CHANNEL, actions, plain, text_input


async def test_token_is_asked_for_and_checked(bot: FakeBot, session: ClientSession) -> None:
    async with session.post(bot.api_url + "auth.test") as response:
        assert await response.json() == {"ok": False, "error": "not_authed"}
    bot.token = "xoxb-wrong"
    assert (await bot.api("auth.test"))["error"] == "invalid_auth"
    assert (await bot.api("apps.connections.open"))["error"] == "invalid_auth"


async def test_token_of_the_wrong_kind_is_refused(bot: FakeBot, sandbox: Sandbox) -> None:
    assert (await bot.api("apps.connections.open"))["error"] == "not_allowed_token_type"
    assert sandbox.slack_simulator is not None
    bot.token = sandbox.slack_simulator.credentials.app_token
    assert (await bot.api("auth.test"))["error"] == "not_allowed_token_type"
    assert (await bot.api("apps.connections.open"))["url"].startswith("ws://127.0.0.1:")


async def test_scope_that_is_missing_is_named(bot: FakeBot) -> None:
    answer = await bot.api("conversations.history", channel=CHANNEL)
    assert (answer["error"], answer["needed"]) == ("missing_scope", "groups:history")
    assert "chat:write" in answer["provided"].split(",")
    assert (await bot.api("team.info"))["needed"] == "team:read"


async def test_form_with_json_inside_and_token_in_it(bot: FakeBot, session: ClientSession) -> None:
    form = {"token": bot.token, "channel": "#partner-access", "blocks": json.dumps([actions()]), "text": "hi"}
    async with session.post(bot.api_url + "chat.postMessage", data=form) as response:
        answer = await response.json()
    assert answer["ok"] is True
    assert answer["channel"] == CHANNEL
    assert answer["message"]["blocks"][0]["block_id"] == "decide"


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("chat.fly", {}, "unknown_method"),
        ("chat.postMessage", {"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": CHANNEL}, "no_text"),
        ("chat.postMessage", {"text": "x"}, "invalid_arguments"),
        ("chat.postMessage", {"channel": CHANNEL, "text": "x" * 40_001}, "msg_too_long"),
        ("chat.postMessage", {"channel": CHANNEL, "blocks": [text_input()]}, "invalid_blocks"),
        ("chat.postMessage", {"channel": CHANNEL, "blocks": "[{"}, "invalid_blocks_format"),
        ("chat.update", {"channel": CHANNEL, "ts": "1.0", "text": "x"}, "message_not_found"),
        ("chat.delete", {"channel": CHANNEL, "ts": "1.0"}, "message_not_found"),
        ("chat.postEphemeral", {"channel": CHANNEL, "user": "U0NOBODY", "text": "x"}, "user_not_in_channel"),
        ("views.open", {"trigger_id": "x", "view": {"type": "modal"}}, "invalid_arguments"),
        ("views.update", {"view_id": "V0", "view": {"type": "modal", "title": plain("x"), "blocks": []}}, "not_found"),
        ("views.publish", {"user_id": "U0NOBODY", "view": {"type": "home", "blocks": []}}, "user_not_found"),
        ("users.info", {"user": "U0NOBODY"}, "user_not_found"),
        ("users.info", {"user": "requester"}, "user_not_found"),
        ("users.lookupByEmail", {"email": "nobody@woodgrove.com"}, "users_not_found"),
        ("usergroups.users.list", {"usergroup": "S0"}, "no_such_subteam"),
        ("conversations.open", {"users": "U0NOBODY"}, "user_not_found"),
        ("conversations.open", {"users": "U0REQUESTER,U0ADMIN0001"}, "missing_scope"),
        ("users.list", {"cursor": "x"}, "invalid_cursor"),
        ("conversations.members", {"channel": "C0GENERAL01"}, "missing_scope"),
        ("conversations.info", {"channel": "C0GENERAL01"}, "missing_scope"),
        ("chat.scheduledMessages.list", {"channel": "C0NOWHERE"}, "invalid_channel"),
        ("chat.scheduledMessages.list", {"channel": "#partner-access"}, "invalid_channel"),
        ("blocks.validate", {"blocks": [{"type": "x"}]}, "invalid_blocks"),
    ],
)
async def test_refusals(bot: FakeBot, method: str, arguments: dict[str, Any], error: str) -> None:
    answer = await bot.api(method, **arguments)
    assert answer["ok"] is False
    assert answer["error"] == error


async def test_invalid_blocks_name_the_place(bot: FakeBot) -> None:
    blocks = [{"type": "header", "text": plain("x" * 151)}]
    answer = await bot.api("chat.postMessage", channel=CHANNEL, blocks=blocks)
    messages = answer["response_metadata"]["messages"]
    assert messages == ["[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]"]


async def test_not_in_channel(bot: FakeBot, sandbox: Sandbox) -> None:
    assert sandbox.slack is not None
    general = sandbox.slack.conversations["C0GENERAL01"]
    assert (await bot.api("chat.scheduledMessages.list", channel=general.id))["scheduled_messages"] == []
    sandbox.slack.conversations[general.id] = replace(general, bot_is_member=False)
    assert (await bot.api("chat.postMessage", channel=general.id, text="x"))["error"] == "not_in_channel"
    assert (await bot.api("chat.scheduledMessages.list", channel=general.id))["error"] == "invalid_channel"


async def test_messages_have_growing_ids_and_the_bot_as_author(bot: FakeBot) -> None:
    sent = [(await bot.api("chat.postMessage", channel=CHANNEL, text=f"{n}"))["message"] for n in range(20)]
    ids = [message["ts"] for message in sent]
    assert ids == sorted(set(ids))
    assert {message["user"] for message in sent} == {"U0GATEHOUSE"}


async def test_update_keeps_what_it_does_not_name(bot: FakeBot, control: Control) -> None:
    sent = await bot.api("chat.postMessage", channel=CHANNEL, text="old", blocks=[actions()])
    assert (await bot.api("chat.update", channel=CHANNEL, ts=sent["ts"], text="new"))["ok"]
    [message] = (await control.get("messages", channel=CHANNEL, user="requester"))["messages"]
    assert (message["text"], message["blocks"][0]["block_id"]) == ("new", "decide")
    assert message["edited"]["user"] == "U0GATEHOUSE"
    assert (await bot.api("chat.update", channel=CHANNEL, ts=sent["ts"], text="x" * 4001))["error"] == "msg_too_long"


async def test_message_of_somebody_else_cannot_be_updated(bot: FakeBot, sandbox: Sandbox) -> None:
    assert sandbox.slack is not None
    sandbox.slack.keep(CHANNEL, {"type": "message", "user": "U0REQUESTER", "ts": "1.000001", "text": "mine"})
    answer = await bot.api("chat.update", channel=CHANNEL, ts="1.000001", text="x")
    assert answer["error"] == "cant_update_message"


async def test_ephemeral_is_seen_by_its_addressee_only(bot: FakeBot, control: Control) -> None:
    sent = await bot.api("chat.postEphemeral", channel=CHANNEL, user="U0APPROVER1", text="psst")
    assert (await control.get("messages", channel=CHANNEL, user="requester"))["messages"] == []
    [message] = (await control.get("messages", channel=CHANNEL, user="approver1"))["messages"]
    assert (message["text"], message["is_ephemeral"], message["ts"]) == ("psst", True, sent["message_ts"])
    answer = await bot.api("chat.update", channel=CHANNEL, ts=sent["message_ts"], text="x")
    assert answer["error"] == "message_not_found"


async def test_direct_messages_are_private(bot: FakeBot, control: Control) -> None:
    opened = await bot.api("conversations.open", users="U0ADMIN0001")
    await bot.api("chat.postMessage", channel=opened["channel"]["id"], text="for you")
    await bot.api("chat.postMessage", channel="U0ADMIN0001", text="by user id")
    seen = (await control.get("messages", channel="@admin"))["messages"]
    assert [message["text"] for message in seen] == ["for you", "by user id"]
    updated = await bot.api("chat.update", channel="U0ADMIN0001", ts=seen[1]["ts"], text="only a new message takes one")
    assert updated["error"] == "channel_not_found"
    assert (await control.get("messages", channel="@admin", user="requester"))["messages"] == []


async def test_replies_carry_their_thread(bot: FakeBot, control: Control) -> None:
    parent = await bot.api("chat.postMessage", channel=CHANNEL, text="card")
    await bot.api("chat.postMessage", channel=CHANNEL, text="reply", thread_ts=parent["ts"])
    messages = (await control.get("messages", channel="partner-access", user="admin"))["messages"]
    assert [message.get("thread_ts") for message in messages] == [None, parent["ts"]]


async def test_outsider_is_distinguished_from_members(bot: FakeBot) -> None:
    outsider = (await bot.api("users.info", user="U0OUTSIDER1"))["user"]
    assert outsider["is_stranger"] is True
    assert outsider["team_id"] == "T0OUTSIDE1"
    assert "email" not in outsider["profile"]
    guest = (await bot.api("users.info", user="U0GUEST0001"))["user"]
    assert guest["is_restricted"] is True
    listed = (await bot.api("users.list"))["members"]
    assert "U0OUTSIDER1" not in {user["id"] for user in listed}


async def test_lists_come_in_pages(bot: FakeBot) -> None:
    first = await bot.api("users.list", limit=5)
    rest = await bot.api("users.list", limit=5, cursor=_cursor(first))
    assert len(first["members"]) == 5
    assert "U0GATEHOUSE" in {user["id"] for user in rest["members"]}
    assert _cursor(rest) == ""


async def test_usergroups(bot: FakeBot) -> None:
    assert all("users" not in group for group in (await bot.api("usergroups.list"))["usergroups"])
    groups = (await bot.api("usergroups.list", include_users=True))["usergroups"]
    assert {group["handle"]: group["users"] for group in groups}["partner-security"] == ["U0APPROVER1"]
    assert (await bot.api("usergroups.users.list", usergroup="S0PADMINS01"))["users"] == ["U0ADMIN0001"]


def _cursor(answer: dict[str, Any]) -> str:
    return str(answer["response_metadata"]["next_cursor"])

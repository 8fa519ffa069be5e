"""A click finds its element, brings what Slack brings, and tells what came of it."""

import hashlib
import hmac
from typing import Any

from aiohttp import ClientSession

from bot.sandbox.server import Sandbox
from tests.bot.sandbox.control_client import Control
from tests.bot.sandbox.fake_bot import Answer, FakeBot, Payload
from tests.bot.sandbox.slack.samples import CHANNEL, actions, button

CARD: dict[str, Any] = {"channel": CHANNEL, "text": "card", "blocks": [actions(button("approve"), button("reject"))]}


async def card(bot: FakeBot) -> str:
    """Post a card and give its ts."""
    return str((await bot.api("chat.postMessage", **CARD))["ts"])


async def test_delivery_is_signed(bot: FakeBot, control: Control, sandbox: Sandbox) -> None:
    """The test computes the signature itself, from Slack's documentation."""
    await control.post("clock", advance_seconds=3600)
    ts = await card(bot)
    await control.post("click", user="approver1", action_id="approve", channel=CHANNEL, ts=ts)
    got = bot.received[-1]
    timestamp = got.headers["X-Slack-Request-Timestamp"]
    assert abs(int(timestamp) - sandbox.clock.now().timestamp()) < 5
    secret = (await control.get("bot"))["signing_secret"].encode()
    expected = hmac.new(secret, f"v0:{timestamp}:".encode() + got.raw, hashlib.sha256).hexdigest()
    assert got.headers["X-Slack-Signature"] == f"v0={expected}"
    assert got.headers["Content-Type"] == "application/x-www-form-urlencoded"


async def test_click_in_a_message(bot: FakeBot, control: Control) -> None:
    ts = await card(bot)
    told = await control.post("click", user="approver1", action_id="approve", channel="#partner-access", ts=ts)
    payload = bot.last
    assert payload["actions"][0]["value"] == "r1"
    assert payload["message"]["ts"] == ts
    assert payload["channel"] == {"id": CHANNEL, "name": "privategroup"}
    assert payload["user"]["team_id"] == "T0WOODGROVE"
    assert payload["container"] == {"type": "message", "message_ts": ts, "channel_id": CHANNEL, "is_ephemeral": False}
    assert (told["status"], told["sent"], told["views"], told["ephemeral"]) == (200, True, [], [])


async def test_outsider_shows_by_the_team_alone(bot: FakeBot, control: Control) -> None:
    ts = await card(bot)
    await control.post("click", user="outsider", action_id="approve", channel=CHANNEL, ts=ts)
    assert bot.last["user"]["team_id"] == "T0OUTSIDE1"
    assert bot.last["team"]["id"] == "T0WOODGROVE"


async def test_value_may_be_another_than_the_buttons(bot: FakeBot, control: Control) -> None:
    ts = await card(bot)
    await control.post("click", user="admin", action_id="approve", channel=CHANNEL, ts=ts, value="stale")
    assert bot.last["actions"][0]["value"] == "stale"


async def test_value_picks_among_several(bot: FakeBot, control: Control) -> None:
    blocks = [actions(button("keep", f"p{n}"), block_id=f"b{n}") for n in range(3)]
    ts = (await bot.api("chat.postMessage", channel=CHANNEL, text="list", blocks=blocks))["ts"]
    place = {"user": "admin", "action_id": "keep", "channel": CHANNEL, "ts": ts}
    await control.post("click", **place, value="p1")
    assert bot.last["actions"][0]["block_id"] == "b1"
    await control.post("click", **place, block_id="b2")
    assert bot.last["actions"][0]["value"] == "p2"
    status, answer = await control.call("POST", "click", place)
    assert (status, answer["error"]) == (409, "ambiguous_element")
    status, answer = await control.call("POST", "click", {**place, "value": "p9"})
    assert (status, answer["error"]) == (404, "no_such_element")


async def test_ephemeral_answer_is_told(bot: FakeBot, control: Control) -> None:
    async def answer(payload: Payload) -> Answer:
        user = payload["user"]["id"]
        assert (await bot.api("chat.postEphemeral", channel=CHANNEL, user=user, text="No: your own request."))["ok"]
        return None

    ts = await card(bot)
    bot.answer = answer
    told = await control.post("click", user="requester", action_id="approve", channel=CHANNEL, ts=ts)
    assert [message["text"] for message in told["ephemeral"]] == ["No: your own request."]


async def test_click_in_an_ephemeral_message(bot: FakeBot, control: Control) -> None:
    sent = await bot.api("chat.postEphemeral", **CARD, user="U0ADMIN0001")
    place = {"action_id": "approve", "channel": CHANNEL, "ts": sent["message_ts"]}
    await control.post("click", user="admin", **place)
    assert bot.last["container"]["is_ephemeral"] is True
    assert "message" not in bot.last
    status, answer = await control.call("POST", "click", {"user": "requester", **place})
    assert (status, answer["error"]) == (404, "message_not_found")


async def test_response_url_replaces_posts_and_wears_out(
    bot: FakeBot, control: Control, session: ClientSession
) -> None:
    ts = await card(bot)
    await control.post("click", user="admin", action_id="approve", channel=CHANNEL, ts=ts)
    url = bot.last["response_url"]

    async def post(**payload: Any) -> tuple[int, str]:
        async with session.post(url, json=payload) as response:
            return response.status, await response.text()

    assert await post(replace_original=True, text="done") == (200, "ok")
    assert await post(text="for you") == (200, "ok")
    assert await post(text="for all", response_type="in_channel") == (200, "ok")
    assert (await post(blocks=[{"type": "x"}]))[0] == 400
    seen = (await control.get("messages", channel=CHANNEL, user="approver1"))["messages"]
    assert [message["text"] for message in seen] == ["done", "for all"]
    assert seen[0]["blocks"] == []
    assert await post(delete_original=True) == (200, "ok")
    assert await post(text="five") == (200, "ok")
    assert (await post(text="six"))[0] == 404


async def test_response_url_lives_thirty_minutes(bot: FakeBot, control: Control, session: ClientSession) -> None:
    await control.post("command", user="admin", text="list")
    await control.post("clock", advance_seconds=30 * 60)
    async with session.post(bot.last["response_url"], json={"text": "late"}) as response:
        assert response.status == 404
        assert (await response.json())["error"] == "expired_url"


async def test_overflow_and_users_select(bot: FakeBot, control: Control) -> None:
    menu = {"type": "overflow", "action_id": "more", "options": [{"text": {"type": "plain_text", "text": "Show"}}]}
    menu["options"][0]["value"] = "show"  # type: ignore[index]
    people = {"type": "users_select", "action_id": "who"}
    blocks = [actions(menu, people)]
    ts = (await bot.api("chat.postMessage", channel=CHANNEL, text="x", blocks=blocks))["ts"]
    place = {"user": "admin", "channel": CHANNEL, "ts": ts}
    await control.post("click", **place, action_id="more", selected="show")
    assert bot.last["actions"][0]["selected_option"]["value"] == "show"
    await control.post("click", **place, action_id="who", selected="approver2")
    assert bot.last["actions"][0]["selected_user"] == "U0APPROVER2"
    assert bot.last["state"]["values"]["decide"]["who"]["selected_user"] == "U0APPROVER2"


async def test_element_of_an_attachment(bot: FakeBot, control: Control) -> None:
    attachments = [{"color": "#f00", "blocks": [actions()]}]
    ts = (await bot.api("chat.postMessage", channel=CHANNEL, text="x", attachments=attachments))["ts"]
    await control.post("click", user="admin", channel=CHANNEL, ts=ts, action_id="approve")
    assert bot.last["actions"][0]["value"] == "r1"


async def test_external_select_asks_the_bot(bot: FakeBot, control: Control) -> None:
    async def answer(payload: Payload) -> Answer:
        if payload["type"] != "block_suggestion":
            return None
        return {"options": [{"text": {"type": "plain_text", "text": payload["value"]}, "value": "found"}]}

    bot.answer = answer
    search = {"type": "external_select", "action_id": "find", "min_query_length": 1}
    ts = (await bot.api("chat.postMessage", channel=CHANNEL, text="x", blocks=[actions(search)]))["ts"]
    place = {"user": "admin", "channel": CHANNEL, "ts": ts, "action_id": "find"}
    assert (await control.post("suggest", **place, value="con"))["suggest"][0]["value"] == "found"
    await control.post("click", **place, selected="found")
    assert bot.last["actions"][0]["selected_option"]["value"] == "found"

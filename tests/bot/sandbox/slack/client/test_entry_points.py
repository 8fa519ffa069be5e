"""Commands, shortcuts and the App Home arrive at the bot in time; otherwise the person gets an error."""

import asyncio
from typing import Any

import pytest

from bot.sandbox.server import Sandbox
from bot.sandbox.slack.client import entry_points
from bot.sandbox.slack.delivery import delivery, http_transport
from bot.sandbox.slack.delivery.delivery import Acknowledgement, Delivery, Envelope, NotAcknowledged
from tests.bot.sandbox.control_client import Control
from tests.bot.sandbox.fake_bot import Answer, FakeBot, Payload
from tests.waiting import LONGEST_WAIT


async def test_command_carries_slacks_fields(bot: FakeBot, control: Control) -> None:
    await control.post("command", user="requester", text="request contoso.com")
    payload = bot.last
    assert (payload["command"], payload["text"]) == ("/partner", "request contoso.com")
    assert (payload["user_id"], payload["channel_name"]) == ("U0REQUESTER", "privategroup")
    await control.post("command", user="requester", text="/partner  list ", channel="#general")
    assert (bot.last["command"], bot.last["text"], bot.last["channel_name"]) == ("/partner", "list", "general")


@pytest.mark.parametrize(
    ("answer", "text"),
    [("Hello", "Hello"), ({"text": "Hi"}, "Hi"), ({"response_type": "ephemeral", "text": "E"}, "E"), (None, None)],
)
async def test_answer_of_a_command_is_ephemeral(
    bot: FakeBot, control: Control, answer: Answer, text: str | None
) -> None:
    async def say(_: Payload) -> Answer:
        return answer

    bot.answer = say
    told = await control.post("command", user="requester", text="help")
    assert told["text"] == text
    assert told["view_id"] is None
    assert (await control.get("messages", channel="partner-access", user="admin"))["messages"] == []


async def test_answer_with_unsound_blocks_fails(bot: FakeBot, control: Control) -> None:
    async def say(_: Payload) -> Answer:
        return {"blocks": [{"type": "x"}]}

    bot.answer = say
    status, told = await control.call("POST", "command", {"user": "requester", "text": "help"})
    assert (status, told["error"]) == (502, "bad_message")


async def test_shortcut(bot: FakeBot, control: Control) -> None:
    told = await control.post("shortcut", user="requester", callback_id="request_access")
    assert (bot.last["type"], bot.last["callback_id"]) == ("shortcut", "request_access")
    assert told["view_id"] is None


async def test_late_acknowledgement_is_told(bot: FakeBot, control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_transport, "ACKNOWLEDGE_SECONDS", 0.1)

    async def slow(_: Payload) -> Answer:
        await asyncio.sleep(0.4)
        return None

    bot.answer = slow
    status, told = await control.call("POST", "command", {"user": "requester", "text": ""})
    assert (status, told["ok"], told["error"]) == (504, False, "operation_timeout")


async def test_refusal_of_the_bot_is_told(bot: FakeBot, control: Control) -> None:
    async def refuse(_: Payload) -> Answer:
        return 401

    bot.answer = refuse
    status, told = await control.call("POST", "command", {"user": "requester", "text": ""})
    assert (status, told["error"], told["answered"]) == (502, "dispatch_failed", 401)


async def test_no_bot(sandbox: Sandbox, control: Control) -> None:
    status, told = await control.call("POST", "command", {"user": "requester", "text": ""})
    assert (status, told["error"]) == (502, "dispatch_failed")
    assert "no bot" in told["message"]


class Flaky:
    """A transport that fails a few times."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.sent: list[tuple[int, str]] = []

    async def send(
        self, envelope: Envelope, payload: dict[str, Any], *, retry: int = 0, retry_reason: str = ""
    ) -> Acknowledgement:
        self.sent.append((retry, retry_reason))
        if len(self.sent) <= self.failures:
            raise NotAcknowledged("http_error", "no")
        return Acknowledgement(status=200, body=None)


@pytest.mark.parametrize(("failures", "tries"), [(0, 1), (1, 2), (9, 4)])
async def test_events_come_again_three_times(failures: int, tries: int) -> None:
    waits: list[float] = []
    done = asyncio.Event()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        done.set()
        await asyncio.sleep(0)

    flaky = Flaky(failures)
    sender = Delivery(flaky, sleep=sleep)
    assert await sender.event({}) is (failures == 0)
    while len(flaky.sent) < tries:  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert [number for number, _ in flaky.sent] == list(range(tries))
    assert waits == list(delivery.RETRY_AFTER_SECONDS[: tries - 1])
    assert {reason for number, reason in flaky.sent if number} <= {"http_error"}
    await sender.stop()


async def test_retried_event_says_so(bot: FakeBot, control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry_points, "HOME_WAIT_SECONDS", 0.05)
    heard = asyncio.Event()

    async def fail_first(_: Payload) -> Answer:
        if len(bot.received) > 1:
            heard.set()
        return 500 if len(bot.received) == 1 else None

    bot.answer = fail_first
    assert (await control.get("home", user="admin"))["home"] is None
    await asyncio.wait_for(heard.wait(), LONGEST_WAIT)
    first, second = bot.received
    assert first.payload["event_id"] == second.payload["event_id"]
    assert "X-Slack-Retry-Num" not in first.headers
    assert (second.headers["X-Slack-Retry-Num"], second.headers["X-Slack-Retry-Reason"]) == ("1", "http_error")

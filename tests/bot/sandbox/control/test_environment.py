"""Control calls: clock, idleness, the bot's addresses and secrets, and a sandbox with one simulator only."""

import asyncio
import ssl
from pathlib import Path

import pytest
from aiohttp import ClientSession

from bot.sandbox import bot_status
from bot.sandbox.bot_status import BotMetrics, parse_metrics
from bot.sandbox.server import BotHandle, Sandbox
from tests.bot.sandbox.control_client import Control
from tests.bot.sandbox.fake_bot import Answer, FakeBot, Payload
from tests.waiting import LONGEST_WAIT


async def test_clock_waits_for_the_bots_tick(bot: FakeBot, control: Control, sandbox: Sandbox) -> None:
    ticked = [0.0]
    bot.last_tick = lambda: ticked[0]

    async def tick() -> None:
        await asyncio.sleep(0.15)
        bot.effects_due = 1
        ticked[0] = bot.now() + 1
        await asyncio.sleep(0.15)
        bot.effects_due = 0

    ticking = asyncio.create_task(tick())
    told = await control.post("clock", advance_seconds=86_400)
    assert ticking.done()
    assert (told["picked_up"], told["offset_seconds"]) == (True, 86_400)
    assert (await control.get("clock"))["offset_seconds"] == 86_400


async def test_days_pass_in_steps_that_the_bot_follows(bot: FakeBot, control: Control) -> None:
    bot.last_tick = lambda: bot.now() + 1
    told = await control.post("clock", advance_seconds=2_000, step_seconds=900)
    assert (told["picked_up"], told["offset_seconds"]) == (True, 2_000)


async def test_without_a_bot_the_clock_moves_in_steps_all_the_same(
    bot: FakeBot, control: Control, sandbox: Sandbox
) -> None:
    sandbox.bot = BotHandle(url=bot.url, pid=lambda: 1, alive=lambda: False)
    told = await control.post("clock", advance_seconds=2_000, step_seconds=900)
    assert (told["picked_up"], told["offset_seconds"]) == (False, 2_000)


async def test_clock_does_not_wait_for_a_dead_bot(bot: FakeBot, control: Control, sandbox: Sandbox) -> None:
    sandbox.bot = BotHandle(url=bot.url, pid=lambda: 1, alive=lambda: False)
    assert (await control.post("clock", advance_seconds=1))["picked_up"] is False


async def test_idle(bot: FakeBot, control: Control) -> None:
    told = await control.get("idle")
    assert told["idle"] is True
    bot.effects_due = 2
    status, answer = await control.call("GET", "idle", timeout="0.1")
    assert (status, answer["error"]) == (504, "not_idle")


async def test_idle_after_a_tick_waits_for_one_that_began_after_the_call(bot: FakeBot, control: Control) -> None:
    ticked = [bot.now() - 1]
    bot.last_tick = lambda: ticked[0]
    status, answer = await control.call("GET", "idle", timeout="0.2", tick="true")
    assert (status, answer["error"]) == (504, "not_idle")
    assert (await control.get("idle"))["idle"] is True, "it does nothing"

    async def tick() -> None:
        await asyncio.sleep(0.15)
        ticked[0] = bot.now() + 1

    ticking = asyncio.create_task(tick())
    assert (await control.get("idle", tick="true"))["idle"] is True
    assert ticking.done()


async def test_a_bot_that_was_idle_is_read_once_if_nothing_has_happened_since(
    bot: FakeBot, control: Control, sandbox: Sandbox
) -> None:
    async def reads() -> int:
        before = bot.reads
        assert (await control.get("idle"))["idle"] is True
        return bot.reads - before

    assert await reads() == 2
    assert await reads() == 1
    await bot.api("auth.test")
    assert await reads() == 2, "what the bot called for may have led to something"
    assert await reads() == 1
    sandbox.revision.bump()
    assert await reads() == 2


async def test_a_bot_that_calls_is_not_asked_whether_it_is_busy(
    bot: FakeBot, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pause in ("BETWEEN_READS_SECONDS", "_MAX_PAUSE_SECONDS"):
        monkeypatch.setattr(bot_status, pause, 0.2)  # also on a slow machine, a call follows sooner
    monkeypatch.setattr(bot_status, "_MAX_UNREAD_SECONDS", LONGEST_WAIT)
    bot.effects_due = 1

    async def work() -> None:
        for _ in range(25):
            await bot.api("auth.test")
            await asyncio.sleep(0.01)
        bot.effects_due = 0

    working = asyncio.create_task(work())
    assert (await control.get("idle"))["idle"] is True
    assert working.done()
    assert bot.reads <= 5


async def test_idle_without_a_bot(sandbox: Sandbox, control: Control) -> None:
    status, answer = await control.call("GET", "idle", timeout="0.1")
    assert (status, answer["error"]) == (504, "not_idle")


async def test_click_waits_for_what_follows(bot: FakeBot, control: Control) -> None:
    """The bot acknowledges first and answers afterwards; a script sees the answer all the same."""
    tasks = []

    async def answer(payload: Payload) -> Answer:
        bot.effects_due = 1

        async def later() -> None:
            await asyncio.sleep(0.1)
            await bot.api("chat.postEphemeral", channel=payload["channel_id"], user=payload["user_id"], text="Done")
            bot.effects_due = 0

        tasks.append(asyncio.create_task(later()))
        return None

    bot.answer = answer
    told = await control.post("command", user="requester", text="list")
    assert told["text"] == "Done"
    await asyncio.gather(*tasks)


async def test_bot(bot: FakeBot, control: Control, sandbox: Sandbox) -> None:
    told = await control.get("bot")
    assert (told["url"], told["pid"], told["alive"], told["socket_mode"]) == (bot.url, 4711, True, False)
    settings = told["settings"]
    assert settings["SLACK_SIGNING_SECRET"] == told["signing_secret"]
    assert settings["SLACK_BOT_TOKEN"] == told["bot_token"]
    assert settings["SLACK_API_URL"] == f"{sandbox.url}slack/api/"
    assert settings["GRAPH_URL"] == f"{sandbox.url}graph/v1.0"
    assert settings["SLACK_CHANNEL"] == "C0PARTNERAC"
    assert settings["AZURE_AUTHORITY_HOST"].startswith("https://localhost:")
    assert ssl.create_default_context(cafile=settings["SSL_CERT_FILE"]).get_ca_certs()
    assert "SLACK_APP_TOKEN" not in settings


async def test_bot_of_somebody_else_can_be_attached(bot: FakeBot, control: Control, sandbox: Sandbox) -> None:
    sandbox.bot = None
    status, told = await control.call("PUT", "bot", {"url": bot.url})
    assert (status, told["url"], told["pid"]) == (200, bot.url, None)
    await control.post("command", user="admin", text="")
    assert bot.last["user_id"] == "U0ADMIN0001"


async def test_people_and_channels(sandbox: Sandbox, control: Control) -> None:
    kinds = {one["handle"]: one["kind"] for one in (await control.get("people"))["people"]}
    assert (kinds["requester"], kinds["guest"], kinds["outsider"]) == ("member", "guest", "outsider")
    channels = {one["name"]: one for one in (await control.get("channels"))["channels"]}
    assert channels["partner-access"]["kind"] == "private_channel"
    assert channels["@admin"]["kind"] == "im"


async def test_slack_only(tmp_path: Path, session: ClientSession) -> None:
    sandbox = Sandbox(tmp_path / "slack", only="slack")
    await sandbox.start(0)
    control = Control(session=session, url=sandbox.url)
    assert (await control.call("GET", "graph/state"))[0] == 404
    async with session.get(f"{sandbox.url}graph/v1.0/organization") as response:
        assert response.status == 404
    assert (await control.get("channels"))["channels"]
    assert "GRAPH_URL" not in (await control.get("bot"))["settings"]
    await sandbox.stop()


async def test_entra_only(tmp_path: Path, session: ClientSession) -> None:
    sandbox = Sandbox(tmp_path / "entra", only="entra")
    await sandbox.start(0)
    control = Control(session=session, url=sandbox.url)
    assert (await control.call("POST", "command", {"user": "admin"}))[0] == 404
    assert (await control.get("graph/state"))["state"]["partners"] == {}
    told = await control.get("bot")
    assert (told["url"], told["bot_token"]) == (None, None)
    assert "SLACK_BOT_TOKEN" not in told["settings"]
    await sandbox.stop()


async def test_changes_wake_those_who_wait(bot: FakeBot, sandbox: Sandbox) -> None:
    waiting = asyncio.create_task(sandbox.wait_for_change(sandbox.revision.number))
    await asyncio.sleep(0)
    assert not waiting.done()
    await bot.api("chat.postMessage", channel="C0PARTNERAC", text="x")
    assert await waiting > 0


def test_metrics_with_labels_and_without() -> None:
    text = (
        "# TYPE gatehouse_effects_due gauge\n"
        'gatehouse_effects_due{kind="graph"} 2.0\ngatehouse_effects_due{kind="slack"} 1.0\n'
        "gatehouse_last_tick_timestamp_seconds 1.7e+09\n"
    )
    assert parse_metrics(text) == BotMetrics(effects_due=3.0, last_tick=1.7e9)
    assert parse_metrics("gatehouse_effects_due 1\n") is None

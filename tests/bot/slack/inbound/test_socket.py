"""Socket Mode: whatever silences Slack is noticed, said by /readyz and to the admins, and mended when it can be."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from bot.process.app import running
from bot.process.settings import load_settings
from bot.process.web.health import CHECK_SECONDS
from bot.sandbox.http.faults import Fault
from bot.sandbox.server import BotHandle, Sandbox
from bot.slack.inbound import socket as slack_socket
from bot.slack.inbound.socket import SlackSocket
from tests.bot.bot_under_test import BotUnderTest, eventually, free_port, health_url_of
from tests.warm.short_pauses import SHORT_PAUSES
from workflows.core.requests.alarms import AlarmCode

PING, SILENT = 0.2, 0.8


@pytest.fixture
async def connected(
    tmp_path: Path, bare_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[BotUnderTest]:
    """A bot in Socket Mode that loses its patience quickly, and its world."""
    monkeypatch.setattr(slack_socket, "SlackSocket", impatient_socket)
    world = Sandbox(tmp_path / "socket", socket_mode=True)
    await world.start(0)
    given = world.bot_settings(free_port(), free_port()) | {
        "DATABASE_URL": f"sqlite:///{tmp_path}/socket.db",
        "GATEHOUSE_TICK_SECONDS": "0.1",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    url = f"http://127.0.0.1:{settings.port}"
    async with AsyncExitStack() as stack:
        stack.push_async_callback(world.stop)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        parts = await stack.enter_async_context(running(settings, SHORT_PAUSES))
        stack.callback(world.slack_simulator.sockets.thaw)  # type: ignore[union-attr]
        world.bot = BotHandle(url=url, pid=lambda: 0, alive=lambda: True, health_url=health_url_of(settings))
        bot = BotUnderTest(world=world, settings=settings, session=session, store=parts.store, url=url)
        await eventually(bot.is_ready)
        yield bot


def impatient_socket(**options: object) -> SlackSocket:
    """Make a socket that pings and gives up quickly."""
    return SlackSocket(**options, ping_seconds=PING, silent_seconds=SILENT)  # type: ignore[arg-type]


async def alarmed(bot: BotUnderTest, *, is_open: bool) -> None:
    """Wait until the alarm is open, or cleared."""

    async def is_so() -> bool:
        return await bot.has_alarm(AlarmCode.SOCKET_SILENT) is is_open

    await eventually(is_so)


async def unready(bot: BotUnderTest) -> str:
    """Wait until the bot is not ready. Gives why."""

    async def is_so() -> bool:
        return not await bot.is_ready()

    await eventually(is_so)
    return (await bot.readiness())[1]


async def hears(bot: BotUnderTest) -> bool:
    """Tell whether a command arrives."""
    async with bot.session.post(
        f"{bot.world.url}control/command", json={"user": "requester", "text": "help"}
    ) as response:
        return response.status == 200 and "request" in json.dumps(await response.json())


def test_silence_is_noticed_within_a_minute() -> None:
    """Two looks of the health loop included."""
    assert slack_socket.SILENT_SECONDS + slack_socket.PING_SECONDS + 2 * CHECK_SECONDS < 60


async def test_a_frozen_peer_is_noticed_and_said_and_reported_again_when_it_thaws(connected: BotUnderTest) -> None:
    """The connections stay open: nothing but the missing answers shows that nobody is there."""
    assert await hears(connected)
    await connected.control.post("slack/socket", do="freeze")
    said = await unready(connected)
    assert said.startswith("Slack is not heard: nothing was heard for ")
    await alarmed(connected, is_open=True)
    async with connected.session.get(f"{connected.health_url}/metrics") as response:
        numbers = await response.text()
    assert "gatehouse_ready 0.0" in numbers
    assert 'gatehouse_alarms{code="socket_silent"} 1.0' in numbers
    await connected.control.post("slack/socket", do="thaw")
    await eventually(connected.is_ready)
    await alarmed(connected, is_open=False)
    await connected.idle()
    told = await connected.told("admin")
    assert "Fixed" in told
    assert await hears(connected)


async def test_a_connection_dropped_without_a_close_frame_is_made_again(connected: BotUnderTest) -> None:
    for _ in range(3):
        assert (await connected.control.post("slack/socket", do="drop"))["ok"]
        await eventually(lambda: hears(connected))


async def test_a_refresh_while_slack_gives_no_address_is_noticed_with_the_reason(connected: BotUnderTest) -> None:
    connected.world.faults.add(Fault(target="slack", method="apps.connections.open", status=503, times=1000))
    await connected.control.post("slack/refresh")
    assert "apps.connections.open: internal_error" in await unready(connected)
    await alarmed(connected, is_open=True)
    connected.world.faults.clear()
    await eventually(connected.is_ready)
    assert await hears(connected)
    await alarmed(connected, is_open=False)


async def test_an_address_that_was_used_up_is_not_tried_for_ever(connected: BotUnderTest) -> None:
    """slack_sdk's own client would: it asks for a new one only before it connects."""
    connected.world.faults.add(
        Fault(
            target="slack",
            method="apps.connections.open",
            body={"ok": True, "url": f"{connected.world.url.replace('http', 'ws', 1)}slack/socket?ticket=used"},
        )
    )
    await connected.control.post("slack/socket", do="drop")
    await eventually(lambda: hears(connected))


async def test_a_slack_that_is_away_at_start_is_waited_for_and_said(
    tmp_path: Path, bare_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack_socket, "SlackSocket", impatient_socket)
    world = Sandbox(tmp_path / "socket", socket_mode=True)
    await world.start(0)
    for name, value in (
        world.bot_settings(free_port(), free_port()) | {"DATABASE_URL": f"sqlite:///{tmp_path}/s.db"}
    ).items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    world.faults.add(Fault(target="slack", method="apps.connections.open", status=503, times=1000))
    async with running(settings, SHORT_PAUSES) as parts, aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{settings.port}"
        bot = BotUnderTest(world=world, settings=settings, session=session, store=parts.store, url=url)
        assert not await bot.is_ready()

        async def is_said() -> bool:
            return "apps.connections.open: internal_error" in (await bot.readiness())[1]

        await eventually(is_said)
        world.faults.clear()
        await eventually(bot.is_ready)
    await world.stop()


async def test_slack_is_asked_for_an_address_only_after_the_pause_that_it_names(
    connected: BotUnderTest,
) -> None:
    """A new connection, made because nothing was heard, does not ask before the pause is over."""
    connected.world.faults.add(
        Fault(
            target="slack",
            method="apps.connections.open",
            status=429,
            headers={"Retry-After": "3"},
            body={"ok": False, "error": "ratelimited"},
        )
    )
    began = time.monotonic()
    await connected.control.post("slack/socket", do="drop")
    assert "apps.connections.open: ratelimited" in await unready(connected)
    await eventually(lambda: hears(connected))
    assert time.monotonic() - began >= 3

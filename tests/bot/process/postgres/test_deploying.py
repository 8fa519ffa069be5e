"""A new version of one bot: the old one is asked to end, the next one goes on, and no click is lost or done twice."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
import structlog

from bot.process.settings import Settings
from bot.sandbox.http.faults import Fault
from bot.sandbox.server import BotHandle, Sandbox
from tests.bot.bot_under_test import BotUnderTest, click, eventually, health_url_of, request_values
from tests.bot.process.postgres.conftest import ON_HOME, started
from tests.waiting import killed_when_it_hangs
from tests.workflows.fakes import FixedClock
from workflows.ports.store import Store

ROOT = Path(__file__).parents[4]
BETWEEN_CLICKS: Final = 0.05
"""Seconds. So a fast machine does not leave a slow one hundreds of clicks to decide."""
WHOLE_LOG: Final = 100_000
"""More entries than these tests make: without a limit of its own, only the newest 200 are read."""


@asynccontextmanager
async def process(settings: Settings, world: Sandbox) -> AsyncIterator[asyncio.subprocess.Process]:
    """A bot in a process of its own, as a container runs it."""
    command = (sys.executable, "-m", "bot", "run")
    quiet = asyncio.subprocess.DEVNULL
    running = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=dict(os.environ), stdout=quiet, stderr=quiet)
    url = f"http://127.0.0.1:{settings.port}"
    world.bot = BotHandle(
        url=url,
        pid=lambda: running.pid,
        alive=lambda: running.returncode is None,
        health_url=health_url_of(settings),
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


@asynccontextmanager
async def seen(settings: Settings, world: Sandbox) -> AsyncIterator[BotUnderTest]:
    """The bot of a process, and its records read from beside it."""
    store = await settings.records.open_shared(FixedClock())
    async with aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{settings.port}"
        yield BotUnderTest(world=world, settings=settings, session=session, store=store, url=url)
    await store.close()


class Clicks:
    """Clicks one after the other, each again until it is acknowledged, as people do."""

    def __init__(self, bot: BotUnderTest) -> None:
        self.acknowledged: list[int] = []
        self.failed = 0
        self._bot = bot

    async def go_on(self) -> None:
        """Click until cancelled."""
        number = 1
        while True:
            if await self._is_acknowledged(number):
                self.acknowledged.append(number)
                number += 1
            else:
                self.failed += 1
            await asyncio.sleep(BETWEEN_CLICKS)

    async def _is_acknowledged(self, number: int) -> bool:
        payload: dict[str, Any] = click("admin", "retry_effect", str(number), **ON_HOME)
        try:
            return (await self._bot.interact(payload)).status == 200
        except aiohttp.ClientError:
            return False


async def received(store: Store) -> list[int]:
    """The numbers of all clicks in the log, in order."""
    entries = [entry for entry in await store.history(limit=WHOLE_LOG) if entry.outcome == "received"]
    return sorted(int(str(entry.details["effect_id"])) for entry in entries)


async def decided(store: Store) -> int:
    """How many clicks were decided: each is refused, as no such work was given up."""
    entries = await store.history(limit=WHOLE_LOG)
    return [(entry.command, entry.outcome) for entry in entries].count(("want_retry_effect", "not_given_up"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
async def test_a_bot_that_ends_hands_over_and_the_next_one_loses_no_click(
    settings: Settings, world: Sandbox, number: signal.Signals
) -> None:
    async with started(settings, world):
        pass  # makes the tables
    async with seen(settings, world) as bot:
        clicks = Clicks(bot)
        async with process(settings, world) as first:
            await eventually(lambda: is_ready(bot))
            clicking = asyncio.create_task(clicks.go_on())
            await eventually(lambda: has_more_than(clicks, 5))
            first.send_signal(number)
            with killed_when_it_hangs(first):
                status = await first.wait()
            assert status == (0 if number is signal.SIGTERM else -number)
        before = len(clicks.acknowledged)
        async with process(settings, world) as second:
            await eventually(lambda: is_ready(bot))
            await eventually(lambda: has_more_than(clicks, before + 5))
            clicking.cancel()
            await asyncio.gather(clicking, return_exceptions=True)
            stored = await received(bot.store)
            assert set(clicks.acknowledged) <= set(stored)
            assert clicks.failed > 0, "nobody listened in between, and Slack showed that"

            async def are_decided() -> bool:
                return await decided(bot.store) == len(await received(bot.store))

            await eventually(are_decided)
            second.send_signal(signal.SIGTERM)
            with killed_when_it_hangs(second):
                assert await second.wait() == 0


async def is_ready(bot: BotUnderTest) -> bool:
    """Tell whether the process answers that it is ready."""
    try:
        return await bot.is_ready()
    except aiohttp.ClientError:
        return False


async def has_more_than(clicks: Clicks, count: int) -> bool:
    """Tell whether so many clicks were acknowledged."""
    return len(clicks.acknowledged) > count


async def test_what_a_stop_hands_over_is_done_once_by_the_next_process(settings: Settings, world: Sandbox) -> None:
    """The card of a request waits for Slack when the process ends."""
    async with started(settings, world) as bot:
        opened = await bot.control.post("command", user="requester", text="request contoso.com")
        await bot.idle()
        world.faults.add(Fault(target="slack", method="chat.postMessage", match="C0PARTNERAC", status=503, times=1000))
        values = request_values("contoso.com", "trusted-partner")
        await bot.control.post("submit", user="requester", view_id=opened["view_id"], values=values)

        async def is_filed() -> bool:
            return bool(await bot.store.open_requests())

        await eventually(is_filed)
    world.faults.clear()
    async with started(settings, world) as next_bot:

        async def cards() -> int:
            answer = await next_bot.control.get("messages", channel="C0PARTNERAC", user="approver1")
            return len(answer["messages"])

        async def is_posted() -> bool:
            return await cards() > 0

        await eventually(is_posted)  # its next attempt may be due later
        await next_bot.idle()
        assert await cards() == 1


async def test_on_a_platform_without_a_disk_postgresql_is_no_reason_to_warn(
    settings: Settings, world: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DYNO", "K_SERVICE"):
        monkeypatch.setenv(name, "web.1")
    with structlog.testing.capture_logs() as lines:
        async with started(settings, world) as bot:
            assert await bot.is_ready()
    assert "database_is_not_kept" not in [line["event"] for line in lines]


def test_the_procfile_runs_the_bot() -> None:
    assert (ROOT / "Procfile").read_text() == "web: gatehouse run\n"

"""The bot is ready before most of it is imported: a click is stored at once, everything else waits for that."""

import asyncio
import threading
from typing import Any, cast

import aiohttp
import pytest

from bot.process import app
from bot.process.app import running
from bot.process.assembly.receiving import Approved
from bot.process.settings import Settings
from bot.sandbox.server import BotHandle, Sandbox
from tests.bot.bot_under_test import Answer, BotUnderTest, click, eventually, health_url_of
from tests.waiting import LONGEST_WAIT
from tests.warm.short_pauses import SHORT_PAUSES


async def test_a_click_is_stored_before_the_rest_is_imported(
    settings: Settings, world: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command waits, and is answered as usual. The numbers wait, too."""
    url = f"http://127.0.0.1:{settings.port}"
    async with running(settings, SHORT_PAUSES) as parts, aiohttp.ClientSession() as session:
        world.bot = BotHandle(url=url, pid=lambda: 0, alive=lambda: True, health_url=health_url_of(settings))
        bot = BotUnderTest(world=world, settings=settings, session=session, store=parts.store, url=url)
        request = await bot.file_request()
    may_import, import_rest = threading.Event(), app._import_loops

    def wait_and_import() -> None:
        may_import.wait(LONGEST_WAIT)
        import_rest()

    monkeypatch.setattr(app, "_import_loops", wait_and_import)
    starting, done = running(settings, SHORT_PAUSES), asyncio.Event()

    async def start() -> None:
        async with starting:
            await done.wait()

    started = asyncio.create_task(start())
    try:
        async with aiohttp.ClientSession() as session:
            bot = BotUnderTest(world=world, settings=settings, session=session, store=parts.store, url=url)
            await eventually(lambda: is_ready(session, health_url_of(settings)))
            answer = await bot.interact(click("approver1", "approve", f"{request.id}:{request.plan.digest}"))
            assert answer.status == 200
            waiting = [
                asyncio.create_task(one)
                for one in (bot.command("help"), read(session, f"{health_url_of(settings)}/metrics"))
            ]
            await asyncio.sleep(0.1)
            assert not any(task.done() for task in waiting)
            may_import.set()
            help_answer, numbers = await asyncio.gather(*waiting)
            assert help_answer.status == 200
            assert "/partner list" in help_answer.text
            assert "gatehouse_ready 1.0" in numbers.text
    finally:
        may_import.set()
        done.set()
        await started
    # What was stored is performed by the same process, or by the next one.
    async with running(settings, SHORT_PAUSES) as parts:

        async def is_decided() -> bool:
            stored = await parts.store.request(request.id)
            return stored is not None and len(stored.decisions) == 1

        await eventually(is_decided)


def test_a_window_is_updated_when_that_is_possible() -> None:
    """A click that is stored while the rest is created is not forgotten."""
    approved, shown = Approved(), list[Any]()
    first, second, third = (cast(Any, name) for name in ("first", "second", "third"))
    approved(first)
    approved(second)
    assert shown == []
    approved.begin(shown.append)
    approved(third)
    assert shown == [first, second, third]


async def is_ready(session: aiohttp.ClientSession, url: str) -> bool:
    """Tell whether the bot says that it is ready; it may not listen yet."""
    try:
        return (await read(session, f"{url}/readyz")).status == 200
    except aiohttp.ClientConnectionError:
        return False


async def read(session: aiohttp.ClientSession, address: str) -> Answer:
    """Read a page of the bot."""
    async with session.get(address) as response:
        return Answer(status=response.status, text=await response.text())

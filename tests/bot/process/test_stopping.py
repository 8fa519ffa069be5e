"""A stop: what runs is finished within its time, the rest is handed over, and the bot answers for a moment."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest
import structlog

from bot.process.app import Stopping, running
from bot.process.settings import Settings
from tests.bot.bot_under_test import health_url_of
from tests.warm.short_pauses import SHORT_PAUSES
from tests.workflows.core.builders import RILEY, SAM
from tests.workflows.effects.test_queue_worker import Rig, rig, tell, text_of
from tests.workflows.effects.test_queue_worker import running as performing
from workflows.core.requests.effects import SendMessage

__all__ = ["rig"]


@pytest.fixture
async def stopping() -> AsyncIterator[Stopping]:
    """Nobody has asked yet."""
    with structlog.testing.capture_logs():
        yield Stopping()


async def test_what_runs_is_finished_and_what_waits_is_not_begun(rig: Rig, stopping: Stopping) -> None:
    gate = asyncio.Event()

    async def act(effect: SendMessage) -> None:
        await gate.wait()

    rig.act = act
    await rig.put(tell(RILEY.chat_id, "runs"), tell(RILEY.chat_id, "behind"))
    async with performing(rig.queue_worker):
        await rig.until(lambda: rig.begun == ["runs"])
        stopping.ask()
        finishing = asyncio.create_task(stopping.finish(rig.queue_worker, 600))
        await asyncio.sleep(0)
        await rig.put(tell(SAM.chat_id, "later"), key="later")
        await rig.pass_turns()
        assert not finishing.done()
        gate.set()
        assert await finishing
    assert rig.performed == ["runs"]
    assert await rig.store.count_pending(rig.clock.now()) == (2, 0, 0)


@pytest.mark.parametrize("is_asked_twice", [False, True])
async def test_what_takes_longer_is_handed_over_and_performed_by_the_next_process(
    rig: Rig, stopping: Stopping, is_asked_twice: bool
) -> None:
    async def act(effect: SendMessage) -> None:
        if text_of(effect) == "long":
            await asyncio.Event().wait()

    rig.act = act
    await rig.put(tell(RILEY.chat_id, "long"))
    async with performing(rig.queue_worker):
        await rig.until(lambda: rig.begun == ["long"])
        stopping.ask()
        if is_asked_twice:
            stopping.ask()
        assert not await stopping.finish(rig.queue_worker, 600 if is_asked_twice else 0.05)
    again = Rig(rig.store, rig.clock)
    async with performing(again.queue_worker):
        await again.until(lambda: again.performed == ["long"])


async def test_it_answers_for_a_moment_also_when_nothing_runs(
    rig: Rig, stopping: Stopping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.process.app.STOP_ANSWERS_FOR", timedelta(hours=1))
    async with performing(rig.queue_worker):
        stopping.ask()
        finishing = asyncio.create_task(stopping.finish(rig.queue_worker, 600))
        await rig.pass_turns()
        assert not finishing.done()
        stopping.ask()
        assert not await finishing


async def test_a_bot_that_is_stopping_says_so_and_still_answers_slack(settings: Settings, stopping: Stopping) -> None:
    async with running(settings, SHORT_PAUSES, stopping=stopping) as parts, aiohttp.ClientSession() as session:
        stopping.ask()
        async with session.get(f"{health_url_of(settings)}/readyz") as response:
            assert (response.status, await response.text()) == (503, "stopping\n")
        finishing = asyncio.create_task(stopping.finish(parts.queue_worker, 600))
        async with session.post(f"http://127.0.0.1:{settings.port}/slack/events", data=b"{}") as response:
            assert response.status == 401, "it is not signed, and it is answered"
        assert await finishing

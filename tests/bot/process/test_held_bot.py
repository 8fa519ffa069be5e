"""A whole bot in this process that starts held: what its door refuses, and what is said about it."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from bot.process.app import running
from bot.process.settings import Settings, SettingsProblems
from bot.sandbox.server import BotHandle, Sandbox
from tests.bot.bot_under_test import BotUnderTest, click, eventually, health_url_of
from tests.bot.records_file import file_of
from tests.bot.signing import interaction_body, signed
from tests.bot.terminal.test_doctor import examined, finding
from tests.warm.short_pauses import SHORT_PAUSES


@pytest.fixture
def kept(settings: Settings, tmp_path: Path) -> Settings:
    """Settings with a folder for the generation."""
    return settings.model_copy(update={"gatehouse_generation": str(tmp_path / "generation")})


@asynccontextmanager
async def started(settings: Settings, world: Sandbox) -> AsyncIterator[BotUnderTest]:
    """Start a bot on what is stored, and wait until it is ready: until then it may not know that it is held."""
    url = f"http://127.0.0.1:{settings.port}"
    async with aiohttp.ClientSession() as session, running(settings, SHORT_PAUSES) as parts:
        world.bot = BotHandle(url=url, pid=os.getpid, alive=lambda: True, health_url=health_url_of(settings))
        bot = BotUnderTest(world=world, settings=settings, session=session, store=parts.store, url=url)
        await eventually(bot.is_ready)
        yield bot


async def held_outcomes(bot: BotUnderTest) -> list[str]:
    """What the audit log says of held starts, the oldest first."""
    entries = await bot.store.history(limit=1000)
    return [str(entry.details["cause"]) for entry in reversed(entries) if entry.command == "start_held"]


async def test_restarts_are_not_held_and_one_without_its_file_outside_is(
    kept: Settings, world: Sandbox, tmp_path: Path
) -> None:
    for _ in range(3):
        async with started(kept, world) as bot:
            await bot.idle()
            assert await held_outcomes(bot) == []
    shutil.rmtree(tmp_path / "generation")
    for _ in range(2):
        async with started(kept, world) as bot:
            await bot.idle()
            assert await held_outcomes(bot) == ["not_handed_over"]
            status, text = await examined(kept)
            assert status == 1
            assert "nothing outside of the records" in finding(text, "Records: held")
            assert "In the records: " in finding(text, "Records: generation")


@pytest.mark.threats("G8")
async def test_what_was_sent_before_a_held_start_is_refused_for_ten_minutes(
    kept: Settings, world: Sandbox, tmp_path: Path
) -> None:
    async with started(kept, world) as bot:
        request = await bot.file_request()
    shutil.rmtree(tmp_path / "generation")
    before = world.clock.now() - timedelta(seconds=90)
    old = click("approver1", "approve", f"{request.id}:{request.plan.digest}")
    async with started(kept, world) as bot:
        secret = kept.slack_signing_secret.get_secret_value()
        body = interaction_body(old)
        for at, status in ((before, 401), (world.clock.now(), 200)):
            headers = signed(body, secret=secret, at=at.timestamp())
            async with bot.session.post(f"{bot.url}/slack/events", data=body, headers=headers) as answer:
                assert answer.status == status
        await bot.idle()
        # The same click with a new signature, as over Socket Mode, where only the click has a time.
        late = {**old, "actions": [{**old["actions"][0], "action_ts": f"{before.timestamp():.6f}"}]}
        assert (await bot.interact(late)).status == 200
        await bot.idle()
        outcomes = await bot.outcomes("approver1")
        assert ("want_approve", "clicked_before_hold") in outcomes
        assert ("approve", "accepted") not in outcomes
        assert "may have been done already" in await bot.told("approver1")
        stored = await bot.store.request(request.id)
        assert stored is not None
        assert stored.decisions == ()


async def test_a_place_that_cannot_be_written_refuses_the_start(settings: Settings, world: Sandbox) -> None:
    (file_of(settings).parent / "a-file").write_text("")
    wrong = settings.model_copy(update={"gatehouse_generation": str(file_of(settings).parent / "a-file" / "x")})
    with pytest.raises(SettingsProblems, match=r"GATEHOUSE_GENERATION: .*set it to a folder that is kept"):
        async with started(wrong, world):
            raise AssertionError("it started")

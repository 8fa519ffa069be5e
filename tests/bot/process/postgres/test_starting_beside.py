"""A bot that starts while another one has begun its start and not ended it: it says for which one it waits."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.process.app import Stopping
from bot.process.opening.readers import SystemClock
from bot.process.settings import Settings
from tests.bot.bot_under_test import eventually
from tests.bot.process.postgres.test_server_away import read, starting
from tests.workflows.store.postgres.server import test_server
from workflows.ports.effects_queue import SharedQueue


@pytest.fixture
async def other(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SharedQueue]:
    """The queue of another bot. The log has what is waited for sooner than usually."""
    monkeypatch.setattr("bot.process.opening.start_checks.START_WAIT_LOGGED_AFTER", timedelta(seconds=0.2))
    store = await settings.records.open_for_bot(SystemClock())
    assert store.shared_queue is not None
    yield store.shared_queue
    await store.close()


def worker_of(settings: Settings) -> int:
    """The number of the only bot, as its log has it."""
    [(worker,)] = test_server().rows("select id from procrastinate_workers", database_of(settings))
    return int(worker)


def database_of(settings: Settings) -> str:
    """The name of the database."""
    return settings.database_url.partition("?")[0].rpartition("/")[2]


async def until_logged(logged: list[Any], event: str) -> dict[str, Any]:
    """Wait for a line of the log."""

    async def is_logged() -> bool:
        return any(line["event"] == event for line in logged)

    await eventually(is_logged)
    [found] = [line for line in logged if line["event"] == event]
    return dict(found)


async def until_ready(settings: Settings) -> None:
    """Wait until a bot is ready."""

    async def is_ready() -> bool:
        return await read(settings, "/readyz") == (200, "ready\n")

    await eventually(is_ready)


async def test_a_start_that_waits_for_another_one_names_it_and_goes_on_when_that_has_ended(
    settings: Settings, other: SharedQueue
) -> None:
    async with other.leading("start") as is_mine:
        assert is_mine
        why = f"worker {worker_of(settings)}, another bot, starts first; if that does not end, restart it"

        async def is_said() -> bool:
            return await read(settings, "/readyz") == (503, f"starting: {why}\n")

        with capture_logs() as logged:
            async with starting(settings, Stopping()):
                line = await until_logged(logged, "start_waits")
                assert (line["reason"], line["log_level"]) == (why, "warning")
                await eventually(is_said)
                await other.resign("start")
                await until_ready(settings)
                await until_logged(logged, "start_goes_on")


async def test_a_start_goes_on_when_the_one_that_it_waits_for_is_dead(settings: Settings, other: SharedQueue) -> None:
    async with other.leading("start") as is_mine:
        assert is_mine
    dead = (
        f"update procrastinate_workers set last_heartbeat = now() - interval '1 hour' where id = {worker_of(settings)}"
    )
    with capture_logs() as logged:
        async with starting(settings, Stopping()):
            await until_logged(logged, "start_waits")
            test_server().run(dead, database=database_of(settings))
            await until_ready(settings)

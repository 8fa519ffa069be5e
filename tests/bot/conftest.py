"""A bot and a sandbox in this process, told of each other as in production: by settings in the environment."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from bot.process.app import running
from bot.process.settings import Settings, load_settings
from bot.sandbox.server import BotHandle, Sandbox
from tests.bot.bot_under_test import BotUnderTest, free_port, health_url_of
from tests.bot.records_file import file_of
from tests.warm.authority import reuse_authority
from tests.warm.kept_world import KeptWorld, contoso_opened
from tests.warm.patience import be_patient
from tests.warm.ready_made import loaded_once, put_new_database
from tests.warm.short_pauses import HOME_PAUSE, SHORT_HOME_PAUSE, SHORT_PAUSES, SHORT_READ_PAUSE
from workflows.entra.transport.traffic.read_retries import ReadRetries
from workflows.intervals import Pauses

OURS = ("SLACK_", "AZURE_", "GRAPH_", "GATEHOUSE_", "DATABASE_URL", "PORT", "HOST", "SSL_CERT_FILE")
reuse_authority()


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No setting of ours in the environment, and an empty folder to work in, without a `.env`."""
    for name in list(os.environ):
        if name.startswith(OURS):
            monkeypatch.delenv(name)
    folder = tmp_path / "cwd"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def kept_world(request: pytest.FixtureRequest) -> KeptWorld | None:
    """What a test that asks for `opened` starts with; None before it was made, and for every other test."""
    kept = contoso_opened()
    return kept if kept.is_made and "opened" in request.fixturenames else None


@pytest.fixture
async def world(tmp_path: Path, kept_world: KeptWorld | None) -> AsyncIterator[Sandbox]:
    """A sandbox without a bot."""
    if kept_world is not None:
        kept_world.put_world(tmp_path / "world")
    sandbox = Sandbox(tmp_path / "world")
    await sandbox.start(0)
    yield sandbox
    await sandbox.stop()


@pytest.fixture
def settings(world: Sandbox, bare_environment: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings of a bot in the sandbox. They are also in the environment."""
    given = {
        **world.bot_settings(free_port(), free_port()),
        "DATABASE_URL": f"sqlite:///{bare_environment}/gatehouse.db",
        "GATEHOUSE_TICK_SECONDS": "0.2",
        # Whether somebody decides at an unusual hour depends on when the tests run.
        "GATEHOUSE_TELL_UNUSUAL_DECISIONS": "false",
        "GATEHOUSE_TELL_WEEKLY_DECISIONS": "false",
        "GATEHOUSE_GENERATION": f"{bare_environment}/generation",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(HOME_PAUSE, SHORT_HOME_PAUSE)
    be_patient(monkeypatch.setattr)
    monkeypatch.setattr(ReadRetries, "_get_delay_time_exp_backoff", lambda *_: SHORT_READ_PAUSE)
    monkeypatch.setattr("workflows.entra.transport.traffic.lane.FIRST_PAUSE_SECONDS", SHORT_READ_PAUSE)
    for place in ("opening.start_checks", "settings"):
        monkeypatch.setattr(f"bot.process.{place}.load_catalog", loaded_once)
    return load_settings()


@pytest.fixture
def short_lock_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a write wait less for a lock, where it is not about how long it waits."""
    for module in ("file", "database", "write_monitor"):
        monkeypatch.setattr(f"workflows.store.sqlite.{module}.BUSY_MILLISECONDS", 200)


@pytest.fixture
def pauses() -> Pauses:
    """The pauses of the bot. A test that counts calls takes the usual one between updates of a card."""
    return SHORT_PAUSES


@pytest.fixture
async def gatehouse(
    world: Sandbox, settings: Settings, kept_world: KeptWorld | None, pauses: Pauses
) -> AsyncIterator[BotUnderTest]:
    """A running bot in that world, and its records."""
    if kept_world is not None:
        kept_world.put_database(file_of(settings))
    put_new_database(file_of(settings))
    url = f"http://127.0.0.1:{settings.port}"
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        parts = await stack.enter_async_context(running(settings, pauses))
        world.bot = BotHandle(url=url, pid=os.getpid, alive=lambda: True, health_url=health_url_of(settings))
        yield BotUnderTest(world=world, settings=settings, session=session, store=parts.store, url=url)

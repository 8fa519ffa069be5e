"""A bot in this process whose records are in PostgreSQL."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from bot.process.app import running
from bot.process.settings import Settings, load_settings
from bot.sandbox.server import BotHandle, Sandbox
from tests.bot.bot_under_test import BotUnderTest, health_url_of
from tests.warm.short_pauses import SHORT_PAUSES
from tests.workflows.store.postgres.server import test_server
from workflows.core.audit.chain import written_key
from workflows.store.audit_keys import new_key

ON_HOME: Final[dict[str, Any]] = {
    "container": {"type": "view", "view_id": "V1"},
    "view": {"id": "V1", "type": "home"},
}
"""Where the buttons of stopped work are."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.postgres)


@pytest.fixture
def address() -> Iterator[str]:
    """The address of a database with the tables of this version."""
    with test_server().database() as name:
        yield test_server().url(name)


@pytest.fixture
def settings(settings: Settings, address: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of a bot in the sandbox with these records. They are also in the environment."""
    assert settings.database_url.startswith("sqlite:")
    monkeypatch.setenv("DATABASE_URL", address)
    monkeypatch.setenv("AUDIT_KEY", written_key(new_key()))
    return load_settings()


@asynccontextmanager
async def started(settings: Settings, world: Sandbox) -> AsyncIterator[BotUnderTest]:
    """Start a bot in a world, and end it."""
    url = f"http://127.0.0.1:{settings.port}"
    async with running(settings, SHORT_PAUSES) as parts, aiohttp.ClientSession() as session:
        world.bot = BotHandle(url=url, pid=os.getpid, alive=lambda: True, health_url=health_url_of(settings))
        yield BotUnderTest(world=world, settings=settings, session=session, store=parts.store, url=url)


@pytest.fixture
async def gatehouse(settings: Settings, world: Sandbox) -> AsyncIterator[BotUnderTest]:
    """A running bot."""
    async with started(settings, world) as bot:
        yield bot

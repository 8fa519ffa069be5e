"""The scene of these tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.server import Sandbox
from tests.bot.slack.outbound.scene import FakeDirectory, Scene
from workflows.store.sqlite.store import open_store


@pytest.fixture
async def scene(world: Sandbox, tmp_path: Path) -> AsyncIterator[Scene]:
    """An empty workspace and an empty database."""
    assert world.slack_simulator is not None
    store = await open_store(tmp_path / "gatehouse.db", world.clock)
    token = world.slack_simulator.credentials.bot_token
    client = AsyncWebClient(token=token, base_url=f"{world.url}slack/api/", retry_handlers=[])
    yield Scene(world=world, store=store, directory=FakeDirectory(), client=client)
    await store.close()

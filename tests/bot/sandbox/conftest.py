"""A running sandbox, a fake bot attached to it, and its control API."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from bot.sandbox.server import BotHandle, Sandbox
from tests.bot.sandbox.control_client import Control
from tests.bot.sandbox.fake_bot import FakeBot
from tests.served import served


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    """An HTTP client."""
    async with ClientSession() as client:
        yield client


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    """A whole sandbox over HTTP, without a bot."""
    started = Sandbox(tmp_path / "data")
    await started.start(0)
    yield started
    await started.stop()


@pytest.fixture
async def bot(sandbox: Sandbox, session: ClientSession) -> AsyncIterator[FakeBot]:
    """A fake bot that the sandbox delivers to."""
    assert sandbox.slack_simulator is not None
    fake = FakeBot(
        now=lambda: sandbox.clock.now().timestamp(),
        api_url=f"{sandbox.url}slack/api/",
        token=sandbox.slack_simulator.credentials.bot_token,
        session=session,
    )
    async with served(fake.application()) as fake.url:
        sandbox.bot = BotHandle(url=fake.url, pid=lambda: 4711, alive=lambda: True)
        yield fake


@pytest.fixture
def control(sandbox: Sandbox, session: ClientSession) -> Control:
    """The control API."""
    return Control(session=session, url=sandbox.url)

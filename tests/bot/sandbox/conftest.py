"""A running sandbox, a fake bot attached to it, and its control API."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from bot.sandbox.server import BotHandle, Sandbox
from tests.bot.sandbox.control_client import Control
from tests.bot.sandbox.fake_bot import FakeBot


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
    assert sandbox.slack_stand_in is not None
    fake = FakeBot(
        now=lambda: sandbox.clock.now().timestamp(),
        api_url=f"{sandbox.url}slack/api/",
        token=sandbox.slack_stand_in.credentials.bot_token,
        session=session,
    )
    runner = web.AppRunner(fake.application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    sandbox.bot = BotHandle(url=fake.url, pid=lambda: 4711, alive=lambda: True)
    yield fake
    await runner.cleanup()


@pytest.fixture
def control(sandbox: Sandbox, session: ClientSession) -> Control:
    """The control API."""
    return Control(session=session, url=sandbox.url)

"""A running bot with an open request, which no random input may approve, and a log in which errors are noticed."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import pytest
from structlog.testing import capture_logs

from tests.bot.bot_under_test import BotUnderTest
from tests.bot.conftest import bare_environment, gatehouse, kept_world, pauses, settings, world
from workflows.core.requests.request import AccessRequest, RequestState

__all__ = ["bare_environment", "gatehouse", "kept_world", "pauses", "settings", "world"]

MAY_END_AS: Final = (RequestState.AWAITING_APPROVAL, RequestState.WITHDRAWN, RequestState.STOPPED, RequestState.UNFIT)
"""What the requester and an admin can do with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedBot:
    """A bot with an open request, which nobody who sends anything may approve."""

    gatehouse: BotUnderTest
    request: AccessRequest

    async def count_stored(self) -> int:
        """Count what was recorded."""
        return len(await self.gatehouse.store.history())

    async def require_nothing_opened(self) -> None:
        """Assert that the bot finishes its work, that no work failed, and that no partner is open."""
        await self.gatehouse.idle()
        work = await self.gatehouse.store.stored_work(self.gatehouse.world.clock.now())
        assert work.effects_parked == 0
        assert await self.gatehouse.is_ready()
        tenant = (await self.gatehouse.control.get("graph/state"))["state"]
        shown = json.dumps(tenant["partners"])
        assert "true" not in shown
        assert '"allowed"' not in shown
        for request in await self.gatehouse.store.open_requests():
            assert request.state in (*MAY_END_AS, RequestState.PREPARING), request
            assert request.decisions == ()


@contextmanager
def without_errors(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Assert that nothing is logged that is an error, or that has a traceback."""
    caplog.clear()
    with capture_logs() as logged:
        yield
    wrong: list[Any] = [line for line in logged if line["log_level"] in ("error", "critical") or "exc_info" in line]
    wrong += [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR or one.exc_info]
    assert not wrong, wrong


@pytest.fixture
async def watched(gatehouse: BotUnderTest) -> WatchedBot:
    """Return a bot with an open request."""
    return WatchedBot(gatehouse=gatehouse, request=await gatehouse.file_request())

"""Two bots, each with files of its own: the secrets are replaced in one after the other, and no click is lost."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bot.process.settings import Settings
from bot.sandbox.server import Sandbox
from tests.bot.process.opening.test_rotation import NEW, OLD, Scene, accepted, scene
from workflows.intervals import REPLACED_SECRET_ACCEPTED_FOR

__all__ = ["accepted"]


@pytest.fixture
async def bots(world: Sandbox, settings: Settings, tmp_path: Path) -> AsyncIterator[list[Scene]]:
    """Both, with the same secrets in two folders."""
    create = asynccontextmanager(scene.__wrapped__)  # type: ignore[attr-defined]
    async with AsyncExitStack() as stack:
        folders = [tmp_path / "first", tmp_path / "second"]
        for folder in folders:
            folder.mkdir()
        yield [await stack.enter_async_context(create(world, settings, folder)) for folder in folders]


def accepts(bots: list[Scene], secret: str) -> list[bool]:
    """Which of them accept a click that is signed with a secret."""
    return [bot.accepts(secret) for bot in bots]


async def test_while_one_bot_has_the_new_signing_secret_and_the_other_has_not_some_bot_accepts_either(
    bots: list[Scene],
) -> None:
    """Slack signs with one of them at a time. What one bot refuses comes again, and the other one accepts it."""
    first, second = bots
    await first.put(first.signing_file, NEW)
    assert (accepts(bots, OLD), accepts(bots, NEW)) == ([True, True], [True, False])
    for bot in bots:
        bot.clock.at += timedelta(minutes=4)
    await second.put(second.signing_file, NEW)
    assert (accepts(bots, OLD), accepts(bots, NEW)) == ([True, True], [True, True])
    for bot in bots:
        bot.clock.at += REPLACED_SECRET_ACCEPTED_FOR - timedelta(minutes=4)
    assert (accepts(bots, OLD), accepts(bots, NEW)) == ([False, True], [True, True]), "each counts from its own time"
    for bot in bots:
        bot.clock.at += timedelta(minutes=4)
    assert accepts(bots, OLD) == [False, False]


async def test_an_end_that_the_files_name_is_the_same_for_both_bots(bots: list[Scene]) -> None:
    cut = bots[0].clock.at + timedelta(minutes=6)
    for bot in bots:
        await bot.put(bot.signing_file, f"{NEW}\n{OLD} until {cut.isoformat()}\n")
        for one in bots:
            one.clock.at += timedelta(minutes=2)
    assert (accepts(bots, OLD), accepts(bots, NEW)) == ([True, True], [True, True])
    for bot in bots:
        bot.clock.at = cut
    assert (accepts(bots, OLD), accepts(bots, NEW)) == ([False, False], [True, True])


async def test_each_bot_uses_the_bot_token_of_its_own_file(bots: list[Scene], accepted: set[str]) -> None:
    """As long as Slack accepts both, both work; afterwards the one with the new token."""
    first, second = bots
    old, new = str(first.client.token), "xoxb-new-token-of-the-same-app"
    accepted.add(new)
    await first.put(first.token_file, new)
    assert [bot.client.token for bot in bots] == [new, old]
    for bot in bots:
        assert (await bot.client.auth_test())["ok"]
    await second.put(second.token_file, new)
    accepted.discard(old)
    for bot in bots:
        assert (await bot.client.auth_test())["ok"]

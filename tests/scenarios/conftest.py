"""One sandbox for each story."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.scenarios.stage import Stage, running_stage
from tests.stores.bot_database import removing_used


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A running sandbox over HTTP."""
    async with running_stage(Stage(data=tmp_path / "data", warm=True)) as stage:
        yield stage


@pytest.fixture
async def from_command(tmp_path: Path) -> AsyncIterator[Stage]:
    """A running sandbox that was started as a person starts it, by the command."""
    async with running_stage(Stage(data=tmp_path / "data")) as stage:
        yield stage


@pytest.fixture
async def with_full_pauses(tmp_path: Path) -> AsyncIterator[Stage]:
    """A running sandbox whose bot makes the pauses that it makes in production."""
    async with running_stage(Stage(data=tmp_path / "data", warm=True, has_short_pauses=False)) as stage:
        yield stage


@pytest.fixture(autouse=True)
def removed_databases() -> Iterator[None]:
    """What the bots of one story leave on a server; its folder is kept where the story failed."""
    with removing_used():
        yield

"""One sandbox for each story."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scenarios.stage import Stage, raised


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A running sandbox over HTTP."""
    async with raised(Stage(data=tmp_path / "data", warm=True)) as stage:
        yield stage


@pytest.fixture
async def typed(tmp_path: Path) -> AsyncIterator[Stage]:
    """A running sandbox that was started as a person starts it, by the command."""
    async with raised(Stage(data=tmp_path / "data")) as stage:
        yield stage


@pytest.fixture
async def unhurried(tmp_path: Path) -> AsyncIterator[Stage]:
    """A running sandbox whose bot makes the pauses that it makes in production."""
    async with raised(Stage(data=tmp_path / "data", warm=True, hasty=False)) as stage:
        yield stage

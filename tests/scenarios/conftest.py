"""One sandbox for each story."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scenarios.stage import Stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A running sandbox over HTTP."""
    stage = Stage(data=tmp_path / "data")
    await stage.raise_curtain()
    yield stage
    await stage.drop_curtain()

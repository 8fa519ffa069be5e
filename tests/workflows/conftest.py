"""The world that tests of the domain's shell start from."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.workflows.world import World, open_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A store without records, Contoso resolving, the usual people."""
    async with open_world(tmp_path / "gatehouse.db") as world:
        yield world

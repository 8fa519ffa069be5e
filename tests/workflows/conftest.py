"""The world that tests of the domain's shell start from, and which tests of the core count for its coverage."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.workflows.world import World, open_world


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Do not measure coverage in tests with random examples, so that it is the same in every run.

    Measuring them took most of the time of the core's tests.
    """
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A store without records, Contoso resolving, the usual people."""
    async with open_world(tmp_path / "gatehouse.db") as world:
        yield world

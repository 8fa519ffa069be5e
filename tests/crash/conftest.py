"""For every test with a bot that is killed, or whose calls fail."""

from collections.abc import Iterator
from typing import Final

import pytest

from tests.stores.bot_database import removing_used

_LONGEST: Final = "test_after_two_hundred_times_429_"
"""How the names of the tests begin that wait for minutes."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that take longest. Otherwise one of them may be last, and the others have ended."""
    items.sort(key=lambda item: not item.name.startswith(_LONGEST))


@pytest.fixture(autouse=True)
def removed_databases() -> Iterator[None]:
    """What the bots of one test leave on a server."""
    with removing_used():
        yield

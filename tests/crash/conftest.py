"""For every test with a bot that is killed, or whose calls fail."""

from collections.abc import Iterator

import pytest

from tests.stores.bot_database import removing_used


@pytest.fixture(autouse=True)
def removed_databases() -> Iterator[None]:
    """What the bots of one test leave on a server."""
    with removing_used():
        yield

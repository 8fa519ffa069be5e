"""A database for each test, and everything in this folder needs a PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.workflows.fakes import FixedClock
from tests.workflows.store.postgres.server import test_server
from workflows.core.audit.chain import KeyRing
from workflows.store.audit_keys import GivenKeys, new_key
from workflows.store.postgres.location import PostgresLocation
from workflows.store.postgres.opening.server import Server
from workflows.store.postgres.store import PostgresStore


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.postgres)


@pytest.fixture
def database() -> Iterator[str]:
    """A database with the tables of this version."""
    with test_server().database() as name:
        yield name


@pytest.fixture
def empty_database() -> Iterator[str]:
    """A database without tables."""
    with test_server().database(is_empty=True) as name:
        yield name


@pytest.fixture
def location(database: str) -> PostgresLocation:
    """Where the records are."""
    return location_in(database)


@pytest.fixture
async def store(location: PostgresLocation) -> AsyncIterator[PostgresStore]:
    """The bot's store."""
    store = await location.open(FixedClock())
    yield store
    await store.close()


@pytest.fixture
async def beside(store: PostgresStore, location: PostgresLocation) -> AsyncIterator[PostgresStore]:
    """The same records in another process: it shares no connection with the bot."""
    store = await location.open_shared(FixedClock())
    yield store
    await store.close()


def location_in(database: str) -> PostgresLocation:
    """Return the location of one database, with keys of its own."""
    return PostgresLocation(Server(test_server().url(database)), GivenKeys(KeyRing((new_key(),))))

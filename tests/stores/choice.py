"""The store of every bot in the stories: SQLite, or PostgreSQL by `pytest --store postgres`.

A run has one store. The choice stands in the environment, where workers and forked processes find it.
"""

import os
from typing import Final

import pytest

SQLITE: Final = "sqlite"
POSTGRES: Final = "postgres"
SQLITE_ONLY: Final = "sqlite_only"
"""The mark of a story about SQLite's file itself, with the reason. tests/test_both_stores.py lists them all."""
_CHOSEN: Final = "PYTEST_STORE"
_STORIES: Final = ("story", "browser", "crash")


def is_postgres() -> bool:
    """Return whether the bots of this run have PostgreSQL."""
    return os.environ.get(_CHOSEN) == POSTGRES


def add_option(parser: pytest.Parser) -> None:
    """Offer the choice."""
    text = "the store of the bots in the stories; each story that runs on PostgreSQL then has the mark `postgres`"
    parser.addoption("--store", choices=(SQLITE, POSTGRES), default=SQLITE, help=text)


def choose(config: pytest.Config) -> None:
    """Note the choice, and start the server that all workers share."""
    if hasattr(config, "workerinput"):
        return
    os.environ[_CHOSEN] = config.option.store
    if is_postgres():
        from tests.workflows.store.postgres.server import share_server

        share_server()


def mark_stories(items: list[pytest.Item]) -> None:
    """Mark what runs on PostgreSQL now."""
    if not is_postgres():
        return
    for item in items:
        is_story = any(item.get_closest_marker(name) for name in _STORIES)
        if is_story and item.get_closest_marker(SQLITE_ONLY) is None:
            item.add_marker(POSTGRES)

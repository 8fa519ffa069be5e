"""What an App Home reads costs the same with a hundred thousand past requests as with none."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from tests.workflows.core.builders import DANA, NOW, RILEY, SECURITY, TENANT
from tests.workflows.fakes import FixedClock
from tests.workflows.world import QuickStore
from workflows.ports.pages import START, PartnerFilter
from workflows.store.common.rows import text_of
from workflows.store.sqlite.store import SqliteStore

pytestmark = [pytest.mark.load, pytest.mark.threats("G18")]

COUNT: Final = 100_000
_INSERT: Final = """insert into requests (id, version, state, is_open, requester, account, tenant_id, created_at, doc)
    values (?, 1, 'applied', 0, ?, ?, ?, ?, '{}')"""
"""NB. the documents cannot be read: a list that read one of them would log it."""
READS: Final[dict[str, Callable[[SqliteStore], Awaitable[object]]]] = {
    "waits for me": lambda store: store.requests_waiting([SECURITY], [DANA.chat_id], 10),
    "mine": lambda store: store.requests_of(RILEY.chat_id, 10, RILEY.id, is_open=True),
    "expired": lambda store: store.expired_since(NOW - timedelta(days=14), 10),
    "partners": lambda store: store.partners_page(PartnerFilter(), limit=10, position=START),
    "due": lambda store: store.due(NOW),
    "alarms": lambda store: store.open_alarms(),
    "drift": lambda store: store.count_open_drifts(),
    "open": lambda store: store.open_requests(),
    "about": lambda store: store.has_other_requests_for(TENANT, "R-1"),  # type: ignore[arg-type]
}


async def steps_of(store: SqliteStore, read: Callable[[SqliteStore], Awaitable[object]]) -> int:
    """Count the steps of SQLite's virtual machine, in hundreds."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    await store._run(lambda: store._db.conn.set_progress_handler(count, 100))
    await read(store)
    await store._run(lambda: store._db.conn.set_progress_handler(None, 0))
    return steps


async def test_no_list_of_an_app_home_grows_with_past_requests(tmp_path: Path) -> None:
    store = QuickStore(tmp_path / "gatehouse.db", FixedClock())
    await store.open()
    empty = {name: await steps_of(store, read) for name, read in READS.items()}
    rows = [
        (
            f"R-{number:010}",
            f"U{number % 500}",
            f"account-{number % 500}",
            TENANT,
            text_of(NOW - timedelta(minutes=number)),
        )
        for number in range(COUNT)
    ]
    await store._run(lambda: store._db.conn.executemany(_INSERT, rows))
    full = {name: await steps_of(store, read) for name, read in READS.items()}
    await store.close()
    for name, steps in full.items():
        assert steps <= 1.5 * empty[name] + 2, (name, empty[name], steps)

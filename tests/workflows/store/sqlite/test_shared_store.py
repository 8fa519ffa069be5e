"""The records from another process while the bot runs: each read that fails says that the file cannot be used."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.workflows.fakes import FixedClock
from workflows.ports.records import StoreUnusable
from workflows.store.sqlite.other_process.shared_store import SharedStore, open_shared
from workflows.store.sqlite.store import open_store

READS: dict[str, Callable[[SharedStore], Awaitable[Any]]] = {
    "open requests": lambda store: store.open_requests(),
    "identities": lambda store: store.identities(),
    "partnerships": lambda store: store.partnerships(lambda one: one),
    "records": lambda store: store.records(),
}


@pytest.mark.parametrize("name", READS)
async def test_a_read_that_fails_says_that_the_file_cannot_be_used(tmp_path: Path, name: str) -> None:
    path = tmp_path / "gatehouse.db"
    store = await open_store(path, FixedClock())
    shared = await open_shared(path, FixedClock())
    for table in ("requests", "partnerships"):
        await store._write(f"alter table {table} rename to {table}_gone")
    with pytest.raises(StoreUnusable, match=r"gatehouse\.db cannot be used now \(no such table"):
        await READS[name](shared)
    await shared.close()
    await store.close()

"""The kinds of store that there are, so that what holds for one is tested with each of them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import pytest

from tests.workflows.fakes import FixedClock
from tests.workflows.store.postgres.server import test_server
from tests.workflows.world import QuickStore
from workflows.core.audit.chain import KeyRing
from workflows.ports.store import Store
from workflows.store.audit_keys import GivenKeys, new_key
from workflows.store.postgres.opening.server import Server
from workflows.store.postgres.store import open_store as open_postgres
from workflows.store.sqlite.store import open_store as open_sqlite

KINDS: Final = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))
Close: TypeAlias = Callable[[], Awaitable[None]]
Connect: TypeAlias = Callable[[FixedClock], Awaitable[tuple[Store, Close]]]


@dataclass(slots=True)
class StorePlace:
    """Where a store keeps its data; it can be opened again and again, as after a restart."""

    connect: Connect
    clock: FixedClock = field(default_factory=FixedClock)
    _closes: list[Close] = field(default_factory=list)

    async def open(self) -> Store:
        """Open the store there."""
        store, close = await self.connect(self.clock)
        self._closes.append(close)
        return store

    async def close(self) -> None:
        """Close what is open."""
        while self._closes:
            await self._closes.pop()()


@asynccontextmanager
async def place_for(kind: str, folder: Path, *, is_quick: bool = False) -> AsyncIterator[StorePlace]:
    """Give a place without data for one kind of store.

    :param is_quick: do not wait for the disk.
    """
    async with AsyncExitStack() as stack:
        connect = _sqlite(folder, is_quick=is_quick) if kind == "sqlite" else _postgres(stack)
        place = StorePlace(connect)
        stack.push_async_callback(place.close)
        yield place


def _sqlite(folder: Path, *, is_quick: bool) -> Connect:
    path = folder / "gatehouse.db"

    async def connect(clock: FixedClock) -> tuple[Store, Close]:
        if is_quick:
            quick = QuickStore(path, clock)
            await quick.open()
            return quick, quick.close
        store = await open_sqlite(path, clock)
        return store, store.close

    return connect


def _postgres(stack: AsyncExitStack) -> Connect:
    server = test_server()
    database, keys = stack.enter_context(server.database()), GivenKeys(KeyRing((new_key(),)))

    async def connect(clock: FixedClock) -> tuple[Store, Close]:
        store = await open_postgres(Server(server.url(database)), clock, keys=keys)
        return store, store.close

    return connect

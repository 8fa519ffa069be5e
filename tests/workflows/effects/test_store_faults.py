"""The disk fails at any statement of an approval: nothing is written to the tenant without a stored intent.

SQLite's own tests let the n-th operation fail, for every n ("How SQLite Is Tested", I/O error tests). Here the n-th
statement of the store's connection fails with the error of a full disk, a file that became read-only, a disk error, a
lock, or a damaged file: once, or until somebody mends it.
"""

import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from tests.workflows.core.builders import AMARA, BRUNO, CHIE
from tests.workflows.fakes import FakeTenant, FixedClock
from tests.workflows.world import CONTOSO, World, open_world
from workflows.core.errors.call_ids import CallIds
from workflows.core.plans.plan import Operation
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.ports.records import StoreNotWritable, StoreTrouble
from workflows.store.audit_keys import own_key_file

pytestmark = [pytest.mark.matrix, pytest.mark.threats("G5")]

S = RequestState
_CHANGES: Final = ("INSERT", "UPDATE", "DELETE", "REPLACE", "COMMIT")
_KINDS: Final = {
    "full": (sqlite3.SQLITE_FULL, "database or disk is full"),
    "read-only": (sqlite3.SQLITE_READONLY, "attempt to write a readonly database"),
    "locked": (sqlite3.SQLITE_BUSY, "database is locked"),
    "disk error": (sqlite3.SQLITE_IOERR, "disk I/O error"),
    "damaged": (sqlite3.SQLITE_CORRUPT, "database disk image is malformed"),
}
_AT_READS: Final = ("disk error", "damaged")
"""The kinds that a statement meets that only reads."""


@dataclass(kw_only=True)
class FailingDisk:
    """The store's connection, of which statements fail from the `first`-th on."""

    connection: sqlite3.Connection
    kind: str = "full"
    first: int = sys.maxsize
    times: int = sys.maxsize
    count: int = 0
    failed: int = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Execute, or fail."""
        is_change = sql.lstrip().upper().startswith(_CHANGES)
        if is_change or (self.kind in _AT_READS and sql.lstrip().upper().startswith(("SELECT", "BEGIN"))):
            self.count += 1
            if self.first <= self.count < self.first + self.times:
                self.failed += 1
                code, text = _KINDS[self.kind]
                error = sqlite3.OperationalError(text)
                error.sqlite_errorcode = code
                raise error
        return self.connection.execute(sql, *values)


@dataclass(kw_only=True)
class WatchedTenant(FakeTenant):
    """A tenant that looks into the bot's file at each write: is it stored that this is about to be written?"""

    file: Path
    unannounced: list[Operation] = field(default_factory=list)

    async def write(self, operation: Operation) -> CallIds:
        """Look, then write."""
        with closing(sqlite3.connect(f"{self.file.as_uri()}?mode=ro", uri=True)) as db:
            (count,) = db.execute("select count(*) from audit where command = 'record_writing'").fetchone()
        if not count:
            self.unannounced.append(operation)
        return await FakeTenant.write(self, operation)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A file in which two of three people have approved."""

    file: Path
    clock: FixedClock
    request: AccessRequest


@pytest.fixture
async def prepared(tmp_path: Path) -> Prepared:
    """Make the file once for all the statements that may fail."""
    clock = FixedClock()
    async with open_world(tmp_path / "prepared.db", clock=clock) as world:
        request = await world.waiting()
        for person in (AMARA, BRUNO):
            await world.approve(request, person)
        request = await world.request(request.id)
    return Prepared(file=tmp_path / "prepared.db", clock=clock, request=request)


def put_prepared(prepared: Prepared, folder: Path) -> None:
    """Copy the file, as each statement begins with the same one."""
    folder.mkdir()
    shutil.copyfile(prepared.file, folder / "gatehouse.db")
    shutil.copy(own_key_file(prepared.file), own_key_file(folder / "gatehouse.db"))


async def approve_with(
    prepared: Prepared, folder: Path, kind: str, first: int, times: int, mend: bool = True
) -> tuple[World, WatchedTenant, FailingDisk]:
    """Let the last person approve while the disk fails; then, if it is mended, let everything follow."""
    file = folder / "gatehouse.db"
    put_prepared(prepared, folder)
    tenant = WatchedTenant(file=file)
    tenant.add_tenant(CONTOSO)
    async with open_world(file, clock=FixedClock(prepared.clock.now()), tenant=tenant) as world:
        world.clicks = 1000
        disk = FailingDisk(connection=world.store._db.conn, kind=kind, first=first, times=times)
        world.store._db.conn = disk  # type: ignore[assignment]
        approval, key = world.approval(prepared.request, CHIE), world.key()
        is_acknowledged = await _try(lambda: world.service.store_click(approval, key=key))
        for _ in range(3):
            world.clock.advance(minutes=2)
            await _try(world.settle)
        if mend:
            disk.first = sys.maxsize
            assert await world.store.probe() is None
            if not is_acknowledged:  # the person was told so, and clicks again
                await world.service.store_click(approval, key=world.key())
            for _ in range(3):
                world.clock.advance(minutes=2)
                await world.settle()
            done = await world.request(prepared.request.id)
            assert done.state is S.APPLIED, (kind, first, times, done.state, done.note)
            assert [one.person.name for one in done.decisions] == ["Amara", "Bruno", "Chie"]
            assert await world.store.count_pending(world.clock.now()) == (0, 0, 0), (kind, first)
        world.store._db.conn = disk.connection
    assert tenant.unannounced == [], (kind, first, times)
    return world, tenant, disk


async def _try(work: Callable[[], Any]) -> bool:
    """Do something that the disk may prevent; returns whether it did not."""
    try:
        await work()
    except (StoreNotWritable, sqlite3.Error):
        return False
    return True


@pytest.mark.parametrize("times", [1, sys.maxsize], ids=["once", "until mended"])
@pytest.mark.parametrize("kind", [kind for kind in _KINDS if kind != "damaged"])
async def test_an_approval_is_written_once_whichever_statement_fails(
    prepared: Prepared, tmp_path: Path, kind: str, times: int
) -> None:
    number = 0
    while True:
        number += 1
        _, tenant, disk = await approve_with(prepared, tmp_path / str(number), kind, number, times)
        assert len(tenant.writes) == 1, (kind, number)
        shutil.rmtree(tmp_path / str(number))
        if not disk.failed:
            break
    assert number > 15, "the click, the decision, the intent, the result, the cards"


async def test_a_file_that_is_damaged_at_any_statement_surfaces_and_nothing_is_written_without_an_intent(
    prepared: Prepared, tmp_path: Path
) -> None:
    number = 0
    while True:
        number += 1
        world, tenant, disk = await approve_with(
            prepared, tmp_path / str(number), "damaged", number, sys.maxsize, mend=False
        )
        shutil.rmtree(tmp_path / str(number))
        if not disk.failed:
            break
        assert len(tenant.writes) <= 1
        assert world.store.last_write_error in (None, StoreTrouble.DAMAGED)
    assert number > 30

"""A file system that is really full: 8 MiB in memory, with as much room left as the n-th page needs, for every n.

The process that fills it runs in a name space of its own, because only there it may mount a file system.
"""

import asyncio
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from tests.waiting import LONGEST_WAIT
from tests.workflows.core.builders import AMARA, BRUNO, CHIE
from tests.workflows.effects.test_store_faults import WatchedTenant
from tests.workflows.fakes import FixedClock
from tests.workflows.store.sqlite.test_store import ROOT
from tests.workflows.world import CONTOSO, open_world
from workflows.core.requests.request import RequestId, RequestState
from workflows.ports.records import StoreNotWritable, StoreTrouble, StoreUnusable
from workflows.store.audit_keys import own_key_file

PAGE: Final = 4096
STEP: Final = 8
"""Pages of room that each attempt has more than the one before."""
IN_ITS_OWN: Final = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")
MOUNT: Final = 'mount -t tmpfs -o size=8m tmpfs "$1" || exit 77; shift; exec "$@"'


def may_mount(folder: Path) -> bool:
    """Return whether this machine lets a process mount a file system in a name space of its own."""
    try:
        return (
            subprocess.run(
                [*IN_ITS_OWN, MOUNT, "sh", str(folder), "true"], capture_output=True, timeout=LONGEST_WAIT
            ).returncode
            == 0
        )
    except FileNotFoundError:
        return False


@pytest.mark.matrix
@pytest.mark.threats("G5")
def test_whatever_commit_meets_a_full_file_system_nothing_is_written_without_an_intent(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if not may_mount(small):
        pytest.skip("this machine lets nobody mount a file system")
    child = f"from {__name__} import fill_at_every_commit; fill_at_every_commit({str(small)!r}, {str(tmp_path)!r})"
    command = [*IN_ITS_OWN, MOUNT, "sh", str(small), sys.executable, "-c", child]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=10 * LONGEST_WAIT)
    assert ended.returncode == 0, ended.stderr[-3000:]
    attempts, full, written_later = map(int, ended.stdout.splitlines()[-1].split())
    assert attempts > full > 3, "it is full at several commits, and not at the last attempt"
    assert written_later > 1


def fill_at_every_commit(small: str, large: str) -> None:
    """Approve with more and more room, until there is enough. Print the attempts, those that met a full disk, and those
    whose write came only after there was room again."""
    print(*asyncio.run(_fill(Path(small), Path(large) / "prepared.db")))


async def _fill(small: Path, prepared: Path) -> tuple[int, int, int]:
    clock = FixedClock()
    async with open_world(prepared, clock=clock) as world:
        request = await world.waiting()
        for person in (AMARA, BRUNO):
            await world.approve(request, person)
    attempts = full = written_later = 0
    while attempts < 100:
        attempts += 1
        was_full, was_written = await _approve(small, prepared, request.id, clock, room=(attempts - 1) * STEP * PAGE)
        full, written_later = full + was_full, written_later + (was_full and not was_written)
        if not was_full:
            break
    return attempts, full, written_later


async def _approve(
    small: Path, prepared: Path, request_id: RequestId, clock: FixedClock, *, room: int
) -> tuple[bool, bool]:
    """Let the last person approve with so much room; then free it. Returns whether the disk was full, and whether it
    was written before there was room."""
    folder = small / "records"
    folder.mkdir()
    shutil.copyfile(prepared, folder / "gatehouse.db")
    shutil.copy(own_key_file(prepared), own_key_file(folder / "gatehouse.db"))
    tenant = WatchedTenant(file=folder / "gatehouse.db")
    tenant.add_tenant(CONTOSO)
    async with open_world(folder / "gatehouse.db", clock=FixedClock(clock.now()), tenant=tenant) as world:
        world.clicks = 1000
        request = await world.request(request_id)
        leave(small / "filler", room)
        is_stored, was_full = False, False
        with suppress(StoreNotWritable, StoreUnusable):
            await world.service.store_click(world.approval(request, CHIE), key=world.key())
            is_stored = True
        for _ in range(3):
            world.clock.advance(minutes=2)
            try:
                await world.settle()
            except (StoreNotWritable, StoreUnusable):
                was_full = True
                assert world.store.last_write_error is StoreTrouble.DISK_FULL
        was_full = was_full or not is_stored
        was_written = bool(tenant.writes)
        (small / "filler").unlink()
        assert await world.store.probe() is None
        if not is_stored:  # the person was told so, and clicks again
            await world.service.store_click(world.approval(request, CHIE), key=world.key())
        for _ in range(3):
            world.clock.advance(minutes=2)
            await world.settle()
        done = await world.request(request_id)
        assert done.state is RequestState.APPLIED, (room, done.state, done.note)
        assert [one.person.name for one in done.decisions] == ["Amara", "Bruno", "Chie"]
        assert len(tenant.writes) == 1, room
        assert tenant.unannounced == [], room
    shutil.rmtree(folder)
    return was_full, was_written


def leave(filler: Path, room: int) -> None:
    """Fill the file system up to so many bytes."""
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * PAGE)
    with filler.open("r+b") as file:
        file.truncate(max(0, filler.stat().st_size - room))

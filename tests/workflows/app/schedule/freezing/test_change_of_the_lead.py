"""Several bots share the records, and the lead changes while records are restored, held or released.

Each test has two bots on one file. That they share it is only said, as a server would say it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.workflows.app.schedule.freezing.machine import FileRecords, Machine, end_freeze, write
from workflows.app.schedule.freezing.held_start import HeldStart, generation_of
from workflows.core.policy.stops.generation import HoldCause
from workflows.store.generation_place import FilePlace
from workflows.store.location import OpenStore
from workflows.store.sqlite.store import SqliteStore


@dataclass
class Bots:
    """Two bots on one machine: the first one leads."""

    machine: Machine
    store: OpenStore
    leader: HeldStart
    follower: HeldStart
    is_still_mine: bool = True

    async def restore(self, backup: str) -> None:
        """Put a backup in the place of the records while both run."""
        await self.store.close()
        self.machine.records.restore(backup)
        self.store, _ = await self.machine.open()
        self.leader.store = self.follower.store = self.store

    async def work(self, entries: int = 3) -> None:
        """Store something, and let the leader make it known outside."""
        for _ in range(entries):
            await write(self.store, self.machine.clock)
        await self.leader.check()

    async def number(self) -> int:
        """The number in the records."""
        known = await generation_of(self.store)
        return 0 if known is None else known.number

    async def cause(self) -> HoldCause | None:
        """Why the records are held now."""
        freeze = await self.store.freeze()
        return freeze.hold.cause if freeze is not None and freeze.is_frozen and freeze.hold is not None else None

    async def would_hold(self) -> HoldCause | None:
        """Why a start would be held."""
        hold, _, _ = await self.follower.compare()
        return None if hold is None else hold.cause


@pytest.fixture
async def bots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bots:
    """Both have begun, and the leader has taken its generation."""

    async def yes() -> bool:
        return True

    machine = Machine(tmp_path, FileRecords(tmp_path))
    store, leader = await machine.open()
    both = Bots(machine, store, leader, HeldStart(store=store, clock=machine.clock, place=machine.outside))

    async def is_still_mine(_: SqliteStore) -> bool:
        return both.is_still_mine

    monkeypatch.setattr(SqliteStore, "shared_queue", SimpleNamespace(has_others=yes))
    monkeypatch.setattr(SqliteStore, "is_still_mine", is_still_mine)
    assert await leader.begin(takes_now=False) is None
    await both.work(1)
    assert await both.follower.begin(takes_now=False) is None
    await both.follower.look()
    return both


@pytest.mark.threats("G8")
async def test_a_bot_that_becomes_the_leader_holds_records_that_were_restored_meanwhile(bots: Bots) -> None:
    backup = bots.machine.records.back_up()
    await bots.work()
    await bots.restore(backup)
    before = await bots.number()
    await bots.follower.check()
    assert await bots.cause() is HoldCause.RESTORED
    assert await bots.number() == before, "nothing was taken"
    assert await bots.would_hold() is HoldCause.RESTORED, "what is known outside was not changed"
    await bots.store.close()


async def test_a_bot_that_becomes_the_leader_of_the_newest_records_takes_the_next_number(bots: Bots) -> None:
    await bots.work()
    await bots.follower.check()
    assert await bots.cause() is None
    assert await bots.number() == 2
    assert await bots.would_hold() is None
    await bots.store.close()


@pytest.mark.threats("G8")
async def test_a_hold_of_one_bot_and_its_release_are_those_of_all(bots: Bots) -> None:
    backup = bots.machine.records.back_up()
    await bots.work()
    await bots.restore(backup)
    await write(bots.store, bots.machine.clock)
    await bots.leader.check()
    assert await bots.cause() is HoldCause.RESTORED
    await bots.follower.look()
    assert (bots.leader.is_held, bots.follower.is_held) == (True, True)
    await end_freeze(bots.store, bots.machine.clock)
    await bots.follower.look()
    assert not bots.follower.is_held
    await bots.leader.check()
    assert not bots.leader.is_held
    assert await bots.number() == 2
    await bots.follower.check()
    assert (await bots.cause(), await bots.number(), await bots.would_hold()) == (None, 3, None)
    await bots.store.close()


@pytest.mark.parametrize("is_stopped", [True, False])
async def test_a_bot_with_another_folder_holds_all_again_when_it_leads_unless_it_is_stopped(
    bots: Bots, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_stopped: bool
) -> None:
    """What docs/replicas.md says of a hold by a wrong setting. It began while no other bot ran."""
    has_others = False

    async def others() -> bool:
        return has_others

    monkeypatch.setattr(SqliteStore, "shared_queue", SimpleNamespace(has_others=others))
    place = FilePlace(tmp_path / "another", bots.machine.records.known_as)
    wrong = HeldStart(store=bots.store, clock=bots.machine.clock, place=place)
    assert await wrong.begin(takes_now=False) is not None
    assert await bots.cause() is HoldCause.NOT_HANDED_OVER
    has_others = not is_stopped
    right = HeldStart(store=bots.store, clock=bots.machine.clock, place=bots.machine.outside)
    assert await right.begin(takes_now=False) is None
    freeze = await bots.store.freeze()
    assert freeze is not None
    assert (freeze.is_frozen, freeze.voids_before) == (False, None), "nothing is void"
    await right.check()
    await (right if is_stopped else wrong).check()
    assert await bots.cause() is (None if is_stopped else HoldCause.NOT_HANDED_OVER)
    await bots.store.close()


@dataclass(slots=True, kw_only=True)
class Suspended(HeldStart):
    """Is suspended right before it writes outside."""

    meanwhile: Callable[[], Awaitable[None]]
    was_suspended: bool = False

    async def _last_place(self) -> str:
        place = await HeldStart._last_place(self)
        if not self.was_suspended:
            self.was_suspended = True
            await self.meanwhile()
        return place


@pytest.mark.threats("G8")
@pytest.mark.parametrize("has_taken", [True, False])
async def test_a_leader_that_was_suspended_in_a_check_writes_nothing_outside(bots: Bots, has_taken: bool) -> None:
    """What it would write is older than the records. So every bot would be held."""

    async def lead() -> None:
        bots.is_still_mine = True
        await bots.follower.check()
        await write(bots.store, bots.machine.clock)
        await bots.follower.check()
        bots.is_still_mine = False

    late = Suspended(store=bots.store, clock=bots.machine.clock, place=bots.machine.outside, meanwhile=lead)
    if has_taken:
        late._is_to_take, late._confirmed = False, bots.leader._confirmed
        await write(bots.store, bots.machine.clock)
    else:
        assert await late.begin(takes_now=False) is None
    await late.check()
    assert await bots.would_hold() is None
    assert await bots.number() == 2
    outside = await bots.machine.outside.read("")
    assert outside is not None
    assert outside.generation.number == 2
    bots.is_still_mine = True
    await late.check()
    assert await bots.would_hold() is None, "also after it leads again"
    await bots.store.close()


async def test_a_bot_that_has_lost_the_lead_leaves_what_is_known_outside(bots: Bots) -> None:
    known = await bots.machine.outside.read("")
    await write(bots.store, bots.machine.clock)
    bots.is_still_mine = False
    await bots.leader.check()
    assert await bots.machine.outside.read("") == known
    bots.is_still_mine = True
    await bots.leader.check()
    assert await bots.machine.outside.read("") != known
    await bots.store.close()

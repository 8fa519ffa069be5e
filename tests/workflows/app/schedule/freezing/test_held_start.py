"""Each start takes the next generation, whatever interrupts it; older, copied and other records start held.

Every start here opens the file itself, so that nothing is kept in memory between two starts.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from tests.workflows.core.builders import AMARA, DANA, NOW, current_roles
from workflows.app.schedule.downtime import LAST_TICK
from workflows.app.schedule.freezing.handing_over import HandOverRefused, hand_over, take_over
from workflows.app.schedule.freezing.held_start import (
    GENERATION,
    HeldStart,
    generation_of,
)
from workflows.app.storing.new_audit_entry import entry_of
from workflows.core.people import ADMIN
from workflows.core.policy.stops.freeze import Freeze, FreezeStep, advance, begin
from workflows.core.policy.stops.generation import Generation, HoldCause, OutsideGeneration
from workflows.ports.records import Commit
from workflows.ports.store import GenerationPlace
from workflows.store.generation_place import FilePlace, FixedPlace
from workflows.store.sqlite.store import SqliteStore, open_store

ADMINS: Final = current_roles(dana=ADMIN, amara=ADMIN)


class Killed(BaseException):
    """The process was killed here."""


@dataclass
class Clock:
    """A clock that goes on by a minute at each look, so that no two things happen at once."""

    minutes: Iterator[int] = field(default_factory=count)

    def now(self) -> datetime:
        """The next minute."""
        return NOW + timedelta(minutes=next(self.minutes))


@dataclass
class Machine:
    """One machine with a database, a place outside of it, and starts of the bot."""

    folder: Path
    place: GenerationPlace | None = None
    clock: Clock = field(default_factory=Clock)

    @property
    def database(self) -> Path:
        """The database's file."""
        return self.folder / "records" / "gatehouse.db"

    @property
    def outside(self) -> GenerationPlace:
        """The place outside of the records."""
        return self.place or FilePlace(self.folder / "state", self.database)

    async def open(self) -> tuple[SqliteStore, HeldStart]:
        """Open the database as a start does."""
        self.database.parent.mkdir(parents=True, exist_ok=True)
        store = await open_store(self.database, self.clock)
        return store, HeldStart(store=store, clock=self.clock, place=self.outside)

    async def start(self, *, entries: int = 1, ticks: int = 1) -> HoldCause | None:
        """Start, do something, tick, and end without a word, as after `kill -9`; returns why it was held."""
        store, held = await self.open()
        hold = await held.begin()
        for _ in range(entries if hold is None else 0):
            await write(store, self.clock)
        for _ in range(ticks):
            await held.check()
        await store.save_mark(LAST_TICK, self.clock.now().isoformat())
        await store.close()
        return None if hold is None else hold.cause

    async def number(self) -> int:
        """The number in the records."""
        store, _ = await self.open()
        known = await generation_of(store)
        await store.close()
        return 0 if known is None else known.number

    async def freeze(self) -> Freeze | None:
        """The stored freeze."""
        store, _ = await self.open()
        freeze = await store.freeze()
        await store.close()
        return freeze

    async def release(self, *, ticks: int = 1) -> None:
        """Let two admins release the bot while it runs held."""
        store, held = await self.open()
        await held.begin()
        await end_freeze(store, self.clock)
        for _ in range(ticks):
            await held.check()
        await store.close()

    def back_up(self, name: str = "backup.db") -> Path:
        """Back the database up, as docs/operations.md says."""
        backup = self.folder / name
        with closing(sqlite3.connect(self.database)) as db, closing(sqlite3.connect(backup)) as copy:
            db.backup(copy)
        return backup

    def restore(self, backup: Path) -> None:
        """Put a backup in the place of the database."""
        for name in ("gatehouse.db", "gatehouse.db-wal", "gatehouse.db-shm"):
            self.database.with_name(name).unlink(missing_ok=True)
        shutil.copyfile(backup, self.database)


async def write(store: SqliteStore, clock: Clock) -> None:
    """Have something stored in the audit log."""
    now = clock.now()
    await store.commit(Commit(entry=entry_of(f"k:{now.isoformat()}", now, None, "tell", {})))


async def end_freeze(store: SqliteStore, clock: Clock) -> None:
    """Let Dana ask, and Amara confirm."""
    for person, step in ((DANA, FreezeStep.ASK_END), (AMARA, FreezeStep.END)):
        before, now = await store.freeze(), clock.now()
        assert before is not None
        freeze = advance(before, step, person, version=before.version, current_roles=ADMINS, now=now)
        await store.commit(Commit(entry=entry_of(f"k:{now.isoformat()}", now, person, step.value, {}), freeze=freeze))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine on which nothing ever ran."""
    return Machine(tmp_path)


async def test_a_first_start_and_every_restart_take_the_next_number_and_are_never_held(machine: Machine) -> None:
    for number in range(1, 6):
        assert await machine.start(entries=number % 2, ticks=number % 3) is None
        assert await machine.number() == number
    assert await machine.freeze() is None


async def test_a_start_that_waits_for_no_disk_takes_its_number_at_the_first_check(machine: Machine) -> None:
    for number in (1, 2):
        store, held = await machine.open()
        assert await held.begin(takes_now=False) is None
        before = await generation_of(store)
        assert (0 if before is None else before.number) == number - 1
        for _ in range(2):
            await held.check()
        taken = await generation_of(store)
        assert taken is not None
        assert taken.number == number
        await store.close()
    store, held = await machine.open()
    await held.begin(takes_now=False)
    await store.close()
    assert await machine.start() is None, "it was killed before its first check"
    assert await machine.number() == 3


async def test_a_database_of_an_earlier_version_gets_a_generation_and_is_not_held(machine: Machine) -> None:
    store, _ = await machine.open()
    await write(store, machine.clock)
    await store.close()
    assert await machine.start() is None
    assert await machine.number() == 1


@pytest.mark.parametrize("point", ["before outside", "after outside", "after inside", "after inside, second start"])
async def test_a_start_that_is_killed_at_any_point_is_followed_by_one_that_is_not_held(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    if point.endswith("second start"):
        assert await machine.start() is None
    before = await machine.number()
    for _ in range(3):
        store, held = await machine.open()
        save_outside, save_inside = held.place.save, store.save_mark

        async def outside(known: OutsideGeneration, save: Callable[[OutsideGeneration], object] = save_outside) -> None:
            if point == "before outside":
                raise Killed
            await save(known)  # type: ignore[misc]
            if point == "after outside":
                raise Killed

        async def inside(name: str, value: str, save: Callable[..., object] = save_inside) -> None:
            await save(name, value)  # type: ignore[misc]
            if name == GENERATION:
                raise Killed

        class Place(FilePlace):
            async def save(self, outside_known: OutsideGeneration) -> None:
                await outside(outside_known)

        with monkeypatch.context() as patched:
            patched.setattr(store, "save_mark", inside)
            place = machine.outside
            assert isinstance(place, FilePlace)
            held.place = Place(place.folder, place.database)
            with pytest.raises(Killed):
                await held.begin()
        await store.close()
    assert await machine.start() is None
    assert await machine.number() > before
    assert await machine.start() is None


async def test_a_kill_while_the_file_outside_is_written_leaves_a_whole_one(machine: Machine) -> None:
    assert await machine.start() is None
    (machine.folder / "state" / f"{'a' * 32}.new").write_text('{"generation"', encoding="utf-8")
    (machine.folder / "state" / f"{'b' * 32}.json").write_text('{"generation"', encoding="utf-8")
    assert await machine.start() is None


@pytest.mark.threats("G8")
@pytest.mark.parametrize("later_starts", [0, 1, 3])
async def test_a_restored_backup_is_held_also_one_of_the_same_start(machine: Machine, later_starts: int) -> None:
    store, held = await machine.open()
    await held.begin()
    await write(store, machine.clock)
    await held.check()
    backup = machine.back_up()
    await write(store, machine.clock)
    await held.check()
    await store.close()
    for _ in range(later_starts):
        assert await machine.start() is None
    machine.restore(backup)
    assert await machine.start() is HoldCause.RESTORED
    freeze = await machine.freeze()
    assert freeze is not None
    assert freeze.hold is not None
    assert (freeze.hold.cause, freeze.is_frozen) == (HoldCause.RESTORED, True)


@pytest.mark.threats("G7")
async def test_a_log_whose_signatures_were_taken_out_is_held(machine: Machine) -> None:
    """Whoever has the file has it signed anew like one of an earlier version. All its keys are the same."""
    assert await machine.start(entries=3) is None
    with closing(sqlite3.connect(machine.database)) as db:
        db.execute("update audit set actor = 'U-FORGED' where seq = 2")
        for name in ("mac", "key_id", "records", "personal", "salts"):
            db.execute(f"alter table audit drop column {name}")
        for table in ("import_lookups", "profiles", "identities", "people"):
            db.execute(f"drop table {table}")
        db.execute("drop index audit_by_command")
        db.execute("delete from _sqlite_migrations where name >= 'm034'")
        db.commit()
    assert await machine.start() is HoldCause.RESTORED


async def test_a_backup_after_which_nothing_happened_lacks_nothing_and_is_not_held(machine: Machine) -> None:
    assert await machine.start() is None
    machine.restore(machine.back_up())
    assert await machine.start() is None


async def test_a_held_bot_stays_held_over_restarts_and_the_right_file_ends_that(machine: Machine) -> None:
    assert await machine.start() is None
    old = machine.back_up("old.db")
    assert await machine.start() is None
    newest = machine.back_up("newest.db")
    machine.restore(old)
    for _ in range(3):
        assert await machine.start() is HoldCause.RESTORED
    freeze = await machine.freeze()
    assert freeze is not None
    assert freeze.version == 1, "begun once"
    machine.restore(newest)
    assert await machine.start() is None, "what is known outside was not changed by the held starts"


async def test_after_the_release_it_takes_a_number_above_both_and_is_not_held_again(machine: Machine) -> None:
    assert await machine.start() is None
    backup = machine.back_up()
    for _ in range(3):
        assert await machine.start() is None
    machine.restore(backup)
    assert await machine.start() is HoldCause.RESTORED
    await machine.release()
    assert await machine.number() == 5
    assert await machine.start() is None
    machine.restore(backup)
    assert await machine.start() is HoldCause.RESTORED, "the same backup once more"


async def test_a_release_counts_when_the_process_ends_before_the_number_is_taken(machine: Machine) -> None:
    assert await machine.start() is None
    backup = machine.back_up()
    assert await machine.start() is None
    machine.restore(backup)
    assert await machine.start() is HoldCause.RESTORED
    await machine.release(ticks=0)
    assert await machine.start() is None
    assert await machine.number() == 3


async def test_one_admin_releases_nothing(machine: Machine) -> None:
    assert await machine.start() is None
    backup = machine.back_up()
    assert await machine.start() is None
    machine.restore(backup)
    store, held = await machine.open()
    await held.begin()
    before, now = await store.freeze(), machine.clock.now()
    asked = advance(before, FreezeStep.ASK_END, DANA, version=1, current_roles=ADMINS, now=now)
    await store.commit(Commit(entry=entry_of("asked", now, DANA, "ask", {}), freeze=asked))
    await held.check()
    assert held.is_held
    await store.close()
    assert await machine.start() is HoldCause.RESTORED


@pytest.mark.threats("G8")
async def test_two_databases_that_took_the_same_number_are_noticed(tmp_path: Path) -> None:
    """Both machines start from the same file and the same state, as copies of a virtual machine do."""
    first, second = Machine(tmp_path / "first"), Machine(tmp_path / "second")
    assert await first.start() is None
    shutil.copytree(first.folder, second.folder)
    state = next((second.folder / "state").glob("*.json"))
    state.write_text(state.read_text().replace(str(first.folder), str(second.folder)), encoding="utf-8")
    assert await first.start() is None
    assert await second.start() is None
    assert await first.number() == await second.number() == 2
    shutil.copyfile(second.database, first.database)
    for name in ("gatehouse.db-wal", "gatehouse.db-shm"):
        first.database.with_name(name).unlink(missing_ok=True)
    assert await first.start() is HoldCause.FORKED


@pytest.mark.threats("G8")
async def test_a_copy_beside_the_first_file_is_held_and_a_moved_file_is_not(tmp_path: Path) -> None:
    first = Machine(tmp_path / "first")
    assert await first.start() is None
    second = Machine(tmp_path / "second")
    second.place = FilePlace(first.folder / "state", second.database)
    second.database.parent.mkdir(parents=True)
    shutil.copyfile(first.database, second.database)
    assert await second.start() is HoldCause.COPIED
    assert await first.start() is None, "the first one goes on"
    first.database.replace(second.database)
    assert await second.start() is None


@pytest.mark.threats("G8")
async def test_records_of_another_installation_are_held(tmp_path: Path) -> None:
    machine, other = Machine(tmp_path / "a"), Machine(tmp_path / "b")
    assert await machine.start() is None
    assert await other.start() is None
    machine.restore(other.database)
    assert await machine.start() is HoldCause.OTHER_INSTALLATION
    await machine.release()
    assert await machine.start() is None


async def test_records_without_anything_outside_are_held_and_lost_records_too(machine: Machine) -> None:
    assert await machine.start() is None
    shutil.rmtree(machine.folder / "state")
    assert await machine.start() is HoldCause.NOT_HANDED_OVER
    await machine.release()
    assert await machine.start() is None
    for name in ("gatehouse.db", "gatehouse.db-wal", "gatehouse.db-shm"):
        machine.database.with_name(name).unlink(missing_ok=True)
    assert await machine.start() is HoldCause.RECORDS_LOST
    await machine.release()
    assert await machine.start() is None


async def test_a_fixed_number_is_the_lowest_that_the_records_may_have(machine: Machine) -> None:
    machine.place = FixedPlace(Generation.parse(f"{'a' * 32}:0"))
    for number in (1, 2, 3):
        assert await machine.start() is None
        assert await machine.number() == number
    backup = machine.back_up()
    assert await machine.start() is None
    machine.place = FixedPlace(Generation.parse(f"{'a' * 32}:4"))
    assert await machine.start() is None
    machine.restore(backup)
    assert await machine.start() is HoldCause.RESTORED
    await machine.release()
    assert await machine.start() is None
    machine.place = FixedPlace(Generation.parse(f"{'b' * 32}:1"))
    assert await machine.start() is HoldCause.OTHER_INSTALLATION


@pytest.mark.parametrize("is_fixed", [False, True])
async def test_a_hand_over_moves_the_records_and_the_old_place_is_held(tmp_path: Path, is_fixed: bool) -> None:
    old, new = Machine(tmp_path / "old"), Machine(tmp_path / "new")
    assert await old.start() is None
    early = old.back_up()
    store, held = await old.open()
    given = await hand_over(held, key="os:root:1", user="os:root")
    await store.close()
    assert given.number == 2
    new.database.parent.mkdir(parents=True)
    shutil.copyfile(old.database, new.database)
    store, held = await new.open()
    if is_fixed:
        new.place = FixedPlace(Generation.parse(given.public))
    else:
        await take_over(held, Generation.parse(given.public))
    await store.close()
    assert await new.start() is None
    assert await new.number() == 3
    assert await old.start() is HoldCause.HANDED_OVER
    store, held = await old.open()
    with pytest.raises(HandOverRefused):
        await hand_over(held, key="os:root:2", user="os:root")
    await store.close()
    new.restore(early)
    if is_fixed:
        assert await new.start() is HoldCause.RESTORED
    store, held = await new.open()
    with pytest.raises(HandOverRefused, match="copy the database file again"):
        await take_over(held, given)
    await store.close()


async def test_a_freeze_before_the_backup_is_still_there_and_both_end_together(machine: Machine) -> None:
    assert await machine.start() is None
    store, _ = await machine.open()
    now = machine.clock.now()
    frozen = begin(None, by="Dana", reason="Incident 7", now=now)
    await store.commit(Commit(entry=entry_of("f", now, DANA, "freeze", {}), freeze=frozen))
    await store.close()
    backup = machine.back_up()
    assert await machine.start() is None
    freeze = await machine.freeze()
    assert freeze is not None
    assert freeze.is_frozen
    machine.restore(backup)
    assert await machine.start() is HoldCause.RESTORED
    freeze = await machine.freeze()
    assert freeze is not None
    assert (freeze.by, freeze.reason) == ("Dana", "Incident 7")

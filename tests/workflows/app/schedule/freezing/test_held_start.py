"""Each start takes the next generation, whatever interrupts it; older, copied and other records start held.

With records of each kind.
"""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.workflows.app.schedule.freezing.machine import ADMINS, FileRecords, Machine, Machines, write
from tests.workflows.core.builders import DANA
from tests.workflows.store.stores import KINDS
from workflows.app.schedule.freezing.handing_over import HandOverRefused, hand_over, take_over
from workflows.app.schedule.freezing.held_start import GENERATION, generation_of
from workflows.app.storing.new_audit_entry import entry_of
from workflows.core.policy.stops.freeze import FreezeStep, advance, begin
from workflows.core.policy.stops.generation import Generation, HoldCause, OutsideGeneration
from workflows.ports.records import Commit
from workflows.store.generation_place import FilePlace, FixedPlace


class Killed(BaseException):
    """The process was killed here."""


@pytest.fixture(params=KINDS)
def machines(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machines]:
    """Machines with records of each kind."""
    with ExitStack() as databases:
        yield Machines(request.param, tmp_path, databases)


@pytest.fixture
def machine(machines: Machines) -> Machine:
    """A machine on which nothing ever ran."""
    return machines.new()


@pytest.fixture
def file_machine(tmp_path: Path) -> tuple[Machine, FileRecords]:
    """A machine with a file, for what only a file is."""
    records = FileRecords(tmp_path)
    return Machine(tmp_path, records), records


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
    (machine.state / f"{'a' * 32}.new").write_text('{"generation"', encoding="utf-8")
    (machine.state / f"{'b' * 32}.json").write_text('{"generation"', encoding="utf-8")
    assert await machine.start() is None


@pytest.mark.threats("G8")
@pytest.mark.parametrize("later_starts", [0, 1, 3])
async def test_a_restored_backup_is_held_also_one_of_the_same_start(machine: Machine, later_starts: int) -> None:
    store, held = await machine.open()
    await held.begin()
    await write(store, machine.clock)
    await held.check()
    backup = machine.records.back_up()
    await write(store, machine.clock)
    await held.check()
    await store.close()
    for _ in range(later_starts):
        assert await machine.start() is None
    machine.records.restore(backup)
    assert await machine.start() is HoldCause.RESTORED
    freeze = await machine.freeze()
    assert freeze is not None
    assert freeze.hold is not None
    assert (freeze.hold.cause, freeze.is_frozen) == (HoldCause.RESTORED, True)


@pytest.mark.threats("G7")
async def test_a_log_whose_signatures_were_taken_out_is_held(file_machine: tuple[Machine, FileRecords]) -> None:
    """Whoever has the file has it signed anew like one of an earlier version. All its keys are the same.

    No version of PostgreSQL's tables was without signatures: there they cannot be taken out.
    """
    machine, records = file_machine
    assert await machine.start(entries=3) is None
    with closing(sqlite3.connect(records.path)) as db:
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
    machine.records.restore(machine.records.back_up())
    assert await machine.start() is None


async def test_a_held_bot_stays_held_over_restarts_and_the_right_file_ends_that(machine: Machine) -> None:
    assert await machine.start() is None
    old = machine.records.back_up()
    assert await machine.start() is None
    newest = machine.records.back_up()
    machine.records.restore(old)
    for _ in range(3):
        assert await machine.start() is HoldCause.RESTORED
    freeze = await machine.freeze()
    assert freeze is not None
    assert freeze.version == 1, "begun once"
    machine.records.restore(newest)
    assert await machine.start() is None, "what is known outside was not changed by the held starts"


async def test_after_the_release_it_takes_a_number_above_both_and_is_not_held_again(machine: Machine) -> None:
    assert await machine.start() is None
    backup = machine.records.back_up()
    for _ in range(3):
        assert await machine.start() is None
    machine.records.restore(backup)
    assert await machine.start() is HoldCause.RESTORED
    await machine.release()
    assert await machine.number() == 5
    assert await machine.start() is None
    machine.records.restore(backup)
    assert await machine.start() is HoldCause.RESTORED, "the same backup once more"


async def test_a_release_counts_when_the_process_ends_before_the_number_is_taken(machine: Machine) -> None:
    assert await machine.start() is None
    backup = machine.records.back_up()
    assert await machine.start() is None
    machine.records.restore(backup)
    assert await machine.start() is HoldCause.RESTORED
    await machine.release(ticks=0)
    assert await machine.start() is None
    assert await machine.number() == 3


async def test_one_admin_releases_nothing(machine: Machine) -> None:
    assert await machine.start() is None
    backup = machine.records.back_up()
    assert await machine.start() is None
    machine.records.restore(backup)
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
async def test_two_databases_that_took_the_same_number_are_noticed(machines: Machines) -> None:
    """Both machines start from the same records and the same state, as copies of a virtual machine do."""
    first, second = machines.new("first"), machines.new("second")
    assert await first.start() is None
    second.records.restore(first.records.back_up())
    shutil.copytree(first.state, second.state)
    [state] = second.state.glob("*.json")
    known = json.loads(state.read_text()) | {"database": str(second.records.known_as)}
    state.write_text(json.dumps(known), encoding="utf-8")
    assert await first.start() is None
    assert await second.start() is None
    assert await first.number() == await second.number() == 2
    first.records.restore(second.records.back_up())
    assert await first.start() is HoldCause.FORKED


@pytest.mark.threats("G8")
async def test_a_copy_beside_the_first_records_is_held(machines: Machines) -> None:
    first, second = machines.new("first"), machines.new("second")
    assert await first.start() is None
    second.place = FilePlace(first.state, second.records.known_as)
    second.records.restore(first.records.back_up())
    assert await second.start() is HoldCause.COPIED
    assert await first.start() is None, "the first one goes on"


async def test_a_moved_file_is_not_held(tmp_path: Path) -> None:
    """Of a server nobody knows whether its records are still there. So a moved database is held like a copy."""
    first, second = FileRecords(tmp_path / "first"), FileRecords(tmp_path / "second")
    machine = Machine(tmp_path, first)
    assert await machine.start() is None
    second.path.parent.mkdir(parents=True)
    first.path.replace(second.path)
    machine.records = second
    assert await machine.start() is None


@pytest.mark.threats("G8")
async def test_records_of_another_installation_are_held(machines: Machines) -> None:
    machine, other = machines.new("a"), machines.new("b")
    assert await machine.start() is None
    assert await other.start() is None
    machine.records.restore(other.records.back_up())
    assert await machine.start() is HoldCause.OTHER_INSTALLATION
    await machine.release()
    assert await machine.start() is None


async def test_records_without_anything_outside_are_held_and_lost_records_too(machine: Machine) -> None:
    assert await machine.start() is None
    shutil.rmtree(machine.state)
    assert await machine.start() is HoldCause.NOT_HANDED_OVER
    await machine.release()
    assert await machine.start() is None
    machine.records.remove()
    assert await machine.start() is HoldCause.RECORDS_LOST
    await machine.release()
    assert await machine.start() is None


async def test_a_fixed_number_is_the_lowest_that_the_records_may_have(machine: Machine) -> None:
    machine.place = FixedPlace(Generation.parse(f"{'a' * 32}:0"))
    for number in (1, 2, 3):
        assert await machine.start() is None
        assert await machine.number() == number
    backup = machine.records.back_up()
    assert await machine.start() is None
    machine.place = FixedPlace(Generation.parse(f"{'a' * 32}:4"))
    assert await machine.start() is None
    machine.records.restore(backup)
    assert await machine.start() is HoldCause.RESTORED
    await machine.release()
    assert await machine.start() is None
    machine.place = FixedPlace(Generation.parse(f"{'b' * 32}:1"))
    assert await machine.start() is HoldCause.OTHER_INSTALLATION


@pytest.mark.parametrize("is_fixed", [False, True])
async def test_a_hand_over_moves_the_records_and_the_old_place_is_held(machines: Machines, is_fixed: bool) -> None:
    old, new = machines.new("old"), machines.new("new")
    assert await old.start() is None
    early = old.records.back_up()
    store, held = await old.open()
    given = await hand_over(held, key="os:root:1", user="os:root")
    await store.close()
    assert given.number == 2
    new.records.restore(old.records.back_up())
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
    new.records.restore(early)
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
    backup = machine.records.back_up()
    assert await machine.start() is None
    freeze = await machine.freeze()
    assert freeze is not None
    assert freeze.is_frozen
    machine.records.restore(backup)
    assert await machine.start() is HoldCause.RESTORED
    freeze = await machine.freeze()
    assert freeze is not None
    assert (freeze.by, freeze.reason) == ("Dana", "Incident 7")

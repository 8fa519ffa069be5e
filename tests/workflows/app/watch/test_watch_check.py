"""When the watch does what: an hour between sweeps, whatever the clock does, and one sweep at a time."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import pytest

from tests.workflows.app.batches.many import TRUSTED, approve_batch, asked, configure_many, tenant_number
from tests.workflows.core.builders import AMARA, DANA, MALLORY, TENANT
from tests.workflows.world import World
from workflows.app.watch.watch_check import WatchCheck
from workflows.core.partners.records import Records, changed_between
from workflows.core.posture.watch.drift import Drift
from workflows.core.settings.model import TenantId
from workflows.core.settings.partner_changes import LoggedChange
from workflows.ports.tenant import TenantUnavailable


@pytest.fixture
def started() -> list[Coroutine[Any, Any, None]]:
    """The work that the check started in the background."""
    return []


@pytest.fixture
def check(world: World, started: list[Coroutine[Any, Any, None]]) -> WatchCheck:
    """The check over a world; its work waits until a test runs it."""
    return WatchCheck(
        store=world.store, sweeper=world.sweeper, reported_drift=world.drift_answers, start=started.append
    )


async def run(check: WatchCheck, started: list[Coroutine[Any, Any, None]]) -> int:
    """One tick, and the work that it started; returns how much that was."""
    await check.check()
    count = len(started)
    while started:
        await started.pop()
    return count


async def test_a_sweep_an_hour_also_when_the_clock_jumps(
    world: World, check: WatchCheck, started: list[Coroutine[Any, Any, None]]
) -> None:
    assert await run(check, started) == 1
    assert await run(check, started) == 0
    world.clock.advance(minutes=59)
    assert await run(check, started) == 0
    for hours in (1, 24 * 400, -24 * 800):
        world.clock.advance(hours=hours)
        assert await run(check, started) == 1


async def test_one_sweep_at_a_time_and_a_failed_one_does_not_stop_the_next(
    world: World, check: WatchCheck, started: list[Coroutine[Any, Any, None]]
) -> None:
    await check.check()
    world.clock.advance(hours=2)
    await check.check()
    assert len(started) == 1
    world.script.fail("tenant.read_default", RuntimeError("a bug"))
    with pytest.raises(RuntimeError):
        await started.pop()
    assert (await world.store.stored_work(world.clock.now())).incomplete_sweeps == 1, "it is counted as incomplete"
    assert await run(check, started) == 0
    world.clock.advance(minutes=10)
    assert await run(check, started) == 1, "and repeated soon"
    assert (await world.store.stored_work(world.clock.now())).incomplete_sweeps == 0


async def test_a_sweep_that_could_not_read_everything_is_repeated_after_ten_minutes(
    world: World, check: WatchCheck, started: list[Coroutine[Any, Any, None]]
) -> None:
    world.script.fail("tenant.read_default", TenantUnavailable("throttled"))
    assert await run(check, started) == 1
    world.clock.advance(minutes=9)
    assert await run(check, started) == 0
    world.clock.advance(minutes=1)
    assert await run(check, started) == 1
    world.clock.advance(minutes=59)
    assert await run(check, started) == 0


@pytest.mark.parametrize("is_swept", [False, True])
async def test_a_sweep_that_was_killed_or_whose_consequence_was_is_repeated_after_ten_minutes(
    world: World, check: WatchCheck, started: list[Coroutine[Any, Any, None]], *, is_swept: bool
) -> None:
    """What follows a sweep, the review because of drift, is repeated with it."""
    reached, lives_on = asyncio.Event(), asyncio.Event()

    async def follow() -> None:
        reached.set()
        await lives_on.wait()

    check.after_sweep = follow
    await check.check()
    task = asyncio.ensure_future(started.pop())
    if is_swept:
        await reached.wait()
    task.cancel()  # as a kill does: nothing of it is stored
    await asyncio.gather(task, return_exceptions=True)
    next_process = replace(check)
    world.clock.advance(minutes=9)
    assert await run(next_process, started) == 0
    world.clock.advance(minutes=1)
    reached.clear()
    lives_on.set()
    assert await run(next_process, started) == 1
    assert reached.is_set()
    world.clock.advance(minutes=59)
    assert await run(next_process, started) == 0


async def test_the_log_is_asked_every_two_minutes_while_an_author_is_missing(
    world: World, check: WatchCheck, started: list[Coroutine[Any, Any, None]]
) -> None:
    await world.opened()
    await run(check, started)
    world.tenant.edit(TENANT, b2bDirectConnectInbound={"usersAndGroups": None, "applications": {"accessType": "x"}})
    world.clock.advance(hours=1)
    await run(check, started)
    world.script.calls.clear()
    assert await run(check, started) == 1
    assert await run(check, started) == 0
    world.clock.advance(minutes=3)
    assert await run(check, started) == 1
    assert world.script.calls.count("surroundings.read_access_changes") == 2
    assert "tenant.partner_pages" not in world.script.calls


async def test_after_gatehouse_wrote_a_drifted_partner_the_next_tick_sweeps(
    world: World, check: WatchCheck, started: list[Coroutine[Any, Any, None]]
) -> None:
    await world.opened()
    world.clock.advance(hours=1)
    await run(check, started)
    world.tenant.delete(TENANT)
    world.clock.advance(hours=1)
    await run(check, started)
    assert len(await world.store.open_drifts()) == 1
    world.clock.advance(minutes=10)
    await world.revoke(DANA)
    assert await run(check, started) == 1
    assert await world.store.open_drifts() == []
    world.clock.advance(minutes=10)
    assert await run(check, started) == 0


async def test_between_its_times_a_tick_does_not_list_drift(
    world: World, check: WatchCheck, started: list[Coroutine[Any, Any, None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be thousands of records, and a tick comes every few seconds."""
    await world.opened()
    world.clock.advance(hours=1)
    await run(check, started)
    world.tenant.delete(TENANT)
    world.clock.advance(hours=1)
    assert await run(check, started) == 1
    listed: list[str] = []
    read = type(world.store).drifts_without_author

    async def counted(store: Any) -> Any:
        listed.append("listed")
        return await read(store)

    monkeypatch.setattr(type(world.store), "drifts_without_author", counted)
    await run(check, started)
    listed.clear()
    world.clock.advance(seconds=5)
    assert await run(check, started) == 0
    assert listed == []


async def test_while_a_batch_is_recorded_its_partners_cause_no_sweep_of_their_own(
    world: World, check: WatchCheck, started: list[Coroutine[Any, Any, None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep reads every partner. After each wave of members, the next tick would begin another one."""
    await world.opened()
    world.clock.advance(hours=1)
    await run(check, started)
    world.tenant.delete(TENANT)
    world.clock.advance(hours=1)
    assert await run(check, started) == 1
    world.clock.advance(minutes=1)
    await world.revoke(DANA)
    world.clock.advance(minutes=1)

    async def applying(_: Any) -> bool:
        return True

    monkeypatch.setattr(type(world.store), "is_batch_applying", applying)
    world.script.calls.clear()
    await run(check, started)
    assert "tenant.partner_pages" not in world.script.calls
    world.clock.advance(minutes=8)
    await run(check, started)
    assert "tenant.partner_pages" in world.script.calls, "it does not wait for a batch that waits for something"
    assert await world.store.open_drifts() == []


async def test_when_a_batch_is_recorded_its_partners_are_swept(
    world: World, check: WatchCheck, started: list[Coroutine[Any, Any, None]]
) -> None:
    configure_many(world, 2)
    assert await run(check, started) == 1
    assert len(await world.store.open_drifts()) == 2
    world.clock.advance(minutes=1)
    await approve_batch(world, await asked(world), [AMARA])
    world.clock.advance(seconds=5)
    assert await run(check, started) == 1
    assert await world.store.open_drifts() == []


async def test_a_sweep_compares_all_records_once_however_many_partners_differ(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For each that differs, only its own record is compared with that of now. Otherwise it costs a square."""
    configure_many(world, 20)
    await approve_batch(world, await asked(world), [AMARA])
    assert (await world.sweep()).drifts == 0
    for number in range(1, 21):
        world.tenant.edit(tenant_number(number), **TRUSTED)
    compared: list[int] = []

    def counted(first: Records, second: Records) -> frozenset[TenantId]:
        compared.append(len(first.partnerships))
        return changed_between(first, second)

    monkeypatch.setattr("workflows.core.posture.partner_posture.changed_between", counted)
    assert (await world.sweep()).drifts == 20
    assert sorted(compared) == [*[1] * 20, 20]


async def test_a_check_lists_all_drift_twice_and_compares_none_with_each_other(
    world: World,
    check: WatchCheck,
    started: list[Coroutine[Any, Any, None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When everything differs there are as many as partners. Of what else asks for them, only the answer is kept."""
    configure_many(world, 30)
    listed, compared = [], []
    read, equal = type(world.store).open_drifts, Drift.__eq__

    async def counted(store: Any) -> Any:
        listed.append("listed")
        return await read(store)

    def are_equal(one: Drift, other: object) -> bool:
        compared.append(one)
        return equal(one, other)

    monkeypatch.setattr(type(world.store), "open_drifts", counted)
    monkeypatch.setattr(Drift, "__eq__", are_equal)
    assert await run(check, started) == 1
    assert await world.store.count_open_drifts() == 30
    assert len(listed) == 2, "what is stored before, and for the digest alarm"
    assert len(compared) < 30
    subjects = await world.store.picked_drifts(lambda drift: drift.subject)
    assert subjects == [drift.subject for drift in await read(world.store)]


async def test_the_log_is_looked_through_once_for_the_authors_of_all_drift(
    world: World,
    check: WatchCheck,
    started: list[Coroutine[Any, Any, None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After many changes by hand, both are long: each of the partners is different, and each has its entries."""
    configure_many(world, 20)
    looked_at: list[LoggedChange] = []
    monkeypatch.setattr(LoggedChange, "is_about", lambda entry, _: looked_at.append(entry) or False)  # type: ignore[func-returns-value]
    assert await run(check, started) == 1
    drifts = await world.store.open_drifts()
    assert {drift.author.name for drift in drifts} == {MALLORY.name}
    assert looked_at == []

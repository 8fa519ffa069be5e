"""After an outage, no earlier approval is applied before the tenant shows that the partner is unchanged."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.words.requests.notes import note_words
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, NOW, TENANT
from tests.workflows.effects.applying import FORBIDDEN, NO_ANSWER, OPEN, decided, put, revocation, synchronizing
from tests.workflows.world import World, restarted
from workflows.app.schedule.downtime import LAST_TICK, gaps, is_after_tick, last_gap, store_gap_at_start
from workflows.app.schedule.ticker import tick
from workflows.core.partners.partnership import SettingsBasis
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.delays.downtime import Gap, gap_at_start, gap_at_tick, time_of_oldest_read
from workflows.core.requests.effects import Apply
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.settings.partner_changes import PartnerChange

S = RequestState
READ_CHANGES = "surroundings.read_partner_changes"
MINUTE = timedelta(minutes=1)


async def ticked(world: World) -> None:
    await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)


async def started(world: World) -> Gap | None:
    return await store_gap_at_start(store=world.store, clock=world.clock)


async def approved_before(world: World, **away: float) -> AccessRequest:
    """A request that was approved, and whose write waits; then the bot does not run for so long."""
    request = await world.approved()
    await ticked(world)
    world.clock.advance(**away)
    return request


def changed_between(world: World, *, is_ours: bool = False) -> None:
    """Say that the partner was deleted a minute ago, in Entra's audit log."""
    changed = PartnerChange(at=world.clock.now() - MINUTE, activity="Delete", changed_by="x", is_ours=is_ours)
    world.tenant.tenant_settings.changes[TENANT] = [changed]


async def asked_again(world: World, request: AccessRequest) -> AccessRequest:
    """Perform what is due: the request needs new approvals, and nothing was sent."""
    request = await world.settled(request.id)
    assert request.state is S.AWAITING_APPROVAL
    assert world.tenant.attempts == []
    return request


@pytest.mark.parametrize(
    ("last_tick", "has_records", "expected"),
    [
        (NOW - 15 * MINUTE, True, None),
        (NOW - 16 * MINUTE, True, Gap(since=NOW - 16 * MINUTE, until=NOW)),
        (NOW + 60 * MINUTE, True, None),
        (None, True, Gap(since=None, until=NOW)),
        (None, False, None),
    ],
    ids=["a restart", "a gap", "a clock set back", "an older database", "a new database"],
)
def test_what_is_a_gap(last_tick: datetime | None, has_records: bool, expected: Gap | None) -> None:
    assert gap_at_start(last_tick, has_records=has_records, now=NOW) == expected


def test_the_log_is_asked_from_the_last_tick_or_the_last_decision_whichever_is_earlier() -> None:
    request = decided()
    decision = max(one.at for one in request.decisions)
    until = decision + 60 * MINUTE
    assert time_of_oldest_read(request, Gap(since=decision - MINUTE, until=until)) == decision - MINUTE
    assert time_of_oldest_read(request, Gap(since=decision + MINUTE, until=until)) == decision
    assert time_of_oldest_read(request, Gap(since=None, until=until)) == decision
    assert time_of_oldest_read(request, Gap(since=None, until=decision)) is None
    assert time_of_oldest_read(request, None) is None
    assert time_of_oldest_read(revocation(OPEN), Gap(since=None, until=until)) is None


async def test_every_tick_is_remembered_and_a_restart_in_between_is_no_gap(world: World) -> None:
    assert await started(world) is None
    await world.approved()
    for _ in range(3):
        world.clock.advance(minutes=14)
        await ticked(world)
        assert await world.store.mark(LAST_TICK) == world.clock.now().isoformat()
    world.clock.advance(minutes=15)
    assert await started(world) is None
    assert await last_gap(store=world.store) is None


@pytest.mark.parametrize(
    ("last_tick", "expected"),
    [
        (NOW - 15 * MINUTE, None),
        (NOW - 16 * MINUTE, Gap(since=NOW - 16 * MINUTE, until=NOW - MINUTE)),
        (NOW + 60 * MINUTE, None),
        (None, None),
    ],
    ids=["a slow tick", "a suspended machine", "a clock set back", "the first tick"],
)
def test_what_is_a_gap_between_two_ticks(last_tick: datetime | None, expected: Gap | None) -> None:
    assert gap_at_tick(last_tick, now=NOW) == expected


def test_the_log_is_asked_from_the_first_decision_and_from_when_the_partner_was_read() -> None:
    request = decided()
    first, *others = request.decisions
    later = first.at + 60 * MINUTE
    request = replace(request, decisions=(replace(others[0], at=later), first))
    gap = Gap(since=None, until=first.at + MINUTE)
    assert time_of_oldest_read(request, gap) == first.at, (
        "the last decision came after the gap, the first one before it"
    )
    read = replace(request.require_prepared().observation, at=first.at - 5 * MINUTE)
    request = replace(request, prepared=replace(request.require_prepared(), observation=read))
    assert time_of_oldest_read(request, gap) == read.at
    assert time_of_oldest_read(request, Gap(since=read.at - MINUTE, until=gap.until)) == read.at - MINUTE


async def test_a_machine_that_was_suspended_opens_nothing_older_over_a_change(world: World) -> None:
    request = await approved_before(world, hours=1)
    changed_between(world)
    await ticked(world)
    request = await asked_again(world, request)
    assert "Gatehouse was not running" in note_words(request.asked_again)


async def test_what_is_approved_after_a_leap_of_the_clock_is_written_without_asking(world: World) -> None:
    """Also where it is approved before the next tick notices the leap."""
    waiting = await world.waiting()
    await ticked(world)
    world.clock.advance(days=6)
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(waiting, person, but=Apply)
    world.clock.advance(seconds=30)
    await ticked(world)
    assert await last_gap(store=world.store) is not None
    assert (await world.settled(waiting.id)).state is S.APPLIED
    assert READ_CHANGES not in world.script.calls


async def test_what_was_approved_before_a_gap_is_opened_where_the_partner_was_left_alone(world: World) -> None:
    request = await approved_before(world, hours=2)
    assert await started(world) is not None
    assert (await world.settled(request.id)).state is S.APPLIED
    assert world.script.calls.count(READ_CHANGES) == 1


@pytest.mark.parametrize("is_ours", [True, False], ids=["by Gatehouse", "by somebody else"])
async def test_an_older_database_does_not_open_what_was_closed_meanwhile(world: World, is_ours: bool) -> None:
    """The backup was taken while an approved write waited; since then the partner was opened, revoked and deleted."""
    request = await approved_before(world, minutes=16)
    changed_between(world, is_ours=is_ours)
    await started(world)
    request = await asked_again(world, request)
    assert "Gatehouse was not running" in note_words(request.asked_again)
    assert request.decisions == ()


@pytest.mark.parametrize("error", [FORBIDDEN, NO_ANSWER], ids=["refused", "no answer"])
async def test_where_the_audit_log_cannot_be_read_it_is_asked_again(world: World, error: Exception) -> None:
    request = await approved_before(world, minutes=16)
    await started(world)
    world.script.fail(READ_CHANGES, error)
    await asked_again(world, request)


async def test_a_gap_longer_than_entra_keeps_its_log_asks_again(world: World) -> None:
    request = await approved_before(world, days=8)
    await started(world)
    assert (await world.settled(request.id)).state is S.AWAITING_APPROVAL
    assert READ_CHANGES not in world.script.calls


async def test_a_second_restart_does_not_forget_the_gap(world: World) -> None:
    request = await approved_before(world, hours=1)
    changed_between(world)
    gap = await started(world)
    await ticked(world)
    async with restarted(world) as again:
        again.clock.advance(minutes=1)
        assert await started(again) is None
        assert await last_gap(store=again.store) == gap
        assert (await again.settled(request.id)).state is S.AWAITING_APPROVAL
        assert again.tenant.attempts == []


async def test_a_database_from_before_ticks_were_kept_counts_as_a_gap(world: World) -> None:
    request = await world.approved()
    world.clock.advance(minutes=1)
    assert await started(world) == Gap(since=None, until=world.clock.now())
    world.script.fail(READ_CHANGES, FORBIDDEN)
    await asked_again(world, request)


async def test_what_is_decided_after_the_start_is_written_without_asking(world: World) -> None:
    waiting = await world.waiting()
    await ticked(world)
    world.clock.advance(hours=2)
    assert await started(world) is not None
    world.clock.advance(minutes=1)
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(waiting, person)
    assert (await world.request(waiting.id)).state is S.APPLIED
    assert READ_CHANGES not in world.script.calls


async def test_a_click_from_before_the_gap_counts_as_decided_before_it(world: World) -> None:
    """It was stored but not checked when the backup was made."""
    waiting = await world.waiting()
    for person in (AMARA, BRUNO):
        await world.approve(waiting, person)
    await world.service.store_click(world.approval(waiting, CHIE), key="late")
    await ticked(world)
    world.clock.advance(hours=2)
    await started(world)
    world.script.fail(READ_CHANGES, FORBIDDEN)
    await asked_again(world, waiting)


async def test_a_revocation_is_never_held(world: World) -> None:
    request = await put(world, revocation(OPEN))
    world.clock.advance(days=30)
    await started(world)
    assert (await world.settled(request.id)).state is S.APPLIED
    assert READ_CHANGES not in world.script.calls


async def test_what_is_set_already_is_recorded_without_asking(world: World) -> None:
    """Nothing is written, so nothing is opened."""
    request = await world.approved()
    world.tenant.partners[TENANT] = dict(request.plan.configuration_after() or {})
    world.clock.advance(days=30)
    await started(world)
    assert (await world.settled(request.id)).state is S.APPLIED
    assert READ_CHANGES not in world.script.calls


async def test_an_approved_write_that_waits_can_be_revoked_after_a_gap(world: World) -> None:
    request = await world.approved()
    world.clock.advance(hours=2)
    await started(world)
    await world.revoke(DANA, but=Apply)
    await world.settle()
    assert (await world.request(request.id)).state is S.STOPPED
    assert [one.method for one in world.tenant.writes] == ["POST"]


async def test_a_part_from_before_a_gap_is_recorded_and_not_planned_again(world: World) -> None:
    """A new plan that is then rejected or expires would leave the part without a record, a review and an alarm."""
    await ticked(world)
    request = await put(world, synchronizing(None))
    world.script.fail("tenant.write", NO_ANSWER, on=2)
    await world.settle()
    world.clock.advance(hours=2)
    changed_between(world, is_ours=True)
    assert await started(world) is not None
    writes = world.script.calls.count("tenant.write")
    request = await world.settled(request.id)
    assert (request.state, request.applied_part) == (S.FAILED, 1), note_words(request.note)
    assert world.script.calls.count("tenant.write") == writes, "nothing more is sent"
    said = note_words(request.note)
    assert "Only 1 of 2 changes is in the tenant (verified)" in said
    assert "Gatehouse was not running" in said
    record = await world.store.partnership(TENANT)
    assert record is not None
    assert (record.basis, record.next_review_at) == (SettingsBasis.PARTLY_APPLIED, request.changed_at)
    assert [one.code for one in await world.store.open_alarms()] == [AlarmCode.PARTLY_APPLIED]


async def test_every_gap_of_the_last_weeks_is_known_also_after_a_restart(world: World) -> None:
    await ticked(world)
    first = world.clock.now()
    for _ in range(2):
        world.clock.advance(hours=2)
        await ticked(world)
    async with restarted(world) as later:
        later.clock.advance(hours=3)
        await started(later)
        known = await gaps(store=later.store, now=later.clock.now())
        assert [gap.since for gap in known] == [first, first + 2 * 60 * MINUTE, first + 4 * 60 * MINUTE]
        assert await gaps(store=later.store, now=first) == ()
        assert await gaps(store=later.store, now=later.clock.now() + timedelta(days=101)) == ()


async def test_a_moment_long_after_the_last_tick_is_no_moment_to_decide(world: World) -> None:
    assert not await is_after_tick(store=world.store, now=world.clock.now())
    await ticked(world)
    assert await is_after_tick(store=world.store, now=world.clock.now() + MINUTE)
    assert not await is_after_tick(store=world.store, now=world.clock.now() + 16 * MINUTE)
    assert not await is_after_tick(store=world.store, now=world.clock.now() - 16 * MINUTE)

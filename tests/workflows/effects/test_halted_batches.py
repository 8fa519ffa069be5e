"""A run that halted has an end: an admin's, or that of its time. Nothing of it is opened afterwards."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.app.batches import access
from tests.workflows.app.batches.access import BATCH_OF_ACCESS
from tests.workflows.app.batches.many import batch_of, tenant_number
from tests.workflows.core.builders import DANA
from tests.workflows.effects.test_wave_of_writes import (
    REFUSED,
    THROTTLED,
    answer,
    approved,
    halted,
    member,
    one_wave,
    open_alarms,
    written,
)
from tests.workflows.world import World
from workflows.app.batches.expiry import BatchExpiry
from workflows.app.schedule.ticker import tick
from workflows.core.batches.batch import Batch, BatchState, RowState
from workflows.core.plans.plan import TenantIdentity
from workflows.core.requests.deadlines.commands import Start
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit


async def halted_with_later_starts(world: World, monkeypatch: pytest.MonkeyPatch) -> Batch:
    """A run that halted, and of which the first five partners start in five days."""
    usual = access.member_like

    def mixed(pattern: AccessRequest, identity: TenantIdentity, **changes: Any) -> AccessRequest:
        if int(identity.tenant_id[-12:]) <= 5:
            changes["starts_at"] = world.clock.now() + timedelta(days=5)
        return usual(pattern, identity, **changes)

    monkeypatch.setattr(access, "member_like", mixed)
    await approved(world, 50)
    world.script.fail("tenant.write", REFUSED, on=2, times=3)
    await world.settle()
    batch = await batch_of(world, BATCH_OF_ACCESS)
    assert (batch.state, batch.counts()[RowState.SCHEDULED]) == (BatchState.HALTED, 5)
    return batch


async def test_partners_with_a_later_start_end_with_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await halted_with_later_starts(world, monkeypatch)
    await answer(world, DANA, goes_on=False, reason="The template is wrong")
    await world.settle()
    batch, before = await batch_of(world, BATCH_OF_ACCESS), written(world)
    assert (batch.state, batch.counts()[RowState.SCHEDULED], batch.members) == (BatchState.STOPPED, 0, ())
    for number in range(1, 6):
        request = await member(world, number)
        assert (request.state, request.note[0].code) == (RequestState.STOPPED, NoteCode.BATCH_ENDED_AFTER_HALT)
        assert len(request.decisions) == 1, "its approval stays as it was"
    world.clock.advance(hours=5 * 24 + 1)
    for _ in range(3):
        await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
        world.clock.advance(hours=1)
    await world.settle()
    assert written(world) == before


async def test_one_that_has_started_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something of it may be written. The others end."""
    await halted_with_later_starts(world, monkeypatch)
    world.clock.advance(hours=5 * 24 + 1)
    first, second = (await member(world, 1)).id, (await member(world, 2)).id
    await world.service.advance(first, Start())
    await world.settle()
    await world.service.advance(second, Start())
    world.script.fail("tenant.write", THROTTLED, on=1)
    await answer(world, DANA, goes_on=False)
    batch = await batch_of(world, BATCH_OF_ACCESS)
    rows = [batch.row_of(tenant_number(number)) for number in (1, 2, 3)]
    assert [row and row.state for row in rows] == [RowState.APPLIED, RowState.LEFT, RowState.ENDED]


async def test_nobody_answers_and_it_ends_with_what_was_not_applied(world: World) -> None:
    batch = await halted(world)
    before = written(world)
    world.clock.moment = batch.expires_at
    await BatchExpiry(batches=world.batches).check()
    await world.settle()
    batch = await batch_of(world, BATCH_OF_ACCESS)
    assert (batch.state, [one.code for one in batch.note]) == (BatchState.STOPPED, [NoteCode.BATCH_HALT_UNANSWERED])
    assert (batch.members, written(world), await open_alarms(world)) == ((), before, [])
    await answer(world, DANA, goes_on=True)
    await world.settle()
    assert written(world) == before


async def test_the_chain_of_many_stays_when_fewer_are_left_after_planning_again(world: World) -> None:
    """Above fifty one more approves, also when most of them are applied before approval is asked for again."""
    batch = await access.planned(world, 60)
    few = batch.stages
    rows = tuple(replace(row, state=RowState.APPLIED) if number < 20 else row for number, row in enumerate(batch.rows))
    preparing = replace(batch, state=BatchState.PREPARING, rows=rows, version=batch.version + 1)
    entry = AuditEntry(
        key=world.key(), at=world.clock.now(), actor="test", command="put", outcome="accepted", details={}
    )
    assert await world.store.commit(Commit(entry=entry, batch=preparing))
    await one_wave(world)
    asked = await batch_of(world, BATCH_OF_ACCESS)
    assert (asked.state, len(asked.members)) == (BatchState.AWAITING_APPROVAL, 40)
    assert sum(stage.quorum for stage in asked.stages) == sum(stage.quorum for stage in few) + 1

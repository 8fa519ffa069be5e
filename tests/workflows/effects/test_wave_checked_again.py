"""What was certainly not written, or may never have been sent, passes every check again before it is written."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.workflows.app.batches import access
from tests.workflows.app.batches.access import BATCH_OF_ACCESS
from tests.workflows.app.batches.many import batch_of, tenant_number
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA
from tests.workflows.effects.test_frozen import freeze
from tests.workflows.effects.test_wave_of_writes import (
    REFUSED,
    SIZE,
    THROTTLED,
    answer,
    approved,
    halted,
    member,
    one_wave,
    open_alarms,
    written,
)
from tests.workflows.world import CATALOG, World, restarted
from workflows.core.batches.batch import Batch, BatchState, RowCode, RowState
from workflows.core.plans.plan import CallIds, Operation, TenantIdentity
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.commands.partner_record import Revoke
from workflows.core.requests.effects import CheckPermission
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.settings.canonical import Digest
from workflows.ports.tenant import SendAlone, WriteResult

THROTTLED_ONES = {3, 4, 5, 6}


async def throttled(world: World) -> Batch:
    """A batch of which four members were throttled in the first wave."""
    await approved(world, SIZE + 5)
    world.script.fail("tenant.write", THROTTLED, on=3, times=4)
    batch = await one_wave(world)
    assert batch.counts() == {RowState.APPLIED: 16, RowState.PLANNED: 9}
    return batch


async def later(world: World) -> Batch:
    """Let the pauses end, and everything follow."""
    for _ in range(2):
        world.clock.advance(minutes=2)
        await world.settle()
    return await batch_of(world, BATCH_OF_ACCESS)


async def test_a_throttled_member_has_sent_nothing(world: World) -> None:
    await throttled(world)
    for number in THROTTLED_ONES:
        request = await member(world, number)
        assert (request.state, request.was_sent) == (RequestState.APPLYING, False)
    batch = await later(world)
    assert (batch.state, batch.counts()) == (BatchState.DONE, {RowState.APPLIED: SIZE + 5})


@pytest.mark.parametrize("is_removed", [False, True], ids=["role", "account"])
async def test_without_the_approver_nothing_throttled_is_written(world: World, *, is_removed: bool) -> None:
    await throttled(world)
    before = written(world)
    if is_removed:
        world.directory.remove(AMARA)
    else:
        world.directory.assign(AMARA, "requester")
    world.clock.advance(minutes=2)
    batch = await one_wave(world)
    assert batch.state is BatchState.PREPARING, "it is planned again, and asks again"
    assert len(batch.in_state(RowState.WAITING)) == 9
    await later(world)
    assert written(world) == before


async def test_a_throttled_member_whose_name_moved_is_not_written(world: World) -> None:
    await throttled(world)
    for number in THROTTLED_ONES:
        world.tenant.tenants.pop(str(tenant_number(number)), None)
    batch = await later(world)
    assert batch.counts() == {RowState.APPLIED: SIZE + 1, RowState.ENDED: 4}
    assert not THROTTLED_ONES & set(written(world))


async def test_a_throttled_member_is_not_written_by_an_earlier_template(world: World) -> None:
    await throttled(world)
    template = CATALOG.templates["guest-collaboration"]
    changed = replace(template, content_hash=Digest("f" * 64))
    catalog = replace(CATALOG, templates={**CATALOG.templates, template.name: changed})
    before = written(world)
    async with restarted(world, catalog=catalog) as again:
        await later(again)
        assert written(again) == before


async def test_a_throttled_member_that_somebody_changed_asks_for_its_own_approval(world: World) -> None:
    await throttled(world)
    world.tenant.edit(tenant_number(3), inboundTrust={"isMfaAccepted": True})
    await later(world)
    request = await member(world, 3)
    assert (request.state, request.batch) == (RequestState.AWAITING_APPROVAL, None)


async def test_nothing_throttled_is_written_after_a_halt(world: World) -> None:
    await approved(world, 50)
    world.script.fail("tenant.write", THROTTLED, on=2, times=5)
    world.script.fail("tenant.write", REFUSED, on=8, times=6)
    await one_wave(world)
    before = written(world)
    batch = await later(world)
    assert (batch.state, written(world)) == (BatchState.HALTED, before)


async def test_members_that_wait_cancel_no_halt(world: World) -> None:
    await approved(world, 60)
    world.script.fail("tenant.write", REFUSED, on=1, times=2)
    world.script.fail("tenant.write", THROTTLED, on=3, times=18)
    await one_wave(world)
    world.script.fail("tenant.write", REFUSED, on=1)
    await one_wave(world)
    count = written(world).total()
    batch = await later(world)
    assert (batch.state, written(world).total()) == (BatchState.HALTED, count)
    assert await open_alarms(world) == [AlarmCode.BATCH_HALTED]


async def test_members_that_are_finished_alone_cancel_no_halt(world: World) -> None:
    """Whether they can be applied as approved is not known yet."""
    await approved(world, 60)
    world.tenant.ignored = 17
    world.script.fail("tenant.write", REFUSED, on=18, times=3)
    await one_wave(world)
    world.clock.advance(minutes=1)
    batch = await one_wave(world)
    assert (batch.state, batch.runs[-1].tried, batch.runs[-1].failed) == (BatchState.HALTED, 3, 3)
    assert {row.reason[0].code for row in batch.in_state(RowState.LEFT)} == {RowCode.FINISHED_ALONE}


async def test_what_a_killed_process_may_not_have_sent_passes_every_check_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await approved(world, SIZE)

    async def killed(_: object, operations: Sequence[Operation]) -> Sequence[WriteResult]:
        raise asyncio.CancelledError

    monkeypatch.setattr(type(world.tenant), "write_together", killed)
    with pytest.raises(asyncio.CancelledError):
        await one_wave(world)
    monkeypatch.undo()
    assert (await member(world, 1)).was_sent, "nobody knows that it was not"
    world.tenant.tenants.pop(str(tenant_number(1)), None)
    await later(world)
    assert set(written(world)) == set(range(2, SIZE + 1))


async def test_a_single_throttled_request_needs_its_approvals_again(world: World) -> None:
    request = await world.approved()
    world.script.fail("tenant.write", THROTTLED)
    await world.settle()
    for person in (AMARA, BRUNO, CHIE):
        world.directory.assign(person, "requester")
    world.clock.advance(minutes=6)
    await world.settle()
    assert (await world.request(request.id)).state is RequestState.AWAITING_APPROVAL
    assert world.tenant.writes == []


class OneByOne:
    """Graph refuses batches, so each write is sent alone. Something happens after the first of them."""

    def __init__(
        self, world: World, monkeypatch: pytest.MonkeyPatch, after_first: Callable[[], Awaitable[object]]
    ) -> None:
        write, self.count = type(world.tenant).write, 0

        async def together(_: object, operations: Sequence[Operation]) -> Sequence[WriteResult]:
            return [SendAlone() for _ in operations]

        async def alone(tenant: object, operation: Operation) -> CallIds:
            ids = await write(tenant, operation)  # type: ignore[arg-type]
            self.count += 1
            if self.count == 1:
                await after_first()
            return ids

        monkeypatch.setattr(type(world.tenant), "write_together", together)
        monkeypatch.setattr(type(world.tenant), "write", alone)


async def test_a_freeze_stops_writes_that_are_sent_one_by_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await approved(world, SIZE)
    sent = OneByOne(world, monkeypatch, lambda: freeze(world))
    await one_wave(world)
    assert sent.count == 1
    assert not any([(await member(world, number)).was_sent for number in range(2, SIZE + 1)])


async def test_a_revocation_stops_a_write_that_is_sent_one_by_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await approved(world, SIZE)

    async def revoke() -> None:
        click = Revoke(actor=DANA.chat_id, target=tenant_number(20), reason="Contract ended")
        await world.service.store_click(click, key=world.key())
        for one in await world.store.pending(world.clock.now(), 50):
            if isinstance(one.effect, CheckPermission):
                await world.performer.perform(one.effect)

    OneByOne(world, monkeypatch, revoke)
    await one_wave(world)
    assert (await member(world, 20)).state is RequestState.STOPPED
    assert 20 not in written(world)


async def test_writes_that_are_sent_one_by_one_all_arrive(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await approved(world, SIZE)
    sent = OneByOne(world, monkeypatch, lambda: asyncio.sleep(0))
    world.script.fail("tenant.write", REFUSED, on=4)
    batch = await one_wave(world)
    assert (sent.count, batch.counts()) == (SIZE - 1, {RowState.APPLIED: SIZE - 1, RowState.ENDED: 1})


async def test_a_member_never_waits_for_another_plan_about_its_partner(world: World) -> None:
    """Otherwise it would be written with the roles that were read before the wait."""
    await approved(world, SIZE)
    async with world.applier.partners.turn(tenant_number(7)):
        batch = await one_wave(world)
        world.directory.assign(AMARA, "requester")
    (row,) = batch.members
    assert (batch.counts(), row.tenant_id) == ({RowState.APPLIED: SIZE - 1, RowState.PLANNED: 1}, tenant_number(7))
    await later(world)
    assert 7 not in written(world)


async def test_a_run_halts_when_gatehouse_itself_stops_its_members(world: World) -> None:
    await approved(world, 50)
    for number in range(1, 51):
        world.tenant.tenants.pop(str(tenant_number(number)), None)
    await world.settle()
    batch = await batch_of(world, BATCH_OF_ACCESS)
    assert (batch.state, len(batch.members)) == (BatchState.HALTED, 30)


async def test_rows_with_a_later_start_end_with_a_batch_that_an_admin_ended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = access.member_like

    def mixed(pattern: AccessRequest, identity: TenantIdentity, **changes: object) -> AccessRequest:
        is_later = int(identity.tenant_id[-12:]) <= 5
        return make(pattern, identity, **({"starts_at": world.clock.now() + timedelta(days=5)} if is_later else {}))

    monkeypatch.setattr(access, "member_like", mixed)
    batch = await halted(world)
    assert len(batch.in_state(RowState.SCHEDULED)) == 5
    await answer(world, DANA, goes_on=False, reason="The template is wrong")
    batch = await batch_of(world, BATCH_OF_ACCESS)
    assert (batch.state, batch.in_state(RowState.SCHEDULED)) == (BatchState.STOPPED, ())
    assert [(await member(world, number)).state for number in range(1, 6)] == [RequestState.STOPPED] * 5

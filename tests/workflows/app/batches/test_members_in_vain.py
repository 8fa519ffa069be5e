"""Members that cannot be advanced: the others go on, a restart loses nothing, and the batch ends."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.app.batches.many import (
    approve_batch,
    asked,
    batch_of,
    configure_many,
    drafted,
    form,
    reject_batch,
    row_request,
    tenant_number,
)
from tests.workflows.core.builders import AMARA, DANA
from tests.workflows.fakes import FakeTenant
from tests.workflows.world import World, restarted
from workflows.core.batches.batch import Batch, BatchRow, BatchState, RowCode, RowState
from workflows.core.batches.members import row_after
from workflows.core.batches.running.retries import MAX_FAILURES, MEMBER_READ_FOR, why_given_up
from workflows.core.policy.risk import Risk, RiskLevel, RiskReason, risk_for_approval
from workflows.core.requests.effects import AdvanceBatch
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId
from workflows.effects.apply import Applier
from workflows.effects.batches import members, retries, runner
from workflows.effects.batches.waves import WAVE
from workflows.ports.records import StoreNotWritable, StoreTrouble
from workflows.ports.tenant import TenantRefused, TenantUnavailable

CHAIN = (AMARA,)
PAUSE = {"minutes": 2}
HALF_HOURS = MEMBER_READ_FOR // timedelta(minutes=30)


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> dict[TenantId, Exception]:
    """The partners whose reads fail, each with its error. A test changes it while it runs."""
    found: dict[TenantId, Exception] = {}
    read = FakeTenant.read_partner

    async def reading(self: FakeTenant, tenant_id: TenantId) -> JsonObject | None:
        if tenant_id in found:
            raise found[tenant_id]
        return await read(self, tenant_id)

    monkeypatch.setattr(FakeTenant, "read_partner", reading)
    return found


def stop(found: dict[TenantId, Exception], count: int, error: Callable[[], Exception]) -> None:
    found.update({tenant_number(number): error() for number in range(1, count + 1)})


def silent() -> Exception:
    return TenantUnavailable("no answer")


async def confirmed(world: World) -> Batch:
    found = await drafted(world)
    assert found.batch is not None
    await world.batch_intake().confirm(form(found.batch), key=world.key())
    await world.settle()
    return await batch_of(world, found.batch.id)


async def later(world: World, batch: Batch, times: int = 1, **pause: float) -> Batch:
    for _ in range(times):
        world.clock.advance(**(pause or PAUSE))
        await world.settle()
    return await batch_of(world, batch.id)


async def test_twenty_partners_that_cannot_be_read_stop_no_other_while_it_is_prepared(
    world: World, stopped: dict[TenantId, Exception]
) -> None:
    configure_many(world, WAVE + 5)
    found = await drafted(world)
    assert found.batch is not None
    stop(stopped, WAVE, silent)
    await world.batch_intake().confirm(form(found.batch), key=world.key())
    await world.settle()
    batch = await later(world, found.batch)
    assert batch.counts() == {RowState.WAITING: WAVE, RowState.PLANNED: 5}
    assert {row.waits_since is not None for row in batch.in_state(RowState.WAITING)} == {True}
    stopped.clear()
    batch = await later(world, batch)
    assert (batch.state, batch.counts()) == (BatchState.AWAITING_APPROVAL, {RowState.PLANNED: WAVE + 5})
    assert {row.waits_since for row in batch.rows} == {None}


async def test_twenty_that_wait_stop_no_other_while_it_is_recorded_also_after_a_restart(
    world: World, stopped: dict[TenantId, Exception]
) -> None:
    configure_many(world, WAVE + 5)
    batch = await asked(world)
    stop(stopped, WAVE, silent)
    await approve_batch(world, batch, CHAIN)
    async with restarted(world) as again:
        batch = await later(again, batch)
        assert batch.counts() == {RowState.PLANNED: WAVE, RowState.APPLIED: 5}
        stopped.clear()
        batch = await later(again, batch)
        assert (batch.state, batch.counts()) == (BatchState.DONE, {RowState.APPLIED: WAVE + 5})


async def test_an_error_of_one_member_stops_no_other_and_after_some_it_leaves(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was approved in the batch, but asks for its own approval now: why it failed is not known."""
    configure_many(world, 3)
    batch = await asked(world)
    apply = Applier.apply

    async def failing(self: Applier, request_id: RequestId) -> None:
        if request_id == batch.rows[1].request_id:
            raise KeyError("a fault of ours")
        await apply(self, request_id)

    monkeypatch.setattr(Applier, "apply", failing)
    batch = await approve_batch(world, batch, CHAIN)
    assert batch.counts() == {RowState.APPLIED: 2, RowState.PLANNED: 1}
    assert batch.members[0].failures == 2, "once more at once, because others were recorded"
    batch = await later(world, batch, MAX_FAILURES - 3)
    assert (batch.state, batch.members[0].failures) == (BatchState.APPLYING, MAX_FAILURES - 1)
    batch = await later(world, batch)
    assert (batch.state, batch.counts()) == (BatchState.DONE, {RowState.APPLIED: 2, RowState.LEFT: 1})
    row = batch.in_state(RowState.LEFT)[0]
    assert [fact.code for fact in row.reason] == [RowCode.KEEPS_FAILING]
    left = await row_request(world, row)
    assert (left.state, left.left_batch, left.decisions) == (RequestState.AWAITING_APPROVAL, batch.id, ())


async def test_a_member_that_fails_while_it_is_prepared_ends_and_the_others_are_asked_for(
    world: World, stopped: dict[TenantId, Exception]
) -> None:
    configure_many(world, 3)
    found = await drafted(world)
    assert found.batch is not None
    stopped[tenant_number(2)] = KeyError("a fault of ours")
    await world.batch_intake().confirm(form(found.batch), key=world.key())
    await world.settle()
    batch = await later(world, found.batch, MAX_FAILURES)
    assert batch.state is BatchState.AWAITING_APPROVAL
    assert batch.counts() == {RowState.PLANNED: 2, RowState.ENDED: 1}


async def test_a_member_that_cannot_be_planned_goes_on_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its request is filed already, so the request is prepared by itself from then on."""
    configure_many(world, 2)

    async def failing(*_: object) -> None:
        raise KeyError("a fault of ours")

    monkeypatch.setattr(members.MembersInPreparation, "_prepared", failing)
    batch = await confirmed(world)
    batch = await later(world, batch, MAX_FAILURES)
    assert (batch.state, batch.counts()) == (BatchState.DONE, {RowState.LEFT: 2})
    request = await row_request(world, batch.rows[0])
    assert (request.state, request.left_batch) == (RequestState.AWAITING_APPROVAL, batch.id)
    assert request in world.notifier.requests


@pytest.mark.parametrize("error", [silent, lambda: TenantRefused(403, "Forbidden", "no")])
async def test_a_partner_that_cannot_be_read_for_hours_leaves_and_the_others_were_adopted_long_ago(
    world: World, stopped: dict[TenantId, Exception], error: Callable[[], Exception]
) -> None:
    configure_many(world, 2)
    batch = await asked(world)
    stop(stopped, 1, error)
    batch = await approve_batch(world, batch, CHAIN)
    assert batch.counts() == {RowState.APPLIED: 1, RowState.PLANNED: 1}
    batch = await later(world, batch, HALF_HOURS - 1, minutes=30)
    assert batch.state is BatchState.APPLYING
    batch = await later(world, batch, 2, minutes=30)
    assert (batch.state, batch.counts()) == (BatchState.DONE, {RowState.APPLIED: 1, RowState.LEFT: 1})
    assert [fact.code for fact in batch.in_state(RowState.LEFT)[0].reason] == [RowCode.NOT_READ]


async def test_while_nothing_can_be_read_nobody_leaves(world: World, stopped: dict[TenantId, Exception]) -> None:
    """An outage of hours is not the fault of one partner."""
    configure_many(world, 2)
    batch = await asked(world)
    stop(stopped, 2, silent)
    batch = await approve_batch(world, batch, CHAIN)
    world.script.fail("tenant.read_default", TenantUnavailable("no answer"), times=99)
    batch = await later(world, batch, 2, hours=MEMBER_READ_FOR / timedelta(hours=1) + 1)
    assert (batch.state, batch.counts()) == (BatchState.APPLYING, {RowState.PLANNED: 2})
    stopped.clear()
    world.script._faults.clear()
    assert (await later(world, batch)).counts() == {RowState.APPLIED: 2}


async def test_the_end_of_an_outage_makes_nobody_leave(world: World, stopped: dict[TenantId, Exception]) -> None:
    """The default answers first. The partner has the whole time from then on."""
    configure_many(world, 1)
    batch = await asked(world)
    stop(stopped, 1, silent)
    world.script.fail("tenant.read_default", TenantUnavailable("no answer"), times=999)
    batch = await approve_batch(world, batch, CHAIN)
    batch = await later(world, batch, HALF_HOURS + 2, minutes=30)
    world.script._faults.clear()
    batch = await later(world, batch, HALF_HOURS - 1, minutes=30)
    assert (batch.state, batch.counts()) == (BatchState.APPLYING, {RowState.PLANNED: 1})
    stopped.clear()
    assert (await later(world, batch)).counts() == {RowState.APPLIED: 1}


async def test_time_in_which_nothing_was_tried_makes_nobody_leave(
    world: World, stopped: dict[TenantId, Exception]
) -> None:
    """The bot was stopped over night: two tries in vain are not hours of them."""
    configure_many(world, 1)
    batch = await asked(world)
    stop(stopped, 1, silent)
    batch = await approve_batch(world, batch, CHAIN)
    batch = await later(world, batch, hours=12)
    assert (batch.state, batch.counts()) == (BatchState.APPLYING, {RowState.PLANNED: 1})


async def test_a_member_is_read_once_more_before_it_leaves(
    world: World, stopped: dict[TenantId, Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure_many(world, 1)
    batch = await asked(world)
    stop(stopped, 1, silent)
    batch = await approve_batch(world, batch, CHAIN)
    reason = why_given_up

    def answering(*given: Any) -> Any:
        if found := reason(*given):
            stopped.clear()  # it answers again right after the last try in vain
        return found

    monkeypatch.setattr(retries, "why_given_up", answering)
    batch = await later(world, batch, HALF_HOURS + 1, minutes=30)
    assert (batch.state, batch.counts()) == (BatchState.DONE, {RowState.APPLIED: 1})


async def test_a_member_whose_risk_is_high_by_new_rules_is_decided_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was planned by the earlier version, as its card said. The approval of the batch does not count for it."""
    configure_many(world, 2)
    batch = await asked(world)

    def stricter(plan: object, default: object) -> Risk:
        risk = risk_for_approval(plan, default)  # type: ignore[arg-type]
        is_first = plan.tenant_id == tenant_number(1)  # type: ignore[attr-defined]
        return Risk(level=RiskLevel.HIGH, reasons=(RiskReason.ALL_APPLICATIONS,)) if is_first else risk

    monkeypatch.setattr(members, "risk_for_approval", stricter)
    batch = await approve_batch(world, batch, CHAIN)
    assert (batch.state, batch.counts()) == (BatchState.DONE, {RowState.APPLIED: 1, RowState.LEFT: 1})
    row = batch.in_state(RowState.LEFT)[0]
    assert [fact.code for fact in row.reason] == [RowCode.HIGH_RISK]
    request = await row_request(world, row)
    assert (request.state, request.decisions, request.left_batch) == (RequestState.AWAITING_APPROVAL, (), batch.id)
    assert await world.store.partnership(tenant_number(1)) is None


async def test_what_was_approved_and_waits_leaves_too_when_its_risk_is_high_now(
    world: World, stopped: dict[TenantId, Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure_many(world, 1)
    batch = await asked(world)
    stop(stopped, 1, silent)
    batch = await approve_batch(world, batch, CHAIN)
    assert (await row_request(world, batch.rows[0])).state is RequestState.APPLYING
    high = Risk(level=RiskLevel.HIGH, reasons=(RiskReason.ALL_APPLICATIONS,))
    monkeypatch.setattr(members, "risk_for_approval", lambda *_: high)
    stopped.clear()
    batch = await later(world, batch)
    request = await row_request(world, batch.rows[0])
    assert (batch.counts(), request.left_batch) == ({RowState.LEFT: 1}, batch.id)
    assert (request.state, request.decisions) == (RequestState.AWAITING_APPROVAL, ())


async def test_one_member_that_cannot_be_ended_stops_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    configure_many(world, 3)
    batch = await asked(world)
    usual, failures = members.request_id_of, [1, 1]
    service = type(world.service)
    advance = service.advance

    async def failing(self: object, request_id: object, command: object, **more: object) -> object:
        if failures and command.name == "end_with_batch" and request_id == batch.rows[1].request_id:  # type: ignore[attr-defined]
            failures.pop()
            raise KeyError("a fault of ours")
        return await advance(self, request_id, command, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(service, "advance", failing)
    batch = await reject_batch(world, batch, AMARA)
    assert usual(batch, batch.rows[1]) == batch.rows[1].request_id
    assert batch.counts() == {RowState.ENDED: 2, RowState.PLANNED: 1}
    batch = await later(world, batch)
    assert batch.counts() == {RowState.ENDED: 3}


async def test_what_somebody_ended_is_looked_for_again_after_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a partner that was revoked would stay part of the decision."""
    configure_many(world, 2)
    batch = await asked(world)
    failures = [1]

    def failing(row: BatchRow, request: AccessRequest) -> BatchRow:
        if failures:
            failures.pop()
            raise KeyError("a fault of ours")
        return row_after(row, request)

    monkeypatch.setattr(runner, "row_after", failing)
    await world.revoke(DANA, tenant_number(1))
    assert (await batch_of(world, batch.id)).counts() == {RowState.PLANNED: 2}
    batch = await later(world, batch)
    assert batch.counts() == {RowState.PLANNED: 1, RowState.ENDED: 1}


async def test_a_full_disk_is_no_fault_of_a_member(world: World) -> None:
    configure_many(world, 2)
    batch = await asked(world)
    batch = await approve_batch(world, batch, CHAIN, but=AdvanceBatch)
    world.script.fail("store.commit", StoreNotWritable(StoreTrouble.DISK_FULL))
    with pytest.raises(StoreNotWritable):
        await world.settle()
    batch = await later(world, batch)
    assert (batch.counts(), {row.failures for row in batch.rows}) == ({RowState.APPLIED: 2}, {0})

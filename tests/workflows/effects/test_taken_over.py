"""A process that was suspended, and whose work another one has taken over, opens nothing any more."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
import structlog

from tests.workflows.app.batches.access import BATCH_OF_ACCESS
from tests.workflows.core.builders import TENANT, approval
from tests.workflows.core.plans.test_closing import allowed
from tests.workflows.effects.applying import OPEN, decided, put, revocation, synchronizing
from tests.workflows.effects.test_guest_accounts import asked, confirm, disabled
from tests.workflows.effects.test_revoking import assert_blocked
from tests.workflows.effects.test_wave_of_writes import approved, one_wave, written
from tests.workflows.world import World
from workflows.core.batches.batch import RowState
from workflows.core.plans.accounts import AccountChange
from workflows.core.plans.closing import only_reduces_access
from workflows.core.plans.planning import plan_access
from workflows.core.requests.effects import AdvanceBatch, Apply
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.settings.documents import to_document
from workflows.core.settings.model import Property
from workflows.effects.queue.attempts import Attempts
from workflows.ports.effects_queue import EffectTakenOver, PendingEffect, TakenOver

S = RequestState


def lose(world: World, monkeypatch: pytest.MonkeyPatch, *, after: int = 0) -> None:
    """Let another process have taken over whatever is performed, from the given question about it on."""
    asked = 0

    async def is_still_mine() -> bool:
        nonlocal asked
        asked += 1
        return asked <= after

    monkeypatch.setattr(world.store, "is_still_mine", is_still_mine)


def narrowing(world: World) -> AccessRequest:
    """An approved change from all users to one group."""
    before = {"tenantId": TENANT, "b2bCollaborationInbound": to_document(allowed())}
    usual = decided(before)
    plan = plan_access(
        tenant_id=TENANT,
        before=before,
        settings={Property.B2B_COLLABORATION_INBOUND: allowed("11111111-1111-4111-8111-111111111111")},
        template="guest-collaboration",
        template_hash=world.catalog.templates["guest-collaboration"].content_hash,
        duration=timedelta(days=90),
    )
    assert only_reduces_access(plan)
    chain = tuple(approval(one.person, one.stage, digest=plan.digest) for one in usual.decisions)
    return replace(usual, decisions=chain, prepared=replace(usual.require_prepared(), plan=plan))


async def test_an_approved_write_is_not_sent_and_its_new_owner_sends_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = await put(world, decided())
    with monkeypatch.context() as patch:
        lose(world, patch)
        with pytest.raises(EffectTakenOver):
            await world.applier.apply(request.id)
        assert world.tenant.attempts == []
        assert (await world.request(request.id)).state is S.APPLYING
    assert (await world.settled(request.id)).state is S.APPLIED
    assert len(world.tenant.writes) == 1


async def test_the_rest_of_a_plan_is_not_sent_when_the_work_is_lost_in_the_middle(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = await put(world, synchronizing(None))
    lose(world, monkeypatch, after=2)
    with pytest.raises(EffectTakenOver):
        await world.applier.apply(request.id)
    assert len(world.tenant.attempts) == 1


async def test_a_write_that_waited_for_its_turn_is_asked_for_again_and_not_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tenant asks as its last step: a token, its turn, or the check of our own tenant may take a minute."""
    request = await put(world, decided())
    lose(world, monkeypatch, after=1)
    with pytest.raises(EffectTakenOver):
        await world.applier.apply(request.id)
    assert world.tenant.attempts == []


async def test_a_wave_that_waited_for_its_turn_is_asked_for_again_and_not_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await approved(world, 3)
    with monkeypatch.context() as patch:
        lose(world, patch, after=3)
        with pytest.raises(EffectTakenOver):
            await world.performer.perform(AdvanceBatch(batch_id=BATCH_OF_ACCESS))
        assert not written(world)
        assert world.tenant.together_writes == [3]
    assert (await one_wave(world)).counts() == {RowState.APPLIED: 3}


async def test_a_plan_that_only_narrows_is_not_sent_either(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compared with the block that another process wrote meanwhile it opens."""
    request = await put(world, narrowing(world))
    lose(world, monkeypatch)
    with pytest.raises(EffectTakenOver):
        await world.applier.apply(request.id)
    assert world.tenant.attempts == []


async def test_an_optional_write_of_a_plan_that_only_narrows_is_not_sent_either(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = await put(world, narrowing(world))
    lose(world, monkeypatch)
    with pytest.raises(EffectTakenOver):
        await world.applier.gate.send_optional(request, request.plan.operations[0])
    assert world.tenant.attempts == []


async def test_what_closes_access_is_sent_whoever_owns_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice is no harm, and not at all would be."""
    request = await put(world, revocation(OPEN))
    lose(world, monkeypatch)
    await world.applier.apply(request.id)
    await world.settle()
    await assert_blocked(world)


async def test_no_member_of_a_batch_is_sent_and_none_is_recorded_as_failed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await approved(world, 3)
    with monkeypatch.context() as patch:
        lose(world, patch)
        with pytest.raises(EffectTakenOver):
            await world.performer.perform(AdvanceBatch(batch_id=BATCH_OF_ACCESS))
        assert not written(world)
    batch = await one_wave(world)
    assert batch.counts() == {RowState.APPLIED: 3}
    assert batch.runs[-1].failed == 0


async def test_a_member_of_a_batch_waits_while_another_process_writes_its_partner(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes: list[str] = []

    class Busy:
        @asynccontextmanager
        async def in_lane(self, lane: str) -> AsyncIterator[bool]:
            lanes.append(lane)
            yield len(lanes) != 1

    await approved(world, 3)
    with monkeypatch.context() as patch:
        patch.setattr(type(world.store), "shared_queue", Busy())
        batch = await one_wave(world)
    assert batch.counts() == {RowState.APPLIED: 2, RowState.PLANNED: 1}
    assert len(set(lanes)) == 3
    assert all(lane.startswith("tenant:") for lane in lanes)
    world.clock.advance(minutes=1)
    assert (await one_wave(world)).counts() == {RowState.APPLIED: 3}


async def test_no_account_is_enabled(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    done = await disabled(world)
    shown = await asked(world, AccountChange.ENABLE, undoes=done.id)
    await confirm(world, shown, but=Apply)
    sent = len(world.guest_accounts.sent)
    lose(world, monkeypatch)
    with pytest.raises(EffectTakenOver):
        await world.applier.apply(shown.id)
    assert len(world.guest_accounts.sent) == sent


async def test_no_account_is_enabled_after_a_wait_for_its_turn(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    done = await disabled(world)
    shown = await asked(world, AccountChange.ENABLE, undoes=done.id)
    await confirm(world, shown, but=Apply)
    sent = len(world.guest_accounts.sent)
    lose(world, monkeypatch, after=1)
    with pytest.raises(EffectTakenOver):
        await world.applier.apply(shown.id)
    assert len(world.guest_accounts.sent) == sent


async def test_an_attempt_that_was_taken_over_stores_nothing_and_counts_as_no_fault(world: World) -> None:
    async def perform(_: object) -> None:
        raise EffectTakenOver

    async def never(*_: object) -> bool:
        raise AssertionError("nothing is given up")

    attempts = Attempts(clock=world.clock, perform=perform, may_give_up=never, gave_up=never)  # type: ignore[arg-type]
    effect = Apply(request_id=decided().id, tenant_id=TENANT)
    with structlog.testing.capture_logs():
        outcome = await attempts.attempt(PendingEffect(id=1, lane="l", effect=effect, attempts=0, own_faults=4))
    assert outcome == TakenOver()

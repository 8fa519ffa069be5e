"""A revocation whose partner somebody changes before each write: tried on with pauses, never given up."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from bot.words.requests.notes import stored_note_words
from tests.workflows.core.builders import TENANT
from tests.workflows.core.builders import request as usual
from tests.workflows.effects.applying import put, revocation
from tests.workflows.effects.test_queue_worker import make_worker, running
from tests.workflows.effects.test_revoking import assert_blocked
from tests.workflows.fakes import FakeTenant, FixedClock
from tests.workflows.world import CONTOSO, World, open_world
from workflows.core.requests.alarms import Alarm, AlarmCode
from workflows.core.requests.request import RequestKind, RequestState
from workflows.core.requests.transitions.resending import (
    MAX_PAUSE,
    REPLANS_BEFORE_ALARM,
    pause_before_replan,
    remaining_pause,
)
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId
from workflows.effects.queue.queue_worker import QueueWorker

S = RequestState


@dataclass(slots=True)
class RestlessTenant(FakeTenant):
    """A tenant in which somebody changes the partner before each reading of it."""

    changes: int = 0
    is_restless: bool = True

    async def read_partner(self, tenant_id: TenantId, *, is_to_close: bool = False) -> JsonObject | None:
        """Read a partner as it is now; by the next time it is another one."""
        if self.is_restless:
            self.changes += 1
            trust = {"isMfaAccepted": self.changes % 2 == 0, "isCompliantDeviceAccepted": True}
            self.edit(tenant_id, inboundTrust=trust)
        return await FakeTenant.read_partner(self, tenant_id)


@pytest.fixture
def tenant() -> RestlessTenant:
    tenant = RestlessTenant()
    tenant.add_tenant(CONTOSO)
    return tenant


@pytest.fixture
async def world(tmp_path: Path, tenant: RestlessTenant) -> AsyncIterator[World]:
    async with open_world(tmp_path / "gatehouse.db", tenant=tenant) as world:
        yield world


async def performed(world: World, queue_worker: QueueWorker) -> None:
    """Wait until the queue worker has done what is due now."""
    queue_worker.wake()
    for _ in range(5000):
        if (await world.store.count_pending(world.clock.now()))[0] == 0:
            return
        await asyncio.sleep(0.001)
    raise AssertionError("something stays due")


async def waits(world: World) -> list[Alarm]:
    """The open alarms about revocations."""
    return [one for one in await world.store.open_alarms() if one.code is AlarmCode.REVOCATION_NOT_COMPLETE]


async def test_it_is_tried_with_growing_pauses_alarmed_of_once_and_closes_when_the_changes_stop(
    world: World, tenant: RestlessTenant
) -> None:
    request = await put(world, revocation({"tenantId": TENANT}))
    started = world.clock.now()
    queue_worker = make_worker(
        store=world.store,
        clock=world.clock,
        perform=world.performer.perform,
        may_give_up=world.performer.may_give_up,
        gave_up=world.performer.report_given_up_effect,
    )
    tried: list[int] = []
    raised = 0
    async with running(queue_worker):
        for second in range(200):
            await performed(world, queue_worker)
            request = await world.request(request.id)
            assert not request.is_terminal
            if request.replans != len(tried):
                tried += [second] * (request.replans - len(tried))
                assert len(await waits(world)) == (request.replans >= REPLANS_BEFORE_ALARM)
            await world.checks.run()
            raised = [command for _, command, _ in await world.log()].count("raise_alarm")
            world.clock.advance(seconds=1)
        pauses = [later - earlier for earlier, later in pairwise(tried)]
        assert pauses[:8] == [0, 1, 2, 4, 8, 16, 32, 60], "the first time at once, then less and less often"
        assert raised == 1
        [alarm] = await waits(world)
        assert (alarm.subject, alarm.raised_at - started) == (request.id, timedelta(seconds=1)), "not after minutes"
        assert "keeps changing" in stored_note_words(alarm.values["reason"])
        assert await world.store.given_up_effects() == []
        tenant.is_restless = False
        world.clock.advance(seconds=60)
        await performed(world, queue_worker)
    assert (await world.request(request.id)).state is S.APPLIED
    await world.checks.run()
    assert await waits(world) == []
    assert [command for _, command, _ in await world.log()].count("raise_alarm") == 1
    await assert_blocked(world)


def test_a_pause_grows_to_its_longest_and_stays_there() -> None:
    assert [pause_before_replan(times).total_seconds() for times in (0, 1, 2, 3, 4, 7, 8, 9, 5000)] == [
        *(0, 0, 1, 2, 4, 32),
        *(60, 60, 60),
    ]


def test_a_clock_that_was_set_back_delays_no_revocation() -> None:
    clock = FixedClock()
    waiting = usual(S.PREPARING, RequestKind.REVOCATION, not_before=clock.now() + MAX_PAUSE)
    assert remaining_pause(waiting, clock.now()) == MAX_PAUSE
    assert remaining_pause(waiting, clock.now() + MAX_PAUSE) is None
    assert remaining_pause(waiting, clock.now() - timedelta(hours=1)) is None
    assert remaining_pause(usual(S.PREPARING, RequestKind.REVOCATION), clock.now()) is None

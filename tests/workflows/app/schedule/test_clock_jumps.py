"""The clock jumps forward and back around every deadline: nobody is closed by it, and nothing comes twice.

A machine that wakes up, a wrong time server, a restored snapshot: the time of the next tick says nothing about how much
time has passed.
"""

import random
from collections import Counter
from datetime import timedelta
from typing import Final

import pytest

from tests.workflows.app.schedule.test_access_ends import blocks, end, look, notices
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA
from tests.workflows.world import World
from workflows.core.requests.effects import Apply, RemindPerson
from workflows.core.requests.request import RequestState
from workflows.ports.tenant import TenantUnavailable

pytestmark = pytest.mark.threats("G12")

S = RequestState
DAY: Final = timedelta(days=1)
JUMPS: Final = (timedelta(minutes=-1), timedelta(), timedelta(minutes=1), timedelta(hours=20), DAY, 40 * DAY)
"""How far behind a deadline the clock lands."""


def move(world: World, by: timedelta) -> None:
    """Set the clock, forward or back."""
    world.clock.advance(seconds=by.total_seconds())


@pytest.mark.parametrize("beyond", JUMPS, ids=str)
async def test_a_jump_to_around_the_end_of_access_and_back_closes_nobody_and_repeats_no_notice(
    world: World, beyond: timedelta
) -> None:
    await world.opened()
    await look(world)
    jump = await end(world) + beyond - world.clock.now()
    for _ in range(3):
        move(world, jump)
        await look(world)
        move(world, -jump)
        await look(world)
    assert await blocks(world) == []
    assert len(world.tenant.writes) == 1, "the opening"
    repeated = {one: count for one, count in Counter(notices(world)).items() if count > 1}
    assert repeated == {}


@pytest.mark.parametrize("beyond", JUMPS, ids=str)
async def test_a_request_expires_once_at_most_however_often_the_clock_passes_its_deadline(
    world: World, beyond: timedelta
) -> None:
    waiting = await world.waiting()
    jump = waiting.expires_at + beyond - world.clock.now()
    for _ in range(3):
        move(world, jump)
        await look(world)
        move(world, -jump)
        await look(world)
    ended = [row for row in await world.log(of=waiting.id) if "expire" in row]
    request = await world.request(waiting.id)
    assert len(ended) <= 1
    assert (request.state is S.EXPIRED) == bool(ended)
    assert world.tenant.writes == []


@pytest.mark.parametrize("back", [timedelta(seconds=1), timedelta(hours=1), 3 * DAY], ids=str)
async def test_a_clock_that_is_set_back_between_approvals_and_the_write_loses_no_approval(
    world: World, back: timedelta
) -> None:
    waiting = await world.waiting()
    for person in (AMARA, BRUNO):
        await world.approve(waiting, person, but=Apply)
        move(world, -back)
    await world.approve(waiting, CHIE, but=Apply)
    move(world, -back)
    for _ in range(5):
        await look(world)
        move(world, timedelta(minutes=2))
    request = await world.request(waiting.id)
    assert request.state is S.APPLIED, request.note
    assert len(world.tenant.writes) == 1


async def test_random_jumps_send_each_notice_once_and_write_nothing(world: World) -> None:
    seed = random.SystemRandom().randrange(10**6)
    draw = random.Random(seed)
    await world.opened()
    await look(world)
    ends_at = await end(world)
    for _ in range(60):
        move(world, ends_at + timedelta(days=draw.uniform(-60, 30)) - world.clock.now())
        await look(world)
    assert await blocks(world) == [], f"seed {seed}"
    assert len(world.tenant.writes) == 1, f"seed {seed}"
    repeated = {one: count for one, count in Counter(notices(world)).items() if count > 1}
    assert repeated == {}, f"seed {seed}"


@pytest.mark.parametrize("back", [timedelta(seconds=1), timedelta(hours=1), 30 * DAY], ids=str)
async def test_a_revocation_that_waits_for_its_next_attempt_does_not_wait_for_the_clock_that_was_set_back(
    world: World, back: timedelta
) -> None:
    """Graph is away while the clock is wrong. Once it is right, the next attempt is due within minutes."""
    await world.opened()
    world.script.fail("tenant.read_partner", TenantUnavailable("Microsoft Graph does not answer."), times=2)
    await world.revoke(DANA)
    move(world, -back)
    for _ in range(8):
        await look(world)
        move(world, timedelta(minutes=2))
    [revocation] = await blocks(world)
    assert revocation.state is S.APPLIED, revocation.note
    assert len(world.tenant.writes) == 2


async def test_what_waits_for_its_own_time_waits_for_it_whatever_the_clock_shows(world: World) -> None:
    """A reminder that is sent when its person works next is not sent because the clock was set back."""
    later = RemindPerson(person=AMARA.chat_id, not_before=world.clock.now() + 5 * DAY)
    await world.store.perform_later(later, world.clock.now() + 5 * DAY)
    assert await world.store.pending(world.clock.now(), 10) == []
    move(world, -3 * DAY)
    assert await world.store.pending(world.clock.now(), 10) == []
    move(world, 9 * DAY)
    [pending] = await world.store.pending(world.clock.now(), 10)
    assert isinstance(pending.effect, RemindPerson)

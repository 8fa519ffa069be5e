"""No answer, a crash at any call: a write is neither repeated nor lost."""

from pathlib import Path

import pytest

from bot.words.requests.notes import note_words
from tests.workflows.core.builders import RILEY
from tests.workflows.effects.applying import CASES, NO_ANSWER, S, assert_stands, decided, put, retried
from tests.workflows.fakes import Crash, FakeTenant, FixedClock
from tests.workflows.world import CONTOSO, World, open_world
from workflows.core.requests.request import AccessRequest
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantUnavailable

# --- no answer ---


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("tenant.read_partner", NO_ANSWER),
        ("tenant.find", NO_ANSWER),
        ("tenant.write", NO_ANSWER),
        ("directory.current_roles", PeopleDirectoryUnavailable("Slack does not answer.")),
    ],
)
async def test_a_system_that_does_not_answer_is_waited_for_and_that_is_said_once(
    world: World, method: str, error: Exception
) -> None:
    request = await put(world, decided())
    world.script.fail(method, error, times=5)
    await world.settle()
    for _ in range(4):
        waiting = await retried(world, request)
        assert (waiting.state, note_words(waiting.note)) == (S.APPLYING, f"{error} Gatehouse keeps trying.")
    assert [text for text in world.notifier.texts_to(RILEY.chat_id) if "waits" in text] == [
        f"contoso.com: your request {request.id} waits. {error} Gatehouse keeps trying."
    ]
    assert len(world.notifier.requests) == 1
    request = await retried(world, request)
    assert (request.state, note_words(request.note)) == (S.APPLIED, "")
    assert_stands(world, request.plan)
    assert [outcome for _, command, outcome in await world.log() if command == "record_delayed"] == ["accepted"]


async def test_what_waits_is_raised_so_that_the_queue_tries_again(world: World) -> None:
    request = await put(world, decided())
    busy = TenantUnavailable("Microsoft Graph is busy.", retry_after=17.0)
    world.script.fail("tenant.write", busy)
    with pytest.raises(TenantUnavailable) as caught:
        await world.applier.apply(request.id)
    assert caught.value.retry_after == 17.0


# --- crashes ---


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("case", CASES)
async def test_a_crash_at_any_call_neither_repeats_nor_loses_a_write(tmp_path: Path, case: str, when: str) -> None:
    """The process is killed at the first call to another system, at the second, and so on, and started again."""
    points = 0
    while await _crashed_at(points + 1, when == "after", tmp_path / f"{points}.db", CASES[case]):
        points += 1
    assert points >= 5, "read, checks, write, read-back, commit"


async def _crashed_at(point: int, is_after: bool, path: Path, request: AccessRequest) -> bool:
    """Apply with a crash at one point, restart, check the end; False when there is no such point."""
    tenant, clock = FakeTenant(), FixedClock()
    tenant.add_tenant(CONTOSO)
    crashed = False
    async with open_world(path, clock=clock, tenant=tenant) as world:
        await put(world, request)
        world.script.fail("", Crash(), on=point, after=is_after)
        try:
            await world.applier.apply(request.id)
        except Crash:
            crashed = True
    async with open_world(path, clock=clock, tenant=tenant) as world:
        done = await world.settled(request.id)
        assert done.state is S.APPLIED
        assert_stands(world, request.plan)
        assert [command for _, command, _ in await world.log()] == ["put", "record_writing", "record_applied"]
        assert await world.store.count_pending(clock.now()) == (0, 0, 0)
    return crashed


@pytest.mark.parametrize("case", CASES)
async def test_a_write_accepted_by_a_call_that_broke_off_is_not_repeated(world: World, case: str) -> None:
    request = await put(world, CASES[case])
    world.script.fail("tenant.write", NO_ANSWER, after=True)
    request = await world.settled(request.id)
    assert request.state is S.APPLYING
    request = await retried(world, request)
    assert request.state is S.APPLIED
    assert_stands(world, request.plan)
    assert world.tenant.attempts == world.tenant.writes

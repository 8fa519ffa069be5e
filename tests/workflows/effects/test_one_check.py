"""What one check read of people and roles decides neither a later check nor a write."""

from copy import copy
from datetime import timedelta

import pytest

from tests.workflows.core.builders import AMARA, BRUNO, CHIE, MALLORY
from tests.workflows.fakes import FakeDirectory
from tests.workflows.world import World
from workflows.core.requests.effects import Apply
from workflows.core.requests.request import RequestState


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[FakeDirectory]:
    """Let each check see people and roles only as they were when it began, as `OneCheckReads` may. Gives the checks."""
    made: list[FakeDirectory] = []

    def for_one_check(directory: FakeDirectory, began_ago: timedelta = timedelta(0)) -> FakeDirectory:
        one = copy(directory)
        one.people, one.roles = dict(directory.people), dict(directory.roles)
        made.append(one)
        return one

    monkeypatch.setattr(FakeDirectory, "for_one_check", for_one_check)
    return made


async def test_each_check_has_a_directory_of_its_own(world: World, kept: list[FakeDirectory]) -> None:
    request = await world.waiting()
    await world.approve(request, AMARA)
    before = len(kept)
    world.directory.assign(MALLORY, "data-owner")  # so that enough people are left
    world.directory.assign(BRUNO, "")
    await world.approve(request, BRUNO)
    assert len(kept) == before + 1
    assert (await world.refusals())[-1] == (BRUNO.chat_id, "not_an_approver")


async def test_a_write_reads_the_roles_again(world: World, kept: list[FakeDirectory]) -> None:
    request = await world.waiting()
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(request, person, but=Apply)
    checks = len(kept)
    assert (await world.request(request.id)).state is RequestState.APPLYING
    world.directory.assign(AMARA, "")
    request = await world.settled(request.id)
    assert (request.state, world.tenant.writes) == (RequestState.AWAITING_APPROVAL, [])
    assert len(kept) == checks, "no check's directory was used for the write"

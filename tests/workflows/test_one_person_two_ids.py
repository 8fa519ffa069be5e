"""On an Enterprise Grid a person has a U… and a W… id: people are compared by their Entra account, everywhere."""

from dataclasses import replace

from tests.workflows.core.builders import AMARA, RILEY
from tests.workflows.world import World
from workflows.core.intents import WantWithdraw
from workflows.core.people import ChatId, Person
from workflows.core.request import RequestId, RequestState

RILEY_W = replace(RILEY, chat_id=ChatId("W-RILEY"))
AMARA_W = replace(AMARA, chat_id=ChatId("W-AMARA"))


def two_ids(world: World, *people: Person) -> None:
    """Let the directory know these ids, too."""
    for person in people:
        world.directory.people[person.chat_id] = person


async def withdraw(world: World, request_id: RequestId, person: Person) -> None:
    await world.click(WantWithdraw(actor=person.chat_id, request_id=request_id))


async def test_the_requesters_other_id_does_not_approve_the_own_request(world: World) -> None:
    two_ids(world, RILEY_W)
    request = await world.waiting()
    await world.approve(request, RILEY_W)
    assert (RILEY_W.chat_id, "own_request") in await world.refusals()


async def test_an_approver_counts_once_under_both_ids(world: World) -> None:
    two_ids(world, AMARA_W)
    request = await world.waiting()
    await world.approve(request, AMARA)
    await world.approve(await world.request(request.id), AMARA_W)
    assert (AMARA_W.chat_id, "already_decided") in await world.refusals()


async def test_the_requester_withdraws_under_the_other_id(world: World) -> None:
    two_ids(world, RILEY_W)
    request = await world.waiting()
    await withdraw(world, request.id, RILEY_W)
    assert (await world.request(request.id)).state is RequestState.WITHDRAWN


async def test_the_requester_withdraws_under_the_other_id_while_it_is_not_prepared_yet(world: World) -> None:
    two_ids(world, RILEY_W)
    request_id = await world.file()
    await world.service.want(WantWithdraw(actor=RILEY_W.chat_id, request_id=request_id), key="w")
    pending = [one for one in await world.store.pending(world.clock.now(), 9) if one.effect.kind == "judge"]
    await world.performer.perform(pending[0].effect)
    assert (await world.request(request_id)).state is RequestState.WITHDRAWN


async def test_somebody_else_withdraws_nothing(world: World) -> None:
    request = await world.waiting()
    await withdraw(world, request.id, AMARA)
    assert (await world.request(request.id)).state is RequestState.AWAITING_APPROVAL
    assert (AMARA.chat_id, "not_the_requester") in await world.refusals()

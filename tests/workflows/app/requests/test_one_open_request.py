"""One open request a partner: also where two people ask by domain and by tenant id at the same moment."""

import asyncio

from bot.words.requests.notes import note_words
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, TENANT
from tests.workflows.world import World
from workflows.core.requests.request import RequestId, RequestKind, RequestState
from workflows.ports.records import StaleVersion


async def filed_at_once(world: World) -> tuple[RequestId, RequestId]:
    """Send one request by domain and one by tenant id at the same time; neither finds the other."""
    others: list[RequestId] = []

    async def other() -> None:
        others.append(await world.file(target=TENANT, requester=DANA))

    world.script.during_next_call("store.commit", other)
    first = await world.file(target="contoso.com")
    [second] = others
    return first, second


async def test_of_two_prepared_at_once_the_second_is_unfit_and_names_the_first(world: World) -> None:
    first, second = await filed_at_once(world)
    await asyncio.gather(world.preparer.prepare(first), world.preparer.prepare(second))
    states = {one: (await world.request(one)).state for one in (first, second)}
    assert sorted(states.values()) == [RequestState.AWAITING_APPROVAL, RequestState.UNFIT]
    kept, ended = sorted((first, second), key=lambda one: states[one])
    refused = await world.request(ended)
    assert kept in note_words(refused.note)
    assert refused.prepared is None, "without a plan it has no card that could be approved"
    entries = await world.store.history(request_id=ended)
    assert "open_request" in [entry.details.get("code") for entry in entries]


async def test_the_one_that_is_left_is_applied_once(world: World) -> None:
    first, second = await filed_at_once(world)
    await asyncio.gather(world.preparer.prepare(first), world.preparer.prepare(second))
    await world.settle()
    for person in (AMARA, BRUNO, CHIE):
        for request in await world.all_requests():
            await world.approve(request, person)
    ends = [(await world.request(one)).state for one in (first, second)]
    assert sorted(ends) == [RequestState.APPLIED, RequestState.UNFIT]
    assert len([one for one in world.tenant.writes if one.method == "POST"]) == 1


async def test_a_request_that_is_planned_again_is_still_the_only_one(world: World) -> None:
    request = await world.approved()
    world.tenant.edit(TENANT, inboundTrust={"isMfaAccepted": True})
    again = await world.settled(request.id)
    assert (again.state, again.id) == (RequestState.AWAITING_APPROVAL, request.id)


async def test_a_revocation_is_never_kept_waiting_by_an_open_request(world: World) -> None:
    await world.waiting()
    await world.revoke(DANA)
    found = await world.store.requests_for(TENANT, 9)
    (revocation,) = [one for one in found if one.fields.kind is RequestKind.REVOCATION]
    assert revocation.state is RequestState.APPLIED


async def test_a_stale_writer_still_loses(world: World) -> None:
    """The check for other requests does not replace the one for versions."""
    request_id = await world.file()
    world.script.fail("store.commit", StaleVersion("somebody was faster"))
    stored = await world.settled(request_id)
    assert stored.state is RequestState.AWAITING_APPROVAL

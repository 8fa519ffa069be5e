"""A click to support a request: the person is identified, and nobody joins whom the approval chain needs."""

from dataclasses import replace

from tests.workflows.core.builders import AMARA, BRUNO, DANA, MALLORY, RILEY
from tests.workflows.world import World
from workflows.app.limits import LimitedAction, Limits
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import Person
from workflows.core.requests.commands.request import SupportRequest
from workflows.core.requests.request import AccessRequest, RequestState


async def support(world: World, request: AccessRequest, person: Person, reason: str = "") -> AccessRequest:
    """Click Support it, and let everything follow."""
    await world.click(SupportRequest(actor=person.chat_id, request_id=request.id, reason=reason))
    return await world.request(request.id)


async def test_a_supporter_joins_is_told_and_never_decides(world: World) -> None:
    request = await support(world, await world.waiting(), MALLORY, "Same project")
    assert [(one.person.name, one.reason) for one in request.supports] == [("Mallory", "Same project")]
    world.directory.assign(MALLORY, "security")
    await world.approve(request, MALLORY)
    assert await world.refusals() == [(MALLORY.chat_id, RefusalCode.SUPPORTER_MAY_NOT_DECIDE)]
    await world.reject(request, AMARA)
    ended = [text for person, text, _ in world.notifier.told if person == MALLORY.chat_id]
    assert any(text.startswith(f"contoso.com: you support request {request.id} of Riley") for text in ended)
    assert any(f"request {request.id}, which you support, is closed" in text for text in ended)


async def test_the_only_approver_of_a_stage_cannot_support(world: World) -> None:
    request = await support(world, await world.waiting(), AMARA)
    assert request.supports == ()
    assert await world.refusals() == [(AMARA.chat_id, RefusalCode.SUPPORTER_IS_NEEDED)]
    world.directory.assign(DANA, "security")
    assert (await support(world, request, AMARA)).supporters == (AMARA,)


async def test_two_clicks_of_one_person_are_one_support(world: World) -> None:
    request = await world.waiting()
    await support(world, request, MALLORY)
    request = await support(world, request, replace(MALLORY))
    assert len(request.supports) == 1
    assert await world.refusals() == [(MALLORY.chat_id, RefusalCode.ALREADY_SUPPORTED)]


async def test_a_request_that_ended_is_not_supported(world: World) -> None:
    request = await world.waiting()
    await world.service.withdraw(request.id, RILEY.chat_id, key=world.key())
    request = await support(world, request, MALLORY)
    assert (request.state, request.supports) == (RequestState.WITHDRAWN, ())
    assert await world.refusals() == [(MALLORY.chat_id, RefusalCode.NOT_POSSIBLE_IN_THIS_STATE)]


async def test_support_counts_in_the_limit_of_requests(world: World) -> None:
    maximums = {**dict.fromkeys(LimitedAction, 10), LimitedAction.REQUESTS: 1}
    limits = Limits(store=world.store, alarms=world.alarms, clock=world.clock, maximums=maximums)
    check = replace(world.permission_check, limits=limits)
    world = replace(world, permission_check=check, performer=replace(world.performer, permission_check=check))
    request = await support(world, await world.waiting(), MALLORY)
    assert request.supporters == (MALLORY,)
    await support(world, request, MALLORY)
    assert await world.refusals() == [(MALLORY.chat_id, RefusalCode.LIMIT_REACHED)]


async def test_an_approver_who_supported_is_not_asked_any_more(world: World) -> None:
    world.directory.assign(DANA, "data-owner")
    request = await support(world, await world.waiting(), BRUNO)
    assert request.supporters == (BRUNO,)
    await world.approve(request, AMARA)
    await world.approve(request, BRUNO)
    assert (BRUNO.chat_id, RefusalCode.SUPPORTER_MAY_NOT_DECIDE) in await world.refusals()


async def test_approvals_that_count_already_are_not_needed_once_more(world: World) -> None:
    world.directory.assign(DANA, "data-owner")
    request = await world.waiting()
    await world.approve(request, AMARA)
    assert (await support(world, request, BRUNO)).supporters == (BRUNO,)


async def test_the_only_approver_of_a_stage_cannot_support_after_approving_either(world: World) -> None:
    request = await world.waiting()
    await world.approve(request, AMARA)
    assert (await support(world, request, AMARA)).supports == ()

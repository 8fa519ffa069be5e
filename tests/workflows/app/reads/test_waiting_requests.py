"""What a person is shown follows from today's roles."""

from dataclasses import replace

from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, MALLORY, RILEY, SAM
from tests.workflows.world import CONTOSO, World
from workflows.app.reads.waiting_requests import waiting_for
from workflows.core.people import Person
from workflows.core.settings.model import TenantId


async def waits_for(world: World, someone: Person) -> list[str]:
    """The targets of what waits for somebody."""
    found = await waiting_for(someone.chat_id, store=world.store, directory=world.directory)
    return [request.fields.target for request in found.requests.items]


async def test_a_request_waits_for_those_who_could_decide_its_open_stage_now(world: World) -> None:
    request = await world.waiting()
    everybody = (RILEY, SAM, AMARA, BRUNO, CHIE, DANA, MALLORY)
    assert [one.name for one in everybody if await waits_for(world, one)] == ["Amara"]
    await world.approve(request, AMARA)
    assert [one.name for one in everybody if await waits_for(world, one)] == ["Bruno", "Chie"]
    await world.approve(request, BRUNO)
    assert [one.name for one in everybody if await waits_for(world, one)] == ["Chie"]
    await world.approve(request, CHIE)
    assert [one.name for one in everybody if await waits_for(world, one)] == []


async def test_who_counts_in_an_earlier_stage_is_not_asked_again(world: World) -> None:
    request = await world.waiting()
    world.directory.assign(AMARA, "security data-owner")
    await world.approve(request, AMARA)
    assert await waits_for(world, AMARA) == []


async def test_roles_are_todays(world: World) -> None:
    await world.waiting()
    world.directory.assign(AMARA, "")
    world.directory.assign(MALLORY, "security")
    assert (await waits_for(world, AMARA), await waits_for(world, MALLORY)) == ([], ["contoso.com"])


async def test_what_waits_comes_oldest_first_and_roles_are_read_once(world: World) -> None:
    for number in range(5):
        domain = f"partner{number}.example"
        tenant_id = TenantId(f"0ddba11d-0000-4000-8000-00000000000{number}")
        world.tenant.add_tenant(replace(CONTOSO, tenant_id=tenant_id, default_domain=domain))
        await world.waiting(target=domain)
        world.clock.advance(minutes=1)
    world.script.calls.clear()
    assert await waits_for(world, AMARA) == [f"partner{number}.example" for number in range(5)]
    assert world.script.calls.count("directory.holders") == 1

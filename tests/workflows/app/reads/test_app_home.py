"""What concerns a person follows from today's roles and records, on both of their chat ids."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, RILEY, SAM
from tests.workflows.world import World
from workflows.app.reads.app_home import AppHome, HomePosition, read_home
from workflows.core.checks.partner_setup.confirmations import Confirmation
from workflows.core.people import Person
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit


async def home_of(world: World, someone: Person, text: str = "") -> AppHome:
    """What concerns somebody now."""
    return await read_home(
        someone.chat_id,
        identified_person=someone,
        position=HomePosition(text=text),
        store=world.store,
        directory=world.directory,
        now=world.clock.now(),
    )


async def test_an_approver_loses_what_was_decided_and_the_requester_keeps_it(world: World) -> None:
    request = await world.waiting()
    assert [one.id for one in (await home_of(world, AMARA)).approvals.items] == [request.id]
    await world.approve(request, AMARA)
    assert (await home_of(world, AMARA)).has_nothing_to_show
    mine = (await home_of(world, RILEY)).mine.items
    assert [one.state for one in mine] == [RequestState.AWAITING_APPROVAL]
    assert (await home_of(world, RILEY)).approvals.count == 0


async def test_a_sponsor_sees_what_ends_soon_and_what_is_to_be_answered(world: World) -> None:
    await world.opened()
    assert (await home_of(world, SAM)).ending.count == 0
    partner = (await world.store.partnerships(lambda one: one))[0]
    assert partner.ends_at is not None
    world.clock.advance(days=(partner.ends_at - world.clock.now() - timedelta(days=29)).days)
    found = await home_of(world, SAM)
    assert [one.identity for one in found.ending.items] == [partner.identity]
    assert (await home_of(world, AMARA)).ending.count == 0


async def test_who_requested_an_extension_is_shown_it_where_the_access_ends_soon(world: World) -> None:
    await world.opened()
    world.clock.advance(days=1)
    asked = await world.waiting()
    found = (await home_of(world, RILEY)).extensions
    assert {tenant: one.id for tenant, one in found.items()} == {asked.plan.tenant_id: asked.id}
    searched = (await home_of(world, RILEY, "nothing like it")).extensions
    assert searched == found, "also on a page that does not show it"
    assert (await home_of(world, SAM)).extensions == {}


async def test_the_requester_sees_which_partner_setup_is_not_complete(world: World) -> None:
    request = await world.opened()
    [record] = await world.store.partnerships(lambda one: one)
    assert (await home_of(world, RILEY)).setups == {request.id: record}
    said = (
        Confirmation(step=one.key, step_digest=one.digest, person=SAM, at=world.clock.now()) for one in record.setup
    )
    confirmed = replace(record, confirmations=tuple(said), version=record.version + 1)
    entry = AuditEntry(key="k", at=world.clock.now(), actor="x", command="x", outcome="accepted", details={})
    assert await world.store.commit(Commit(entry=entry, partnership=confirmed))
    assert (await home_of(world, RILEY)).setups == {}


async def test_a_sponsor_sees_all_active_access_and_the_requester_what_can_be_requested_again(world: World) -> None:
    request = await world.opened()
    [partner] = (await home_of(world, SAM)).sponsored.items
    assert partner.request_id == request.id
    assert (await home_of(world, RILEY)).sponsored.count == 0
    assert not (await home_of(world, RILEY)).after_end[request.id].is_over
    await world.revoke(DANA)
    assert (await home_of(world, SAM)).sponsored.count == 0
    assert (await home_of(world, RILEY)).after_end[request.id].can_request_again


async def withdrawn(world: World) -> AccessRequest:
    """A request that its requester withdrew."""
    request = await world.waiting()
    await world.service.withdraw(request.id, RILEY.chat_id, key=world.key())
    await world.settle()
    return request


async def test_of_several_requests_for_a_partner_only_the_last_one_can_be_requested_again(world: World) -> None:
    first = await withdrawn(world)
    assert await newer(world) == {first.id: AGAIN}
    world.clock.advance(hours=1)
    second = await world.waiting()
    assert await newer(world) == await newer(world, first.id) == {first.id: second.id}
    for one in (AMARA, BRUNO, CHIE):
        await world.approve(await world.request(second.id), one)
    assert (await world.request(second.id)).state is RequestState.APPLIED
    assert await newer(world) == {first.id: second.id, second.id: "in force"}
    await world.revoke(DANA)
    assert await newer(world) == {first.id: AGAIN, second.id: AGAIN}


AGAIN: Final = "can be requested again"


async def newer(world: World, text: str = "") -> dict[str, str]:
    """Return, by closed request, the newer one, or else what can be done."""
    found = (await home_of(world, RILEY, text)).after_end
    return {
        name: after.newer.id if after.newer else AGAIN if after.can_request_again else "in force"
        for name, after in found.items()
    }


async def test_only_an_admin_sees_what_is_overdue_and_finds_partners(world: World) -> None:
    await world.opened()
    world.clock.advance(days=400)
    for someone, is_admin in ((DANA, True), (AMARA, False), (BRUNO, False)):
        found = await home_of(world, someone)
        assert (found.is_admin, found.overdue.count == 1) == (is_admin, is_admin), someone.name
        assert ((await home_of(world, someone, "contoso")).partners.count == 1) is is_admin, someone.name
    assert (await home_of(world, DANA, "nowhere")).partners.count == 0

"""A suspension writes what a revocation writes, keeps the approval policy, and its whole chain lifts it."""

import asyncio

import pytest

from tests.waiting import LONGEST_WAIT
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, SAM, TENANT
from tests.workflows.effects.test_revoking import BLOCKS
from tests.workflows.world import World
from workflows.app.requests.forms import InvalidForm
from workflows.app.requests.restoration.lift_intake import LiftIntake
from workflows.core.errors.raised import Refused
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.people import Person, command_line_person
from workflows.core.requests.commands.partner_record import Revoke
from workflows.core.requests.request import AccessRequest, Closing, RequestId, RequestState
from workflows.effects.closing.filing import ClosingFiling, FiledClosing
from workflows.effects.closing.performing import ClosingPerformer
from workflows.intervals import Pauses
from workflows.ports.tenant import TenantUnavailable

WANT_SUSPEND = Revoke(actor=DANA.chat_id, target=TENANT, reason="An incident at theirs", closing=Closing.SUSPEND)
WHY = "Their incident is over, and the project goes on"


async def suspended(world: World) -> Partnership:
    """Have Contoso opened, and suspended by an admin; returns the record."""
    await world.opened()
    await world.click(WANT_SUSPEND)
    return await record(world)


async def record(world: World) -> Partnership:
    """The record of Contoso."""
    found = await world.store.partnership(TENANT)
    assert found is not None
    return found


def lifts(world: World) -> LiftIntake:
    """What files lifts."""
    return LiftIntake(
        service=world.service,
        store=world.store,
        tenant=world.tenant,
        directory=world.directory,
        catalog=world.catalog,
        clock=world.clock,
    )


async def lift(world: World, person: Person = SAM) -> AccessRequest:
    """Ask to lift the suspension, and have it prepared."""
    request_id = await lifts(world).file(TENANT, person.chat_id, WHY, key=world.key())
    return await world.settled(request_id)


async def test_the_block_is_written_and_read_back_and_the_terms_stay(world: World) -> None:
    await world.opened()
    before = await record(world)
    await world.click(WANT_SUSPEND)
    after = await record(world)
    assert {name: world.tenant.partners[TENANT][name] for name in BLOCKS} == BLOCKS
    assert (after.state, after.stages, after.ends_at, after.sponsor) == (
        PartnershipState.SUSPENDED,
        before.stages,
        before.ends_at,
        before.sponsor,
    )
    world.clock.advance(days=300)
    await world.settle()
    assert (await record(world)).state is PartnershipState.SUSPENDED, "its end closes nothing more"


async def test_a_revoked_partner_is_not_suspended_and_a_suspended_one_can_be_revoked(world: World) -> None:
    await suspended(world)
    await world.revoke(DANA)
    assert (await record(world)).state is PartnershipState.REVOKED
    await world.click(WANT_SUSPEND)
    assert (await world.refusals())[-1] == (DANA.chat_id, "revoked")
    assert (await record(world)).state is PartnershipState.REVOKED


async def test_the_whole_chain_lifts_it_to_what_was_approved_until_the_same_end(world: World) -> None:
    await world.opened()
    opened, approved = dict(world.tenant.partners[TENANT]), await record(world)
    await world.click(WANT_SUSPEND)
    world.clock.advance(days=2)
    request = await lift(world)
    assert request.state is RequestState.AWAITING_APPROVAL
    assert request.require_prepared().stages == approved.stages
    for person in (AMARA, BRUNO):
        await world.approve(request, person)
    assert {name: world.tenant.partners[TENANT][name] for name in BLOCKS} == BLOCKS
    await world.approve(request, CHIE)
    after = await record(world)
    assert (after.state, after.ends_at, after.request_id) == (PartnershipState.ACTIVE, approved.ends_at, request.id)
    stands = world.tenant.partners[TENANT]
    assert stands["b2bCollaborationInbound"] == opened["b2bCollaborationInbound"]
    assert stands["inboundTrust"]["isMfaAccepted"] is opened["inboundTrust"]["isMfaAccepted"] is True


async def test_a_request_for_a_suspended_partner_needs_at_least_its_chain(world: World) -> None:
    before = (await suspended(world)).stages
    request = await world.waiting(template="guest-collaboration")
    assert request.require_prepared().stages != before[:1]
    people = {stage.role: stage.quorum for stage in request.require_prepared().stages}
    assert all(people.get(stage.role, 0) >= stage.quorum for stage in before)


async def test_who_may_not_lift_is_refused_and_nothing_is_stored(world: World) -> None:
    await suspended(world)
    with pytest.raises(InvalidForm):
        await lifts(world).file(TENANT, AMARA.chat_id, WHY, key=world.key())
    assert await world.all_requests() == []


async def test_an_old_or_changed_suspension_is_not_lifted(world: World) -> None:
    await suspended(world)
    world.tenant.edit(TENANT, inboundTrust={"isMfaAccepted": True})
    with pytest.raises(InvalidForm):
        await lifts(world).file(TENANT, SAM.chat_id, WHY, key=world.key())
    world.clock.advance(days=31)
    with pytest.raises(Refused):
        await lifts(world).propose(TENANT, SAM.chat_id)


async def test_a_lift_that_is_approved_when_the_suspension_is_too_old_writes_nothing(world: World) -> None:
    """The age is looked at again before the first write: the approval may come, or be written, days later."""
    await suspended(world)
    world.clock.advance(days=29)
    request = await lift(world)
    for person in (AMARA, BRUNO):
        await world.approve(request, person)
    world.clock.advance(days=1, minutes=1)
    await world.approve(request, CHIE)
    ended = await world.request(request.id)
    assert ended.state is RequestState.STOPPED
    assert ended.note[0].code == "cannot_lift"
    assert (await record(world)).state is PartnershipState.SUSPENDED
    assert {name: world.tenant.partners[TENANT][name] for name in BLOCKS} == BLOCKS


async def test_a_suspension_stops_a_lift_that_waits(world: World) -> None:
    await suspended(world)
    request = await lift(world)
    await world.click(WANT_SUSPEND)
    assert (await world.request(request.id)).state is RequestState.STOPPED


@pytest.mark.parametrize("fault", [None, "tenant.read_partner", "tenant.write"])
async def test_it_is_performed_without_the_bot_and_nothing_else_is(world: World, fault: str | None) -> None:
    """The same preparation, write and read-back, with a directory that reads nobody; what fails once is tried again."""
    await world.opened()
    waiting = await world.file(template="guest-collaboration")
    request_id = RequestId("R-ATTERMINAL")
    filed = FiledClosing(
        identity=(await record(world)).identity,
        partnership=await record(world),
        closing=Closing.SUSPEND,
        person=command_line_person("os:dana"),
        reason="An incident at theirs",
    )
    await ClosingFiling(service=world.service, store=world.store).file(filed, request_id, key="command_line:1")
    if fault is not None:
        world.script.fail(fault, TenantUnavailable("Busy.", retry_after=0.0))
    performer = ClosingPerformer(
        store=world.store, tenant=world.tenant, clock=world.clock, pauses=Pauses(due_work_read_every=0.01)
    )
    async with performer.performing(await world.request(request_id)), asyncio.timeout(LONGEST_WAIT):
        while not (await world.request(request_id)).is_terminal:
            world.clock.advance(seconds=1)
            await asyncio.sleep(0.01)
    assert (await record(world)).state is PartnershipState.SUSPENDED
    assert {name: world.tenant.partners[TENANT][name] for name in BLOCKS} == BLOCKS
    assert (await world.request(waiting)).state is RequestState.STOPPED
    kinds = {one.effect.kind for one in await world.store.pending(world.clock.now(), 99)}
    assert {"show_request", "tell"} <= kinds, "what is shown and told is left for the bot"


async def test_an_error_of_our_own_gives_up_no_closing(world: World) -> None:
    """It is alarmed, and goes on."""
    await world.opened()
    request_id = RequestId("R-ATTERMINAL")
    filed = FiledClosing(
        identity=(await record(world)).identity,
        partnership=await record(world),
        closing=Closing.REVOKE,
        person=command_line_person("os:dana"),
        reason="An incident at theirs",
    )
    await ClosingFiling(service=world.service, store=world.store).file(filed, request_id, key="command_line:1")
    world.script.fail("tenant.read_partner", RuntimeError("our own fault"), times=5)
    pauses = Pauses(due_work_read_every=0.01, effect_retried_after=0.01)
    performer = ClosingPerformer(store=world.store, tenant=world.tenant, clock=world.clock, pauses=pauses)
    async with performer.performing(await world.request(request_id)), asyncio.timeout(LONGEST_WAIT):
        while not (await world.request(request_id)).is_terminal:
            world.clock.advance(minutes=10)
            await asyncio.sleep(0.01)
    assert (await record(world)).state is PartnershipState.REVOKED
    assert await world.store.given_up_effects() == []
    assert [alarm.subject for alarm in await world.store.open_alarms()] == [request_id]

"""What the form offers: by purpose and risk, with the waiting time of earlier requests, and who would decide."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.workflows.core.builders import AMARA
from tests.workflows.world import CATALOG, World
from workflows.app.reads import offers as offers_module
from workflows.app.reads.offers import Offers
from workflows.core.requests.commands.automatic import Expire
from workflows.core.requests.request import ObservedPartner
from workflows.core.settings.model import TenantId

PORTAL = {"portal_application": "1b4f7c2e-0a5d-4f3b-9c61-2d8e7f5a9b03"}


def offering(world: World) -> Offers:
    return Offers(store=world.store, catalog=CATALOG, clock=world.clock)


async def test_a_waiting_time_is_said_once_three_requests_were_decided(world: World) -> None:
    """From filing to the last approval; a request that nobody approved says nothing."""
    await world.waiting(template="guest-collaboration", target="contoso.com")
    for number, hours in enumerate((2, 30, 5)):
        domain = f"partner{number}.example"
        identity = replace(
            next(iter(world.tenant.tenants.values())),
            tenant_id=TenantId(f"aaaaaaaa-0000-4000-8000-00000000000{number}"),
            default_domain=domain,
            typed_name=domain,
        )
        world.tenant.add_tenant(identity)
        assert await waits(world) == [None] * 3, number
        request = await world.waiting(template="contractor-portal", target=domain, days=90, placeholders=PORTAL)
        world.clock.advance(hours=hours)
        await world.approve(request, AMARA)
    assert await waits(world) == [None, timedelta(hours=5), None]
    for number in range(2):
        domain = f"late{number}.example"
        identity = replace(
            next(iter(world.tenant.tenants.values())),
            tenant_id=TenantId(f"bbbbbbbb-0000-4000-8000-00000000000{number}"),
            default_domain=domain,
            typed_name=domain,
        )
        world.tenant.add_tenant(identity)
        request = await world.waiting(template="contractor-portal", target=domain, days=90, placeholders=PORTAL)
        world.clock.advance(hours=24 * 30)
        await world.service.advance(request.id, Expire())
    assert await waits(world) == [None] * 3, "too many expired undecided"


async def waits(world: World) -> list[timedelta | None]:
    """The usual wait of guest collaboration, the portal and the merger."""
    found = {one.template.name: one.usual_wait for one in await offering(world).open()}
    return [found[name] for name in ("guest-collaboration", "contractor-portal", "merger")]


async def test_a_slow_store_only_leaves_the_waiting_times_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers_module, "TIMEOUT_SECONDS", 0)
    assert [one.usual_wait for one in await offering(world).open()] == [None] * 8


async def test_block_is_offered_alone(world: World) -> None:
    opening = [one.template.name for one in await offering(world).open()]
    assert len(opening) == 8
    assert "block" not in opening
    for closing in (await offering(world).open(is_closing=True), await offering(world).open("block")):
        assert [one.template.name for one in closing] == ["block"]
    assert [one.template.name for one in await offering(world).open("merger", is_closing=True)] == opening


async def test_the_partners_own_chain_is_shown_before_it_is_sent(world: World) -> None:
    """A partner that was opened under a stricter chain keeps it, whatever template is chosen now."""
    guests = CATALOG.templates["guest-collaboration"]
    assert await offering(world).stages(guests, None) == guests.stages
    request = await world.opened()
    observation = ObservedPartner(
        identity=request.require_prepared().observation.identity,
        configuration=await world.tenant.read_partner(request.plan.tenant_id),
        at=world.clock.now(),
        default=world.tenant.default,
    )
    trusted = CATALOG.templates["trusted-partner"]
    wider = CATALOG.templates["merger"]
    assert await offering(world).stages(wider, observation) == wider.stages
    assert await offering(world).stages(trusted, observation, 90) == trusted.stages, "nothing to change: the template's"
    teams = CATALOG.templates["teams-shared-channels"]
    assert await offering(world).stages(teams, observation) == trusted.stages

"""Reading a posture: every read may fail, records may change, and Graph is read page by page."""

import asyncio
from dataclasses import replace
from typing import Any, Final

import pytest

from bot.words.posture.concerns import concern_words
from tests.workflows.core.builders import TENANT, identity
from tests.workflows.core.posture.test_posture import ALL, codes
from tests.workflows.entra.conftest import app_roles, authority, entra, environment, graph
from tests.workflows.entra.simulated_tenant import Graph, answering, refusing
from tests.workflows.fakes import HOME, FakeTenant, FixedClock
from tests.workflows.world import World
from workflows.app.reads.posture import LOOKUPS_AT_ONCE, read_posture
from workflows.core.partners.records import Records
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.risk import RiskReason
from workflows.core.posture.model import Posture, RecordState
from workflows.core.settings.model import TenantId
from workflows.entra import Entra
from workflows.ports.tenant import TenantRefused, TenantUnavailable

__all__ = ["app_roles", "authority", "entra", "environment", "graph"]

PARTNERS: Final = "/policies/crossTenantAccessPolicy/partners"


def tenant_id(number: int) -> TenantId:
    """A tenant of one's own."""
    return TenantId(f"00000000-0000-4000-8000-{number:012x}")


async def no_records() -> Records | None:
    """There is no database."""
    return None


async def read(tenant: FakeTenant, **options: Any) -> Posture:
    """Read with the fakes, without records unless told otherwise."""
    return await read_posture(**{"tenant": tenant, "records": no_records, "clock": FixedClock(), **options})


# --- with the fakes --------------------------------------------------------------------------------------------------


async def test_a_partner_opened_by_us_and_one_opened_from_outside(world: World) -> None:
    await world.opened()
    world.tenant.edit(tenant_id(7), b2bCollaborationInbound=ALL)
    posture = await read(world.tenant, records=world.store.records, clock=world.clock)
    found = {one.tenant_id: one for one in posture.partners}
    assert found[TENANT].record_state is RecordState.KEPT
    assert "differs_from_approved" not in codes(found[TENANT])
    assert codes(found[tenant_id(7)])[0] == "unknown_to_gatehouse"
    assert (posture.home, posture.partner_count, posture.records_are_read) == (HOME, 2, True)


async def test_no_database_is_no_statement_about_anybody() -> None:
    tenant = FakeTenant(partners={TENANT: {"tenantId": TENANT, "b2bCollaborationInbound": ALL}})
    posture = await read(tenant)
    assert not posture.records_are_read
    assert codes(posture.partners[0]) == []


async def test_the_default_may_be_out_of_reach_the_list_may_not() -> None:
    tenant = FakeTenant(partners={TENANT: {"tenantId": TENANT}})
    tenant.script.fail("tenant.read_default", TenantRefused(403, "Authorization_RequestDenied", "No permission."))
    tenant.script.fail("tenant.home", TenantUnavailable("no answer"))
    posture = await read(tenant)
    assert posture.default.concerns[0].code == "default_unread"
    assert "No permission." in concern_words(posture.default.concerns[0])
    assert posture.home is None
    tenant.script.fail("tenant.read_partners", TenantUnavailable("throttled"))
    with pytest.raises(TenantUnavailable):
        await read(tenant)


async def test_what_is_revoked_while_it_is_read_is_not_called_different(world: World) -> None:
    """The list shows the partner before the revocation, the records show it afterwards."""
    await world.opened()
    world.tenant.edit(TENANT, b2bDirectConnectInbound=ALL)
    looks: list[Records] = []

    async def records() -> Records:
        found = await world.store.records()
        if looks:  # a revocation came through between the two looks
            one = found.partnerships[TENANT]
            found = replace(found, partnerships={TENANT: replace(one, version=one.version + 1)})
        looks.append(found)
        return found

    posture = await read(world.tenant, records=records, clock=world.clock)
    assert codes(posture.partners[0])[-1] != "differs_from_approved"
    assert "being_written" in codes(posture.partners[0])


async def test_names_are_looked_up_for_unknown_tenants_only_and_side_by_side_only_so_far(world: World) -> None:
    await world.opened()
    numbers = range(1, 30)
    for number in numbers:
        world.tenant.edit(tenant_id(number))
        who = TenantIdentity(
            tenant_id=tenant_id(number), display_name=f"T{number}", default_domain=f"t{number}.example", typed_name=""
        )
        world.tenant.add_tenant(who)
    del world.tenant.tenants[tenant_id(1)]
    world.script.fail("tenant.find", TenantUnavailable("no"), on=3)
    running, most, told = 0, 0, []
    find = world.tenant.find

    async def counted(target: str, *, fresh: bool = False) -> TenantIdentity | None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        try:
            return await find(target, fresh=fresh)
        finally:
            running -= 1

    watched = _Watched(world.tenant, counted)
    posture = await read_posture(
        tenant=watched,
        records=world.store.records,
        clock=world.clock,
        looks_up_names=True,
        progress=lambda done, total: told.append((done, total)),
    )
    assert most == LOOKUPS_AT_ONCE
    assert told[-1] == (29, 29)
    assert posture.unanswered == 1
    named = [one for one in posture.partners if one.identity is not None]
    assert len(named) == 29  # ours, and all but the unanswered
    (elsewhere,) = (one for one in named if one.identity is not None and not one.identity.is_resolved)
    assert RiskReason.CROSS_CLOUD in elsewhere.risk.reasons, "our own cloud does not know it"
    assert identity().default_domain in {one.name for one in named}


class _Watched:
    """A tenant whose lookups are watched; everything else is the fake's."""

    def __init__(self, tenant: FakeTenant, find: Any) -> None:
        self._tenant = tenant
        self.find = find

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tenant, name)


# --- over real sockets -----------------------------------------------------------------------------------------------


def fill(graph: Graph, count: int) -> None:
    """Make `count` partners in the simulator."""
    documents = {
        tenant_id(number): {"tenantId": tenant_id(number), "b2bCollaborationInbound": ALL} for number in range(count)
    }
    graph.simulator.merge({"partners": documents})


async def test_calls_grow_with_pages_not_with_partners(entra: Entra, graph: Graph) -> None:
    """A thousand partners: their pages, the default, its own id, and Conditional Access once for all of them."""
    fill(graph, 1000)
    size = graph.simulator.page_size
    posture = await read_posture(tenant=entra, records=no_records, clock=FixedClock())
    assert len(posture.partners) == posture.partner_count == 1000
    lists = [one for one in graph.seen if one.path == PARTNERS]
    assert len(lists) == 1000 // size
    assert lists[0].query == {"$expand": "identitySynchronization"}
    others = sorted(one.path for one in graph.seen if one.path != PARTNERS)
    assert others == [
        "/identity/conditionalAccess/evaluate",
        "/identity/conditionalAccess/policies",
        "/organization",
        "/policies/crossTenantAccessPolicy/default",
    ]


async def test_a_list_is_read_to_its_end_with_each_policy(entra: Entra, graph: Graph) -> None:
    fill(graph, 3)
    policy = {"userSyncInbound": {"isSyncAllowed": True}, "displayName": "x", "tenantId": tenant_id(2)}
    graph.simulator.merge(
        {"pageSize": 2, "emptyPages": True, "partners": {tenant_id(2): {"identitySynchronization": policy}}}
    )
    partners = await entra.read_partners()
    assert [one["tenantId"] for one in partners] == [tenant_id(number) for number in range(3)]
    assert partners[2]["identitySynchronization"]["userSyncInbound"] == {"isSyncAllowed": True}
    assert not any("@odata" in name for one in partners for name in one)


async def test_no_partners_is_an_empty_list(entra: Entra) -> None:
    assert list(await entra.read_partners()) == []


@pytest.mark.parametrize(
    "rows",
    [
        [{}],
        [{"tenantId": 7}],
        [{"tenantId": "contoso.com"}],
        ["x"],
        [{"tenantId": TENANT}, {"tenantId": TENANT.upper(), "inboundTrust": {}}],
    ],
)
async def test_a_list_that_does_not_name_tenants_is_no_list(entra: Entra, graph: Graph, rows: list[Any]) -> None:
    graph.fail(answering(200, {"value": rows}))
    with pytest.raises(TenantUnavailable):
        await entra.read_partners()


async def test_a_row_that_comes_twice_counts_once(entra: Entra, graph: Graph) -> None:
    """A list that grows while it is paged may repeat a row."""
    graph.fail(answering(200, {"value": [{"tenantId": TENANT}, {"tenantId": TENANT}]}))
    assert list(await entra.read_partners()) == [{"tenantId": TENANT}]


async def test_an_incomplete_list_is_no_list(entra: Entra, graph: Graph) -> None:
    fill(graph, 3)
    graph.simulator.merge({"pageSize": 2})

    async def second_fails(request: Any, handler: Any) -> Any:
        graph.fail(refusing(403, "Authorization_RequestDenied"))
        return await handler(request)

    graph.fail(second_fails)
    with pytest.raises(TenantRefused):
        await entra.read_partners()

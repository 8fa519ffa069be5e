"""The gate sends an operation of a plan only to the partner of that plan."""

from dataclasses import replace

import pytest

from tests.workflows.core.builders import TENANT, request
from tests.workflows.world import World
from workflows.core.plans.plan import PARTNERS_PATH, Operation
from workflows.core.requests.request import RequestKind, RequestState
from workflows.effects.applying.write_gate import WriteGate

OTHER = "99999999-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    "operation",
    [
        Operation(method="POST", path=PARTNERS_PATH, body={"tenantId": OTHER}),
        Operation(method="POST", path=PARTNERS_PATH, body={}),
        Operation(method="PATCH", path=f"{PARTNERS_PATH}/{OTHER}", body={}),
        Operation(method="PATCH", path=f"{PARTNERS_PATH}/{OTHER}/m365Capabilities/room", body={}),
        Operation(method="PATCH", path=f"{PARTNERS_PATH}/{TENANT}0", body={}),
        Operation(method="PATCH", path="/policies/crossTenantAccessPolicy/default", body={}),
    ],
    ids=lambda operation: operation.path.rpartition("/")[2],
)
async def test_an_operation_on_another_object_is_never_sent(world: World, operation: Operation) -> None:
    asked = request(RequestState.APPLYING)
    gate = WriteGate(tenant=world.tenant, store=world.store)
    for send in (gate.send, gate.send_optional):
        with pytest.raises(AssertionError, match="not of its partner"):
            await send(asked, operation)
    assert world.tenant.writes == []


async def test_a_stored_revocation_whose_plan_opens_is_never_sent(world: World) -> None:
    """As somebody with the database file would write it: a revocation needs no approval, and no freeze stops it."""
    asked = request(RequestState.APPLYING, decisions=())
    forged = replace(asked, fields=replace(asked.fields, kind=RequestKind.REVOCATION))
    gate = WriteGate(tenant=world.tenant, store=world.store)
    for send in (gate.send, gate.send_optional):
        with pytest.raises(AssertionError, match="does not only close"):
            await send(forged, forged.plan.operations[0])
    assert world.tenant.writes == []


async def test_a_real_revocation_is_sent(world: World) -> None:
    asked = request(RequestState.APPLYING, RequestKind.REVOCATION)
    world.tenant.partners[TENANT] = {"tenantId": TENANT}
    gate = WriteGate(tenant=world.tenant, store=world.store)
    await gate.send(asked, asked.plan.operations[0])
    assert len(world.tenant.writes) == 1

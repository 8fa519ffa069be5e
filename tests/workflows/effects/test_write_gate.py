"""The gate sends an operation of a plan only to the partner of that plan."""

import pytest

from tests.workflows.core.builders import TENANT, request
from tests.workflows.world import World
from workflows.core.plans.plan import PARTNERS_PATH, Operation
from workflows.core.requests.request import RequestState
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

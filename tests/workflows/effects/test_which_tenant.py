"""What is written belongs to the approved tenant alone, and leaves what nobody approved as it is."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from tests.workflows.core.builders import TENANT
from tests.workflows.effects.applying import decided, put
from tests.workflows.fakes import HOME
from tests.workflows.world import CONTOSO, World
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.plans.plan import Operation
from workflows.core.plans.planning import plan_access
from workflows.core.policy.approval import Decision
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.settings.model import AutomaticRedemption, Property, TenantId
from workflows.partner_lookup.target import CONSUMER_TENANTS

GROUP: Final = {"target": "5f0a1b2c-0002-4d3e-8f90-a1b2c3d4e5f6", "targetType": "group"}
OURS: Final = {
    "tenantId": TENANT,
    "b2bCollaborationOutbound": {
        "usersAndGroups": {"accessType": "blocked", "targets": [GROUP]},
        "applications": {"accessType": "allowed", "targets": [{"target": "Office365", "targetType": "application"}]},
    },
}
"""What another admin set: no plan of ours names it."""


def decided_on(tenant_id: TenantId) -> AccessRequest:
    """A request with every approval, about this tenant: as if a check at its beginning had been missing."""
    request = decided()
    plan = replace(request.plan, tenant_id=tenant_id, operations=tuple(map(moved(tenant_id), request.plan.operations)))
    prepared = request.require_prepared()
    identity = replace(prepared.observation.identity, tenant_id=tenant_id)
    observation = replace(prepared.observation, identity=identity)
    return with_plan(replace(request, prepared=replace(prepared, observation=observation)), plan)


def moved(tenant_id: TenantId) -> Any:
    def move(operation: Operation) -> Operation:
        body = {**operation.body, "tenantId": tenant_id} if "tenantId" in operation.body else operation.body
        return replace(operation, path=operation.path.replace(TENANT, tenant_id), body=body)

    return move


def with_plan(request: AccessRequest, plan: Any) -> AccessRequest:
    """The request with this plan, and every decision about it."""
    decisions: list[Decision] = [replace(one, digest=plan.digest) for one in request.decisions]
    return replace(request, prepared=replace(request.require_prepared(), plan=plan), decisions=tuple(decisions))


@pytest.mark.threats("D4")
@pytest.mark.parametrize("tenant_id", [HOME, *sorted(CONSUMER_TENANTS)])
async def test_our_own_tenant_and_those_of_no_organization_are_refused_before_a_write(
    world: World, tenant_id: TenantId
) -> None:
    """At the form they are refused as well; a plan that got past it is written nowhere."""
    world.tenant.tenants[CONTOSO.typed_name] = replace(CONTOSO, tenant_id=tenant_id)
    request = await world.settled((await world.put(decided_on(tenant_id))).id)
    assert request.state is RequestState.STOPPED
    assert world.tenant.attempts == []
    code = RefusalCode.TARGET_IS_OUR_TENANT if tenant_id == HOME else RefusalCode.TARGET_PRIVATE_ACCOUNTS
    assert code in [fact.code for fact in request.note]


@pytest.mark.threats("D8")
@pytest.mark.parametrize("before", [None, {"tenantId": TENANT}, {"tenantId": TENANT, "inboundTrust": None}])
async def test_where_only_inbound_redemption_was_asked_for_only_inbound_is_sent_and_set(
    world: World, before: dict[str, Any] | None
) -> None:
    plan = plan_access(
        tenant_id=TENANT,
        before=before,
        settings={Property.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=True)},
        template="trusted-partner",
        template_hash=decided().plan.template_hash,
        duration=timedelta(days=90),
    )
    await world.settled((await put(world, with_plan(decided(), plan))).id)
    (sent,) = world.tenant.attempts
    assert sent.body["automaticUserConsentSettings"] == {"inboundAllowed": True}
    assert set(sent.body) <= {"automaticUserConsentSettings", "tenantId"}
    assert not world.tenant.partners[TENANT]["automaticUserConsentSettings"].get("outboundAllowed")


@pytest.mark.threats("D9")
async def test_an_extra_group_in_a_setting_that_the_plan_does_not_name_is_still_there(world: World) -> None:
    request = await world.settled((await put(world, decided(dict(OURS)))).id)
    assert request.state is RequestState.APPLIED
    assert all("b2bCollaborationOutbound" not in one.body for one in world.tenant.attempts)
    stands = world.tenant.partners[TENANT]["b2bCollaborationOutbound"]
    assert stands["usersAndGroups"]["targets"] == [GROUP]


@pytest.mark.threats("D9", "F4")
async def test_a_group_that_another_admin_adds_after_the_approval_is_not_overwritten(world: World) -> None:
    """Also in a setting that the plan replaces: what it was made from has changed, so nothing is written."""
    request = await put(world, decided(dict(OURS)))
    (name,) = [name for name in request.plan.operations[0].body if name not in ("tenantId",)][:1]
    theirs = {**OURS, name: {"isMfaAccepted": True, "isHybridAzureADJoinedDeviceAccepted": True}}
    world.tenant.partners[TENANT] = dict(theirs)
    request = await world.settled(request.id)
    assert request.state is not RequestState.APPLIED
    assert world.tenant.attempts == []
    assert world.tenant.partners[TENANT] == theirs

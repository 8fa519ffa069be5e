"""Requests, tenants and answers for the tests of applying."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from tests.workflows.core.builders import AMARA, BRUNO, CHIE, HASHES, TENANT, access_plan, approval
from tests.workflows.core.builders import request as usual
from tests.workflows.fakes import BLANK
from tests.workflows.world import World
from workflows.core.plans.plan import Plan
from workflows.core.plans.planning import plan_access, plan_revocation
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import is_equivalent, to_document
from workflows.core.settings.model import BLOCK_ALL, AutomaticRedemption, IdentitySynchronization, Property, TenantId
from workflows.ports.tenant import TenantRefused, TenantUnavailable

S = RequestState
OTHER_TENANT = TenantId("0ddba11d-0000-4000-8000-000000000001")
OPEN: dict[str, Any] = {
    "tenantId": TENANT,
    "inboundTrust": {"isMfaAccepted": False, "isCompliantDeviceAccepted": True},
    "b2bCollaborationInbound": None,
    "crossCloudMeetingConfiguration": {"inboundAllowed": True},
}
BLOCKED: Final = to_document(BLOCK_ALL)
SYNCHRONIZED: dict[str, Any] = {
    **OPEN,
    "identitySynchronization": {"displayName": "theirs", "userSyncInbound": {"isSyncAllowed": True}},
}
NO_ANSWER = TenantUnavailable("Microsoft Graph does not answer.")
FORBIDDEN = TenantRefused(403, "Authorization_RequestDenied", "Insufficient privileges (request-id 1).")
INVALID = TenantRefused(400, "Request_BadRequest", "Invalid property (request-id 1).")


def decided(before: JsonObject | None = None) -> AccessRequest:
    """An access request whose whole chain has approved it; nothing is written yet."""
    plan = access_plan(before)
    chain = [approval(person, stage, digest=plan.digest) for person, stage in ((AMARA, 0), (BRUNO, 1), (CHIE, 1))]
    request = usual(S.APPLYING, decisions=tuple(chain))
    return replace(request, prepared=replace(request.require_prepared(), plan=plan))


def synchronizing(before: JsonObject | None) -> AccessRequest:
    """A decided access request of two operations: the partner, then its synchronization policy (PUT or PATCH)."""
    plan = plan_access(
        tenant_id=TENANT,
        before=before,
        settings={
            Property.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=True),
            Property.IDENTITY_SYNCHRONIZATION: IdentitySynchronization(is_allowed=True),
        },
        template="trusted-partner",
        template_hash=HASHES["trusted-partner"],
        duration=timedelta(days=90),
    )
    chain = [approval(person, stage, digest=plan.digest) for person, stage in ((AMARA, 0), (BRUNO, 1), (CHIE, 1))]
    request = usual(S.APPLYING, decisions=tuple(chain))
    return replace(request, prepared=replace(request.require_prepared(), plan=plan))


def revocation(before: JsonObject | None) -> AccessRequest:
    """A revocation that is ready to be written."""
    request = usual(S.APPLYING, RequestKind.REVOCATION)
    plan = plan_revocation(tenant_id=TENANT, default={}, before=before)
    return replace(request, prepared=replace(request.require_prepared(), plan=plan))


async def put(world: World, request: AccessRequest) -> AccessRequest:
    """Store a decided request, with the tenant as it was when the plan was made."""
    before = request.plan.before
    if before is not None:
        world.tenant.partners[TENANT] = dict(before)
    return await world.put(request)


async def retried(world: World, request: AccessRequest) -> AccessRequest:
    """Let a minute pass, then try what waited."""
    world.clock.advance(minutes=2)
    return await world.settled(request.id)


def told(configuration: JsonObject | None) -> JsonObject:
    """A configuration without what the service shows of every partner."""
    return {name: value for name, value in (configuration or {}).items() if name not in BLANK}


def assert_stands(world: World, plan: Plan) -> None:
    """Check that the tenant shows the plan's configuration. Every operation was written exactly once, in order."""
    assert plan.tenant_id == TENANT
    assert is_equivalent(told(plan.configuration_after()), told(world.tenant.partners[TENANT]))
    assert world.tenant.writes == list(plan.operations)


CASES: Final = {
    "create": decided(),
    "change": decided(OPEN),
    "create and synchronize": synchronizing(None),
    "change and synchronize": synchronizing(OPEN),
    "change and synchronize again": synchronizing(
        {**OPEN, "identitySynchronization": {"userSyncInbound": {"isSyncAllowed": False}}}
    ),
    "revoke with synchronization": revocation(SYNCHRONIZED),
}

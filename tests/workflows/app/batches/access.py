"""Batches of access by hand: many partners that are planned, and wait for one decision."""

from dataclasses import replace
from typing import Any, Final

from tests.workflows.app.batches.many import tenant_number
from tests.workflows.core.builders import AMARA, RILEY, SAM
from tests.workflows.world import World
from workflows.core.batches.batch import Batch, BatchRow, BatchState, ListFile, RowState, batch_digest
from workflows.core.plans.plan import TenantIdentity
from workflows.core.requests.request import AccessRequest, BatchId, RequestId, RequestKind
from workflows.core.settings.block import BLOCK
from workflows.core.settings.canonical import Digest
from workflows.core.settings.model import TenantId
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit

BATCH_OF_ACCESS: Final = BatchId("B-ACCESS")


def partner(number: int) -> TenantIdentity:
    """A partner that shows its number."""
    tenant_id = tenant_number(number)
    return TenantIdentity(
        tenant_id=tenant_id,
        default_domain=f"partner{number:04d}.example",
        display_name=f"Partner {number}",
        typed_name=tenant_id,
    )


async def planned(world: World, count: int, **changes: Any) -> Batch:
    """Plan access for guests of so many partners that have no entry, as members of one batch that waits for approval.

    One request is planned as every request is. The others are copies of it about other partners.
    """
    world.tenant.default = {"isServiceDefault": True, **BLOCK}
    for number in range(count + 1):
        world.tenant.add_tenant(partner(number))
    pattern = await world.waiting(template="guest-collaboration", target=tenant_number(0))
    rows = []
    for number in range(1, count + 1):
        request = member_like(pattern, partner(number), **changes)
        await _stored(world, request)
        rows.append(row_of(request, partner(number)))
    batch = batch_of_rows(pattern, tuple(rows))
    entry = AuditEntry(
        key=world.key(), at=world.clock.now(), actor="test", command="put", outcome="accepted", details={}
    )
    assert await world.store.commit(Commit(entry=entry, batch=batch))
    return batch


async def _stored(world: World, request: AccessRequest) -> None:
    entry = AuditEntry(
        key=world.key(), at=world.clock.now(), actor="test", command="put", outcome="accepted", details={}
    )
    assert await world.store.commit(Commit(entry=entry, request=request))


def member_like(pattern: AccessRequest, identity: TenantIdentity, **changes: Any) -> AccessRequest:
    """Return a planned request about another partner, as a member of the batch."""
    prepared = pattern.require_prepared()
    plan = replace(prepared.plan, tenant_id=identity.tenant_id, **changes)
    operations = []
    for one in plan.operations:
        body = {**one.body, "tenantId": str(identity.tenant_id)} if "tenantId" in one.body else one.body
        path = one.path.replace(str(pattern.plan.tenant_id), str(identity.tenant_id))
        operations.append(replace(one, path=path, body=body))
    plan = replace(plan, operations=tuple(operations))
    observation = replace(prepared.observation, identity=identity)
    return replace(
        pattern,
        id=request_number(identity.tenant_id),
        version=1,
        batch=BATCH_OF_ACCESS,
        fields=replace(pattern.fields, target=str(identity.tenant_id)),
        prepared=replace(prepared, plan=plan, observation=observation),
    )


def request_number(tenant_id: TenantId) -> RequestId:
    """The id of the request about a partner."""
    return RequestId(f"r-{int(tenant_id[-12:])}")


def row_of(request: AccessRequest, identity: TenantIdentity) -> BatchRow:
    """Return the row of a planned member."""
    prepared = request.require_prepared()
    return BatchRow(
        tenant_id=identity.tenant_id,
        name=identity.default_domain,
        display_name=identity.display_name,
        settings=Digest(""),
        state=RowState.PLANNED,
        template=prepared.plan.template,
        request_id=request.id,
        plan_digest=prepared.plan.digest,
        stages=prepared.stages,
        duration=prepared.plan.duration,
    )


def batch_of_rows(pattern: AccessRequest, rows: tuple[BatchRow, ...]) -> Batch:
    """Return a batch of planned members, with its list, that waits for approval."""
    prepared = pattern.require_prepared()
    digest = batch_digest(BATCH_OF_ACCESS, rows, prepared.stages)
    return Batch(
        id=BATCH_OF_ACCESS,
        version=1,
        state=BatchState.AWAITING_APPROVAL,
        kind=RequestKind.ACCESS,
        rows=rows,
        drafted_by="os:root",
        created_at=pattern.created_at,
        changed_at=pattern.changed_at,
        expires_at=pattern.expires_at,
        requester=RILEY,
        sponsor=SAM,
        justification="From the list of contractors",
        duration=prepared.plan.duration,
        confirmed_at=pattern.created_at,
        stages=prepared.stages,
        roles=prepared.roles,
        templates={prepared.plan.template: prepared.plan.template_hash},
        digest=digest,
        list_file=ListFile(file_id="F1", name="list.csv", sha256=Digest("ab" * 32), digest=digest),
    )


APPROVERS: Final = (AMARA,)
"""Who approves guest access of partners."""

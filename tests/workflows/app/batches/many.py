"""Many partners that somebody configured by hand, and a batch that adopts them."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from tests.workflows.core.builders import MALLORY, RILEY, SAM
from tests.workflows.world import CATALOG, World
from workflows.app.batches.confirming import BatchForm
from workflows.app.batches.drafting import Drafted, PartnerChoice
from workflows.core.batches.batch import Batch, BatchRow
from workflows.core.people import Person
from workflows.core.plans.plan import TenantIdentity
from workflows.core.plans.planning import plan_access
from workflows.core.requests.commands.batch import ApproveBatch, RejectBatch
from workflows.core.requests.request import AccessRequest, BatchId
from workflows.core.settings.block import BLOCK
from workflows.core.settings.model import TenantId
from workflows.core.settings.partner_changes import PartnerChange

TRUSTED: Final = {"inboundTrust": {"isMfaAccepted": True, "isCompliantDeviceAccepted": True}}
"""What makes a partner's risk high, with every application open."""


def tenant_number(number: int) -> TenantId:
    """A tenant id that shows its number."""
    return TenantId(f"00000000-0000-4000-8000-{number:012d}")


def guests() -> dict[str, Any]:
    """What the template for guests sets for a partner that had nothing."""
    found = CATALOG.templates["guest-collaboration"]
    plan = plan_access(
        tenant_id=tenant_number(0),
        before=None,
        settings=found.settings,
        template=found.name,
        template_hash=found.content_hash,
        duration=found.longest,
    )
    settings = plan.configuration_after() or {}
    return {name: value for name, value in settings.items() if name != "tenantId"}


def configure_many(
    world: World, count: int, *, first: int = 1, author: Person | None = MALLORY, more: Mapping[str, Any] | None = None
) -> None:
    """Configure partners by hand, for guests; the log names who did."""
    world.tenant.default = {"isServiceDefault": True, **BLOCK}
    for number in range(first, first + count):
        tenant_id = tenant_number(number)
        identity = TenantIdentity(
            tenant_id=tenant_id,
            default_domain=f"partner{number:04d}.example",
            display_name=f"Partner {number}",
            typed_name=tenant_id,
        )
        world.tenant.add_tenant(identity)
        world.tenant.edit(tenant_id, **{**guests(), **(more or {})})
        if author is not None:
            world.tenant.tenant_settings.changes[tenant_id] = [made_by(world, author)]


def made_by(world: World, author: Person) -> PartnerChange:
    """An entry of the log: this person added the partner an hour ago."""
    return PartnerChange(
        at=world.clock.now() - timedelta(hours=1),
        activity="Add a partner to cross-tenant access setting",
        changed_by=author.name,
        is_ours=False,
        user_id=author.id,
        is_creation=True,
    )


async def drafted(world: World, choice: PartnerChoice | None = None) -> Drafted:
    """Draft a batch at the command line."""
    return await world.drafting().draft(choice or PartnerChoice(), drafted_by="os:root")


async def asked(world: World, *, days: int = 180) -> Batch:
    """Draft a batch, let Riley confirm it, and let everything follow: it waits for approval."""
    found = await drafted(world)
    assert found.batch is not None
    await world.batch_intake().confirm(form(found.batch, days=days), key=world.key())
    await world.settle()
    return await batch_of(world, found.batch.id)


def form(batch: Batch, **filled: Any) -> BatchForm:
    """The form of a draft, as Riley fills it in."""
    usual: dict[str, Any] = {
        "requester": RILEY.chat_id,
        "batch_id": batch.id,
        "shown_version": batch.version,
        "justification": "They work with us since 2024",
        "sponsor": SAM.chat_id,
        "days": 180,
    }
    return BatchForm(**{**usual, **filled})


async def batch_of(world: World, batch_id: BatchId) -> Batch:
    """Load a batch that must be there."""
    batch = await world.store.batch(batch_id)
    assert batch is not None
    return batch


async def row_request(world: World, row: BatchRow) -> AccessRequest:
    """Load the request of a row."""
    assert row.request_id is not None
    return await world.request(row.request_id)


async def approve_batch(world: World, batch: Batch, people: Sequence[Person], *, but: type | None = None) -> Batch:
    """Let people approve what the batch decides now, one after the other."""
    for person in people:
        assert batch.digest is not None
        click = ApproveBatch(actor=person.chat_id, batch_id=batch.id, digest=batch.digest)
        await world.click(click, but=but)
    return await batch_of(world, batch.id)


async def reject_batch(world: World, batch: Batch, person: Person, reason: str = "Not all of them") -> Batch:
    """Let one person reject what the batch decides now."""
    assert batch.digest is not None
    await world.click(RejectBatch(actor=person.chat_id, batch_id=batch.id, digest=batch.digest, reason=reason))
    return await batch_of(world, batch.id)

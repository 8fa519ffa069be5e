"""Who has become the sponsor of one partner of a batch since its plan decides on none of them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.workflows.app.batches.many import (
    approve_batch,
    asked,
    batch_of,
    configure_many,
    drafted,
    form,
    tenant_number,
)
from tests.workflows.core.builders import AMARA, BRUNO, NOW, RILEY, SAM, identity, partnership
from tests.workflows.world import World
from workflows.app.requests.forms import InvalidForm
from workflows.core.batches.batch import BatchState, RowState
from workflows.core.partners.partnership import PartnershipState
from workflows.core.people import Person
from workflows.core.policy.reviews.sponsorship import FormerSponsor
from workflows.core.requests.effects import AdvanceBatch
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit


async def recorded(
    world: World,
    sponsor: Person,
    *,
    number: int = 1,
    former: tuple[FormerSponsor, ...] = (),
    state: PartnershipState = PartnershipState.ACTIVE,
) -> None:
    """Store a record of a partner of the batch with a sponsor, as an approval of its own would make one."""
    tenant_id = tenant_number(number)
    known = partnership(
        version=1,
        identity=replace(identity(), tenant_id=tenant_id),
        sponsor=sponsor,
        former_sponsors=former,
        state=state,
        next_review_at=None,
    )
    entry = AuditEntry(key=world.key(), at=NOW, actor="test", command="put", outcome="accepted", details={})
    assert await world.store.commit(Commit(entry=entry, partnership=known))


async def test_who_became_the_sponsor_of_one_row_approves_none(world: World) -> None:
    configure_many(world, 3, author=None)
    batch = await asked(world)
    await recorded(world, AMARA)
    batch = await approve_batch(world, batch, (AMARA,))
    assert (await world.refusals())[-1] == (AMARA.chat_id, "partner_sponsor")
    assert (batch.state, batch.decisions) == (BatchState.AWAITING_APPROVAL, ())


async def test_who_was_the_sponsor_of_one_row_lately_approves_none(world: World) -> None:
    configure_many(world, 3, author=None)
    batch = await asked(world)
    former = FormerSponsor(person=AMARA, until=NOW - timedelta(days=89))
    await recorded(world, SAM, former=(former,))
    batch = await approve_batch(world, batch, (AMARA,))
    assert (await world.refusals())[-1] == (AMARA.chat_id, "partner_sponsor")
    assert batch.decisions == ()


async def test_an_approver_who_became_a_sponsor_before_it_is_recorded_does_not_count(world: World) -> None:
    """Nothing is recorded of any row, and the approval is asked for again."""
    configure_many(world, 2)
    batch = await approve_batch(world, await asked(world), (AMARA,), but=AdvanceBatch)
    assert batch.state is BatchState.APPLYING
    await recorded(world, AMARA, state=PartnershipState.REVOKED)
    await world.settle()
    batch = await batch_of(world, batch.id)
    assert (batch.state, batch.decisions) == (BatchState.AWAITING_APPROVAL, ())
    assert batch.counts() == {RowState.PLANNED: 2}
    assert AMARA in batch.partner_sponsors


async def test_the_chain_of_a_batch_is_possible_only_without_recent_sponsors(world: World) -> None:
    """Otherwise a batch would wait for people who may not decide. Each row alone could be decided."""
    configure_many(world, 2)
    for person, roles in ((RILEY, ""), (SAM, ""), (BRUNO, "security")):
        world.directory.assign(person, roles)
    await recorded(world, AMARA, state=PartnershipState.REVOKED)
    await recorded(world, BRUNO, number=2, state=PartnershipState.REVOKED)
    found = await drafted(world)
    assert found.batch is not None
    terms = await world.batch_intake().terms(found.batch, RILEY.chat_id, SAM.chat_id)
    assert terms.problem is not None
    with pytest.raises(InvalidForm):
        await world.batch_intake().confirm(form(found.batch), key=world.key())


async def test_an_approval_is_not_asked_for_that_only_sponsors_of_rows_could_give(world: World) -> None:
    configure_many(world, 2)
    for person, roles in ((RILEY, ""), (SAM, ""), (BRUNO, "security")):
        world.directory.assign(person, roles)
    found = await drafted(world)
    assert found.batch is not None
    await world.batch_intake().confirm(form(found.batch), key=world.key())
    await recorded(world, AMARA, state=PartnershipState.REVOKED)
    await recorded(world, BRUNO, number=2, state=PartnershipState.REVOKED)
    await world.settle()
    batch = await batch_of(world, found.batch.id)
    assert batch.state is BatchState.WITHDRAWN
    assert batch.counts() == {RowState.ENDED: 2}

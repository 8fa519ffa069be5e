"""The life of a batch: drafted, confirmed, decided by one decision, recorded partner by partner."""

from datetime import timedelta

from bot.words.requests.notes import note_words
from tests.workflows.app.batches.many import (
    TRUSTED,
    approve_batch,
    asked,
    configure_many,
    drafted,
)
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, MALLORY, NOW, SAM
from tests.workflows.world import World
from workflows.core.batches.batch import BatchState, RowCode, RowState
from workflows.core.policy.risk import RiskLevel
from workflows.core.requests.request import RequestState


async def test_forty_partners_are_adopted_with_one_decision(world: World) -> None:
    """Each is a request of its own with the decisions on its plan, and nothing is ever written to the tenant."""
    configure_many(world, 40)
    batch = await asked(world)
    assert batch.state is BatchState.AWAITING_APPROVAL, batch.note
    assert batch.counts() == {RowState.PLANNED: 40}
    assert batch.is_list_current
    assert world.notifier.lists == [batch.members]
    assert [one.id for one in batch.authors] == [MALLORY.id]
    assert world.notifier.requests == []
    needed = [stage.quorum for stage in batch.stages]
    batch = await approve_batch(world, batch, (AMARA, BRUNO, CHIE)[: sum(needed)])
    assert batch.state is BatchState.DONE, (batch.counts(), batch.note, await world.refusals())
    assert batch.counts() == {RowState.APPLIED: 40}
    assert world.tenant.attempts == []
    assert world.notifier.requests == []
    for row in batch.rows:
        assert row.request_id is not None
        request = await world.request(row.request_id)
        assert request.state is RequestState.APPLIED, note_words(request.note)
        assert {one.digest for one in request.decisions} == {request.plan.digest}
        assert {one.batch_digest for one in request.decisions} == {batch.digest}
        record = await world.store.partnership(row.tenant_id)
        assert record is not None
        assert (record.is_adopted, record.sponsor, record.stages) == (True, SAM, batch.stages)
        assert record.ends_at == NOW + timedelta(days=180)


async def test_a_draft_says_who_goes_alone_and_who_cannot_be_adopted(world: World) -> None:
    """A draft asks nobody for anything. Its audit entry names the user of the operating system."""
    configure_many(world, 2)
    configure_many(world, 1, first=3, more=TRUSTED)
    found = await drafted(world)
    assert found.batch is not None
    assert [row.state for row in found.rows] == [RowState.WAITING, RowState.WAITING, RowState.ALONE]
    assert found.rows[2].risk is RiskLevel.HIGH
    assert [fact.code for fact in found.rows[2].reason] == [RowCode.HIGH_RISK]
    assert (await world.log())[-1] == ("os:root", "draft_batch", "accepted")
    assert await world.all_requests() == []

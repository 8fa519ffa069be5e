"""Members of a batch of access are written together, each with every check of its own."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.workflows.app.batches.access import APPROVERS, BATCH_OF_ACCESS, planned, request_number
from tests.workflows.app.batches.many import approve_batch, batch_of, tenant_number
from tests.workflows.world import World
from workflows.core.batches.batch import Batch, BatchState, RowState
from workflows.core.requests.effects import AdvanceBatch
from workflows.core.requests.request import RequestState
from workflows.ports.tenant import TenantRefused, TenantUnavailable

SIZE = 20


async def applied(world: World, count: int) -> Batch:
    """Plan and approve a batch, and let everything follow."""
    return await approve_batch(world, await planned(world, count), APPROVERS)


def numbers(world: World) -> list[int]:
    """The numbers of the partners that were written, in order."""
    return [int(str(one.body["tenantId"])[-12:]) for one in world.tenant.writes]


async def test_twenty_members_are_written_with_one_request_and_each_is_read_back(world: World) -> None:
    batch = await applied(world, SIZE + 5)
    assert (batch.state, batch.counts()) == (BatchState.DONE, {RowState.APPLIED: SIZE + 5})
    assert world.tenant.together_writes == [SIZE, 5]
    assert sorted(numbers(world)) == list(range(1, SIZE + 6))
    for row in batch.rows:
        assert row.request_id is not None
        request = await world.request(row.request_id)
        assert request.state is RequestState.APPLIED
        assert {one.batch_digest for one in request.decisions} == {batch.digest}
    assert len([one for one in await world.store.partnerships()]) == SIZE + 5

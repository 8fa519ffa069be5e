"""The same file with the same options has one open draft, however often and by how many it is made."""

import asyncio
from datetime import timedelta

import pytest

from tests.workflows.app.batches.importing.test_drafting import DIGEST, GUESTS, draft_of, stored
from tests.workflows.world import World
from workflows.app.batches.importing.draft_ids import DraftedFile, draft_of_file
from workflows.core.batches.batch import BatchState
from workflows.intervals import DRAFT_KEPT_FOR

FILE = DraftedFile(digest=DIGEST)


async def test_a_file_has_no_draft_and_then_the_one_with_its_id(world: World) -> None:
    first, found = await draft_of_file(FILE, store=world.store, clock=world.clock)
    assert found is None
    batch = await stored(world, ("contoso.com", GUESTS), batch_id=first)
    again, found = await draft_of_file(FILE, store=world.store, clock=world.clock)
    assert (again, found) == (first, batch)


async def test_two_at_the_same_time_make_one_draft(world: World) -> None:
    first, _ = await draft_of_file(FILE, store=world.store, clock=world.clock)
    made = await asyncio.gather(*(draft_of(world, ("contoso.com", GUESTS), batch_id=first) for _ in range(3)))
    assert {one.batch.id for one in made if one.batch is not None} == {first}
    assert len(await world.store.open_batches()) == 1


async def test_a_draft_that_has_expired_is_not_the_drafts_of_the_file_any_more(world: World) -> None:
    first, _ = await draft_of_file(FILE, store=world.store, clock=world.clock)
    batch = await stored(world, ("contoso.com", GUESTS), batch_id=first)
    assert batch.state is BatchState.DRAFT
    world.clock.advance(seconds=(DRAFT_KEPT_FOR + timedelta(seconds=1)).total_seconds())
    second, found = await draft_of_file(FILE, store=world.store, clock=world.clock)
    assert found is None
    assert second != first


async def test_the_draft_of_another_file_with_the_same_id_is_not_its_draft(world: World) -> None:
    other = DraftedFile(digest="00" * 32)
    batch = await stored(world, ("contoso.com", GUESTS), batch_id=other.draft_id(0))
    assert batch.sheet is not None
    assert batch.sheet.sha256 == DIGEST
    assert await draft_of_file(other, store=world.store, clock=world.clock) == (other.draft_id(1), None)


@pytest.mark.parametrize(
    "other",
    [
        DraftedFile(digest="00" * 32),
        DraftedFile(digest=DIGEST, sheet="Second"),
        DraftedFile(digest=DIGEST, template=GUESTS),
        DraftedFile(digest=DIGEST, columns={"partner": "Domain"}),
    ],
)
async def test_other_bytes_and_other_options_are_another_draft(world: World, other: DraftedFile) -> None:
    ids = [(await draft_of_file(one, store=world.store, clock=world.clock))[0] for one in (FILE, other)]
    assert len(set(ids)) == 2

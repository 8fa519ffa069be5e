"""A file has one open draft, which asks for what the file asks for now."""

from dataclasses import replace
from typing import Any, Final

import pytest

from tests.workflows.app.batches.importing.test_drafting import DIGEST, GUESTS, sheet
from tests.workflows.app.batches.importing.test_judging import known
from tests.workflows.core.builders import DANA
from tests.workflows.world import World
from workflows.app.batches.importing.draft_ids import DraftedFile, changed_rows, draft_of_file
from workflows.app.batches.importing.drafting import SheetDrafting
from workflows.app.batches.importing.redrafting import FileDraft, draft_again
from workflows.core.batches.batch import Batch, BatchRow, BatchState, RowState
from workflows.core.batches.sheets.columns import recognise
from workflows.core.batches.sheets.judged import RowVerdict
from workflows.core.policy.risk import RiskLevel
from workflows.core.settings.canonical import Digest
from workflows.ports.tenant import TenantUnavailable

FILE: Final = DraftedFile(digest=DIGEST)
HEADER: Final = ("Domain", "Template", "Days", "End date")


async def again(world: World, *rows: tuple[Any, ...], verdicts: list[RowVerdict] | None = None) -> FileDraft:
    """Draft the same file."""
    file = sheet(*(rows or (("contoso.com", GUESTS, 90), ("fabrikam.com", GUESTS, 90))), header=HEADER)
    return await draft_again(
        SheetDrafting(batches=world.batches, tenant=world.tenant, catalog=world.catalog),
        file,
        recognise(file.sheet.header),
        FILE,
        drafted_by="os:ci",
        on_found=lambda *_: None,
        on_judged=lambda one: None if verdicts is None else verdicts.append(one.verdict),
    )


def required(batch: Batch | None) -> Batch:
    assert batch is not None
    return batch


async def test_a_draft_that_asks_for_the_same_stays_and_every_row_is_judged_again(world: World) -> None:
    known(world, "fabrikam.com")
    first = await again(world)
    verdicts: list[RowVerdict] = []
    second = await again(world, verdicts=verdicts)
    assert first.is_new
    assert second == FileDraft(batch=first.batch)
    assert verdicts == [RowVerdict.ADD, RowVerdict.ADD]


async def test_a_partner_that_became_known_since_then_is_in_a_new_draft_and_the_old_one_is_ended(world: World) -> None:
    first = required((await again(world)).batch)
    assert [row.state for row in first.rows] == [RowState.WAITING, RowState.NOT_ASKED]
    known(world, "fabrikam.com")
    second = await again(world)
    [changed] = second.changed
    assert (changed.before.state, changed.now.state) == (RowState.NOT_ASKED, RowState.WAITING)
    assert (second.is_new, required(second.replaced).id) == (True, first.id)
    assert required(second.batch).id != first.id
    assert (await world.batches.load(first.id)).state is BatchState.WITHDRAWN
    assert [one.id for one in await world.store.open_batches()] == [required(second.batch).id]
    assert await again(world) == FileDraft(batch=second.batch)


async def test_a_row_that_is_not_known_now_ends_no_draft(world: World) -> None:
    known(world, "fabrikam.com")
    first = await again(world)
    world.script.fail("tenant.find", TenantUnavailable("no answer"), times=9)
    verdicts: list[RowVerdict] = []
    assert await again(world, verdicts=verdicts) == FileDraft(batch=first.batch)
    assert RowVerdict.NOT_READ in verdicts


async def test_a_draft_for_which_nothing_can_be_asked_any_more_is_ended_and_none_is_stored(world: World) -> None:
    first = await again(world)
    assert first.is_new
    world.tenant.tenants.clear()
    second = await again(world)
    assert (second.batch, second.is_new) == (None, False)
    assert required(second.replaced).id == required(first.batch).id
    assert not await world.store.open_batches()
    assert (await draft_of_file(FILE, store=world.store, clock=world.clock))[1] is None


def others(row: BatchRow) -> list[BatchRow]:
    asked = row.asked
    assert asked is not None
    return [
        replace(row, settings=Digest("00" * 32)),
        replace(row, state=RowState.ALONE),
        replace(row, risk=RiskLevel.HIGH),
        replace(row, stages=row.stages[:-1]),
        replace(row, asked=replace(asked, sponsor=DANA)),
        replace(row, asked=replace(asked, reason="Another one")),
        replace(row, asked=replace(asked, duration=asked.duration and asked.duration * 2)),
    ]


@pytest.mark.parametrize("which", range(7))
async def test_another_thing_that_is_asked_for_is_a_changed_row(world: World, which: int) -> None:
    known(world, "fabrikam.com")
    batch = required((await again(world)).batch)
    first, second = batch.rows
    assert list(changed_rows(batch, batch.rows)) == []
    [changed] = changed_rows(batch, (others(first)[which], second))
    assert changed.before == first


async def test_the_days_until_a_fixed_day_are_no_change(world: World) -> None:
    batch = required((await again(world)).batch)
    first, second = batch.rows
    assert first.asked is not None
    assert first.asked.duration is not None
    ends_at = world.clock.now() + first.asked.duration
    before = replace(first, asked=replace(first.asked, ends_at=ends_at))
    now = replace(before, asked=replace(first.asked, ends_at=ends_at, duration=first.asked.duration / 2))
    assert list(changed_rows(replace(batch, rows=(before, second)), (now, second))) == []

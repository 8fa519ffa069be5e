"""A draft of a sheet: what is asked for together, alone and not at all, each row with its number."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import pytest

from tests.workflows.app.batches.importing.test_judging import known
from tests.workflows.core.builders import DANA
from tests.workflows.world import CATALOG, World
from workflows.app.batches.importing.drafting import DraftedSheet, SheetDrafting
from workflows.core.batches.batch import BY_PERSON, Batch, BatchRow, BatchState, RowCode, RowState
from workflows.core.batches.sheets.cells import RawRow, RawSheet
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import SheetUnusable, recognise
from workflows.core.batches.sheets.judged import JudgedRow, RowVerdict
from workflows.core.checks.findings import FindingCode
from workflows.core.errors.facts import Fact
from workflows.core.requests.request import BatchId, RequestKind
from workflows.ports.tenant import TenantUnavailable
from workflows.sheets.limits import MAX_DRAFT_ROWS
from workflows.sheets.reading import SheetFile

HEADER: Final = ("Domain", "Template", "Days", "Reason", "Ticket")
GUESTS: Final = "guest-collaboration"
DIGEST: Final = "5e" * 32


def sheet(*rows: Sequence[Any], header: tuple[str, ...] = HEADER) -> SheetFile:
    """A sheet whose first row is row 2, as in a spreadsheet."""
    cells = tuple(RawRow(number=number, cells=tuple(row)) for number, row in enumerate(rows, start=2))
    return SheetFile("partners.csv", DIGEST, RawSheet(header=header, rows=cells))


async def draft_of(world: World, *rows: Sequence[Any], header: tuple[str, ...] = HEADER, **more: Any) -> DraftedSheet:
    """Draft a sheet at the command line."""
    file = sheet(*rows, header=header)
    drafting = SheetDrafting(batches=world.batches, tenant=world.tenant, catalog=world.catalog)
    usual = {"drafted_by": "os:root"}
    return await drafting.draft(file, recognise(file.sheet.header), "", **{**usual, **more})


async def stored(world: World, *rows: Sequence[Any], **more: Any) -> Batch:
    """The draft as it is stored."""
    found = (await draft_of(world, *rows, **more)).batch
    assert found is not None
    batch = await world.store.batch(found.id)
    assert batch is not None
    return batch


def by_number(batch: Batch) -> dict[int, BatchRow]:
    return {row.asked.row: row for row in batch.rows if row.asked is not None}


async def test_a_draft_has_every_row_of_the_sheet_in_its_order(world: World) -> None:
    known(world, "fabrikam.com", "adatum.com", "northwind.com")
    judged: list[JudgedRow] = []
    batch = await stored(
        world,
        ("fabrikam.com", GUESTS, 90, "They build the new portal", "CHG-7"),
        ("adatum.com", "merger"),
        ("northwind.com", "no-such-template"),
        ("contoso.com", GUESTS),
        on_judged=judged.append,
    )
    assert [one.row.number for one in judged] == [2, 3, 4, 5]
    assert (batch.state, batch.kind, batch.drafted_by) == (BatchState.DRAFT, RequestKind.ACCESS, "os:root")
    assert batch.sheet is not None
    assert (batch.sheet.name, batch.sheet.sha256, batch.sheet.rows) == ("partners.csv", DIGEST, 4)
    assert [row.asked.row for row in batch.rows if row.asked is not None] == [2, 3, 4, 5]
    rows = by_number(batch)
    assert {number: row.state for number, row in rows.items()} == {
        2: RowState.WAITING,
        3: RowState.ALONE,
        4: RowState.NOT_ASKED,
        5: RowState.WAITING,
    }
    first = rows[2].asked
    assert first is not None
    assert (first.target, first.template, first.reason, first.ticket) == (
        "fabrikam.com",
        GUESTS,
        "They build the new portal",
        "",
    ), "its template asks for no ticket"
    assert (rows[2].name, rows[2].template_title, rows[2].duration) == (
        "fabrikam.com",
        CATALOG.templates[GUESTS].title,
        first.duration,
    )
    assert rows[2].stages
    assert rows[2].openings
    assert [fact.code for fact in rows[3].reason] == [RowCode.HIGH_RISK]
    (problem,) = rows[4].reason
    assert (problem.code, problem.values["column"]) == (RowCode.CELL, "template")
    entry = (await world.store.history())[0]
    assert (entry.command, entry.details["sha256"], entry.details["rows"]) == ("draft_batch", DIGEST, 4)


async def test_nothing_is_stored_when_nothing_can_be_asked_for(world: World) -> None:
    found = await draft_of(world, ("nobody.example", GUESTS), ("contoso.com", ""))
    assert (found.batch, found.counts[RowVerdict.REFUSED]) == (None, 2)
    assert list(await world.store.open_batches()) == []


async def test_rows_that_are_so_already_or_not_known_say_so(world: World) -> None:
    await world.opened()
    known(world, "fabrikam.com", "adatum.com")
    world.script.fail("tenant.find", TenantUnavailable("no answer"))
    batch = await stored(world, ("fabrikam.com", GUESTS), ("contoso.com", "trusted-partner"), ("adatum.com", GUESTS))
    rows = by_number(batch)
    assert [fact.code for fact in rows[2].reason] == [RowCode.NOT_LOOKED_UP]
    assert rows[3].reason[0].code == RowCode.UNCHANGED
    assert rows[3].tenant_id == world.tenant.tenants["contoso.com"].tenant_id
    assert rows[4].state is RowState.WAITING


async def test_a_partner_named_twice_is_asked_for_once_and_the_other_row_never_changes(world: World) -> None:
    batch = await stored(world, ("contoso.com", GUESTS), ("https://contoso.com/", GUESTS))
    first, second = batch.rows
    assert (first.state, second.state) == (RowState.WAITING, RowState.NOT_ASKED)
    assert second.reason[0].values["problem"]["code"] == SheetCode.SAME_AS_ROW
    assert batch.row_of(first.tenant_id) == first
    assert replace(batch, rows=(second, first)).row_of(first.tenant_id) == first


async def test_a_similar_name_in_the_sheet_stays_a_finding_of_both_rows(world: World) -> None:
    known(world, "fabrikam.com", "fabrlkam.com")
    batch = await stored(world, ("fabrikam.com", GUESTS), ("fabrlkam.com", GUESTS))
    assert [[one.code for one in row.findings] for row in batch.rows] == [[FindingCode.LOOK_ALIKE]] * 2


async def test_a_blocked_partner_is_opened_alone_and_a_block_does_not_wait_for_others(world: World) -> None:
    await world.opened()
    known(world, "fabrikam.com")
    batch = await stored(world, ("contoso.com", "block"), ("fabrikam.com", GUESTS))
    assert [fact.code for fact in batch.rows[0].reason] == [RowCode.CLOSES]
    await world.revoke(DANA)
    rows = by_number(await stored(world, ("contoso.com", GUESTS), ("fabrikam.com", GUESTS)))
    assert (rows[2].state, rows[2].reason[-1].code) == (RowState.ALONE, RowCode.REOPENS)
    assert rows[2].reason[-1].values["state"] == "revoked"
    assert rows[3].state is RowState.WAITING


async def test_what_is_sent_twice_is_one_draft_and_a_person_is_the_actor(world: World) -> None:
    known(world, "fabrikam.com")
    drafts = [
        await stored(world, (name, GUESTS), drafted_by=f"{BY_PERSON}U-riley", batch_id=BatchId("B-1"))
        for name in ("contoso.com", "fabrikam.com")
    ]
    assert drafts[0] == drafts[1]
    entries = [one for one in await world.store.history() if one.command == "draft_batch"]
    assert [one.actor for one in entries] == ["U-riley"]


async def test_a_sheet_with_more_rows_than_one_record_can_have_is_not_drafted(world: World) -> None:
    begun = len(world.script.calls)
    with pytest.raises(SheetUnusable) as refused:
        await draft_of(world, *[("fabrikam.com", GUESTS)] * (MAX_DRAFT_ROWS + 1))
    assert refused.value.facts == (Fact(SheetCode.TOO_MANY_ROWS, {"limit": MAX_DRAFT_ROWS}),)
    assert world.script.calls[begun:] == [], "nothing is looked up"

"""Keep one open draft of a file, and let it ask for what the file asks for now.

A draft is days old when the same file is drafted again. Then its rows are judged again: if something else would be
asked, the old draft is ended and a new one is stored.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workflows.app.batches.importing.draft_ids import DraftedFile, draft_of_file
from workflows.app.batches.importing.drafting import OnJudged, SheetDrafting
from workflows.app.batches.importing.judging import OnFound
from workflows.core.batches.batch import Batch, BatchRow, RowCode
from workflows.core.batches.sheets.columns import Columns
from workflows.core.people import ChatId
from workflows.core.requests.commands.batch import WithdrawBatch
from workflows.sheets.reading import SheetFile


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedRow:
    """A row for which something else would be asked now than in the stored draft."""

    before: BatchRow
    now: BatchRow


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDraft:
    """The draft of a file, as the file is judged now."""

    batch: Batch | None
    """None when nothing can be asked for any row."""
    is_new: bool = False
    replaced: Batch | None = None
    """The draft that was ended, because something else would be asked now."""
    changed: Sequence[ChangedRow] = ()


async def draft_again(
    drafting: SheetDrafting,
    file: SheetFile,
    columns: Columns,
    asked: DraftedFile,
    *,
    drafted_by: str,
    on_found: OnFound,
    on_judged: OnJudged,
) -> FileDraft:
    """Judge every row of a file, and return its open draft if that asks for the same; otherwise store a new one.

    :param drafted_by: see `Batch.drafted_by`.
    :raises TenantUnavailable, TenantRefused: when the tenant cannot be read now; everything stays as it is.
    :raises Refused: when a member confirmed or discarded the old draft meanwhile; no other one is stored.
    """
    judged = await drafting.judge(file, columns, asked.template, on_found=on_found, on_judged=on_judged)
    store, clock = drafting.batches.store, drafting.batches.clock
    batch_id, stored = await draft_of_file(asked, store=store, clock=clock)
    changed = () if stored is None else tuple(changed_rows(stored, judged.rows))
    if stored is not None and not changed:
        return FileDraft(batch=stored)
    if stored is not None:
        # NB. before the new one is stored: when a member confirms the old one at this moment, only one is confirmed.
        await drafting.batches.advance(
            WithdrawBatch(actor=ChatId(drafted_by), batch_id=stored.id), key=f"{stored.id}:replaced"
        )
        batch_id, _ = await draft_of_file(asked, store=store, clock=clock)
    batch = await drafting.store(file, judged.rows, drafted_by=drafted_by, sheet=asked.sheet, batch_id=batch_id)
    return FileDraft(batch=batch, is_new=batch is not None, replaced=stored, changed=changed)


def changed_rows(stored: Batch, rows: Sequence[BatchRow]) -> Iterator[ChangedRow]:
    """Yield the rows for which something else would be asked now. Rows that cannot be looked up now count as equal."""
    for before, now in zip(stored.rows, rows, strict=True):
        is_known = all(fact.code != RowCode.NOT_LOOKED_UP for fact in now.reason)
        if is_known and _what_is_asked(before) != _what_is_asked(now):
            yield ChangedRow(before=before, now=now)


def _what_is_asked(row: BatchRow) -> tuple[Any, ...]:
    """Return everything that a row asks for and who would decide; of a row for which nothing is asked only that."""
    asked = row.asked
    if not row.is_asked or asked is None:
        return (row.is_asked,)
    until = asked.ends_at or asked.duration  # the days until a fixed day are fewer each day
    sponsor = None if asked.sponsor is None else asked.sponsor.id
    what = replace(asked, duration=None, ends_at=None, sponsor=None)
    who = (row.risk, row.stages, tuple(fact.code for fact in row.reason))
    return (row.state, row.tenant_id, row.settings, row.openings, row.at_end, what, until, sponsor, *who)

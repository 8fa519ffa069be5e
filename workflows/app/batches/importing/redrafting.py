"""Keep one open draft of a file, and let it ask for what the file asks for now.

A draft is days old when the same file is drafted again. Then its rows are judged again: if something else would be
asked, the old draft is ended and a new one is stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from workflows.app.batches.importing.draft_ids import (
    ChangedRow,
    DraftedFile,
    changed_rows,
    draft_of_file,
    drafts_of_content,
    same_draft,
)
from workflows.app.batches.importing.drafting import OnJudged, SheetDrafting
from workflows.app.batches.importing.judging import OnFound
from workflows.core.batches.batch import Batch
from workflows.core.batches.sheets.columns import Columns
from workflows.core.people import ChatId
from workflows.core.requests.commands.batch import WithdrawBatch
from workflows.sheets.reading import SheetFile


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDraft:
    """The draft of a file, as the file is judged now."""

    batch: Batch | None
    """None when nothing can be asked for any row."""
    is_new: bool = False
    replaced: Batch | None = None
    """The draft that was ended, because something else would be asked now."""
    changed: Sequence[ChangedRow] = ()
    others: Sequence[Batch] = ()
    """Other open drafts of the same content, which ask for something else."""


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
    same_content = await drafts_of_content(asked.digest, store=store, clock=clock)
    others = tuple(one for one in same_content if one.id != batch_id)
    if stored is not None and not changed:
        return FileDraft(batch=stored, others=others)
    if stored is None and (same := same_draft(others, judged.rows)) is not None:
        return FileDraft(batch=same, others=tuple(one for one in others if one is not same))
    if stored is not None:
        # NB. before the new one is stored: when a member confirms the old one at this moment, only one is confirmed.
        await drafting.batches.advance(
            WithdrawBatch(actor=ChatId(drafted_by), batch_id=stored.id), key=f"{stored.id}:replaced"
        )
        batch_id, _ = await draft_of_file(asked, store=store, clock=clock)
    batch = await drafting.store(file, judged.rows, drafted_by=drafted_by, sheet=asked.sheet, batch_id=batch_id)
    return FileDraft(batch=batch, is_new=batch is not None, replaced=stored, changed=changed, others=others)

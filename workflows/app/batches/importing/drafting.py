"""Draft a batch from a sheet: judge each row, and keep what is asked for and why nothing is asked for the others.

Nothing is asked for yet: a full member confirms the draft, and is then the requester.
"""

import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from workflows.app.batches.batch_service import BatchService
from workflows.app.batches.importing.asking import draft_row
from workflows.app.batches.importing.draft_ids import drafts_of_content, same_draft
from workflows.app.batches.importing.judging import Keep, OnFound, SheetJudging, keep_nothing
from workflows.catalog.catalog import Catalog
from workflows.core.batches.asked_row import BatchSheet
from workflows.core.batches.batch import Batch, BatchRow
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import Columns, SheetUnusable
from workflows.core.batches.sheets.judged import JudgedRow, RowVerdict
from workflows.core.batches.sheets.rows import SheetRow, read_row
from workflows.core.errors.facts import Fact
from workflows.core.plans.plan import TenantIdentity
from workflows.core.requests.request import BatchId, RequestKind
from workflows.core.settings.canonical import Digest
from workflows.intervals import DRAFT_KEPT_FOR
from workflows.ports.tenant import Tenant
from workflows.preflight.shared_access import KeptEvaluations
from workflows.sheets.limits import MAX_DRAFT_ROWS
from workflows.sheets.reading import SheetFile

OnJudged = Callable[[JudgedRow], None]
"""Called with each row once it is judged, in the order of the sheet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedSheet:
    """The rows of a sheet as a draft has them."""

    rows: tuple[BatchRow, ...]
    counts: Mapping[RowVerdict, int]
    """How many rows there are of each verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftedSheet:
    """What became of the rows, and the draft."""

    batch: Batch | None
    """None when nothing can be asked for any row: nothing was stored."""
    counts: Mapping[RowVerdict, int]
    """How many rows there are of each verdict."""
    is_new: bool = True
    """False for a draft of the same content that was open already, and asks for the same."""
    others: Sequence[Batch] = ()
    """Other open drafts of the same content, which ask for something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetDrafting:
    """Judges the rows of sheets and stores drafts."""

    batches: BatchService
    tenant: Tenant
    catalog: Catalog
    known: Mapping[str, TenantIdentity] = field(default_factory=dict)
    """Tenants that were looked up before, by the name in canonical form."""
    keep: Keep = keep_nothing
    """See `SheetJudging.keep`."""
    evaluations: KeptEvaluations = field(default_factory=KeptEvaluations)
    """What Entra answered about Conditional Access for many partners before."""

    async def draft(
        self,
        file: SheetFile,
        columns: Columns,
        template: str = "",
        *,
        drafted_by: str,
        sheet: str = "",
        batch_id: BatchId | None = None,
        on_found: OnFound = lambda *_: None,
        on_judged: OnJudged = lambda _: None,
    ) -> DraftedSheet:
        """Judge every row, and store the draft, if no open draft of the same content asks for the same.

        The plan of a row is kept only until the next row is judged.

        :param template: the template of rows that name none.
        :param drafted_by: see `Batch.drafted_by`.
        :param sheet: the name of the sheet in a workbook with several.
        :param batch_id: the id of the draft, so that what is delivered twice makes one draft; None for a new one.
        :raises TenantUnavailable, TenantRefused: when the tenant cannot be read now; nothing is stored.
        :raises SheetUnusable: for more rows than one record can have; nothing is looked up.
        """
        judged = await self.judge(file, columns, template, on_found=on_found, on_judged=on_judged)
        store, clock = self.batches.store, self.batches.clock
        found = await drafts_of_content(file.digest, store=store, clock=clock)
        others = tuple(one for one in found if one.id != batch_id)
        is_own_stored = len(others) < len(found)  # it is delivered again
        if not is_own_stored and (same := same_draft(others, judged.rows)) is not None:
            others = tuple(one for one in others if one is not same)
            return DraftedSheet(batch=same, counts=judged.counts, is_new=False, others=others)
        batch = await self.store(file, judged.rows, drafted_by=drafted_by, sheet=sheet, batch_id=batch_id)
        return DraftedSheet(batch=batch, counts=judged.counts, others=others)

    async def judge(
        self, file: SheetFile, columns: Columns, template: str, *, on_found: OnFound, on_judged: OnJudged
    ) -> JudgedSheet:
        """Judge every row, and store nothing. Parameters and errors: see `draft`."""
        if len(file.sheet.rows) > MAX_DRAFT_ROWS:
            raise SheetUnusable((Fact(SheetCode.TOO_MANY_ROWS, {"limit": MAX_DRAFT_ROWS}),))
        rows: list[BatchRow] = []
        counts = dict.fromkeys(RowVerdict, 0)
        raw = (read_row(one, columns, template=template) for one in file.sheet.rows)
        async for judged in self._judged(raw, on_found):
            on_judged(judged)
            counts[judged.verdict] += 1
            rows.append(draft_row(judged, self.catalog))
        return JudgedSheet(rows=tuple(rows), counts=counts)

    async def store(
        self, file: SheetFile, rows: tuple[BatchRow, ...], *, drafted_by: str, sheet: str, batch_id: BatchId | None
    ) -> Batch | None:
        """Store the draft of judged rows. Returns None when nothing can be asked for any row: nothing is stored."""
        if not any(row.is_asked for row in rows):
            return None
        return await self.batches.draft(
            batch_id or BatchId(f"B-{secrets.token_hex(5).upper()}"),
            rows,
            kind=RequestKind.ACCESS,
            drafted_by=drafted_by,
            lifetime=DRAFT_KEPT_FOR,
            sheet=BatchSheet(name=file.name, sha256=Digest(file.digest), sheet=sheet, rows=len(rows)),
        )

    async def _judged(self, rows: Iterable[SheetRow], on_found: OnFound) -> AsyncIterator[JudgedRow]:
        judging = SheetJudging(
            tenant=self.tenant,
            catalog=self.catalog,
            clock=self.batches.clock,
            records=await self.batches.store.records(),
            known=self.known,
            keep=self.keep,
            evaluations=self.evaluations,
        )
        async for judged in judging.judge(rows, await judging.read_tenant(), on_found):
            yield judged

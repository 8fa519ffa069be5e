"""Import the file that somebody gave in the chat system: load it, judge its rows, store the draft, and show all of it.

Nothing is asked for: a full member confirms the draft. An import that is interrupted begins again, in the same message.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from typing import Final

from workflows.app.batches.batch_service import BatchService
from workflows.app.batches.importing.drafting import SheetDrafting
from workflows.app.batches.importing.opening import SheetOpening, distinct_titles
from workflows.app.limits import LimitedAction, Limits
from workflows.app.storing.new_audit_entry import entry_of
from workflows.app.storing.recorder import IMPORT_ROWS
from workflows.core.batches.batch import BY_PERSON, Batch, BatchState
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import Columns, SheetUnusable, require_template
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import CodedError, FactsError, Refused
from workflows.core.plans.plan import TenantIdentity
from workflows.core.requests.effects import JudgeSheet
from workflows.core.requests.request import BatchId
from workflows.core.settings.model import TenantId
from workflows.intervals import LOOKUPS_KEPT_FOR
from workflows.ports.notifier import ImportedRows, ImportStep, Notifier, ShownImport
from workflows.ports.records import Commit
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable
from workflows.preflight.shared_access import KeptEvaluations
from workflows.sheets.reading import SheetFile
from workflows.sheets.received import FileNotUsable

ROWS_OF_A_LOOK_UP: Final = 200
"""For each so many rows, a file counts as one look-up of a person."""
_TO_CHOOSE: Final = frozenset(
    {SheetCode.SEVERAL_SHEETS, SheetCode.NO_PARTNER_COLUMN, SheetCode.NO_TEMPLATE, SheetCode.COLUMN_TWICE}
)
"""What a person can settle by a choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetImports:
    """Carries out imports. May be repeated safely: one file that somebody gave becomes one draft."""

    opening: SheetOpening
    notifier: Notifier
    batches: BatchService
    tenant: Tenant
    new_rows: Callable[[], ImportedRows]
    shown_every: float
    """Seconds between two updates of the message, while names are looked up."""
    limits: Limits | None = None
    evaluations: KeptEvaluations = field(default_factory=KeptEvaluations)
    """What Entra answered about Conditional Access, for an import that begins again."""

    async def perform(self, effect: JudgeSheet) -> None:
        """Import a file, and show the result to the person who gave it.

        :raises TenantUnavailable, NotifierUnavailable: when another system does not answer now.
        """
        shown = ShownImport(effect=effect, step=ImportStep.READING)
        try:
            loaded = await self.opening.load(effect.command)
            shown = replace(shown, name=loaded.name, sha256=sha256(loaded.content).hexdigest())
            await self.notifier.show_import(shown)
            file = await self.opening.read(loaded, effect.command)
            columns = self.opening.columns(file, effect.command.columns)
            require_template(file.sheet, columns, effect.command.template)
            await self._require_look_ups(effect, len(file.sheet.rows))
            header = distinct_titles(file.sheet.header)
            shown = replace(shown, total=len(file.sheet.rows), columns=columns, header=header)
            shown = await self._judged(file, columns, replace(shown, step=ImportStep.JUDGING))
        except (FileNotUsable, SheetUnusable, TenantRefused, Refused) as error:
            shown = replace(shown, step=_step_of(error), facts=error.facts)
        except TenantUnavailable as error:
            await self.notifier.show_import(replace(shown, step=ImportStep.WAITING, facts=error.facts))
            raise
        await self.notifier.show_import(shown)

    async def _require_look_ups(self, effect: JudgeSheet, rows: int) -> None:
        """Count the rows of a file as look-ups, once for each import. The import counted as the first one already.

        A file of any size can be judged by who looked up nothing else in the hour.

        :raises Refused: when this person has too few look-ups left in this hour; nothing is looked up.
        """
        number, key, command = (rows - 1) // ROWS_OF_A_LOOK_UP, f"{effect.key}:rows", effect.command
        if self.limits is None or number <= 0 or await self.batches.store.is_known(key):
            return
        number = min(number, self.limits.maximums[LimitedAction.LOOK_UPS] - 1)
        await self.limits.require(LimitedAction.LOOK_UPS, command.actor, count=number)
        details = {"file": command.file_id, "rows": rows, "counts_as": number}
        entry = entry_of(key, self.batches.clock.now(), command.actor, IMPORT_ROWS, details)
        await self.batches.store.commit(Commit(entry=entry))

    async def _judged(self, file: SheetFile, columns: Columns, shown: ShownImport) -> ShownImport:
        command, rows, home = shown.effect.command, self.new_rows(), await self.tenant.home()
        drafting = SheetDrafting(
            batches=self.batches,
            tenant=self.tenant,
            catalog=self.opening.catalog,
            known=await self._known(home),
            keep=partial(self._keep, home),
            evaluations=self.evaluations,
        )
        async with self._showing(shown) as looked_up:
            drafted = await drafting.draft(
                file,
                columns,
                command.template,
                drafted_by=f"{BY_PERSON}{command.actor}",
                sheet=command.sheet,
                batch_id=shown.effect.draft_id,
                on_found=lambda *_: looked_up.append(None),
                on_judged=rows.take,
            )
        _require_same_content(drafted.batch, shown)
        return replace(
            shown,
            step=ImportStep.DONE,
            counts=drafted.counts,
            batch=drafted.batch,
            is_new=drafted.is_new,
            others=drafted.others,
            rows=rows.content(),
        )

    async def _known(self, home: TenantId) -> Mapping[str, TenantIdentity]:
        """Return what imports looked up in the last day: one that was interrupted goes on where it ended."""
        since = self.batches.clock.now() - LOOKUPS_KEPT_FOR
        return await self.batches.store.kept_lookups(home, since)

    async def _keep(self, home: TenantId, found: Mapping[str, TenantIdentity]) -> None:
        now = self.batches.clock.now()
        await self.batches.store.keep_lookups(home, found, now, forget_before=now - LOOKUPS_KEPT_FOR)

    @asynccontextmanager
    async def _showing(self, shown: ShownImport) -> AsyncIterator[list[None]]:
        """Show the progress now and then while the block runs. It adds one item for each name that was looked up."""
        looked_up: list[None] = []

        ended = asyncio.Event()

        async def show() -> None:
            while not ended.is_set():
                with suppress(FactsError):  # it is shown again, and at the end
                    await self.notifier.show_import(replace(shown, looked_up=len(looked_up)))
                with suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), self.shown_every)

        task = asyncio.create_task(show())
        try:
            yield looked_up
        finally:
            # NB. it is waited for, not stopped: an update on its way could arrive after the result.
            ended.set()
            await task

    async def close_message(self, batch_id: BatchId) -> None:
        """Show in the message about an import that its draft was confirmed or ended, so that its buttons are gone.

        :raises NotifierUnavailable: when the draft ended, and nothing else is to be done for it.
        """
        batch = await self.batches.store.batch(batch_id)
        if batch is None or batch.sheet is None or not batch.drafted_by.startswith(BY_PERSON):
            return
        if batch.confirmed_at is None and batch.has_ended:
            await self.notifier.close_import(batch)
        elif batch.state is BatchState.PREPARING:
            with suppress(FactsError):  # the partners do not wait for a message; the next wave tries it again
                await self.notifier.close_import(batch)

    async def show_failed(self, effect: JudgeSheet) -> None:
        """Tell the person that an error in Gatehouse stopped the import."""
        await self.notifier.show_import(ShownImport(effect=effect, step=ImportStep.FAILED))


def _require_same_content(batch: Batch | None, shown: ShownImport) -> None:
    """Check that the draft is of the content that was judged: an interrupted import loads the file again.

    :raises SheetUnusable: when the file was edited after its draft was stored. That draft stays as it is.
    """
    if batch is None or batch.sheet is None or batch.sheet.sha256 == shown.sha256:
        return
    values = {"name": shown.name, "expected": batch.sheet.sha256, "found": shown.sha256}
    raise SheetUnusable((Fact(SheetCode.OTHER_FILE, values),))


def _step_of(error: FactsError | CodedError) -> ImportStep:
    return ImportStep.CHOICE if {fact.code for fact in error.facts} <= _TO_CHOOSE else ImportStep.UNUSABLE

"""Import the file that somebody gave in the chat system: load it, judge its rows, store the draft, and show all of it.

Nothing is asked for: a full member confirms the draft. An import that is interrupted begins again, in the same message.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from workflows.app.batches.batch_service import BatchService
from workflows.app.batches.importing.drafting import SheetDrafting
from workflows.catalog.catalog import Catalog
from workflows.core.batches.batch import BY_PERSON
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import PLACEHOLDER_PREFIX, Column, Columns, SheetUnusable, recognise
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import FactsError
from workflows.core.requests.commands.batch import ImportSheet
from workflows.core.requests.effects import JudgeSheet
from workflows.core.requests.request import BatchId
from workflows.ports.notifier import ImportedRows, ImportStep, Notifier, ShownImport
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable
from workflows.sheets.reading import SheetFile
from workflows.sheets.received import FileNotUsable, ReceivedFile, ReceivedFiles, read_by_content

_TO_CHOOSE: Final = frozenset({SheetCode.SEVERAL_SHEETS, SheetCode.NO_PARTNER_COLUMN, SheetCode.COLUMN_TWICE})
"""What a person can settle by a choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetChoices:
    """What a person can choose about a file."""

    name: str
    sha256: str
    sheets: tuple[str, ...] = ()
    """The visible sheets, when one must be chosen first; otherwise empty."""
    header: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    """The names of the fields for which a column can be chosen."""
    recognised: Mapping[str, int] | None = None
    """The index of the column of each field, as far as it is certain; None while a sheet must be chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetOpening:
    """Loads and reads the files that people give."""

    files: ReceivedFiles
    catalog: Catalog

    async def load(self, command: ImportSheet) -> ReceivedFile:
        """Load the file of an import.

        :raises FileNotUsable, SheetUnusable: when it cannot be used, or is another one than was chosen in.
        """
        file = await self.files.load(command.file_id, command.actor)
        found = sha256(file.content).hexdigest()
        if command.sha256 and command.sha256 != found:
            values = {"name": file.name, "expected": command.sha256, "found": found}
            raise SheetUnusable((Fact(SheetCode.OTHER_FILE, values),))
        return file

    async def read(self, file: ReceivedFile, command: ImportSheet) -> SheetFile:
        """Read the sheet in a file. The work is done beside the event loop.

        :raises FileNotUsable, SheetUnusable: when it is none.
        """
        return await asyncio.to_thread(read_by_content, file, sheet=command.sheet)

    def columns(self, file: SheetFile, chosen: Mapping[str, int]) -> Columns:
        """Return which column is which.

        :raises SheetUnusable: when that is not certain.
        """
        header = distinct_titles(file.sheet.header)
        titles = {name: header[place] for name, place in chosen.items() if 0 <= place < len(header)}
        return recognise(header, self._placeholders, titles)

    async def choices(self, command: ImportSheet) -> SheetChoices:
        """Load a file again, and return what a person can choose.

        :raises FileNotUsable, SheetUnusable: when it cannot be used at all.
        """
        loaded = await self.load(command)
        digest = sha256(loaded.content).hexdigest()
        try:
            file = await self.read(loaded, command)
        except SheetUnusable as error:
            [fact, *_] = error.facts
            if fact.code != SheetCode.SEVERAL_SHEETS:
                raise
            return SheetChoices(name=loaded.name, sha256=digest, sheets=tuple(map(str, fact.values["sheets"])))
        return SheetChoices(
            name=loaded.name,
            sha256=digest,
            header=distinct_titles(file.sheet.header),
            fields=(*(column.value for column in Column), *(f"{PLACEHOLDER_PREFIX}{one}" for one in self._placeholders)),
            recognised=self._recognised(file, command.columns),
        )

    def _recognised(self, file: SheetFile, chosen: Mapping[str, int]) -> Mapping[str, int]:
        try:
            columns = self.columns(file, chosen)
        except SheetUnusable:
            return dict(chosen)
        placeholders = {f"{PLACEHOLDER_PREFIX}{name}": place for name, place in columns.placeholders.items()}
        return {**{column.value: place for column, place in columns.fields.items()}, **placeholders}

    @property
    def _placeholders(self) -> list[str]:
        return sorted({one.name for template in self.catalog.templates.values() for one in template.placeholders})


def distinct_titles(header: tuple[str, ...]) -> tuple[str, ...]:
    """Return the titles of columns, each once: a title that is there before is followed by the number of its column."""
    taken: set[str] = set()
    found: list[str] = []
    for number, title in enumerate(header, 1):
        own = f"{title} (column {number})" if title in taken or not title else title
        taken.add(own)
        found.append(own)
    return tuple(found)


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
            header = distinct_titles(file.sheet.header)
            shown = replace(shown, total=len(file.sheet.rows), columns=columns, header=header)
            shown = await self._judged(file, columns, replace(shown, step=ImportStep.JUDGING))
        except (FileNotUsable, SheetUnusable, TenantRefused) as error:
            shown = replace(shown, step=_step_of(error), facts=error.facts)
        except TenantUnavailable as error:
            await self.notifier.show_import(replace(shown, step=ImportStep.WAITING, facts=error.facts))
            raise
        await self.notifier.show_import(shown)

    async def _judged(self, file: SheetFile, columns: Columns, shown: ShownImport) -> ShownImport:
        command, rows = shown.effect.command, self.new_rows()
        drafting = SheetDrafting(batches=self.batches, tenant=self.tenant, catalog=self.opening.catalog)
        async with self._showing(shown) as looked_up:
            drafted = await drafting.draft(
                file,
                columns,
                command.template,
                drafted_by=f"{BY_PERSON}{command.actor}",
                sheet=command.sheet,
                batch_id=_batch_id(shown.effect.key),
                on_found=lambda *_: looked_up.append(None),
                on_judged=rows.take,
            )
        return replace(
            shown, step=ImportStep.DONE, counts=drafted.counts, batch=drafted.batch, rows=rows.content()
        )

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

    async def show_failed(self, effect: JudgeSheet) -> None:
        """Tell the person that an error in Gatehouse stopped the import."""
        await self.notifier.show_import(ShownImport(effect=effect, step=ImportStep.FAILED))


def _step_of(error: FactsError) -> ImportStep:
    return ImportStep.CHOICE if {fact.code for fact in error.facts} <= _TO_CHOOSE else ImportStep.UNUSABLE


def _batch_id(key: str) -> BatchId:
    return BatchId(f"B-{sha256(key.encode()).hexdigest()[:10].upper()}")

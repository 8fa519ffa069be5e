"""Load and read a file that somebody gave in the chat system, and say what must be chosen about it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from workflows.catalog.catalog import Catalog
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import (
    PLACEHOLDER_PREFIX,
    Column,
    Columns,
    SheetUnusable,
    certain_columns,
    columns_of,
    plain_title,
    recognise,
)
from workflows.core.errors.facts import Fact
from workflows.core.requests.commands.batch import ImportSheet
from workflows.sheets.reading import SheetFile
from workflows.sheets.received import ReceivedFile, ReceivedFiles, read_by_content


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
    needs_template: bool = False
    """Whether no template was named for all rows. Then it may be that no column has it."""


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
        """Return which column is which: as they are recognised, or exactly the chosen ones.

        :raises SheetUnusable: when that is not certain.
        """
        header = distinct_titles(file.sheet.header)
        titles = {name: header[place] for name, place in chosen.items() if 0 <= place < len(header)}
        if not titles:
            return columns_of(file.sheet, self._placeholders)
        # NB. what was not chosen is not used, also where its title would be recognised.
        shown = tuple(title if title in titles.values() else f"{number}." for number, title in enumerate(header, 1))
        found, unused = recognise(shown, self._placeholders, titles), set(header) - set(titles.values())
        return replace(found, unused=tuple(title for title in header if title in unused))

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
            fields=(
                *(column.value for column in Column),
                *(f"{PLACEHOLDER_PREFIX}{one}" for one in self._placeholders),
            ),
            recognised=certain_columns(file.sheet.header, self._placeholders),
            needs_template=not command.template,
        )

    @property
    def _placeholders(self) -> list[str]:
        return sorted({one.name for template in self.catalog.templates.values() for one in template.placeholders})


def distinct_titles(header: tuple[str, ...]) -> tuple[str, ...]:
    """Return the titles of columns, each once: an empty one, or one that is there before, has its column's number."""
    taken: set[str] = set()
    found: list[str] = []
    for number, title in enumerate(header, 1):
        own = title
        while not own or plain_title(own) in taken:
            own = f"{own} (column {number})".strip()
        taken.add(plain_title(own))
        found.append(own)
    return tuple(found)

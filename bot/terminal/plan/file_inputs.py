"""Read a file of partners with the settings and templates that it needs; for `plan`, `request` and `import`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, TaskID

from bot.process.settings import SettingsProblems, TenantSettings, load_tenant_settings
from bot.terminal.plan.lookups_file import LookupsFile
from workflows.catalog.catalog import Catalog, CatalogProblems, load_catalog
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import Columns, SheetUnusable, columns_of, require_template
from workflows.core.batches.sheets.rows import SheetRow, read_row
from workflows.core.errors.facts import Fact
from workflows.core.plans.plan import TenantIdentity
from workflows.sheets.reading import SheetFile, load_sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFile:
    """The file that somebody named, and how it is to be read."""

    path: Path
    sheet: str = ""
    """The name of the sheet in a workbook; empty for its only visible one."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """The titles that were chosen for fields."""
    template: str = ""
    """The template of rows without one."""
    lookups: Path | None = None
    """Where look-ups are kept; None: nowhere."""
    expected: str = ""
    """The SHA-256 that the file must have; empty for any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileInputs:
    """What was read before anything is asked of the tenant."""

    settings: TenantSettings
    catalog: Catalog
    file: SheetFile
    columns: Columns

    def rows(self, template: str) -> list[SheetRow]:
        """Return every row.

        :param template: the template of rows that name none.
        """
        return [read_row(raw, self.columns, template=template) for raw in self.file.sheet.rows]


def load_file_inputs(
    path: Path, *, sheet: str, columns: Mapping[str, str], template: str, expected: str = ""
) -> FileInputs:
    """Read settings, templates and the file.

    :param template: the template of rows that name none; empty when none was named.
    :param expected: the SHA-256 that the file must have; empty for any.

    :raises SettingsProblems: for wrong settings or templates.
    :raises SheetUnusable: when the file is no file of partners, or not the expected one.
    """
    settings = load_tenant_settings()
    try:
        catalog = load_catalog(settings.gatehouse_templates)
    except CatalogProblems as error:
        raise SettingsProblems(error.problems) from error
    file = load_sheet(path, sheet=sheet)
    if expected and expected.lower() != file.digest:
        other = {"name": file.name, "expected": expected, "found": file.digest}
        raise SheetUnusable((Fact(SheetCode.OTHER_FILE, other),))
    placeholders = {one.name for template in catalog.templates.values() for one in template.placeholders}
    found = columns_of(file.sheet, sorted(placeholders), columns)
    require_template(file.sheet, found, template)
    return FileInputs(settings=settings, catalog=catalog, file=file, columns=found)


def progress_display() -> Progress:
    """Return the display of the progress on standard error; it shows nothing when that is no terminal."""
    console = Console(stderr=True)
    return Progress(console=console, transient=True, disable=not console.is_terminal)


@dataclass(frozen=True, slots=True)
class ShownLookups:
    """Shows and keeps each name that was looked up."""

    progress: Progress
    task: TaskID
    lookups: LookupsFile

    def on_found(self, name: str, identity: TenantIdentity | None) -> None:
        """Take one name."""
        self.progress.advance(self.task)
        self.lookups.keep(name, identity)

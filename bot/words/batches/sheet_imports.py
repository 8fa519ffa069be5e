"""The words about an import of a file in the chat system: how far it is, what must be chosen, and its result."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bot.words.batches.rows import IN_CHANNEL
from bot.words.refusals.sentences import fact_words
from bot.words.sentences import counted
from workflows.core.batches.batch import Batch, BatchState, RowState
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import PLACEHOLDER_PREFIX, Column, Columns
from workflows.core.errors.facts import Facts, Values
from workflows.core.people import Person
from workflows.ports.notifier import ImportStep, ShownImport

FIELDS: Final[Mapping[str, str]] = {
    Column.PARTNER: "Partner",
    Column.TEMPLATE: "Template",
    Column.DURATION: "Duration in days",
    Column.ENDS_ON: "Last day",
    Column.STARTS_ON: "First day",
    Column.SPONSOR: "Sponsor",
    Column.REASON: "Reason",
    Column.TICKET: "Ticket",
}
"""What a column can mean. A placeholder of a template has its own name."""
ABOUT_IMPORT: Final = (
    "Gatehouse checks every row as a request would be checked. You get the result as a direct message. "
    "Nothing is asked for until you confirm it."
)
FILE_HINT: Final = "CSV, XLSX, JSON or TOML. At most 10 MB and 3,000 rows. The first row has the titles."
TEMPLATE_HINT: Final = "For rows that name no template."
RECEIVED: Final = (
    "Gatehouse checks every row now. You get the result as a direct message, which shows the progress until then."
)
CHOOSE_SHEET: Final = "The workbook has several sheets. Choose the one with the partners."
CHOOSE_COLUMNS: Final = (
    "Columns with a known title are chosen already. Choose the others. Columns that are not chosen are not used."
)
DISCARDED: Final = "Nothing was asked for. You can send the file again."
DISCARDING: Final = "The draft is being discarded. You get a direct message when that is done."
NOT_WANTED: Final = "Not what you wanted?"
NOTHING_YET: Final = "Nothing is asked for yet."
NOTHING_TO_ASK: Final = "Nothing can be asked for any row."
WAITING: Final = "Entra does not answer now. Gatehouse tries again by itself."
FAILED: Final = (
    "An error in Gatehouse stopped this import. Nothing was asked for. An admin is told. Send the file again."
)
ROWS_NOT_SENT: Final = "The file with every row was not confirmed. Is it missing below? Then send your file again."
_STEPS: Final[Mapping[ImportStep, str]] = {
    ImportStep.READING: "being read",
    ImportStep.JUDGING: "being checked",
    ImportStep.WAITING: "waiting for Entra",
    ImportStep.CHOICE: "your choice is needed",
    ImportStep.UNUSABLE: "cannot be used",
    ImportStep.FAILED: "stopped",
    ImportStep.DONE: "checked",
}


def import_title(shown: ShownImport) -> str:
    """Return what an import is about, and how far it is."""
    return f"{shown.name or 'Your file'}: {_STEPS[shown.step]}"


def progress_words(shown: ShownImport) -> str:
    """Return how many names are looked up. Rows with the same name are looked up together."""
    return f"{shown.looked_up:,} partners of {counted(shown.total, 'row')} looked up."


def choice_words(facts: Facts) -> str:
    """Say what must be chosen in the window."""
    return " ".join(_CHOICES[SheetCode(fact.code)](fact.values) for fact in facts)


_CHOICES: Final = {
    SheetCode.SEVERAL_SHEETS: lambda values: f"The workbook has several sheets: {_listed(values, 'sheets')}.",
    SheetCode.NO_PARTNER_COLUMN: lambda values: (
        f"No column is recognised as the partner. The columns are: {_listed(values, 'header')}."
    ),
    SheetCode.NO_TEMPLATE: lambda values: (
        f"No column is recognised as the template. The columns are: {_listed(values, 'header')}. "
        "Choose one, or one template for all rows."
    ),
    SheetCode.COLUMN_TWICE: lambda values: (
        f"Several columns can be “{field_title(str(values['column']))}”: {_listed(values, 'titles')}."
    ),
}


def _listed(values: Values, key: str) -> str:
    return ", ".join(f"“{one}”" for one in values[key]) or "none"


def field_title(name: str) -> str:
    """Return the title of a field of a row."""
    return FIELDS.get(name, name.removeprefix(PLACEHOLDER_PREFIX))


def used_columns_words(columns: Columns, header: Sequence[str]) -> Iterator[str]:
    """Yield which column is used for what, and which columns are not used."""
    used = {**{column.value: place for column, place in columns.fields.items()}, **columns.placeholders}
    yield "Columns: " + ", ".join(f"{field_title(name)} = “{header[place]}”" for name, place in used.items())
    if columns.unused:
        yield "Not used: " + ", ".join(f"“{title}”" for title in columns.unused)


def problem_words(facts: Facts) -> str:
    """Say why a file cannot be used, and what to do."""
    return " ".join(map(fact_words, facts))


def asked_count(batch: Batch) -> int:
    """Return for how many partners a draft asks."""
    return len(batch.in_state(RowState.WAITING, RowState.ALONE))


def sponsors_words(sponsors: Sequence[Person]) -> str:
    """Name who cannot approve because rows name them as sponsors; empty when none does."""
    names = ", ".join(dict.fromkeys(one.name for one in sponsors))
    return f"Sponsors of single rows, so they cannot approve: {names}." if names else ""


def drafter_words(drafter: Person | None) -> str:
    """Name who cannot approve because they gave the file; empty when that is who asks, or not known."""
    return "" if drafter is None else f"Gave the file, so cannot approve: {drafter.name}."


def closed_import_title(batch: Batch) -> str:
    """Return what became of the draft of a file."""
    name = "" if batch.sheet is None else batch.sheet.name
    if batch.confirmed_at is not None:
        return f"{name}: asked for"
    return f"{name}: {'expired' if batch.state is BatchState.EXPIRED else 'discarded'}"


def closed_import_words(batch: Batch) -> str:
    """Say what became of the draft of a file."""
    if batch.confirmed_at is not None:
        count = sum(row.is_asked for row in batch.rows)
        return f"{counted(count, 'partner')} asked for with draft {batch.id}. {IN_CHANNEL}"
    if batch.state is BatchState.EXPIRED:
        return f"Nobody confirmed draft {batch.id} in time. {DISCARDED}"
    return f"Draft {batch.id} was discarded. {DISCARDED}"


def ask_button_words(batch: Batch) -> str:
    """Return the label of the button that opens the window of a draft."""
    return f"Ask for {counted(asked_count(batch), 'partner')}…"

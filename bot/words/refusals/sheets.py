"""The sentences about a sheet of partners: what is wrong with the file, its columns or a row, and what to do."""

from collections.abc import Mapping
from typing import Final

from bot.words.sentences import Sentence, fill_in
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.errors.facts import Fact, Values
from workflows.sheets.received import ReceivedFileCode

_MEGABYTE: Final = 2**20


def _names(values: Values, key: str) -> str:
    return ", ".join(str(one) for one in values[key]) or "none"


def _not_readable(values: Values) -> str:
    where = f"{values['name']}: " if values["name"] else ""
    return f"The file cannot be read ({where}{values['reason']})."


def _graph_example(values: Values) -> str:
    return (
        "These are settings of Microsoft Graph, not a request. Name a partner and a template instead: the settings of "
        f"a template are in its own file (docs/templates.md). What is wrong in them: {_names(values, 'corrections')}."
    )


def _rows(values: Values) -> str:
    return "Contradicts " + ("row " if len(values["rows"]) == 1 else "rows ") + _names(values, "rows")


_FOUND: Final = {
    "workbook": "{name} is an Excel workbook. Give it the ending .xlsx.",
    "old_workbook": "{name} is an old workbook, or one with a password. Save it as .xlsx without a password.",
    "other": "{name} is no Excel workbook, whatever its ending says. Save it as .xlsx, or give it the ending .csv.",
}


SHEETS: Final[Mapping[SheetCode, Sentence]] = {
    SheetCode.NOT_READABLE: _not_readable,
    SheetCode.NO_FILE: "{name} is no file, but a folder, a pipe or a device. Save the sheet as a file.",
    SheetCode.CHANGED_WHILE_READ: "{name} was changed while it was read. Close it in other programs, and try again.",
    SheetCode.OTHER_CONTENT: lambda values: _FOUND.get(values["found"], _FOUND["other"]).format(name=values["name"]),
    SheetCode.UNKNOWN_FORMAT: lambda values: (
        f"{values['name']} is no file of partners. Use a file with one of these endings: {_names(values, 'known')}."
    ),
    SheetCode.TOO_LARGE: lambda values: (
        f"{values['name']} is larger than {values['limit_bytes'] // _MEGABYTE} MB. Divide it into several files."
    ),
    SheetCode.UNPACKS_TOO_LARGE: lambda values: (
        f"The workbook unpacks to more than {values['limit_bytes'] // _MEGABYTE} MB, so it was not opened. "
        "Save the sheet alone, as CSV."
    ),
    SheetCode.DAMAGED: "The workbook is damaged ({part}). Save it again, or save the sheet as CSV.",
    SheetCode.TOO_MANY_ROWS: "The sheet has more than {limit} rows. Divide it into several files.",
    SheetCode.TOO_MANY_COLUMNS: "The sheet has more than {limit} columns. Save only the columns that are needed.",
    SheetCode.TEXT_TOO_LONG: "A cell has more than {limit} characters. Shorten its text, or leave its column out.",
    SheetCode.KEY_TWICE: "An object has “{key}” twice. Keep one of the two.",
    SheetCode.WRONG_ENCODING: (
        "Line {line} is not written in UTF-8. Save the file as “CSV UTF-8”. "
        "No encoding is guessed: it could change a domain."
    ),
    SheetCode.OTHER_FILE: (
        "{name} is another file than the expected one: its SHA-256 is {found}. "
        "Judge it again, with gatehouse plan or with import --dry-run. Then use the SHA-256 that is shown."
    ),
    SheetCode.NO_ROWS: "The sheet has no rows below its header.",
    SheetCode.SEVERAL_SHEETS: lambda values: (
        f"The workbook has several sheets: {_names(values, 'sheets')}. Name one with --sheet."
    ),
    SheetCode.NO_SUCH_SHEET: lambda values: (
        f"The workbook has no visible sheet {values['sheet']}. It has: {_names(values, 'sheets')}."
    ),
    SheetCode.NOT_A_LIST: "The file has no list of partners. Write the partners as a list of objects, under “{key}”.",
    SheetCode.ENDS_BEFORE_ACCESS: (
        "This day comes before the end of the access, and no file shortens an access. "
        "Write the later day, or close the access early in the chat."
    ),
    SheetCode.KEY_UNKNOWN: lambda values: (
        f"{values['key']}: there is no such key. Remove it, or write one of {_names(values, 'known')}."
    ),
    SheetCode.KEY_RENAMED: "{key}: this key is called {new} now. Write [{new}] in place of [{key}].",
    SheetCode.KEY_MISSING: '{key} is missing. Write a domain or a tenant ID, as in {key} = "contoso.com".',
    SheetCode.GRAPH_EXAMPLE: _graph_example,
    SheetCode.NO_PARTNER_COLUMN: lambda values: (
        f"No column has the partners. The columns are: {_names(values, 'header')}. "
        "Name the column with --column partner=TITLE."
    ),
    SheetCode.NO_TEMPLATE: lambda values: (
        "No column has the template, and no template was named for all rows. "
        "Name one with --template NAME, or the column with --column template=TITLE. "
        f"The columns are: {_names(values, 'header')}."
    ),
    SheetCode.COLUMN_TWICE: lambda values: (
        f"Several columns can be “{values['column']}”: {_names(values, 'titles')}. "
        f"Choose one with --column {values['column']}=TITLE."
    ),
    SheetCode.NO_SUCH_COLUMN: lambda values: (
        f"The sheet has no column “{values['title']}”. The columns are: {_names(values, 'header')}."
    ),
    SheetCode.TITLE_TWICE: "Several columns have the title “{title}”. Give each of them its own title.",
    SheetCode.NO_SUCH_FIELD: lambda values: (
        f"A row has no “{values['field']}”. Columns can be chosen for: {_names(values, 'known')}."
    ),
    SheetCode.CELL_FORMULA: "is a formula, whose value can change; paste the value itself",
    SheetCode.CELL_MERGED: "is in a merged area over several rows; write the value into each row",
    SheetCode.CELL_EMPTY: "is empty",
    SheetCode.CELL_TOO_LONG: "is longer than {limit} characters",
    SheetCode.CELL_CONTROL: "has characters that cannot be seen; type the text again",
    SheetCode.CELL_NOT_A_NUMBER: "is not a whole number of days: {typed}",
    SheetCode.CELL_DATE_IS_NUMBER: "is a number, not a day: {typed}; format the cell as a date, or write 2027-06-30",
    SheetCode.CELL_DATE_UNCLEAR: "can be read as more than one day, or as none: {typed}; write it as 2027-06-30",
    SheetCode.CELL_NO_SUCH_DAY: "is a day that does not exist: {typed}",
    SheetCode.CELL_NOT_TEXT: "is not a text: {typed}",
    SheetCode.CELL_SWALLOWS_ROWS: (
        "goes over several lines, of which one looks like a row; close the quotation mark before it"
    ),
    SheetCode.CELL_OTHER_VALUE: "is neither a text, a number nor a day: {typed}",
    SheetCode.SPONSOR_NO_ADDRESS: "is not one mail address: {typed}",
    SheetCode.SPONSOR_UNKNOWN: "is not the mail address of an account in our tenant: {typed}",
    SheetCode.SPONSOR_AMBIGUOUS: "is the mail address of several accounts in our tenant: {typed}",
    SheetCode.SPONSOR_GUEST: "is a guest, and only a member can be a sponsor: {typed}",
    SheetCode.SPONSOR_DISABLED: "has a disabled account, so somebody else must be the sponsor: {typed}",
    SheetCode.CELL_NOT_ACCEPTED: "is not accepted in a request: {reason}",
    SheetCode.END_TWICE: "is given beside a duration; keep one of the two",
    SheetCode.TOO_MANY_CELLS: "The row has more than {columns} cells. A text with a separator needs quotation marks.",
    SheetCode.SAME_AS_ROW: "Asks for the same as row {row}, which counts.",
    SheetCode.CONTRADICTS_ROW: lambda values: f"{_rows(values)}: the same partner, and something else is asked for.",
}
"""The sentences. Those about a cell go on after the name of its column."""

RECEIVED_FILES: Final[Mapping[ReceivedFileCode, Sentence]] = {
    ReceivedFileCode.GONE: (
        "The file is deleted, or Gatehouse cannot see it. Type /partner import, and choose the file again."
    ),
    ReceivedFileCode.OTHER_OWNER: "Somebody else uploaded the file. Upload your own copy with /partner import.",
    ReceivedFileCode.OTHER_WORKSPACE: (
        "The file belongs to another workspace. Save it, and upload your own copy with /partner import."
    ),
    ReceivedFileCode.EXTERNAL: (
        "The file is kept by another service. Download it from there, and upload it with /partner import."
    ),
    ReceivedFileCode.NO_SCOPE: (
        "The app may not read files: it lacks the scope files:read. An admin can install it again from manifest.yml."
    ),
    ReceivedFileCode.OTHER_ADDRESS: (
        "The file was not loaded: its address is {host}, which is not the chat system's own. Tell an admin."
    ),
    ReceivedFileCode.REFUSED: "The chat system did not give the file ({code}). Try again, or tell an admin.",
    ReceivedFileCode.OTHER_CONTENT: (
        "{name} is no sheet: its content is of another kind. Save the partners as CSV, XLSX, JSON or TOML."
    ),
}
"""The sentences about a file that somebody gave in the chat system."""


def sheet_words(fact: Fact) -> str:
    """Return the sentence of a fact about a sheet."""
    return fill_in(SHEETS[SheetCode(fact.code)], fact.values)


def problem_words(column: str, sentence: str) -> str:
    """Return what is wrong with a row: the column, then the sentence."""
    return f"{column}: {sentence}" if column else sentence

"""Read CSV strictly: UTF-8, or UTF-16 with a byte order mark. No encoding is guessed: a guess can change a domain."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from typing import Final

from workflows.core.batches.sheets.cells import Cell, RawRow, RawSheet, Swallowed
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import SheetUnusable
from workflows.core.errors.facts import Fact
from workflows.sheets.limits import MAX_CELL_CHARACTERS
from workflows.sheets.rows_of_cells import sheet_of

_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_SEPARATORS: Final = ",;\t|"
"""What spreadsheet programs of different countries write between two cells."""


def read_csv(content: bytes) -> RawSheet:
    """Return the sheet in the bytes of a CSV file.

    :raises SheetUnusable: when the text is in another encoding, or is not CSV.
    """
    text = _decoded(content)
    first = _LINE_END.split(text.lstrip("\r\n"), maxsplit=1)[0]
    separator = max(_SEPARATORS, key=first.count)
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    return sheet_of(_rows(text, separator))


def _rows(text: str, separator: str) -> Iterator[RawRow]:
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number, begins, width = 0, 1, 0
    try:
        for number, cells in enumerate(lines, start=1):
            begins, width = lines.line_num + 1, max(width, len(cells))
            yield RawRow(number, tuple(_cell(cell, separator, width) for cell in cells))
    except csv.Error as error:
        # NB. a quotation mark that is never closed ends at the end of the file: where its row begins is of help.
        reason = {"name": f"row {number + 1}, which begins at line {begins}", "reason": str(error)}
        raise SheetUnusable((Fact(SheetCode.NOT_READABLE, reason),)) from error


def _cell(text: str, separator: str, width: int) -> Cell:
    """Return a cell; one with a line that looks like a row of this width is none that can be trusted."""
    if "\n" not in text and "\r" not in text:
        return text
    inside = _LINE_END.split(text)[1:]
    return Swallowed() if any(line.count(separator) >= max(width - 1, 1) for line in inside) else text


def _decoded(content: bytes) -> str:
    is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = _line_at(content[: error.start].decode("latin-1"))
        raise SheetUnusable((Fact(SheetCode.WRONG_ENCODING, {"line": line}),)) from error
    if "\0" in text:  # UTF-16 without its mark reads as UTF-8 with zeros
        line = _line_at(text[: text.index("\0")])
        raise SheetUnusable((Fact(SheetCode.WRONG_ENCODING, {"line": line}),))
    return text


def _line_at(before: str) -> int:
    """Return the number of the line that follows a text, whatever ends its lines."""
    return len(_LINE_END.findall(before)) + 1

"""Read CSV strictly: UTF-8, or UTF-16 with a byte order mark. No encoding is guessed: a guess can change a domain."""

import codecs
import csv
import io
from collections.abc import Iterator
from typing import Final

from workflows.core.batches.sheets.cells import RawRow, RawSheet
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import SheetUnusable
from workflows.core.errors.facts import Fact
from workflows.sheets.limits import MAX_CELL_CHARACTERS
from workflows.sheets.rows_of_cells import sheet_of

_SEPARATORS: Final = ",;\t|"
"""What spreadsheet programs of different countries write between two cells."""


def read_csv(content: bytes) -> RawSheet:
    """Return the sheet in the bytes of a CSV file.

    :raises SheetUnusable: when the text is in another encoding, or is not CSV.
    """
    text = _decoded(content)
    first, _, _ = text.lstrip("\r\n").partition("\n")
    separator = max(_SEPARATORS, key=first.count)
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    return sheet_of(_rows(text, separator))


def _rows(text: str, separator: str) -> Iterator[RawRow]:
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for number, cells in enumerate(lines, start=1):
            yield RawRow(number, tuple(cells))
    except csv.Error as error:
        reason = {"name": f"line {lines.line_num}", "reason": str(error)}
        raise SheetUnusable((Fact(SheetCode.NOT_READABLE, reason),)) from error


def _decoded(content: bytes) -> str:
    is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SheetUnusable((Fact(SheetCode.WRONG_ENCODING, {"line": line}),)) from error
    if "\0" in text:  # UTF-16 without its mark reads as UTF-8 with zeros
        line = text.count("\n", 0, text.index("\0")) + 1
        raise SheetUnusable((Fact(SheetCode.WRONG_ENCODING, {"line": line}),))
    return text

"""The boundary to spreadsheets: CSV of which no cell is read as a formula, and every cell is quoted (RFC 4180).

OWASP's ASVS 5.0 (1.2.10) names the first characters that spreadsheets read as a formula. A single quote in front of
them makes the cell a text. Full-width forms, which Excel reads like them, are included.
"""

import csv
import re
from collections.abc import Iterable
from io import StringIO
from typing import Final

from bot.slack.blocks.untrusted import clean

MAX_CELL_CHARACTERS: Final = 32_767
"""The most characters of a cell that Excel accepts ("Excel specifications and limits")."""
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
_NEW_CELL: Final = re.compile(r'(;[\s"]*)(?=[=+\-@＝＋－＠])')
"""Where a spreadsheet that splits at semicolons, as in much of Europe, would read a formula inside a cell."""
_BAR: Final = "|"
BETWEEN: Final = f" {_BAR} "
"""Stands between several values in one cell."""
BYTE_ORDER_MARK: Final = "\ufeff"
"""At the beginning of the file. Without it, Excel does not read the file as UTF-8."""


def safe_cell(text: str) -> str:
    """Return a text that no spreadsheet reads as a formula: one line, without invisible characters."""
    if not text:
        return ""
    is_formula = text.startswith(_FORMULA_STARTS) or text.lstrip().startswith(_FORMULA_STARTS)
    cell = _NEW_CELL.sub(r"\1'", clean(text, MAX_CELL_CHARACTERS - 1, empty=""))[: MAX_CELL_CHARACTERS - 1]
    return f"'{cell}" if is_formula or cell.startswith(_FORMULA_STARTS) else cell


def join_values(values: Iterable[str]) -> str:
    """Return several values as the text of one cell. A bar in a value is replaced: it would look like two values."""
    return BETWEEN.join(value.replace(_BAR, "¦") for value in values)


def csv_row(cells: Iterable[str]) -> str:
    """Return one row, with its line end. Every cell is safe and quoted."""
    buffer = StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow([safe_cell(cell) for cell in cells])
    return buffer.getvalue()

"""The boundary to spreadsheets: CSV of which no cell is read as a formula, and every cell is quoted (RFC 4180).

OWASP's ASVS 5.0 (1.2.10) names the first characters that spreadsheets read as a formula. A single quote in front of
them makes the cell a text. Full-width forms, which Excel reads like them, are included.
"""

import csv
from collections.abc import Iterable
from io import StringIO
from typing import Final

from bot.slack.blocks.untrusted import clean

MAX_CELL_CHARACTERS: Final = 32_767
"""The most characters of a cell that Excel accepts ("Excel specifications and limits")."""
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
BYTE_ORDER_MARK: Final = "\ufeff"
"""At the beginning of the file. Without it, Excel does not read the file as UTF-8."""


def safe_cell(text: str) -> str:
    """Return a text that no spreadsheet reads as a formula: one line, without invisible characters."""
    if not text:
        return ""
    is_formula = text.startswith(_FORMULA_STARTS) or text.lstrip().startswith(_FORMULA_STARTS)
    shown = clean(text, MAX_CELL_CHARACTERS - 1, empty="")
    return f"'{shown}" if is_formula or shown.startswith(_FORMULA_STARTS) else shown


def csv_row(cells: Iterable[str]) -> str:
    """Return one row, with its line end. Every cell is safe and quoted."""
    buffer = StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow([safe_cell(cell) for cell in cells])
    return buffer.getvalue()

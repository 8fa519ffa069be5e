"""Tell from a cell's format in an Excel workbook whether its number is a day, and which."""

import re
import zipfile
from collections.abc import Sequence
from datetime import date, timedelta
from enum import Enum, auto
from typing import Final

from workflows.core.batches.sheets.cells import Cell, OtherValue
from workflows.sheets.workbook_parts import Start, damaged, read_part


class Shown(Enum):
    """As what a format shows a number."""

    NUMBER = auto()
    DAY = auto()
    TIME = auto()
    """A time of day, or how long something takes."""


_DAYS: Final = frozenset({*range(14, 18), 22, *range(27, 32), 36, *range(50, 55), 57, 58})
_TIMES: Final = frozenset({*range(18, 22), *range(32, 36), *range(45, 48), 55, 56})
"""Formats without a text of their own. Source: ECMA-376, part 1, 18.8.30, with those of East Asian languages."""
_ELAPSED: Final = re.compile(r"\[(h+|m+|s+)\]")
_NO_LETTERS: Final = re.compile(r'"[^"]*"?|\\.|[_*].|\[[^\]]*\]?')
"""What a format shows as it is, or not at all: texts, spaces, colours, languages and conditions."""
_FROM_1900: Final = date(1899, 12, 30)
_FROM_1904: Final = date(1904, 1, 1)
_FIRST: Final = 61
"""The first number of a day that is certain: Excel counts a 29 February 1900, which no calendar has."""
_LAST: Final = 2_958_465
"""31 December 9999."""


def read_formats(archive: zipfile.ZipFile, part: str) -> Sequence[Shown]:
    """Return as what each format of cells shows a number, by the format's number.

    :raises SheetUnusable: when the part is damaged.
    """
    own: dict[str, Shown] = {}
    used: list[str] = []
    for event in read_part(archive, part):
        match event:
            case Start("styleSheet/numFmts/numFmt", attributes):
                own[attributes.get("numFmtId", "")] = shown_by(attributes.get("formatCode", ""))
            case Start("styleSheet/cellXfs/xf", attributes):
                used.append(attributes.get("numFmtId", "0"))
    if not all(one.isascii() and one.isdigit() and len(one) <= 9 for one in used):
        raise damaged(part)
    return [own.get(one) or _usual(int(one)) for one in used]


def shown_by(code: str) -> Shown:
    """Return as what a format's text shows a number that is not below zero."""
    code = code.lower()
    if _ELAPSED.search(code):
        return Shown.TIME
    letters = set(_NO_LETTERS.sub("", code).partition(";")[0])
    if letters & {"d", "y"}:
        return Shown.DAY
    if letters & {"h", "s"}:
        return Shown.TIME
    return Shown.DAY if "m" in letters else Shown.NUMBER


def cell_of(number: float, shown: Shown, *, is_from_1904: bool) -> Cell:
    """Return the cell of a number. A time, and a number that is no certain day, are another value."""
    if shown is Shown.NUMBER:
        return number
    if shown is Shown.TIME or not _FIRST <= number <= _LAST - (1462 if is_from_1904 else 0):
        return OtherValue(f"{number:g}")
    return (_FROM_1904 if is_from_1904 else _FROM_1900) + timedelta(days=int(number))


def _usual(number: int) -> Shown:
    return Shown.DAY if number in _DAYS else Shown.TIME if number in _TIMES else Shown.NUMBER

"""Read the cells of one sheet of an Excel workbook as a stream, and stop at the first one that is too far out.

Rows and cells must be in ascending order and each be named once: other programs take the first or the last of two.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from workflows.core.batches.sheets.cells import Cell, Formula, Merged, OtherValue
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import SheetUnusable
from workflows.core.errors.facts import Fact
from workflows.sheets.cell_formats import Shown, cell_of
from workflows.sheets.limits import MAX_CELL_CHARACTERS, MAX_COLUMNS, MAX_ROWS
from workflows.sheets.workbook_parts import End, Start, damaged, read_part, too_long

_ROW: Final = "worksheet/sheetData/row"
_CELL: Final = f"{_ROW}/c"
_VALUE: Final = f"{_CELL}/v"
_FORMULA: Final = f"{_CELL}/f"
_INLINE: Final = frozenset({f"{_CELL}/is/t", f"{_CELL}/is/r/t"})
_MERGED: Final = "worksheet/mergeCells/mergeCell"
_SHARED: Final = "s"
"""The kind of a cell whose text is among those that cells share."""
_PLACE: Final = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_NUMBER: Final = re.compile(r"-?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]{1,3})?")
_INDEX: Final = re.compile(r"[0-9]{1,9}")
_LETTERS: Final = 26


@dataclass(frozen=True, slots=True)
class SharedText:
    """A cell whose text is in another part of the workbook, under this number."""

    number: int


@dataclass(frozen=True, slots=True)
class _Area:
    top: int
    left: int
    bottom: int
    right: int


@dataclass(slots=True)
class _OpenCell:
    """A cell while it is read."""

    name: str
    column: int
    kind: str
    style: str
    value: str | None = None
    pieces: list[str] = field(default_factory=list)
    """The texts that stand in the cell itself."""
    is_formula: bool = False


Rows = Mapping[int, Mapping[int, Cell | SharedText]]
"""Rows by their numbers, with their cells by the numbers of their columns; both from 1."""


def read_cells(archive: zipfile.ZipFile, part: str, formats: Sequence[Shown], *, is_from_1904: bool) -> Rows:
    """Return the cells of a sheet that have something in them.

    Every cell of an area that one formula fills is a formula, also if only its last value is there.

    :raises SheetUnusable: when a cell is too far out, or the sheet is damaged.
    """
    reading = _Reading(formats, is_from_1904=is_from_1904)
    for event in read_part(archive, part):
        match event:
            case Start(path, attributes):
                reading.begin(path, attributes)
            case End(path, text):
                reading.end(path, text)
    return reading.rows()


class _Reading:
    """The reading of one sheet."""

    def __init__(self, formats: Sequence[Shown], *, is_from_1904: bool) -> None:
        self._formats = formats
        self._is_from_1904 = is_from_1904
        self._found: dict[int, dict[int, Cell | SharedText]] = {}
        self._filled: list[_Area] = []
        self._merged: list[_Area] = []
        self._row = 0
        self._column = 0
        self._cell: _OpenCell | None = None

    def begin(self, path: str, attributes: Mapping[str, str]) -> None:
        """Take the beginning of an element."""
        if path == _ROW:
            self._begin_row(attributes.get("r"))
        elif path == _CELL:
            self._begin_cell(attributes)
        elif path == _FORMULA and self._cell is not None:
            self._cell.is_formula = True
            if attributes.get("ref") and attributes.get("t") != "shared":
                self._filled.append(_area(attributes["ref"]))
        elif path == _MERGED:
            area = _area(attributes.get("ref", ""))
            if area.top != area.bottom:
                self._merged.append(area)

    def end(self, path: str, text: str) -> None:
        """Take the end of an element."""
        if self._cell is None:
            return
        if path == _VALUE:
            if self._cell.value is not None:
                raise damaged(self._cell.name)
            self._cell.value = text
        elif path in _INLINE:
            self._cell.pieces.append(text)
        elif path == _CELL:
            self._end_cell(self._cell)
            self._cell = None

    def rows(self) -> Rows:
        """Return what was found, with the areas over several cells, as far down as there are values."""
        last = max(self._found, default=0)
        for areas, cell in ((self._merged, Merged()), (self._filled, Formula())):
            for row, column in _places(areas, last):
                self._found.setdefault(row, {})[column] = cell
        return self._found

    def _begin_row(self, number: str | None) -> None:
        row = self._row + 1 if number is None else int(number) if _INDEX.fullmatch(number) else 0
        if row <= self._row:
            raise damaged(f"row {number}")
        self._row, self._column = row, 0

    def _begin_cell(self, attributes: Mapping[str, str]) -> None:
        name = attributes.get("r")
        row, column = (self._row, self._column + 1) if name is None else _place(name)
        shown = name or f"row {self._row}"
        if row != self._row or column <= self._column:
            raise damaged(shown)
        self._column = column
        self._cell = _OpenCell(shown, column, attributes.get("t", "n"), attributes.get("s", "0"))

    def _end_cell(self, cell: _OpenCell) -> None:
        value: Cell | SharedText = Formula() if cell.is_formula else self._value(cell)
        if value is None:
            return
        if self._row > MAX_ROWS + 1:
            raise SheetUnusable((Fact(SheetCode.TOO_MANY_ROWS, {"limit": MAX_ROWS}),))
        if cell.column > MAX_COLUMNS:
            raise SheetUnusable((Fact(SheetCode.TOO_MANY_COLUMNS, {"limit": MAX_COLUMNS}),))
        self._found.setdefault(self._row, {})[cell.column] = value

    def _value(self, cell: _OpenCell) -> Cell | SharedText:
        """Return the value of a cell without a formula; None when there is none."""
        text = "".join(cell.pieces) if cell.kind == "inlineStr" else cell.value
        if not text:
            return None
        if len(text) > MAX_CELL_CHARACTERS:
            raise too_long()
        if cell.kind == _SHARED and _INDEX.fullmatch(text):
            return SharedText(int(text))
        match cell.kind:
            case "str" | "inlineStr":
                return text
            case "e":
                return OtherValue(text)
            case "b" if text in ("0", "1"):
                return text == "1"
            case "d":
                return _day(text, cell.name)
            case "n" if _NUMBER.fullmatch(text) and _INDEX.fullmatch(cell.style):
                return cell_of(float(text), self._shown(cell), is_from_1904=self._is_from_1904)
        raise damaged(cell.name)

    def _shown(self, cell: _OpenCell) -> Shown:
        style = int(cell.style)
        if style < len(self._formats):
            return self._formats[style]
        if style:
            raise damaged(cell.name)
        return Shown.NUMBER


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text.partition("T")[0])
    except ValueError as error:
        raise damaged(name) from error


def _places(areas: Sequence[_Area], last: int) -> Iterator[tuple[int, int]]:
    """Yield the places of areas down to a row. Areas of a sheet do not overlap, so there are not more than cells."""
    left = last * MAX_COLUMNS
    for area in areas:
        rows = range(area.top, min(area.bottom, last) + 1)
        columns = range(area.left, min(area.right, MAX_COLUMNS) + 1)
        left -= len(rows) * len(columns)
        if left < 0:
            raise damaged("areas that overlap")
        yield from ((row, column) for row in rows for column in columns)


def _area(name: str) -> _Area:
    first, _, last = name.partition(":")
    (top, left), (bottom, right) = _place(first), _place(last or first)
    if top > bottom or left > right:
        raise damaged(name)
    return _Area(top, left, bottom, right)


def _place(name: str) -> tuple[int, int]:
    """Return row and column of a cell's name, from 1."""
    match = _PLACE.fullmatch(name)
    if match is None:
        raise damaged(name)
    column = 0
    for letter in match[1]:
        column = column * _LETTERS + ord(letter) - ord("A") + 1
    return int(match[2]), column

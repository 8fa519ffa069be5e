"""Make a sheet from rows of cells: the first row that is not empty has the titles of the columns."""

from collections.abc import Iterable, Iterator
from typing import Final

from workflows.core.batches.sheets.cells import Cell, Formula, Merged, OtherValue, RawRow, RawSheet, Swallowed
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import SheetUnusable
from workflows.core.errors.facts import Fact
from workflows.sheets.limits import MAX_CELL_CHARACTERS, MAX_COLUMNS, MAX_ROWS

_NOTHING: Final = RawSheet(header=(), rows=())


def sheet_of(rows: Iterable[RawRow]) -> RawSheet:
    """Return the sheet of these rows, of which the empty ones are left out.

    :raises SheetUnusable: when it has too many rows or columns.
    """
    filled = _filled(rows)
    title_row = next(filled, None)
    if title_row is None:
        return _NOTHING
    header = tuple(_title(cell) for cell in title_row.cells)
    while header and not header[-1]:
        header = header[:-1]
    found: list[RawRow] = []
    for row in filled:
        if len(found) == MAX_ROWS:
            raise SheetUnusable((Fact(SheetCode.TOO_MANY_ROWS, {"limit": MAX_ROWS}),))
        found.append(row)
    return RawSheet(header=header, rows=tuple(found))


def _title(cell: Cell) -> str:
    """Return the title of a column; of a formula and of a merged area, a text that no column has."""
    match cell:
        case None:
            return ""
        case Formula():
            return "(formula)"
        case Merged() | Swallowed():
            return "(no title)"
        case OtherValue():
            return cell.shown
    return str(cell).strip()[:MAX_CELL_CHARACTERS]


def _filled(rows: Iterable[RawRow]) -> Iterator[RawRow]:
    for row in rows:
        if len(row.cells) > MAX_COLUMNS and any(map(_has_value, row.cells[MAX_COLUMNS:])):
            raise SheetUnusable((Fact(SheetCode.TOO_MANY_COLUMNS, {"limit": MAX_COLUMNS}),))
        if any(map(_has_value, row.cells)):
            yield RawRow(row.number, tuple(cell if _has_value(cell) else None for cell in row.cells[:MAX_COLUMNS]))


def _has_value(cell: Cell) -> bool:
    return cell is not None and not (isinstance(cell, str) and not cell.strip())

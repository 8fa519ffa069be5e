"""Read an Excel workbook: values and merged areas by calamine; where a formula stands, by openpyxl.

The value that a workbook keeps for a formula can be old or forged, so a formula is never a value here.
"""

import io
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from typing import Final

from openpyxl import load_workbook
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from workflows.core.batches.sheets.cells import Cell, Formula, Merged, RawRow, RawSheet
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import SheetUnusable
from workflows.core.errors.facts import Fact
from workflows.sheets.limits import MAX_COLUMNS, MAX_ROWS, MAX_UNPACKED_BYTES
from workflows.sheets.rows_of_cells import sheet_of

_FORMULA: Final = "f"
"""The type that openpyxl gives the cell of a formula."""
Place = tuple[int, int]
"""Row and column of a cell, from 0."""


def read_workbook(content: bytes, sheet: str) -> RawSheet:
    """Return a sheet of the workbook in these bytes.

    :param sheet: its name; empty for the only sheet that is visible.
    :raises SheetUnusable: when the workbook cannot be read, unpacks too large, or has not exactly this sheet.
    """
    _check_size(content)
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as workbook:
            name = _chosen(workbook, sheet)
            found = workbook.get_sheet_by_name(name)
            if found.total_height > MAX_ROWS + 1:
                raise SheetUnusable((Fact(SheetCode.TOO_MANY_ROWS, {"limit": MAX_ROWS}),))
            return sheet_of(_rows(found, _formulas(content, name)))
    except (CalamineError, zipfile.BadZipFile, ValueError, KeyError) as error:
        reason = {"name": "", "reason": str(error) or type(error).__name__}
        raise SheetUnusable((Fact(SheetCode.NOT_READABLE, reason),)) from error


def _check_size(content: bytes) -> None:
    """Check what the file becomes when it is unpacked, before anything is.

    :raises SheetUnusable: when it becomes too large, or is no compressed file.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            is_small = sum(one.file_size for one in packed.infolist()) <= MAX_UNPACKED_BYTES
            # A size can be a lie: what is unpacked ends there, and then its checksum is wrong.
            wrong = packed.testzip() if is_small else None
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error, EOFError) as error:
        raise SheetUnusable((Fact(SheetCode.NOT_READABLE, {"name": "", "reason": str(error)}),)) from error
    if not is_small:
        raise SheetUnusable((Fact(SheetCode.UNPACKS_TOO_LARGE, {"name": "", "limit_bytes": MAX_UNPACKED_BYTES}),))
    if wrong is not None:
        raise SheetUnusable((Fact(SheetCode.DAMAGED, {"part": wrong}),))


def _chosen(workbook: CalamineWorkbook, sheet: str) -> str:
    visible = [one.name for one in workbook.sheets_metadata if one.visible is SheetVisibleEnum.Visible]
    if sheet:
        if sheet not in visible:
            raise SheetUnusable((Fact(SheetCode.NO_SUCH_SHEET, {"sheet": sheet, "sheets": visible}),))
        return sheet
    if len(visible) != 1:
        raise SheetUnusable((Fact(SheetCode.SEVERAL_SHEETS, {"sheets": visible}),))
    return visible[0]


def _formulas(content: bytes, name: str) -> Collection[Place]:
    workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
    try:
        rows = workbook[name].iter_rows(min_row=1, max_row=MAX_ROWS + 2, min_col=1, max_col=MAX_COLUMNS)
        return {
            (row, column)
            for row, cells in enumerate(rows)
            for column, cell in enumerate(cells)
            if cell.data_type == _FORMULA
        }
    finally:
        workbook.close()


def _rows(sheet: CalamineSheet, formulas: Collection[Place]) -> Iterator[RawRow]:
    merged = _merged(sheet)
    top, left = sheet.start or (0, 0)
    for row, cells in enumerate(sheet.to_python(skip_empty_area=True), start=top):
        places = ((row, column) for column in range(left + len(cells)))
        values = (*(None for _ in range(left)), *cells)
        yield RawRow(
            row + 1,
            tuple(
                Formula() if place in formulas else Merged() if place in merged else _cell(value)
                for place, value in zip(places, values, strict=True)
            ),
        )


def _merged(sheet: CalamineSheet) -> Mapping[Place, None]:
    """Return the places of merged areas that go over several rows: their value belongs to no one row."""
    areas = [area for area in sheet.merged_cell_ranges or () if area[0][0] != area[1][0]]
    return {
        (row, column): None
        for (top, left), (bottom, right) in areas
        for row in range(top, min(bottom, MAX_ROWS + 1) + 1)
        for column in range(left, min(right, MAX_COLUMNS) + 1)
    }


def _cell(value: object) -> Cell:
    match value:
        case datetime():
            return value.date()
        case str() | bool() | int() | float() | date():
            return value or None if isinstance(value, str) else value
    return str(value)

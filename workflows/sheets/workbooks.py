"""Read one sheet of an Excel workbook, as values. The parts of the workbook are read as a stream, with limits.

The value that a workbook keeps for a formula can be old or forged, so a formula is never a value here.
"""

import io
import zipfile
from collections.abc import Iterator, Mapping

from workflows.core.batches.sheets.cells import Cell, RawRow, RawSheet
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import SheetUnusable
from workflows.core.errors.facts import Fact
from workflows.sheets.cell_formats import read_formats
from workflows.sheets.limits import MAX_UNPACKED_BYTES
from workflows.sheets.rows_of_cells import sheet_of
from workflows.sheets.workbook_parts import Structure, damaged, read_structure, read_texts
from workflows.sheets.worksheets import Rows, SharedText, read_cells


def read_workbook(content: bytes, sheet: str) -> RawSheet:
    """Return a sheet of the workbook in these bytes.

    :param sheet: its name; empty for the only sheet that is visible.
    :raises SheetUnusable: when the workbook cannot be read, unpacks too large, or has not exactly this sheet.
    """
    _check_size(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            structure = read_structure(archive)
            part = structure.sheets[_chosen(structure.sheets, sheet)]
            formats = [] if structure.styles is None else read_formats(archive, structure.styles)
            rows = read_cells(archive, part, formats, is_from_1904=structure.is_from_1904)
            texts = _texts(archive, structure, rows)
    except Exception as error:
        if isinstance(error, SheetUnusable):
            raise
        reason = {"name": "", "reason": str(error) or type(error).__name__}
        raise SheetUnusable((Fact(SheetCode.NOT_READABLE, reason),)) from error
    return sheet_of(_filled(rows, texts))


def _check_size(content: bytes) -> None:
    """Check what the file becomes when it is unpacked, before anything is.

    :raises SheetUnusable: when it becomes too large, or is no compressed file.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            is_small = sum(one.file_size for one in packed.infolist()) <= MAX_UNPACKED_BYTES
            # A size can be a lie: what is unpacked ends there, and then its checksum is wrong.
            wrong = packed.testzip() if is_small else None
    except Exception as error:  # what the library raises for a damaged file is not documented
        reason = {"name": "", "reason": str(error) or type(error).__name__}
        raise SheetUnusable((Fact(SheetCode.NOT_READABLE, reason),)) from error
    if not is_small:
        raise SheetUnusable((Fact(SheetCode.UNPACKS_TOO_LARGE, {"name": "", "limit_bytes": MAX_UNPACKED_BYTES}),))
    if wrong is not None:
        raise SheetUnusable((Fact(SheetCode.DAMAGED, {"part": wrong}),))


def _chosen(visible: Mapping[str, str], sheet: str) -> str:
    names = list(visible)
    if sheet:
        if sheet not in visible:
            raise SheetUnusable((Fact(SheetCode.NO_SUCH_SHEET, {"sheet": sheet, "sheets": names}),))
        return sheet
    if len(names) != 1:
        raise SheetUnusable((Fact(SheetCode.SEVERAL_SHEETS, {"sheets": names}),))
    return names[0]


def _texts(archive: zipfile.ZipFile, structure: Structure, rows: Rows) -> Mapping[int, str]:
    """Return the texts that cells of the sheet share."""
    wanted = {cell.number for cells in rows.values() for cell in cells.values() if isinstance(cell, SharedText)}
    if not wanted:
        return {}
    if structure.texts is None:
        raise damaged("no shared texts")
    found = read_texts(archive, structure.texts, wanted)
    if found.keys() != wanted:
        raise damaged(structure.texts)
    return found


def _filled(rows: Rows, texts: Mapping[int, str]) -> Iterator[RawRow]:
    width = max((max(cells) for cells in rows.values()), default=0)
    for number in sorted(rows):
        cells = rows[number]
        yield RawRow(number, tuple(_cell(cells.get(column), texts) for column in range(1, width + 1)))


def _cell(cell: Cell | SharedText, texts: Mapping[int, str]) -> Cell:
    return (texts[cell.number] or None) if isinstance(cell, SharedText) else cell

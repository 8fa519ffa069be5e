"""Makes files of sheets for tests."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from openpyxl import Workbook

SHARED_TEXTS = "xl/sharedStrings.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
ROWS = [["Domain", "Template", "End date"], ["contoso.com", "low-risk", "2027-05-01"]]


def workbook(
    rows: Sequence[Sequence[Any]] = ROWS,
    *,
    merged: Sequence[str] = (),
    sheets: Mapping[str, str] | None = None,
) -> bytes:
    """Return an Excel workbook.

    :param merged: areas such as `A2:A3`.
    :param sheets: more sheets by name, with their state: `visible` or `hidden`.
    """
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Partners"
    for row in rows:
        sheet.append(list(row))
    for area in merged:
        sheet.merge_cells(area)
    for name, state in (sheets or {}).items():
        book.create_sheet(name).sheet_state = state
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    """Return a workbook with one more compressed part."""
    packed = io.BytesIO(content)
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, part)
    return packed.getvalue()


def with_sheet(rows: str, *, after: str = "", parts: Mapping[str, bytes] | None = None) -> bytes:
    """Return a workbook whose sheet has these rows of XML, whose text in `A1` is the title of a column.

    :param after: XML after the rows.
    :param parts: parts that take the place of others, by their names.
    """
    xml = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        f'<row r="1">{cell("A1", "Domain")}</row>{rows}</sheetData>{after}</worksheet>'
    )
    given = {"xl/worksheets/sheet1.xml": xml.encode(), **(parts or {})}
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    shared = f'<Relationship Id="texts" Type="{kind}" Target="sharedStrings.xml"/></Relationships>'
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        all_parts = {name: old.read(name) for name in old.namelist()} | given
        if SHARED_TEXTS in given:
            all_parts[_RELATIONS] = all_parts[_RELATIONS].replace(b"</Relationships>", shared.encode())
        for name, part in all_parts.items():
            archive.writestr(name, part)
    return packed.getvalue()


def cell(place: str, text: str, formula: str = "") -> str:
    """Return the XML of a cell with a text.

    :param formula: the XML of the formula that made it.
    """
    return f'<c r="{place}" t="str">{formula}<v>{text}</v></c>'


def number(place: str, value: str, style: int = 0) -> str:
    """Return the XML of a cell with a number."""
    return f'<c r="{place}" s="{style}"><v>{value}</v></c>'


def row(place: int, *cells: str) -> str:
    """Return the XML of a row."""
    return f'<row r="{place}">{"".join(cells)}</row>'


def styles(*formats: int | str) -> bytes:
    """Return the part of a workbook with the formats of cells: numbers of usual ones, or texts."""
    own = {code: 164 + place for place, code in enumerate(one for one in formats if isinstance(one, str))}
    named = "".join(f"<numFmt numFmtId='{place}' formatCode='{code}'/>" for code, place in own.items())
    used = "".join(f"<xf numFmtId='{own.get(one, one) if isinstance(one, str) else one}'/>" for one in formats)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f"<styleSheet xmlns='{main}'><numFmts>{named}</numFmts><cellXfs>{used}</cellXfs></styleSheet>".encode()

"""Makes files of sheets for tests."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from openpyxl import Workbook

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

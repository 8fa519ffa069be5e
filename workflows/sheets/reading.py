"""Read a sheet from a file, by the ending of its name. The hash is that of exactly the bytes that were read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from workflows.core.batches.sheets.cells import RawSheet, SheetForm
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import SheetUnusable
from workflows.core.errors.facts import Fact
from workflows.sheets.csv_files import read_csv
from workflows.sheets.limits import MAX_BYTES
from workflows.sheets.object_files import read_json, read_toml
from workflows.sheets.workbooks import read_workbook


@dataclass(frozen=True, slots=True)
class SheetFile:
    """A sheet, and the file from which it was read."""

    name: str
    """The file's name, without its folder."""
    digest: str
    """SHA-256 of the file's bytes, in hexadecimal."""
    sheet: RawSheet


_READERS: Final[Mapping[str, Callable[[bytes, str], RawSheet]]] = {
    ".csv": lambda content, _: read_csv(content),
    ".xlsx": read_workbook,
    ".json": lambda content, _: read_json(content),
    ".toml": lambda content, _: read_toml(content),
}


def load_sheet(path: Path, *, sheet: str = "") -> SheetFile:
    """Read the sheet in the file at `path`.

    :param sheet: the name of the sheet in a workbook that has several.
    :raises SheetUnusable: when it cannot be read, is too large, or is no sheet.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = {"name": path.name, "reason": error.strerror or type(error).__name__}
        raise SheetUnusable((Fact(SheetCode.NOT_READABLE, reason),)) from error
    return read_sheet(path.name, content, sheet=sheet)


def read_sheet(name: str, content: bytes, *, sheet: str = "") -> SheetFile:
    """Read the sheet in the content of a file.

    :param name: the file's name, whose ending names the format.
    :raises SheetUnusable: see `load_sheet`.
    """
    reader = _READERS.get(Path(name).suffix.lower())
    if reader is None:
        raise SheetUnusable((Fact(SheetCode.UNKNOWN_FORMAT, {"name": name, "known": list(_READERS)}),))
    if len(content) > MAX_BYTES:
        raise SheetUnusable((Fact(SheetCode.TOO_LARGE, {"name": name, "limit_bytes": MAX_BYTES}),))
    found = reader(content, sheet)
    if not found.rows and found.form is not SheetForm.LIST:  # a list that is written for Gatehouse may be empty
        raise SheetUnusable((Fact(SheetCode.NO_ROWS),))
    return SheetFile(name=name, digest=sha256(content).hexdigest(), sheet=found)

"""Read a sheet from a file, by the ending of its name. The hash is that of exactly the bytes that were read."""

import os
import stat
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
_BEGINNINGS: Final[Mapping[bytes, str]] = {
    b"PK\x03\x04": "workbook",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "old_workbook",
}
"""How files begin that are often named otherwise. A workbook with a password looks like an old one."""


def load_sheet(path: Path, *, sheet: str = "") -> SheetFile:
    """Read the sheet in the file at `path`.

    :param sheet: the name of the sheet in a workbook that has several.
    :raises SheetUnusable: when it cannot be read, is too large, or is no sheet.
    """
    try:
        return read_sheet(path.name, _content(path), sheet=sheet)
    except OSError as error:
        reason = {"name": path.name, "reason": error.strerror or type(error).__name__}
        raise SheetUnusable((Fact(SheetCode.NOT_READABLE, reason),)) from error


def _content(path: Path) -> bytes:
    """Return the bytes of a file as they were at one moment. A link to a file is followed.

    :raises OSError: when it cannot be opened.
    :raises SheetUnusable: when it is no file, or is changed meanwhile.
    """
    # NB. not to wait until somebody writes into a pipe.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise SheetUnusable((Fact(SheetCode.NO_FILE, {"name": path.name}),))
        content = file.read(MAX_BYTES + 1)
        after = os.fstat(file.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise SheetUnusable((Fact(SheetCode.CHANGED_WHILE_READ, {"name": path.name}),))
    return content


def _require_content_of(ending: str, name: str, content: bytes) -> None:
    """Check that the content is not that of another kind of file: its error would not say so."""
    found = next((kind for start, kind in _BEGINNINGS.items() if content.startswith(start)), None)
    if found is not None and (found, ending) != ("workbook", ".xlsx"):
        raise SheetUnusable((Fact(SheetCode.OTHER_CONTENT, {"name": name, "found": found}),))
    if found is None and ending == ".xlsx":
        raise SheetUnusable((Fact(SheetCode.OTHER_CONTENT, {"name": name, "found": "other"}),))


def read_sheet(name: str, content: bytes, *, sheet: str = "") -> SheetFile:
    """Read the sheet in the content of a file.

    :param name: the file's name, whose ending names the format.
    :raises SheetUnusable: see `load_sheet`.
    """
    ending = Path(name).suffix.lower()
    reader = _READERS.get(ending)
    if reader is None:
        raise SheetUnusable((Fact(SheetCode.UNKNOWN_FORMAT, {"name": name, "known": list(_READERS)}),))
    if len(content) > MAX_BYTES:
        raise SheetUnusable((Fact(SheetCode.TOO_LARGE, {"name": name, "limit_bytes": MAX_BYTES}),))
    _require_content_of(ending, name, content)
    found = reader(content, sheet)
    if not found.rows and found.form is not SheetForm.LIST:  # a list that is written for Gatehouse may be empty
        raise SheetUnusable((Fact(SheetCode.NO_ROWS),))
    return SheetFile(name=name, digest=sha256(content).hexdigest(), sheet=found)

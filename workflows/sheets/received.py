"""A file that a person gave in the chat system: the interface that loads it, and what kind of sheet its content is."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Protocol

from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import FactsError
from workflows.core.people import ChatId
from workflows.sheets.reading import SheetFile, read_sheet


class ReceivedFileCode(StrEnum):
    """Why a file cannot be used."""

    GONE = "file_gone"
    """It was deleted, or the app may not see it."""
    OTHER_OWNER = "file_other_owner"
    """Somebody else uploaded it."""
    OTHER_WORKSPACE = "file_other_workspace"
    EXTERNAL = "file_external"
    """It is kept by another service. The chat system only has a link."""
    NO_SCOPE = "file_no_scope"
    """The app may not load files."""
    OTHER_ADDRESS = "file_other_address"
    """The chat system named an address that is not its own. Values: `host`."""
    REFUSED = "file_refused"
    """Values: `code`."""
    OTHER_CONTENT = "file_other_content"
    """The content is no sheet. Values: `name`."""


class FileNotUsable(FactsError):
    """A file cannot be used, now or later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedFile:
    """A file as it was loaded."""

    name: str
    """Text from outside. Nothing is decided by it."""
    content: bytes


class ReceivedFiles(Protocol):
    """Loads files."""

    async def load(self, file_id: str, given_by: ChatId) -> ReceivedFile:
        """Load a file that a person uploaded.

        :raises FileNotUsable, SheetUnusable: when that is not possible; the latter when it is too large.
        :raises NotifierUnavailable: when the chat system does not answer now.
        """


_BINARY: Final = (
    *(b"%PDF", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf"),
    *(b"BZh", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"\x7fELF", b"MZ", b"<!doctype", b"<html", b"<?xml"),
)
"""How other kinds of files begin, in lower case where they are text."""
_ZIPPED: Final = b"PK\x03\x04"
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")
"""The marks of UTF-16."""
_TABLE: Final = re.compile(rb"\[\[?\s*[\w.\"'-]+\s*\]\]?\s*(#.*)?")
_OBJECTS: Final = re.compile(rb"\{|\[\s*[{\]]")


def read_by_content(file: ReceivedFile, *, sheet: str = "") -> SheetFile:
    """Read the sheet in a file. Its content says what it is; the ending of its name does not.

    :param sheet: the name of the sheet in a workbook with several.
    :raises FileNotUsable: when it is no sheet of any kind.
    :raises SheetUnusable: when it cannot be read as one.
    """
    ending = _ending(file.content)
    if ending is None:
        raise FileNotUsable((Fact(ReceivedFileCode.OTHER_CONTENT, {"name": file.name}),))
    return replace(read_sheet(f"sheet{ending}", file.content, sheet=sheet), name=file.name)


def _ending(content: bytes) -> str | None:
    """Return the ending of the names of such files; None for what is no sheet."""
    if content.startswith(_ZIPPED):
        return ".xlsx"
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:16].lower().startswith(tuple(one.lower() for one in _BINARY)):
        return None
    if b"\0" in content:
        return ".csv" if content.startswith(_WIDE) else None
    if _OBJECTS.match(start):
        return ".json"
    lines = (line.strip() for line in start.splitlines())
    first = next((line for line in lines if line and not line.startswith(b"#")), b"")
    return ".toml" if _TABLE.fullmatch(first) else ".csv"

"""A text in a temporary file, with the SHA-256 digest of its bytes; and what a report says of itself."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import IO, Final

from workflows.core.partners.history.days import Days

_IN_MEMORY_BYTES: Final = 1_000_000
_COPIED_AT_ONCE: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportHeader:
    """What a report says about itself."""

    made_at: datetime
    made_by: str
    key: str
    """The key of the audit entry that records it."""
    partner: str = ""
    """The partner that was asked for; empty for all partners."""
    days: Days = field(default_factory=Days)


class ReportFile:
    """A finished text in a temporary file. Close it to delete the file."""

    def __init__(self, redact: Callable[[str], str] = str) -> None:
        """Create an empty file.

        :param redact: removes known secrets from every text.
        """
        self._redact = redact
        self._file: IO[bytes] = SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115  # closed by `close`
        self._digest = hashlib.sha256()
        self.row_count = 0
        self.size = 0

    @property
    def sha256(self) -> str:
        """Return the digest of all bytes so far, in hexadecimal form."""
        return self._digest.hexdigest()

    def write(self, text: str) -> None:
        """Add a text. What UTF-8 cannot represent becomes a question mark."""
        data = self._redact(text).encode(errors="replace")
        self._file.write(data)
        self._digest.update(data)
        self.size += len(data)

    def new_part_file(self) -> "ReportFile":
        """Return an empty file, to be written at the same time and appended to this one later."""
        return ReportFile(self._redact)

    def append(self, other: "ReportFile") -> None:
        """Add the whole content of another file, which `new_part_file` made."""
        for piece in other.pieces():
            self._file.write(piece)
            self._digest.update(piece)
        self.size += other.size

    def pieces(self) -> Iterator[bytes]:
        """Return the whole content, piece by piece."""
        self._file.seek(0)
        while piece := self._file.read(_COPIED_AT_ONCE):
            yield piece

    def close(self) -> None:
        """Delete the file."""
        self._file.close()

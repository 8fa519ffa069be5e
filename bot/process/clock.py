"""The time: the machine's, or for rehearsals the machine's plus an offset that another process keeps in a file."""

from datetime import UTC, datetime, timedelta
from pathlib import Path


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present time in UTC."""
        return datetime.now(UTC)


class OffsetClock:
    """The machine's clock plus a whole number of seconds from a file, which is read at every call."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        """Return the present time of the rehearsal in UTC."""
        return datetime.now(UTC) + timedelta(seconds=int(self._path.read_text(encoding="ascii")))

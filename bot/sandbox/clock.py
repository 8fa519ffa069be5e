"""The one clock that the stand-ins and the bot share: real time plus an offset kept in a small file."""

from datetime import UTC, datetime, timedelta
from pathlib import Path


class SandboxClock:
    """Real time plus an offset that only grows.

    The offset stands in `path` as a whole number of seconds, so that another process can follow the same clock.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            path.write_text("0\n", encoding="ascii")

    @property
    def offset(self) -> timedelta:
        """How far this clock is ahead of the machine's."""
        return timedelta(seconds=int(self.path.read_text(encoding="ascii")))

    def now(self) -> datetime:
        """The sandbox's time, UTC."""
        return datetime.now(UTC) + self.offset

    def advance(self, seconds: int) -> datetime:
        """Move forward by `seconds` (not negative) and return the new time.

        :raises ValueError: when `seconds` is negative.
        """
        if seconds < 0:
            raise ValueError("advance_seconds: time goes forward only; give a number of at least 0")
        total = int(self.offset.total_seconds()) + seconds
        temporary = self.path.with_suffix(".new")
        temporary.write_text(f"{total}\n", encoding="ascii")
        temporary.replace(self.path)
        return self.now()

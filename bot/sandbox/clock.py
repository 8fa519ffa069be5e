"""The clock that the simulators and the bot share: real time plus an offset in a small file."""

from datetime import UTC, datetime, timedelta
from pathlib import Path


class SandboxClock:
    """Real time plus an offset that only grows.

    The offset is a whole number of seconds in the file `path`, so that the bot can use the same clock.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            path.write_text("0\n", encoding="ascii")
        self._offset = timedelta(seconds=int(path.read_text(encoding="ascii")))

    @property
    def offset(self) -> timedelta:
        """Return how far this clock is ahead of the machine's clock."""
        return self._offset

    def now(self) -> datetime:
        """Return the sandbox's time in UTC."""
        return datetime.now(UTC) + self.offset

    def advance(self, seconds: int) -> datetime:
        """Move the clock forward and return the new time.

        :param seconds: not negative.
        :raises ValueError: when `seconds` is negative.
        """
        if seconds < 0:
            # The message begins with the field of POST /control/clock that the number comes from.
            raise ValueError("advance_seconds: time goes forward only; give a number of at least 0")
        total = int(self.offset.total_seconds()) + seconds
        temporary = self.path.with_suffix(".new")
        temporary.write_text(f"{total}\n", encoding="ascii")
        temporary.replace(self.path)
        self._offset = timedelta(seconds=total)
        return self.now()

"""Limit the lines of one kind per minute; one line counts the lines that were left out."""

import logging
import time
from collections.abc import Callable
from typing import Final

import structlog
from structlog.typing import EventDict, WrappedLogger

_SECONDS: Final = 60.0
_MAX_LINE_KINDS: Final = 500
"""The most kinds of lines that are counted separately, so that text from outside cannot use up the memory."""
_LIMITED: Final = frozenset({"warning", "error", "critical"})
_COUNT: Final = "lines_left_out"

_log = structlog.get_logger()


class LogLimit:
    """Counts lines by kind. A minute begins with the first line of a kind."""

    def __init__(self, max_lines: int, now: Callable[[], float] = time.monotonic) -> None:
        self._max_lines = max_lines
        self._now = now
        self._begun: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def allows(self, line_kind: str) -> bool:
        """Return whether one more line of this kind may be written now, and count it."""
        self._end_minutes()
        if line_kind not in self._begun:
            if len(self._begun) >= _MAX_LINE_KINDS:
                line_kind = ""
            self._begun.setdefault(line_kind, self._now())
        self._counts[line_kind] = self._counts.get(line_kind, 0) + 1
        return self._counts[line_kind] <= self._max_lines

    def allows_record(self, record: logging.LogRecord) -> bool:
        """Decide about a library's line. Its kind is the logger and the first line of the message template."""
        first = str(record.msg).partition("\n")[0]
        return self.allows(f"{record.name}: {first[:100]}")

    def _end_minutes(self) -> None:
        ended = [line_kind for line_kind, begun in self._begun.items() if self._now() - begun >= _SECONDS]
        for line_kind in ended:
            del self._begun[line_kind]
            left_out = self._counts.pop(line_kind, 0) - self._max_lines
            if left_out > 0:
                _log.warning(_COUNT, of=line_kind, lines=left_out)


class LineLimit:
    """The same limit as a processing step of structlog.

    Only warnings and errors are limited; other lines are about completed work.

    :param with_traceback: the limit of lines with a traceback.
    """

    def __init__(self, limit: LogLimit, with_traceback: LogLimit) -> None:
        self._limit = limit
        self._with_traceback = with_traceback

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
        """Return an event, or drop it.

        :raises structlog.DropEvent: when too many of its kind were written within this minute.
        """
        event_name = str(event.get("event", ""))
        limit = self._with_traceback if event.get("exc_info") else self._limit
        if event.get("level") in _LIMITED and event_name != _COUNT and not limit.allows(event_name[:100]):
            raise structlog.DropEvent
        return event

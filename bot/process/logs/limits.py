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

    def __init__(self, most: int, now: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._now = now
        self._begun: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def allows(self, kind: str) -> bool:
        """Return whether one more line of this kind may be written now, and count it."""
        self._end_minutes()
        if kind not in self._begun:
            if len(self._begun) >= _MAX_LINE_KINDS:
                kind = ""
            self._begun.setdefault(kind, self._now())
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return self._counts[kind] <= self._most

    def allows_record(self, record: logging.LogRecord) -> bool:
        """Decide about a library's line. Its kind is the logger and the first line of the message template."""
        first = str(record.msg).partition("\n")[0]
        return self.allows(f"{record.name}: {first[:100]}")

    def _end_minutes(self) -> None:
        ended = [kind for kind, begun in self._begun.items() if self._now() - begun >= _SECONDS]
        for kind in ended:
            del self._begun[kind]
            left_out = self._counts.pop(kind, 0) - self._most
            if left_out > 0:
                _log.warning(_COUNT, of=kind, lines=left_out)


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

"""JSON lines on standard output, with nothing secret in them, and never more of one kind than somebody can read."""

import logging
import sys
from collections.abc import Callable
from typing import Final

import structlog
from structlog.typing import EventDict, WrappedLogger

from bot.process.logs.limits import LineLimit, LogLimit

_to_json: Final = structlog.processors.JSONRenderer()
_MOST_A_MINUTE: Final = 30
"""Warnings and errors of one event; an attacker, or a neighbour that is away, must not fill the disk."""
_MOST_WITH_TRACEBACK: Final = 15
"""The same for those that bring a traceback, and for what libraries say, because that mostly does."""


def configure_logs(redact: Callable[[str], str]) -> None:
    """Log as JSON lines; libraries speak from WARNING on, because some print bodies and tokens below it.

    :param redact: takes what is secret out of a finished line, so that it matters not how it came there.
    """
    render = _renderer(redact)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            LineLimit(LogLimit(_MOST_A_MINUTE), LogLimit(_MOST_WITH_TRACEBACK)),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, format='{"level": "%(levelname)s", "logger": "%(name)s"}', force=True)
    for handler in logging.getLogger().handlers:
        handler.addFilter(LogLimit(_MOST_WITH_TRACEBACK).takes_record)
        handler.setFormatter(
            structlog.stdlib.ProcessorFormatter(
                foreign_pre_chain=[
                    structlog.stdlib.add_log_level,
                    structlog.processors.TimeStamper(fmt="iso", utc=True),
                ],
                processors=[
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    render,
                ],
            )
        )


def configure_terminal_logs(redact: Callable[[str], str]) -> None:
    """Let only warnings be heard, on standard error, for commands whose standard output is the answer."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _renderer(redact),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _renderer(redact: Callable[[str], str]) -> Callable[[WrappedLogger, str, EventDict], str]:
    def render(logger: WrappedLogger, name: str, event: EventDict) -> str:
        """Write an event as one line of JSON with its secrets redacted."""
        return redact(str(_to_json(logger, name, event)))

    return render

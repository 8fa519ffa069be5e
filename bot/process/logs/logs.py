"""JSON lines on standard output, without secrets, and with a limit for lines of one kind."""

import logging
import sys
from collections.abc import Callable
from typing import Final

import structlog
from structlog.typing import EventDict, WrappedLogger

from bot.process.logs.limits import LineLimit, LogLimit

_to_json: Final = structlog.processors.JSONRenderer()
_MAX_LINES_PER_MINUTE: Final = 30
"""For warnings and errors of one event: an attacker, or an unreachable system, must not fill the disk."""
_MAX_TRACEBACKS_PER_MINUTE: Final = 15
"""For lines with a traceback, and for lines of libraries, which mostly have one."""


def configure_logs(redact: Callable[[str], str]) -> None:
    """Log as JSON lines; libraries log from WARNING on, because some print bodies and tokens below it.

    :param redact: removes secrets from a finished line, whatever their origin.
    """
    render = _renderer(redact)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            LineLimit(LogLimit(_MAX_LINES_PER_MINUTE), LogLimit(_MAX_TRACEBACKS_PER_MINUTE)),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, format='{"level": "%(levelname)s", "logger": "%(name)s"}', force=True)
    for handler in logging.getLogger().handlers:
        handler.addFilter(LogLimit(_MAX_TRACEBACKS_PER_MINUTE).allows_record)
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


_AZURE: Final = logging.getLogger("azure")
"""The logger of azure-identity."""


def configure_terminal_logs(redact: Callable[[str], str]) -> None:
    """Log only warnings, on standard error, for commands whose standard output is the answer."""
    _AZURE.addHandler(logging.NullHandler())
    _AZURE.propagate = False  # the command says in words that Entra does not answer
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

"""JSON lines on standard output, with nothing secret in them."""

import logging
import re
import sys
from typing import Final

import structlog
from structlog.typing import EventDict, WrappedLogger

_SECRET: Final = re.compile(
    r"xox[a-z](?:\.xox[a-z])?-[\w-]+|xapp-[\w-]+|eyJ[\w-]+\.[\w-]+\.[\w-]*"
    r"|(?<=Bearer )[^\s\"\\]+|(?<=client_secret=)[^&\s\"\\]+"
)
_REDACTED: Final = "[redacted]"
_to_json: Final = structlog.processors.JSONRenderer()


def configure_logs() -> None:
    """Log as JSON lines; libraries speak from WARNING on, because some print bodies and tokens below it."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, format='{"level": "%(levelname)s", "logger": "%(name)s"}', force=True)
    for handler in logging.getLogger().handlers:
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


def configure_terminal_logs() -> None:
    """Let only warnings be heard, on standard error, for commands whose standard output is the answer."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def render(logger: WrappedLogger, name: str, event: EventDict) -> str:
    """Write an event as one line of JSON with its secrets redacted."""
    return redact(str(_to_json(logger, name, event)))


def redact(line: str) -> str:
    """Replace everything that looks like a token in a finished line, so that it matters not how it came there."""
    return _SECRET.sub(_REDACTED, line)

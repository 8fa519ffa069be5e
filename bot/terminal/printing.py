"""Print for a person at a terminal: text from outside made safe, error messages, and a reader that goes away."""

import errno
import io
import os
import sys
from typing import Final

from rich.console import Console
from rich.text import Text

from bot.slack.blocks.untrusted import clean

NOT_POSSIBLE: Final = 1
"""The exit status when there is no answer."""
READER_GONE: Final = 141
"""The exit status when the program that read the output has ended, as `head` does: 128 and the number of SIGPIPE."""
MAX_CHARACTERS: Final = 2000


def safe_text(text: str, limit: int = MAX_CHARACTERS, style: str = "") -> Text:
    """Return text for the terminal: no control characters, on one line, and without markup for rich."""
    return Text(clean(text, limit), style=style)


def print_error(title: str, *reasons: str) -> None:
    """Print an error on standard error, with one line for each reason."""
    print(title, *(f"- {clean(reason, MAX_CHARACTERS)}" for reason in reasons), sep="\n", file=sys.stderr)


def terminal_console() -> Console:
    """Return standard output as a console. It uses colours only on a terminal."""
    return Console(highlight=False, emoji=False, markup=False)


class _Output(io.FileIO):
    """Standard output; the command ends when nobody reads it any more."""

    def write(self, data: bytes | bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Write some bytes.

        :raises SystemExit: when the reader has gone. NB. not an OSError: commands print those.
        """
        try:
            return super().write(data)
        except OSError as error:
            if error.errno != errno.EPIPE:
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())  # for what is still to be written
            raise SystemExit(READER_GONE) from None


def end_without_reader() -> None:
    """Let the command end quietly, with status 141, when the reader of its standard output has gone."""
    if sys.stdout is not sys.__stdout__ or sys.stdout is None:
        return
    sys.stdout.flush()
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(_Output(sys.stdout.fileno(), "w", closefd=False)),
        encoding=sys.stdout.encoding,
        errors=sys.stdout.errors,
        line_buffering=sys.stdout.line_buffering,
    )

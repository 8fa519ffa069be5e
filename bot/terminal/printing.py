"""Print for a person at a terminal: text from outside made safe, and error messages."""

import sys
from typing import Final

from rich.console import Console
from rich.text import Text

from bot.slack.blocks.untrusted import clean

NOT_POSSIBLE: Final = 1
"""The exit status when there is no answer."""
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

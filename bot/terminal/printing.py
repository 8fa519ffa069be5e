"""What commands print for a person: text from outside made harmless, and where the answer could not be had, why."""

import sys
from typing import Final

from rich.console import Console
from rich.text import Text

from bot.slack.blocks.untrusted import clean

NOT_POSSIBLE: Final = 1
"""The exit status when what was asked for could not be had."""
MOST_TEXT: Final = 2000


def shown(text: str, limit: int = MOST_TEXT, style: str = "") -> Text:
    """Make text for the terminal: no control characters, on one line, and rich reads no markup in it."""
    return Text(clean(text, limit), style=style)


def complain(opening: str, *reasons: str) -> None:
    """Say on standard error what went wrong, one line each."""
    print(opening, *(f"- {clean(reason, MOST_TEXT)}" for reason in reasons), sep="\n", file=sys.stderr)


def terminal() -> Console:
    """Return standard output as a console. Colours only where it is a terminal."""
    return Console(highlight=False, emoji=False, markup=False)

"""Make text from outside fit to be shown: the one function that every such text passes."""

import re
import unicodedata
from typing import Final

from bot.slack.blocks.actions import with_commands
from workflows.core.text import place_to_cut

HIDDEN_REMOVED: Final = " [hidden characters removed]"
ELLIPSIS: Final = "…"

# Cc control, Cf format (bidi marks, zero-width), Cs surrogates (not encodable), Co private use (any glyph).
_HIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co"})
# Letters and symbols that show nothing: Hangul fillers, the braille blank.
_BLANK_LETTERS: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_LINE_BREAKS: Final = re.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")
_BLANK_LINES: Final = re.compile(r"\n(?:[^\S\n]*\n)+")
_SPACES: Final = re.compile(r"\s+")
_MOST_MARKS = 4
"""Marks on one letter beyond this draw over the lines above and below."""


def clean(text: str, limit: int, *, lines: bool = False, empty: str = "(empty)") -> str:
    """Strip what cannot be seen, cap the length, and say so where something was stripped; write actions as commands.

    :param limit: the most characters of the result; a cut text ends in "…".
    :param lines: keep line breaks (at most one empty line in a row); without it everything stands on one line.
    :param empty: what stands for a text with nothing visible in it; Slack refuses empty texts.
    """
    text = _LINE_BREAKS.sub("\n", with_commands(text))
    visible = _visible(text)
    is_stripped = len(visible) != len(text)
    shaped = _BLANK_LINES.sub("\n\n", visible) if lines else _SPACES.sub(" ", visible)
    shaped = shaped.strip() or empty
    suffix = HIDDEN_REMOVED if is_stripped and limit > 2 * len(HIDDEN_REMOVED) else ""
    return cut(shaped, limit - len(suffix)) + suffix


def cut(text: str, limit: int) -> str:
    """Cap the length of a text, never inside an ID; what was cut ends in "…"."""
    return text if len(text) <= limit else text[: place_to_cut(text, limit - 1)].rstrip() + ELLIPSIS


def encodable(text: str) -> str:
    """Drop what UTF-8 cannot hold, for what somebody typed and goes back into their own field as it was."""
    return text.encode(errors="ignore").decode()


def escape(text: str) -> str:
    """Disarm mentions and links for the places that Slack reads as mrkdwn (Slack: "Formatting text for app surfaces").

    For message fallback texts only, which know no plain text; blocks hold untrusted text as plain or rich text.
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _visible(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        is_hidden = category in _HIDDEN_CATEGORIES and character not in "\n\t"
        if not is_hidden and character not in _BLANK_LETTERS and marks <= _MOST_MARKS:
            kept.append(character)
    return "".join(kept)

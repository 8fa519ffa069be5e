"""Make text from outside safe to show. Every text from outside is passed through this module."""

import re
import unicodedata
from typing import Final

from bot.words.sentences import place_to_cut

HIDDEN_REMOVED: Final = " [hidden characters removed]"
ELLIPSIS: Final = "…"

# Cc control, Cf format (bidi marks, zero-width), Cs surrogates (not encodable), Co private use (any glyph).
_HIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co"})
# Letters and symbols that are invisible: Hangul fillers, the braille blank.
_BLANK_LETTERS: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_LINE_BREAKS: Final = re.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")
_BLANK_LINES: Final = re.compile(r"\n(?:[^\S\n]*\n)+")
_SPACES: Final = re.compile(r"\s+")
_MAX_COMBINING_MARKS = 4
"""More combining marks on one letter would cover the lines above and below."""


def clean(text: str, limit: int, *, lines: bool = False, empty: str = "(empty)") -> str:
    """Remove invisible characters, say so where there were some, and limit the length.

    :param limit: the most characters of the result; a cut text ends in "…".
    :param lines: keep line breaks (at most one empty line in a row); otherwise the result is one line.
    :param empty: the result for a text without visible characters; Slack refuses empty texts.
    """
    text = _LINE_BREAKS.sub("\n", text)
    visible = _visible(text)
    is_stripped = len(visible) != len(text)
    shaped = _BLANK_LINES.sub("\n\n", visible) if lines else _SPACES.sub(" ", visible)
    shaped = shaped.strip() or empty
    suffix = HIDDEN_REMOVED if is_stripped and limit > 2 * len(HIDDEN_REMOVED) else ""
    return cut(shaped, limit - len(suffix)) + suffix


def cut(text: str, limit: int) -> str:
    """Limit the length of a text, never inside an ID; a cut text ends in "…"."""
    return text if len(text) <= limit else text[: place_to_cut(text, limit - 1)].rstrip() + ELLIPSIS


def encodable(text: str) -> str:
    """Remove characters that UTF-8 cannot represent, from typed text that is shown again in its own field."""
    return text.encode(errors="ignore").decode()


def escape(text: str) -> str:
    """Escape mentions and links for places that Slack reads as mrkdwn (Slack: "Formatting text for app surfaces").

    Only for the fallback texts of messages, which have no plain text. Blocks contain untrusted text as plain or rich
    text.
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _visible(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    clean_lines: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        is_hidden = category in _HIDDEN_CATEGORIES and character not in "\n\t"
        if not is_hidden and character not in _BLANK_LETTERS and marks <= _MAX_COMBINING_MARKS:
            clean_lines.append(character)
    return "".join(clean_lines)

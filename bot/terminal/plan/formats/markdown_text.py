"""The boundary to Markdown: text from outside can be no markup, no link and no mention, here and on GitHub.

GitHub looks for mentions, issues, commits and addresses in the finished text, so escaping by backslashes or by
entities does not help. It looks at no code span. Everything that is not a plain word becomes one.
Source: GitHub, "GitHub Flavored Markdown Spec" (code spans, tables, autolinks).
"""

import html
import re
from itertools import groupby
from typing import Final

from bot.slack.blocks.untrusted import clean

_WORD: Final = re.compile(r"[(“]?[^\W_]+(?:['’.\-][^\W_]+)*[)”,.;:!?]*|[→·–]")
"""What stays as it is: words with usual punctuation, and some signs that mean nothing in Markdown."""
_LOOKS_LIKE_A_LINK: Final = re.compile(r"www\.|\b[0-9a-f]{7,}\b|[a-z]+-\d", re.IGNORECASE)
"""An address, a commit, or the name of a ticket as GH-12."""
_LIST_ITEM: Final = re.compile(r"\d+[.)]+")
"""The first word of a line that would begin a numbered list."""
_BACKTICKS: Final = re.compile(r"`+")


def code(text: str, limit: int) -> str:
    """Return text from outside as a code span on one line, which may stand in a table."""
    inside = clean(text, limit).replace("|", "¦")
    fence = "`" * (max(map(len, _BACKTICKS.findall(inside)), default=0) + 1)
    space = " " if inside.startswith("`") or inside.endswith("`") else ""
    return f"{fence}{space}{inside}{space}{fence}"


def prose(text: str, limit: int) -> str:
    """Return a sentence that may have text from outside in it: plain words stay, all else becomes code."""
    words = clean(text, limit).split(" ")
    marked = [(word, _is_plain(word, is_first=not place)) for place, word in enumerate(words)]
    parts = []
    for is_plain, some in groupby(marked, key=lambda one: one[1]):
        joined = " ".join(word for word, _ in some)
        parts.append(joined if is_plain else code(joined, len(joined)))
    return " ".join(parts)


def html_code(text: str, limit: int) -> str:
    """Return text from outside for a line of HTML, as in a summary."""
    return f"<code>{html.escape(clean(text, limit))}</code>"


def size(text: str) -> int:
    """Return the length as GitHub's page counts it: a character outside the usual plane counts twice."""
    return len(text) + sum(character > "\uffff" for character in text)


def _is_plain(word: str, *, is_first: bool) -> bool:
    if is_first and _LIST_ITEM.fullmatch(word):
        return False
    return _WORD.fullmatch(word) is not None and _LOOKS_LIKE_A_LINK.search(word) is None

"""The type of the tables of sentences, and functions that several texts need."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from workflows.core.errors.facts import Values
from workflows.core.errors.refusal_codes import RefusalCode

_ID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LENGTH: Final = 36

Sentence = str | Callable[[Values], str]
"""A format string with the names of the values, or a function for a code with several sentences."""

Sentences = Mapping[RefusalCode, Sentence]


def fill_in(sentence: Sentence, values: Values) -> str:
    """Return a sentence with its values."""
    return sentence.format_map(values) if isinstance(sentence, str) else sentence(values)


def counted(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun: "1 step", "3 steps".

    :param many: the plural, when it is not `one` with an s.
    """
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def times_words(count: int) -> str:
    """Return how often: "once", "twice", "3 times"."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def comma_list(items: object) -> str:
    """Return a list of values as text: "a, b, c"."""
    return ", ".join(map(str, items)) if isinstance(items, list | tuple) else str(items)


def or_list(items: object) -> str:
    """Return the choice between some values: "a or b"."""
    return " or ".join(map(str, items)) if isinstance(items, list | tuple) else str(items)


def day(moment: str) -> str:
    """Return the day of an ISO time, in UTC."""
    return f"{_read(moment):%Y-%m-%d}"


def last_day(ends_at: str) -> str:
    """Return the last day of an access that ends at an ISO time, in UTC."""
    return f"{_read(ends_at) - timedelta(seconds=1):%Y-%m-%d}"


def time_of_day(moment: str) -> str:
    """Return the time of day of an ISO time, in UTC."""
    return f"{_read(moment):%H:%M} UTC"


def minute(moment: str) -> str:
    """Return the day and time of an ISO time, in UTC."""
    return f"{_read(moment):%Y-%m-%d %H:%M} UTC"


def place_to_cut(text: str, limit: int) -> int:
    """Return the last place, at limit `limit`, that is not inside an ID."""
    for found in _ID.finditer(text, max(0, limit - _LENGTH), limit + _LENGTH):
        if found.start() < limit < found.end():
            return found.start()
    return limit


def pieces(text: str, most: int) -> list[str]:
    """Split a text into pieces of at most `most` characters: after a line where possible, never inside an ID."""
    found: list[str] = []
    for line in text.split("\n"):
        rest = line
        while len(rest) > most:
            end = place_to_cut(rest, most)
            found.append(rest[:end])
            rest = rest[end:]
        if found and len(found[-1]) + 1 + len(rest) <= most and rest is line:
            found[-1] += f"\n{rest}"
        else:
            found.append(rest)
    return found


def _read(moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone(UTC)

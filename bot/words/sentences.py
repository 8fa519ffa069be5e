"""The type of the tables of sentences, and functions that several texts need: counts, lists, days and times."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from workflows.core.errors.facts import Values
from workflows.core.errors.refusal_codes import RefusalCode

_ID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LENGTH: Final = 36
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MINUTE: Final = re.compile(rf"\b({'|'.join(_MONTHS)}) (\d{{1,2}}), (\d{{4}}) at (\d{{2}}):(\d{{2}}) UTC\b", re.ASCII)
MAX_QUOTED_WORDS: Final = 25
"""Words of a reason or a justification on a card."""

Moment = datetime | str
"""A time, or its ISO text."""

Sentence = str | Callable[[Values], str]
"""A format string with the names of the values, or a function for a code with several sentences."""

Sentences = Mapping[RefusalCode, Sentence]


def fill_in(sentence: Sentence, values: Values) -> str:
    """Return a sentence with its values."""
    return sentence.format_map(values) if isinstance(sentence, str) else sentence(values)


def counted(count: int, singular: str, plural: str = "") -> str:
    """Return a count with its noun: "1 step", "3,000 steps".

    :param plural: the plural, when it is not `singular` with an s.
    """
    return f"{count:,} {singular if count == 1 else plural or f'{singular}s'}"


def first_words(text: str, limit: int = MAX_QUOTED_WORDS) -> str:
    """Return the first words of what a person wrote, for a card; the rest is counted, and is in Details.

    Nothing is left out when the count of it would be as long.
    """
    words, left_out = text.split(), text.split()[limit:]
    counted_words = f"({counted(len(left_out), 'more word')} in Details)"
    if len(left_out) <= len(counted_words.split()):
        return " ".join(words)
    return f"{' '.join(words[:limit])} … {counted_words}"


def range_words(first: int, last: int, count: int) -> str:
    """Return which records of how many a page shows: "11–20 of 31", "31 of 31"."""
    return f"{first:,} of {count:,}" if first == last else f"{first:,}–{last:,} of {count:,}"


def times_words(count: int) -> str:
    """Return how often: "once", "twice", "3 times"."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def comma_list(items: object) -> str:
    """Return a list of values as text: "a, b, c"."""
    return ", ".join(map(str, items)) if isinstance(items, list | tuple) else str(items)


def and_list(items: Sequence[str]) -> str:
    """Return a list of values in a sentence: "a, b and c"."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def or_list(items: object) -> str:
    """Return the choice between some values: "a or b"."""
    return " or ".join(map(str, items)) if isinstance(items, list | tuple) else str(items)


def day(moment: Moment) -> str:
    """Return a day in UTC: "May 31, 2027". All texts use this format of days; Slack's date tokens show the same format.

    :param moment: a time, or its ISO text, or the ISO text of a day.
    """
    at = _read(moment)
    return f"{_MONTHS[at.month - 1]} {at.day}, {at.year}"


def last_day(ends_at: Moment) -> str:
    """Return the last day of an access that ends at this time, in UTC."""
    return day(_read(ends_at) - timedelta(seconds=1))


def minute(moment: Moment) -> str:
    """Return a day and a time in UTC: "May 31, 2027 at 14:03 UTC". This is the one format of times in texts."""
    at = _read(moment)
    return f"{day(at)} at {at:%H:%M} UTC"


def time_words(time: timedelta) -> str:
    """Return a time in its two largest units: "2 d 4 h", "3 min 10 s"."""
    left, parts = max(0, int(time.total_seconds())), []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) if parts else "under 1 s"


def times_in(text: str) -> Iterator[tuple[int, int, datetime]]:
    """Find each time that `minute` wrote: its start and end in the text, and the time."""
    for match in _MINUTE.finditer(text):
        month, day_of_month, year, hour, minutes = match.groups()
        with suppress(ValueError):  # it only looks like a time
            at = datetime(int(year), _MONTHS.index(month) + 1, int(day_of_month), int(hour), int(minutes), tzinfo=UTC)
            yield match.start(), match.end(), at


def with_days(text: str) -> str:
    """Return a text in which each time that `minute` wrote is only its day."""
    parts, end = [], 0
    for start, after, moment in times_in(text):
        parts += [text[end:start], day(moment)]
        end = after
    return "".join([*parts, text[end:]])


def place_to_cut(text: str, limit: int) -> int:
    """Return the last place, at limit `limit`, that is not inside an ID."""
    for match in _ID.finditer(text, max(0, limit - _LENGTH), limit + _LENGTH):
        if match.start() < limit < match.end():
            return match.start()
    return limit


def pieces(text: str, max_characters: int) -> list[str]:
    """Split a text into pieces of at most `max_characters`: after a line where possible, never inside an ID."""
    parts: list[str] = []
    for line in text.split("\n"):
        rest = line
        while len(rest) > max_characters:
            end = place_to_cut(rest, max_characters)
            parts.append(rest[:end])
            rest = rest[end:]
        if parts and len(parts[-1]) + 1 + len(rest) <= max_characters and rest is line:
            parts[-1] += f"\n{rest}"
        else:
            parts.append(rest)
    return parts


def _read(moment: Moment) -> datetime:
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)

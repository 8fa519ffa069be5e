"""Text fit to be shown: counts, short names, where a long text may be cut, values without secrets, names of actions."""

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

_ID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LENGTH: Final = 36
_MOST_NAME: Final = 60


class Action(Enum):
    """What a person can ask Gatehouse for, as the domain's sentences name it.

    Each front end puts its own command or button in its place.
    """

    LIST = "list partners"
    SHOW = "show partner"
    REQUEST = "request access"
    CHECKLIST = "partner checklist"
    REVOKE = "revoke partner"
    RESTORE = "restore settings"

    def __str__(self) -> str:
        return f"“{self.value}”"


def place_to_cut(text: str, most: int) -> int:
    """Return the last place, at `most` or before it, that is not inside an ID: nobody could guess the rest of one."""
    for found in _ID.finditer(text, max(0, most - _LENGTH), most + _LENGTH):
        if found.start() < most < found.end():
            return found.start()
    return most


def shown_name(name: str) -> str:
    """Make a directory name fit to stand in quotation marks in a sentence: one short line, without such marks."""
    line = " ".join(name.replace("“", '"').replace("”", '"').split())
    return line if len(line) <= _MOST_NAME else f"{line[: _MOST_NAME - 1]}…"


def counted(count: int, one: str, many: str = "") -> str:
    """State how many: "1 step", "3 steps".

    :param many: the plural, where it is not `one` with an s.
    """
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def times_words(count: int) -> str:
    """State how often: "once", "twice", "3 times"."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def redacted(value: Any, redact: Callable[[str], str]) -> Any:
    """Clean every text in a value of JSON; the names in its objects stay."""
    match value:
        case str():
            return redact(value)
        case Mapping():
            return {name: redacted(inside, redact) for name, inside in value.items()}
        case list() | tuple():
            return [redacted(inside, redact) for inside in value]
        case _:
            return value

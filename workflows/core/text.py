"""Text for display: counts, short names, places to cut long texts, values without secrets, names of actions."""

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

_ID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LENGTH: Final = 36
_MOST_NAME: Final = 60


class Action(Enum):
    """An action that a person can ask for, as the domain's sentences name it.

    Each front end replaces it by its own command or button.
    """

    LIST = "list partners"
    SHOW = "show partner"
    REQUEST = "request access"
    CHECKLIST = "partner checklist"
    REVOKE = "revoke partner"
    RESTORE = "restore settings"

    def __str__(self) -> str:
        # Marks that people hardly ever type, so that nothing which they wrote is taken for an action.
        return f"‹{self.value}›"


def place_to_cut(text: str, most: int) -> int:
    """Return the last place, at most `most`, that is not inside an ID, because nobody could guess the rest of an ID."""
    for found in _ID.finditer(text, max(0, most - _LENGTH), most + _LENGTH):
        if found.start() < most < found.end():
            return found.start()
    return most


def shown_name(name: str) -> str:
    """Return a directory name for use in quotation marks in a sentence: one short line, without quotation marks."""
    line = " ".join(name.replace("“", '"').replace("”", '"').split())
    return line if len(line) <= _MOST_NAME else f"{line[: _MOST_NAME - 1]}…"


def counted(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun: "1 step", "3 steps".

    :param many: the plural, when it is not `one` with an s.
    """
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def times_words(count: int) -> str:
    """Return how often: "once", "twice", "3 times"."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def redacted(value: Any, redact: Callable[[str], str]) -> Any:
    """Remove secrets from every text in a JSON value; the names in its objects stay."""
    match value:
        case str():
            return redact(value)
        case Mapping():
            return {name: redacted(inside, redact) for name, inside in value.items()}
        case list() | tuple():
            return [redacted(inside, redact) for inside in value]
        case _:
            return value

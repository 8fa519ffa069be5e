"""Text for display: counts, short names, values without secrets."""

from collections.abc import Callable, Mapping
from typing import Any, Final

_MAX_NAME: Final = 60


def shown_name(name: str) -> str:
    """Return a name for use in quotation marks: one line of at most 60 characters, without quotation marks."""
    line = " ".join(name.replace("“", '"').replace("”", '"').split())
    return line if len(line) <= _MAX_NAME else f"{line[: _MAX_NAME - 1]}…"


def counted(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun: "1 step", "3 steps".

    :param many: the plural, when it is not `one` with an s.
    """
    return f"{count} {one if count == 1 else many or f'{one}s'}"


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

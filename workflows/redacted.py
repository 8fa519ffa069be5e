"""JSON's values without what is secret in them."""

from collections.abc import Callable, Mapping
from typing import Any


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

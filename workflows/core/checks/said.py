"""The words of the front end for facts inside refusals that are still one text. It goes when refusals carry facts."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from workflows.core.errors import Values

Words = Callable[[Any, Values], str]
"""The words for a member of one enumeration, with the values of its sentence."""

_NO_VALUES: Final[Mapping[str, Any]] = MappingProxyType({})
_WORDS: Final[dict[type[StrEnum], Words]] = {}


def provide_words(codes: type[StrEnum], words: Words) -> None:
    """Use these words for the members of an enumeration. The front end does this once, when it is imported."""
    _WORDS[codes] = words


def said(code: StrEnum, values: Values = _NO_VALUES) -> str:
    """Return the front end's words for a fact; its code and values where no front end is in use, as in a log."""
    words = _WORDS.get(type(code))
    if words is not None:
        return words(code, values)
    return f"{code.value} {dict(values)}" if values else code.value

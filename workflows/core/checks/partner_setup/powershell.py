"""Write JSON values as PowerShell literals. No part of a value can be run as code.

A boundary: nothing else depends on PowerShell's rules for quotation marks.
"""

from collections.abc import Mapping
from typing import Any, Final

_QUOTES: Final = "'\u2018\u2019\u201a\u201b"
"""PowerShell treats typographic quotes like straight quotes ("about_Quoting_Rules")."""


def literal(value: Any) -> str:
    """Write a value on one line: `@{ name = 'text'; flag = $true; list = @('a', 'b') }`. Names must be plain words.

    :raises TypeError: for anything but an object, a list, a text or a boolean.
    """
    if isinstance(value, bool):
        return "$true" if value else "$false"
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, Mapping):
        return "@{ " + "; ".join(f"{name} = {literal(item)}" for name, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "@(" + ", ".join(map(literal, value)) + ")"
    raise TypeError(f"no PowerShell literal for {type(value).__name__}")


def quote(text: str) -> str:
    """Quote a text so that PowerShell expands nothing in it."""
    return "'" + "".join(character * 2 if character in _QUOTES else character for character in text) + "'"

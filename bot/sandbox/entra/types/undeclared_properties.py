"""Accept properties that no description of a type contains, when the stored object has them already.

Microsoft's pages do not say whether the service accepts them; this simulator does. A fault can refuse the write.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple


class Split(NamedTuple):
    """A body in two parts: declared and undeclared properties."""

    declared: dict[str, Any]
    """To be checked against the declared type and merged."""
    undeclared: dict[str, Any]
    """Undeclared properties that the object has; for a setting, an object of such properties inside it."""


def split_undeclared(
    before: Mapping[str, Any], body: Mapping[str, Any], declared: Mapping[str, Collection[str] | None]
) -> Split:
    """Separate the undeclared properties that `before` has from the rest of `body`.

    :param declared: the declared names, each with the declared names inside it; None when those are not checked.
    """
    split = Split({}, {})
    for name, value in body.items():
        old, inside = before.get(name), declared.get(name)
        if name not in declared and name in before:
            split.undeclared[name] = value
        elif isinstance(value, dict) and isinstance(old, dict) and inside is not None:
            undeclared = {key: item for key, item in value.items() if key in old and key not in inside}
            split.declared[name] = {key: item for key, item in value.items() if key not in undeclared}
            if undeclared:
                split.undeclared[name] = undeclared
        else:
            split.declared[name] = value
    return split


def with_undeclared(
    after: Mapping[str, Any], undeclared: Mapping[str, Any], declared: Collection[str]
) -> dict[str, Any]:
    """Merge the undeclared properties of a body into the object with the declared ones."""
    inside = {name: {**(after[name] or {}), **value} for name, value in undeclared.items() if name in declared}
    return {**after, **undeclared, **inside}

"""A transition table in three forms made comparable: a test's own, the code's, and the drawing in a docstring."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from tests.workflows.core.builders import classes

State = TypeVar("State", bound=StrEnum)
Pairs = Mapping[tuple[str | None, str], set[str]]
"""By state and command: the states it may lead to."""


def by_name(union: object) -> dict[str, type[Any]]:
    """Commands by their stored name."""
    return {command.__dataclass_fields__["name"].default: command for command in classes(union)}


def pairs_written(expected: Mapping[str, Mapping[str | None, str]]) -> Pairs:
    """A table of command, state and targets, as a test writes it."""
    return {
        (state, command): set(targets.split()) for command, row in expected.items() for state, targets in row.items()
    }


def pairs_of(
    table: Mapping[tuple[State | None, type[Any]], frozenset[State]], commands: Mapping[str, type[Any]]
) -> Pairs:
    """The table of the code, with the commands' stored names."""
    names = {kind: name for name, kind in commands.items()}
    return {
        (None if state is None else state.value, names[kind]): {target.value for target in targets}
        for (state, kind), targets in table.items()
    }


def drawn_arrows(docstring: str | None) -> list[str]:
    """The arrows of the Mermaid state diagram in a docstring."""
    drawing = re.search(r"```mermaid\nstateDiagram-v2\n(.*?)```", docstring or "", re.DOTALL)
    assert drawing, "the module docstring holds one Mermaid state diagram"
    return [line.strip() for line in drawing[1].splitlines()]


def arrows_written(expected: Mapping[str, Mapping[str | None, str]]) -> set[str]:
    """The same arrows, from the table that a test writes."""
    return {
        f"{state or '[*]'} --> {target}: {name}"
        for name, row in expected.items()
        for state, targets in row.items()
        for target in targets.split()
    }

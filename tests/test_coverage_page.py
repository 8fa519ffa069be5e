"""docs/coverage.md is whole: every row once and in order, what it names is there, gaps have reasons."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Final

import pytest

PROJECT: Final = Path(__file__).parents[1]
PAGE: Final = PROJECT / "docs" / "coverage.md"
NUMBERS: Final = [*map(str, range(1, 83)), *(f"A{number}" for number in range(1, 12))]
SHORTEST_REASON: Final = 40
"""Characters; a word is no reason."""

Row = tuple[str, ...]


def rows() -> list[Row]:
    """The cells of every numbered line, the number first."""
    lines = [line for line in PAGE.read_text().splitlines() if re.match(r"\| A?\d+ \|", line)]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]


@cache
def functions_of(path: Path) -> frozenset[str]:
    """The names of a file's test functions."""
    found = ast.parse(path.read_text()).body
    return frozenset(
        node.name
        for node in found
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


def named_tests(cell: str) -> list[tuple[str, str]]:
    """The tests that a cell names: file and function."""
    return re.findall(r"`(tests/[^`:]+\.py)::(\w+)`", cell)


def links(cell: str) -> list[str]:
    """The targets of a cell's links."""
    return re.findall(r"\[[^\]]+\]\(([^)]+)\)", cell)


def reasons(cell: str) -> list[str]:
    """What stands behind each "Refused:" and "Not yet:" of a cell."""
    return re.findall(r"(?:Refused|Not yet): ([^|]*?)(?=(?:Refused|Not yet): |$)", cell)


def test_every_number_stands_once_and_in_order() -> None:
    assert [row[0] for row in rows()] == NUMBERS


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_a_row_is_filled_in_and_leads_somewhere(row: Row) -> None:
    assert len(row) == 4
    assert all(row)
    shown = row[3]
    assert named_tests(shown) or links(shown) or reasons(shown)
    assert shown.count("Refused:") + shown.count("Not yet:") == len(reasons(shown))
    assert all(len(reason) >= SHORTEST_REASON for reason in reasons(shown)), reasons(shown)
    assert shown.count("tests/") == len(named_tests(shown)), "a test is named as `tests/….py::test_name`"


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_what_a_row_names_is_there(row: Row) -> None:
    for file, name in named_tests(" ".join(row)):
        path = PROJECT / file
        assert path.is_file(), file
        assert name in functions_of(path), f"{file}::{name}"
    for link in links(" ".join(row)):
        path = (PAGE.parent / link.partition("#")[0]).resolve()
        assert path.is_relative_to(PROJECT), link
        assert path.is_file(), link


@pytest.mark.parametrize("number", [f"A{number}" for number in range(1, 12)])
def test_every_error_of_the_guides_has_a_test_of_its_own(number: str) -> None:
    [row] = [row for row in rows() if row[0] == number]
    assert any(name.startswith(f"test_a{int(number[1:]):02d}_") for _, name in named_tests(row[3]))


@pytest.mark.parametrize("number", range(73, 83))
def test_every_whole_story_has_a_test_that_is_named_after_it(number: int) -> None:
    [row] = [row for row in rows() if row[0] == str(number)]
    assert any(name.startswith(f"test_row_{number}_") for _, name in named_tests(row[3]))

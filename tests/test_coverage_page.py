"""docs/coverage.md is whole: every row once and in order, what it names is there and runs, gaps have reasons."""

import ast
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
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


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what tests are made of, with nothing beside it."""
    return standing_alone(tmp_path_factory.mktemp("alone") / "clone")


@pytest.mark.xdist_group("clone")
def test_every_named_test_runs_in_a_clone_that_stands_alone(clone: Path) -> None:
    """Without Microsoft's and Slack's descriptions beside it: a test that is skipped there shows nothing to a reader.

    pytest itself says which ones would run, in a copy of the project; the tests are set up there, and not run.
    """
    named = sorted({f"{file}::{name}" for row in rows() for file, name in named_tests(" ".join(row))})
    outcome = planned(clone, named)
    left_out = [name for name in named if outcome.get(name) != "runs"]
    assert left_out == []
    for file in {name.partition("::")[0] for name in named}:
        calls = {"skip", "importorskip", "xfail"}
        found = [node for node in ast.walk(ast.parse((PROJECT / file).read_text())) if isinstance(node, ast.Attribute)]
        skips = [f"pytest.{one.attr}" for one in found if ast.unparse(one.value) == "pytest" and one.attr in calls]
        assert skips == [], f"{file} may skip while it runs"


@pytest.mark.xdist_group("clone")
def test_a_test_that_needs_more_than_the_clone_is_found_out(clone: Path) -> None:
    """The check can fail: one that is skipped there, and one that is not there at all."""
    skipped = "tests/workflows/test_graph_contract.py::test_no_read_of_the_gateway_is_left_out"
    assert planned(clone, [skipped]) == {skipped: "skipped"}
    assert planned(clone, ["tests/test_coverage_page.py::test_nobody_wrote"]) == {}


def standing_alone(clone: Path) -> Path:
    """Copy what tests are made of to a folder with nothing beside it."""
    for folder in ("bot", "workflows"):
        shutil.copytree(PROJECT / folder, clone / folder)  # what is compiled is still good: it knows the files' times
    for folder in ("tests", "docs"):
        # NB. what pytest compiled is left out: it knows the files by their paths.
        shutil.copytree(
            PROJECT / folder, clone / folder, ignore=shutil.ignore_patterns("__pycache__", "pictures", "*.png")
        )
    for file in ("pyproject.toml", "manifest.yml", "README.md"):
        shutil.copy(PROJECT / file, clone / file)
    return clone


def planned(clone: Path, named: list[str]) -> dict[str, str]:
    """Tell of each named test whether it runs or is skipped; nothing of one that pytest does not collect."""
    report = clone / "report.xml"
    report.unlink(missing_ok=True)
    options = [
        "-q",
        "-n0",
        "--setup-plan",
        "-p",
        "no:cacheprovider",
        f"--junitxml={report}",
        "-o",
        "junit_family=xunit1",
    ]
    subprocess.run([sys.executable, "-m", "pytest", *options, *named], cwd=clone, capture_output=True, check=False)
    found: dict[str, str] = {}
    for case in ET.parse(report).iter("testcase"):
        name = f"{case.get('file')}::{str(case.get('name')).partition('[')[0]}"
        has_run = case.find("skipped") is None
        is_sound = case.find("error") is None and case.find("failure") is None
        if is_sound:
            found[name] = "runs" if has_run and found.get(name) != "skipped" else "skipped"
    return found


@pytest.mark.parametrize("number", [f"A{number}" for number in range(1, 12)])
def test_every_error_of_the_guides_has_a_test_of_its_own(number: str) -> None:
    [row] = [row for row in rows() if row[0] == number]
    assert any(name.startswith(f"test_a{int(number[1:]):02d}_") for _, name in named_tests(row[3]))


@pytest.mark.parametrize("number", range(73, 83))
def test_every_whole_story_has_a_test_that_is_named_after_it(number: int) -> None:
    [row] = [row for row in rows() if row[0] == str(number)]
    assert any(name.startswith(f"test_row_{number}_") for _, name in named_tests(row[3]))

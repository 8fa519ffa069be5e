"""docs/coverage.md is whole: every row once and in order, what it names is there and runs, gaps have reasons."""

import ast
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.waiting import LONGEST_WAIT

PROJECT: Final = Path(__file__).parents[1]
PAGE: Final = PROJECT / "docs" / "coverage.md"
NUMBERS: Final = [
    *map(str, range(1, 83)),
    *(f"A{number}" for number in range(1, 12)),
    *(f"F{number}" for number in (6, 7, 10, 19, 23, *range(25, 29), *range(33, 38), *range(49, 58), 62, 63, 72)),
]
SHORTEST_REASON: Final = 40
"""Characters; a word is no reason."""

Row = tuple[str, ...]


def rows() -> list[Row]:
    """The cells of every numbered line, the number first."""
    lines = [line for line in PAGE.read_text().splitlines() if re.match(r"\| [AF]?\d+ \|", line)]
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
    """Return the reason after each "Refused:" and "Not yet:" of a cell."""
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


SKIPPED: Final = "tests/bot/process/test_manifest.py::test_the_manifest_is_valid"
MARKED: Final = "tests/test_skipping.py::test_that_is_marked"
MAY_SKIP: Final = "tests/test_skipping.py::test_that_skips_itself"
LEANS: Final = "tests/test_leaning.py::test_by_itself"
SOUND: Final = "tests/workflows/catalog/test_catalog.py::test_the_hash_changes_with_the_meaning"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project with nothing next to it, and tests in it that prove nothing."""
    clone = standing_alone(tmp_path_factory.mktemp("alone") / "clone")
    (clone / "tests" / "test_skipping.py").write_text(SKIPPING)
    (clone / "tests" / "test_leaning.py").write_text(LEANING)
    (clone / "tests" / "helper.py").write_text(HELPER)
    return clone


@pytest.fixture(scope="module")
def outcome(clone: Path) -> dict[str, str]:
    """What pytest tells of all tests that the page names, and of those that show nothing."""
    return planned(clone, all_named([*rows(), made_up(SKIPPED, MARKED, MAY_SKIP, LEANS, SOUND)]))


@pytest.mark.slow
@pytest.mark.xdist_group("clone")
def test_every_named_test_runs_in_a_clone_that_stands_alone(clone: Path, outcome: dict[str, str]) -> None:
    """A test that is skipped without Microsoft's and Slack's descriptions proves nothing to a reader.

    pytest says which tests would run in a copy of the project; they are set up there, but not run.
    """
    assert objections(clone, rows(), outcome) == {}


@pytest.mark.slow
@pytest.mark.xdist_group("clone")
def test_a_row_whose_test_needs_more_than_the_clone_is_refused(clone: Path, outcome: dict[str, str]) -> None:
    """Each reason makes the check fail; a row that needs nothing more is accepted."""
    of = [made_up(SKIPPED, SOUND), made_up(MARKED), made_up(MAY_SKIP, LEANS)]
    assert objections(clone, of, outcome) == {
        SKIPPED: "does not run",
        MARKED: "does not run",
        MAY_SKIP: "may skip while it runs",
        LEANS: "reads what lies beside",
    }
    missing = "tests/test_coverage_page.py::test_nobody_wrote"
    assert objections(clone, [made_up(missing)], planned(clone, [missing])) == {missing: "does not run"}


SKIPPING: Final = """
from pathlib import Path
import pytest

FAR = Path(__file__).parents[2] / "shared"

@pytest.mark.skipif(not FAR.is_dir(), reason="needs the folder beside")
def test_that_is_marked():
    assert FAR.is_dir()

def test_that_skips_itself():
    pytest.skip("not today")
"""


def made_up(*named: str) -> Row:
    """A row of the page that names these tests."""
    return ("99", "Asked", "What is done.", ", ".join(f"`{name}`" for name in named))


def all_named(of: list[Row]) -> list[str]:
    """The tests that rows name."""
    return sorted({f"{file}::{name}" for row in of for file, name in named_tests(" ".join(row))})


def objections(clone: Path, of: list[Row], outcome: Mapping[str, str]) -> dict[str, str]:
    """Return why the tests of a row prove nothing in a separate clone; empty when they do.

    :param outcome: what pytest reports about them there; see `planned`.
    """
    found = {}
    for name in all_named(of):
        if outcome.get(name) != "runs":
            found[name] = "does not run"
        elif may_skip(clone / name.partition("::")[0]):
            found[name] = "may skip while it runs"
        elif leans_outside(clone, name):
            found[name] = "reads what lies beside"
    return found


@cache
def may_skip(path: Path) -> bool:
    """Tell whether a file of tests calls what ends a test early, other than by a mark."""
    calls = {"skip", "importorskip", "xfail"}
    found = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)]
    return any(ast.unparse(one.value) == "pytest" and one.attr in calls for one in found)


LEANING: Final = """
from pathlib import Path
import pytest
from tests import helper
from tests.helper import SAMPLES as FAR

NEAR = Path(__file__).parents[1].parent / "shared" / "samples"
AS_TEXT = "../shared/samples/one.json"
INSIDE = Path(__file__).parent / "shared_channels"

def read():
    return NEAR.read_text()

@pytest.fixture
def sample():
    return read()

def test_by_a_constant():
    assert NEAR.exists() or True

def test_by_a_text():
    assert AS_TEXT

def test_by_a_fixture(sample):
    assert sample

def test_by_an_import():
    assert FAR

def test_by_a_module():
    assert helper.SAMPLES

def test_by_itself():
    assert (Path(__file__).parents[2] / "shared").name

def test_by_what_another_file_does():
    assert helper.reading()

def test_alone():
    assert INSIDE.name == helper.NAME == "shared_channels"
"""
HELPER: Final = """
from pathlib import Path

SAMPLES = Path(__file__).parents[1] / "shared" / "samples"
NAME = "shared_channels"

def reading():
    return SAMPLES.read_text()
"""


def test_a_test_that_reads_what_lies_next_to_the_clone_is_found_out(tmp_path: Path) -> None:
    """Also where it is neither skipped nor broken there, and whichever way it comes to the folder."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "__init__.py").write_text("")
    (tmp_path / "tests" / "test_leaning.py").write_text(LEANING)
    (tmp_path / "tests" / "helper.py").write_text(HELPER)
    names = [name for name in functions_of(tmp_path / "tests" / "test_leaning.py") if name != "test_alone"]
    assert len(names) == 7
    for name in names:
        assert leans_outside(tmp_path, f"tests/test_leaning.py::{name}"), name
    assert not leans_outside(tmp_path, "tests/test_leaning.py::test_alone")


def test_the_tests_that_are_known_to_lean_on_the_folder_outside_are_found_out() -> None:
    for name in (
        "tests/workflows/catalog/test_shipped_templates.py::test_what_it_writes_is_what_graph_takes",
        "tests/bot/slack/inbound/test_payloads.py::test_recorded_commands_parse",
        "tests/workflows/core/settings/test_undocumented_members.py::"
        + min(functions_of(PROJECT / "tests/workflows/core/settings/test_undocumented_members.py")),
    ):
        assert leans_outside(PROJECT, name), name


BESIDE: Final = "shared"
"""The folder beside the repository, which a clone that stands alone does not have."""


PagePosition = tuple[Path, str]
"""A file of tests, and a name at its top."""


def leans_outside(project: Path, named: str) -> bool:
    """Return whether a test, or what it uses, names the folder next to the repository."""
    file, _, name = named.partition("::")
    waiting, seen = [(project / file, name)], set[PagePosition]()
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        names_it, used = looked_at(project, one)
        if names_it:
            return True
        waiting += used
    return False


@cache
def looked_at(project: Path, place: PagePosition) -> tuple[bool, frozenset[PagePosition]]:
    """Return whether a name at the top of a file names that folder, and what else it uses."""
    path, name = place
    module = module_of(project, path)
    node = module.nodes.get(name)
    if node is None:
        return False, frozenset()
    found = set[PagePosition]()
    for used in (one for one in ast.walk(node) if isinstance(one, ast.Name | ast.arg | ast.Attribute)):
        word = used.id if isinstance(used, ast.Name) else used.arg if isinstance(used, ast.arg) else ""
        found.add((path, word))
        if word in module.imported:
            found.add(module.imported[word])
        if isinstance(used, ast.Attribute) and isinstance(used.value, ast.Name):
            of = module.imported.get(used.value.id)
            found |= {(of[0], used.attr)} if of else set()
        found |= {(path.parent / "conftest.py", word)} if word and isinstance(used, ast.arg) else set()
    return names_the_folder(node), frozenset(found)


def names_the_folder(node: ast.AST) -> bool:
    """Tell whether a piece of code has the folder's name as a part of a path."""
    texts = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    is_joined = any(
        isinstance(one, ast.BinOp)
        and isinstance(one.op, ast.Div)
        and isinstance(one.right, ast.Constant)
        and str(one.right.value).partition("/")[0] == BESIDE
        for one in ast.walk(node)
    )
    return is_joined or any(f"../{BESIDE}" in text for text in texts)


class Module(NamedTuple):
    """What a file of tests has at its top."""

    nodes: Mapping[str, ast.AST]
    """Functions, classes and values, by name."""
    imported: Mapping[str, tuple[Path, str]]
    """What comes from another file of this project's tests: the file, and the name there (empty: the file itself)."""


@cache
def module_of(project: Path, path: Path) -> Module:
    """Read the top of a file; nothing of one that is not there."""
    if not path.is_file():
        return Module({}, {})
    nodes: dict[str, ast.AST] = {}
    imported: dict[str, tuple[Path, str]] = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            nodes[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            nodes |= {one.id: node.value for one in targets if isinstance(one, ast.Name)}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "tests":
            folder = project.joinpath(*str(node.module).split("."))
            for alias in node.names:
                inside = folder / f"{alias.name}.py"
                found = (inside, "") if inside.is_file() else (folder.with_suffix(".py"), alias.name)
                imported[alias.asname or alias.name] = found
    return Module(nodes, imported)


def standing_alone(clone: Path) -> Path:
    """Copy the project's tests to a folder with nothing next to it."""
    for folder in ("bot", "workflows"):
        shutil.copytree(PROJECT / folder, clone / folder)  # what is compiled is still good: it knows the files' times
    for folder in ("tests", "docs"):
        # NB. what pytest compiled is left out: it knows the files by their paths.
        ignored = shutil.ignore_patterns("*-pytest-*.pyc", "pictures", "*.png")
        shutil.copytree(PROJECT / folder, clone / folder, ignore=ignored)
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
        "--assert=plain",  # no test runs here, and what asserts say need not be compiled
        "-p",
        "no:cacheprovider",
        f"--junitxml={report}",
        "-o",
        "junit_family=xunit1",
    ]
    subprocess.run(
        [sys.executable, "-m", "pytest", *options, *named],
        cwd=clone,
        capture_output=True,
        check=False,
        timeout=10 * LONGEST_WAIT,
    )
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

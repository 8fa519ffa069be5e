"""Which threat is held by which tests.

A test that holds a threat of docs/threats.md is marked `threats("A1")`, with as many ids as it holds. `pytest -m
threats` runs those tests alone and says at its end which threats they held; see `ThreatSummary`.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).resolve().parent
PAGE: Final = TESTS.parent / "docs" / "threats.md"
DOES_NOT_APPLY: Final = "Does not apply"
NOT_YET: Final = "Not yet"
_MARK: Final = "threats"
_ROW: Final = re.compile(r"^\| (?P<id>[A-Z]\d+) \| .*? \| .*? \| (?P<held>.*?) \|$", re.MULTILINE)
_PROPERTY: Final = "threat"


def rows_of_page() -> Mapping[str, str]:
    """Return each id of docs/threats.md with the last cell of its row."""
    return {row["id"]: row["held"] for row in _ROW.finditer(PAGE.read_text(encoding="utf-8"))}


def files_by_threat() -> Mapping[str, frozenset[str]]:
    """Return the test files, as paths from the project's folder, that have a test for each threat."""
    found: dict[str, set[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if f"mark.{_MARK}(" in text:
            for threat in _ids_in(ast.parse(text)):
                found.setdefault(threat, set()).add(path.relative_to(TESTS.parent).as_posix())
    return {threat: frozenset(files) for threat, files in found.items()}


def _ids_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == _MARK:
            yield from (str(ast.literal_eval(argument)) for argument in node.args)


class ThreatSummary:
    """Says at the end of `pytest -m threats` which threats were held by tests that passed, and which were not."""

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write one line for each threat and the number of those that are accounted for."""
        stats = terminalreporter.stats
        held = _held_by(report for report in stats.get("passed", ()) if report.when == "call")
        broken = _held_by(report for name in ("failed", "error") for report in stats.get(name, ()))
        rows = rows_of_page()
        terminalreporter.section("threats of docs/threats.md")
        accounted = 0
        for threat, cell in rows.items():
            if threat in held and threat not in broken:
                accounted, line = accounted + 1, f"held by {held[threat]} tests"
            elif cell.startswith(DOES_NOT_APPLY):
                accounted, line = accounted + 1, cell
            else:
                line = "FAILED" if threat in broken else "not held"
            terminalreporter.write_line(f"{threat:<4} {line}")
        terminalreporter.write_line(f"{accounted} of {len(rows)} accounted for")


def mark_reports(items: Iterable[pytest.Item]) -> None:
    """Put the ids of each test into its report, where a run with many processes finds them."""
    for item in items:
        for mark in item.iter_markers(_MARK):
            item.user_properties.extend((_PROPERTY, threat) for threat in mark.args)


def _held_by(reports: Iterable[pytest.TestReport]) -> dict[str, int]:
    found: dict[str, int] = {}
    for report in reports:
        for name, threat in report.user_properties:
            if name == _PROPERTY:
                found[str(threat)] = found.get(str(threat), 0) + 1
    return found

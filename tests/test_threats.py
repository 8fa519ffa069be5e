"""The page of threats and the marks of the tests say the same."""

import re
from types import SimpleNamespace

from tests.threats import DOES_NOT_APPLY, NOT_YET, ThreatSummary, files_by_threat, rows_of_page


def test_the_page_has_each_of_the_85_threats_once() -> None:
    numbers = {"A": 14, "B": 8, "C": 13, "D": 9, "E": 9, "F": 12, "G": 20}
    assert list(rows_of_page()) == [f"{part}{number + 1}" for part, count in numbers.items() for number in range(count)]


def test_a_row_names_exactly_the_files_with_tests_for_it_or_says_why_it_does_not_apply() -> None:
    marked = files_by_threat()
    for threat, cell in rows_of_page().items():
        named = frozenset(re.findall(r"`(tests/[^`]+\.py)`", cell))
        assert named == marked.get(threat, frozenset()), threat
        assert named or cell.startswith((DOES_NOT_APPLY, NOT_YET)), threat


class Terminal(SimpleNamespace):
    """Takes what the summary writes."""

    def section(self, title: str) -> None:
        self.lines = [title]

    def write_line(self, line: str) -> None:
        self.lines.append(line)


def test_the_summary_has_a_line_for_each_threat_and_a_failed_or_broken_test_holds_none() -> None:
    def report(when: str, *threats: str) -> SimpleNamespace:
        return SimpleNamespace(when=when, user_properties=[("threat", one) for one in threats])

    passed = [
        report("setup", "B1"),
        *(report("call", one) for one in (*rows_of_page(), "A1")),
        report("teardown", "B1"),
    ]
    terminal = Terminal(stats={"passed": passed, "failed": [report("call", "A2")], "error": [report("setup", "A3")]})
    ThreatSummary().pytest_terminal_summary(terminal)  # type: ignore[arg-type]
    found = dict(line.split(maxsplit=1) for line in terminal.lines[1:-1])
    assert list(found) == list(rows_of_page())
    assert (found["A1"], found["A2"], found["A3"], found["B1"]) == (
        "held by 2 tests",
        "FAILED",
        "FAILED",
        "held by 1 tests",
    )
    assert terminal.lines[-1] == "83 of 85 accounted for"
    terminal = Terminal(stats={})
    ThreatSummary().pytest_terminal_summary(terminal)  # type: ignore[arg-type]
    assert terminal.lines[-1] == "1 of 85 accounted for", "what does not apply needs no test"


def test_no_test_holds_a_threat_that_the_page_does_not_have() -> None:
    assert files_by_threat().keys() <= rows_of_page().keys()

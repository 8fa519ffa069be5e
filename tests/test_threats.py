"""The page of threats and the marks of the tests say the same."""

import re

from tests.threats import DOES_NOT_APPLY, NOT_YET, files_by_threat, rows_of_page


def test_the_page_has_each_of_the_85_threats_once() -> None:
    numbers = {"A": 14, "B": 8, "C": 13, "D": 9, "E": 9, "F": 12, "G": 20}
    assert list(rows_of_page()) == [f"{part}{number + 1}" for part, count in numbers.items() for number in range(count)]


def test_a_row_names_exactly_the_files_with_tests_for_it_or_says_why_it_does_not_apply() -> None:
    marked = files_by_threat()
    for threat, cell in rows_of_page().items():
        named = frozenset(re.findall(r"`(tests/[^`]+\.py)`", cell))
        assert named == marked.get(threat, frozenset()), threat
        assert named or cell.startswith((DOES_NOT_APPLY, NOT_YET)), threat


def test_no_test_holds_a_threat_that_the_page_does_not_have() -> None:
    assert files_by_threat().keys() <= rows_of_page().keys()

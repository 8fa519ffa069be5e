"""Counts and short names are worded in one place; a value loses its secrets in every text of it."""

import pytest

from workflows.core.text import counted, redacted, shown_name


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (counted(0, "step"), "0 steps"),
        (counted(1, "step"), "1 step"),
        (counted(2, "step"), "2 steps"),
        (counted(1, "person", "people"), "1 person"),
        (counted(3, "person", "people"), "3 people"),
        (counted(2, "more policy", "more policies"), "2 more policies"),
    ],
)
def test_a_count_has_the_form_of_its_number(said: str, words: str) -> None:
    assert said == words


def test_a_shown_name_is_one_short_line_without_quotation_marks() -> None:
    assert shown_name("Sales\n  “East”") == 'Sales "East"'
    assert shown_name("a" * 60) == "a" * 60
    assert shown_name("a" * 61) == "a" * 59 + "…"


def test_secrets_are_removed_from_every_text_but_not_from_names() -> None:
    value = {"token": ["token", ("a token", 7)], "n": {"token": "token"}, "none": None, "yes": True}
    assert redacted(value, lambda text: text.replace("token", "•")) == {
        "token": ["•", ["a •", 7]],
        "n": {"token": "•"},
        "none": None,
        "yes": True,
    }

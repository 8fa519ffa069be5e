"""Counts are worded in one place."""

import pytest

from workflows.core.text import counted, times_words


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (counted(0, "step"), "0 steps"),
        (counted(1, "step"), "1 step"),
        (counted(2, "step"), "2 steps"),
        (counted(1, "person", "people"), "1 person"),
        (counted(3, "person", "people"), "3 people"),
        (counted(2, "more policy", "more policies"), "2 more policies"),
        (times_words(1), "once"),
        (times_words(2), "twice"),
        (times_words(3), "3 times"),
    ],
)
def test_a_count_has_the_form_of_its_number(said: str, words: str) -> None:
    assert said == words

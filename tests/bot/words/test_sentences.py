"""The parts of sentences: counts, how often, and where a long text may be cut."""

import pytest

from bot.words.sentences import counted, place_to_cut, times_words

ID = "1b4f7c2e-0a5d-4f3b-9c61-2d8e7f5a9b03"


@pytest.mark.parametrize(("count", "words"), [(1, "once"), (2, "twice"), (3, "3 times"), (0, "0 times")])
def test_how_often(count: int, words: str) -> None:
    assert times_words(count) == words


def test_no_place_to_cut_is_inside_an_id() -> None:
    text = f"group {ID}, group {ID}"
    places = {place_to_cut(text, most) for most in range(len(text) + 1)}
    first, second = text.index(ID), text.rindex(ID)
    assert places == {*range(first + 1), *range(first + len(ID), second + 1), second + len(ID)}
    assert all(place_to_cut(text, most) <= most for most in range(len(text) + 1))


def test_a_text_without_an_id_is_cut_at_its_limit() -> None:
    assert place_to_cut("a" * 50, 20) == 20


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

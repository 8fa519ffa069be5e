"""A fact is a code with values: equal by both, stored as text between marks, and found again in such a text."""

import pytest

from workflows.core.errors.facts import TEXT, Fact, fact_in, with_facts_replaced
from workflows.core.errors.refusal_codes import RefusalCode

TURN = Fact(RefusalCode.NOT_YOUR_TURN, {"stage": "Security", "later": "Data owners"})


def test_facts_are_equal_by_code_and_values_and_hashed_although_values_are_lists() -> None:
    one, same, other = (Fact("a", {"names": names}) for names in (["x"], ["x"], ["y"]))
    assert one == same != other
    assert list(dict.fromkeys([one, other, same])) == [one, other]


def test_as_text_it_is_code_and_values_between_marks() -> None:
    assert str(Fact(RefusalCode.EXPIRED)) == "‹expired›"
    assert str(TURN) == '‹not_your_turn {"stage": "Security", "later": "Data owners"}›'


def test_a_fact_that_is_a_text_is_that_text() -> None:
    assert str(Fact(TEXT, {"text": "Graph said: no."})) == "Graph said: no."
    assert str(Fact(TEXT)) == ""


def test_a_fact_is_read_back_from_the_value_that_it_was_made() -> None:
    assert TURN.as_value() == {
        "code": "not_your_turn",
        "values": {"stage": "Security", "later": "Data owners"},
    }
    assert fact_in(TURN.as_value()) == TURN
    assert fact_in({"code": "expired", "values": None}) == Fact("expired")


def test_each_fact_in_a_text_is_replaced_by_its_words() -> None:
    text = f"It waits: {TURN} And {Fact(RefusalCode.EXPIRED)}."
    found: list[Fact] = []

    def words(fact: Fact) -> str:
        found.append(fact)
        return fact.code.upper()

    assert with_facts_replaced(text, words) == "It waits: NOT_YOUR_TURN And EXPIRED."
    assert found == [TURN, Fact("expired")]


def test_marks_inside_a_value_do_not_end_the_fact() -> None:
    fact = Fact(RefusalCode.NAME_OUTSIDE_PREFIX, {"name": "‹expired› } ›"})
    assert with_facts_replaced(f"No: {fact}", lambda one: str(one.values["name"])) == "No: ‹expired› } ›"


@pytest.mark.parametrize(
    "text",
    ["‹list partners›", "‹not_now {no JSON}›", '‹not_now {"a":' + "[" * 100_000 + "]" * 100_000 + "}›"],
    ids=["an action", "no JSON", "too deep"],
)
def test_what_only_looks_like_a_fact_stays(text: str) -> None:
    assert with_facts_replaced(text, lambda _: "words") == text


def test_a_fact_without_words_stays_as_it_is() -> None:
    assert with_facts_replaced(f"It waits: {TURN}", lambda _: None) == f"It waits: {TURN}"

"""A fact is a code with values: equal by both, logged as both, and a value of another fact."""

from workflows.core.errors.facts import (
    TEXT,
    Fact,
    as_values,
    fact_from_value,
    facts_from_values,
    log_text,
    redact_value,
    text_fact,
)
from workflows.core.errors.raised import DomainError, FactsError, Refused
from workflows.core.errors.refusal_codes import RefusalCode

TURN = Fact(RefusalCode.NOT_YOUR_TURN, {"stage": "Security", "later": "Data owners"})


def test_facts_are_equal_by_code_and_values_and_hashed_although_values_are_lists() -> None:
    one, same, other = (Fact("a", {"names": names}) for names in (["x"], ["x"], ["y"]))
    assert one == same != other
    assert list(dict.fromkeys([one, other, same])) == [one, other]


def test_as_text_it_is_code_and_values() -> None:
    assert str(Fact(RefusalCode.EXPIRED)) == "expired"
    assert str(TURN) == "not_your_turn stage=Security later=Data owners"


def test_a_fact_that_is_a_text_is_that_text() -> None:
    assert str(Fact(TEXT, {"text": "Graph said: no."})) == "Graph said: no."
    assert str(Fact(TEXT)) == ""


def test_a_fact_is_read_back_from_the_value_that_it_was_made() -> None:
    assert TURN.as_value() == {
        "code": "not_your_turn",
        "values": {"stage": "Security", "later": "Data owners"},
    }
    assert fact_from_value(TURN.as_value()) == TURN
    assert fact_from_value({"code": "expired", "values": None}) == Fact("expired")


def test_facts_are_values_of_another_and_are_read_back_in_their_order() -> None:
    told = (TURN, Fact("expired"), text_fact("Graph said: no."))
    assert facts_from_values(as_values(told)) == told
    assert log_text(told) == "not_your_turn stage=Security later=Data owners expired Graph said: no."


def test_an_error_tells_its_facts_and_is_logged_as_codes_and_values() -> None:
    for error in (Refused(RefusalCode.LIMIT_REACHED, limit=3), FactsError((Fact("limit_reached", {"limit": 3}),))):
        assert error.facts == (Fact("limit_reached", {"limit": 3}),)
        assert str(error) == "limit_reached limit=3"


def test_a_text_from_outside_is_told_as_a_text() -> None:
    for error in (FactsError("No answer."), DomainError("No answer.")):
        assert error.facts == (text_fact("No answer."),)
        assert str(error) == "No answer."


def test_secrets_are_removed_from_every_text_but_not_from_names() -> None:
    value = {"token": ["token", ("a token", 7)], "n": {"token": "token"}, "none": None, "yes": True}
    assert redact_value(value, lambda text: text.replace("token", "•")) == {
        "token": ["•", ["a •", 7]],
        "n": {"token": "•"},
        "none": None,
        "yes": True,
    }

"""The words about who has accepted drift, and whose acceptance does not count."""

import pytest

from bot.words.posture.drift import acceptance_words
from workflows.core.errors.facts import Values


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, ""),
        (
            {"accepted_by": ["Amara"], "voided": ["Dana"], "needed": 2},
            "Dana accepted it, and is its author. So that does not count. "
            "Accepted by Amara. 1 more admin must accept it.",
        ),
        ({"voided": ["Dana"]}, "Dana accepted it, and is its author. So that does not count."),
        ({"asked_again": 1}, "It was accepted before, and that time is over."),
    ],
)
def test_who_has_accepted_it(values: Values, words: str) -> None:
    assert acceptance_words(values) == words

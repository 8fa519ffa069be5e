"""Every standing of a request has its words."""

from bot.words.requests.states import STANDING_WORDS
from workflows.core.requests.notes import Standing


def test_every_standing_has_words_of_its_own() -> None:
    assert set(STANDING_WORDS) == set(Standing)
    assert all(words == words.strip() and not words.endswith(".") for words in STANDING_WORDS.values())

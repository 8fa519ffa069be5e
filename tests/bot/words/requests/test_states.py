"""Every state of a request has its words."""

from bot.words.requests.states import STATE_WORDS
from workflows.core.requests.notes import DisplayedState


def test_every_state_has_words_of_its_own() -> None:
    assert set(STATE_WORDS) == set(DisplayedState)
    assert all(words == words.strip() and not words.endswith(".") for words in STATE_WORDS.values())

"""A sponsor's refusal speaks of the sponsor, to whoever chose them."""

import re
from pathlib import Path

from workflows.app.requests.sponsors import _WORDS, sponsor_words
from workflows.core.errors import Refused

PEOPLE = Path(__file__).parents[4] / "bot/slack/people"
DIRECTORY = (PEOPLE / "directory.py", PEOPLE / "users.py")


def test_every_refusal_of_the_directory_has_words_for_somebody_else() -> None:
    identifying = {code for file in DIRECTORY for code in re.findall(r'Refused\(\s*"(\w+)"', file.read_text())}
    assert identifying == set(_WORDS)
    for code in identifying:
        words = sponsor_words(Refused(code, "You are somebody else."))
        assert not re.search(r"\b[Yy]ou", words)
        assert "sponsor" in words


def test_an_unknown_refusal_is_passed_on() -> None:
    assert sponsor_words(Refused("new", "Not today.")) == "The sponsor cannot be used: Not today."

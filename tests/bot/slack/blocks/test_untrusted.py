"""Text from outside: what is taken out of it, and how it is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.blocks.untrusted import HIDDEN_REMOVED, clean, cut, escape
from tests.bot.surfaces import hostile


@given(st.text() | hostile, st.integers(min_value=1, max_value=300), st.booleans())
@pytest.mark.threats("E2")
def test_clean_keeps_every_promise(text: str, limit: int, lines: bool) -> None:
    cleaned = clean(text, limit, lines=lines)
    assert 1 <= len(cleaned) <= max(limit, 1)
    assert cleaned.strip()
    assert "\n\n\n" not in cleaned
    assert lines or "\n" not in cleaned
    cleaned.encode()
    for hidden in "\u202e\u200b\u200d\ufeff\x00\x1b\r\u3164":
        assert hidden not in cleaned


@pytest.mark.threats("E2")
def test_clean_says_when_it_stripped_something() -> None:
    assert clean("Con\u202etoso", 100) == f"Contoso{HIDDEN_REMOVED}"
    assert clean("Contoso\r\nLtd", 100, lines=True) == "Contoso\nLtd"
    assert clean("a\n\n \n\nb", 100, lines=True) == "a\n\nb"
    assert clean("é e\u0301 Ünï", 100) == "é e\u0301 Ünï"
    assert clean("\u200b", 5) == "(emp…"
    assert cut("abcdef", 4) == "abc…"
    assert escape("<!channel> & co") == "&lt;!channel&gt; &amp; co"

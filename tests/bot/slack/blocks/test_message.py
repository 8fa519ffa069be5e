"""Notices and refusals: text from outside stays text."""

import pytest
from hypothesis import given, settings

from bot.slack.blocks.message import notice, refusal
from tests.bot.surfaces import assert_sound_message, hostile_or_blank


@settings(deadline=None)
@given(hostile_or_blank)
@pytest.mark.threats("E1")
def test_hostile_text_stays_text_in_notices(text: str) -> None:
    for message in (notice(text), refusal(text)):
        assert_sound_message(message)


def test_a_time_in_utc_is_shown_in_the_readers_own_zone_and_what_only_looks_like_one_is_text() -> None:
    said = notice("Free at Mar 1, 2027 at 10:05 UTC. Not at Feb 30, 2027 at 10:05 UTC, nor 10:05 UTC.")
    [section] = said.blocks[0]["elements"]
    assert [one["type"] for one in section["elements"]] == ["text", "date", "text"]
    assert section["elements"][1]["timestamp"] == 1803895500
    assert section["elements"][1]["fallback"] == "Mar 1, 2027 at 10:05 UTC"
    assert section["elements"][2]["text"] == ". Not at Feb 30, 2027 at 10:05 UTC, nor 10:05 UTC."
    assert "Mar 1, 2027 at 10:05 UTC" in said.text

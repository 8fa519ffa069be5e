"""Notices and refusals: text from outside stays text."""

from hypothesis import given, settings

from bot.slack.blocks.message import notice, refusal
from tests.bot.surfaces import assert_sound_message, hostile_or_blank


@settings(deadline=None)
@given(hostile_or_blank)
def test_hostile_text_stays_text_in_notices(text: str) -> None:
    for message in (notice(text), refusal(text)):
        assert_sound_message(message)

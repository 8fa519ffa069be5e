"""Modals that only say something."""

from hypothesis import given, settings

from bot.slack.blocks.modal import loading_view, message_view
from tests.bot.surfaces import assert_sound, hostile_or_blank


def test_views_that_only_say_something() -> None:
    for view in (loading_view(), message_view("A title that is much too long for Slack", "Text")):
        assert_sound(view)
        assert "submit" not in view


@settings(deadline=None, max_examples=60)
@given(hostile_or_blank)
def test_hostile_text_stays_text_in_a_message(text: str) -> None:
    assert_sound(message_view(text, text))

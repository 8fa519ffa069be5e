"""Modals that only say something."""

from hypothesis import given, settings

from bot.slack.blocks.modal import loading_view, message_view, shown_modal
from tests.bot.surfaces import assert_sound, hostile_or_blank


def test_views_that_only_say_something() -> None:
    for view in (loading_view(), message_view("A title that is much too long for Slack", "Text")):
        assert_sound(view)
        assert "submit" not in view


@settings(deadline=None, max_examples=60)
@given(hostile_or_blank)
def test_hostile_text_stays_text_in_a_message(text: str) -> None:
    assert_sound(message_view(text, text))


def test_the_blocks_of_a_message_are_shown_in_a_window() -> None:
    view = shown_modal("Posture", message_view("Posture", "Text")["blocks"], "posture")
    assert_sound(view)
    assert (view["callback_id"], "submit" in view) == ("posture", False)

"""Keeping access: the window asks why."""

from hypothesis import given, settings

from bot.slack.flows.answer_review import keep_view
from tests.bot import surfaces
from tests.bot.surfaces import assert_sound, hostile_or_blank
from tests.workflows.core.builders import TENANT, partnership


def test_keep_asks_why() -> None:
    view = keep_view(partnership())
    assert_sound(view)
    assert (view["callback_id"], view["private_metadata"]) == ("keep_reason", TENANT)
    assert "optional" not in view["blocks"][-1]


@settings(deadline=None, max_examples=60)
@given(hostile_or_blank)
def test_hostile_text_stays_text_where_access_is_kept(text: str) -> None:
    named = surfaces.hostile_identity(text)
    assert_sound(keep_view(partnership(identity=named, sponsor=surfaces.hostile_person(text), template_title=text)))

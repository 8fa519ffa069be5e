"""The windows about the freeze, its line on other surfaces, and its message."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from bot.slack import ids
from bot.slack.blocks.freeze_banner import MAX_CARD_REASON_CHARACTERS, freeze_banner
from bot.slack.flows.alarms.freeze_views import already_frozen_view, freeze_view, unfreeze_view
from bot.slack.flows.show.posture import posture_message
from bot.slack.outbound.announcements.freeze_messages import freeze_message
from bot.slack.payloads.button_values import freeze_code, parse_freeze_step
from bot.words.refusals.freeze import (
    ONLY_ONE_ADMIN,
    STILL_POSSIBLE,
    UNREADABLE_FREEZE,
    end_asked_words,
    not_frozen_again_words,
)
from bot.words.sentences import minute
from tests.bot.surfaces import shown
from tests.bot.terminal.test_posture import posture
from tests.workflows.core.builders import AMARA, DANA, NOW, current_roles
from workflows.app.reads.known_freeze import UNREADABLE
from workflows.core.errors.raised import Refused
from workflows.core.people import ADMIN
from workflows.core.policy.stops.freeze import MAX_REASON_CHARACTERS, Freeze, FreezeStep, advance, begin

HOSTILE: Final = "<!channel> <https://evil.example|*all is well*> @here"
FREEZE: Final = begin(None, by=DANA.name, reason="Incident 7", now=NOW)
TWO: Final = current_roles(dana=ADMIN, amara=ADMIN)
ASKED: Final = advance(FREEZE, FreezeStep.ASK_END, DANA, version=1, current_roles=TWO, now=NOW)
ENDED: Final = advance(ASKED, FreezeStep.END, AMARA, version=2, current_roles=TWO, now=NOW + timedelta(hours=1))


def buttons(view: dict[str, Any]) -> dict[str, str]:
    """The values of a view's buttons by their actions."""
    shown_elements = [one for block in view["blocks"] for one in block.get("elements", [])]
    return {one["action_id"]: one["value"] for one in shown_elements if "action_id" in one}


@pytest.mark.parametrize(
    ("waiting", "said"),
    [(0, "No open request waits now."), (1, "1 open request waits"), (12, "12 open requests wait")],
)
def test_the_window_that_freezes_says_what_stops_and_who_waits(waiting: int, said: str) -> None:
    view = freeze_view(waiting)
    text = shown(view["blocks"])
    assert said in text
    assert STILL_POSSIBLE in text
    assert "It is ended by two admins." in text
    assert (view["callback_id"], view["submit"]["text"]) == (ids.FREEZE_FORM, "Freeze")
    assert view["blocks"][-1]["element"]["max_length"] == MAX_REASON_CHARACTERS, "nothing is cut after it was sent"
    assert UNREADABLE_FREEZE not in text
    assert UNREADABLE_FREEZE in shown(freeze_view(waiting, UNREADABLE)["blocks"])


def test_what_is_frozen_is_shown_with_the_way_to_end_it() -> None:
    view = already_frozen_view(FREEZE)
    assert f"Frozen by {DANA.name}: Incident 7." in shown(view["blocks"])
    assert list(buttons(view)) == [ids.OPEN_UNFREEZE]
    assert "submit" not in view


def test_the_first_admin_asks_for_the_version_that_is_shown() -> None:
    view = unfreeze_view(FREEZE, reader=DANA.id, now=NOW)
    assert parse_freeze_step(view["private_metadata"]) == (FreezeStep.ASK_END, 1, freeze_code(FREEZE))
    assert (view["submit"]["text"], buttons(view)) == ("Ask to end it", {})


def test_the_second_admin_confirms_or_keeps_it() -> None:
    view = unfreeze_view(ASKED, reader=AMARA.id, now=NOW)
    assert parse_freeze_step(view["private_metadata"]) == (FreezeStep.END, 2, freeze_code(ASKED))
    assert parse_freeze_step(buttons(view)[ids.KEEP_FROZEN]) == (FreezeStep.KEEP, 2, "")
    text = shown(view["blocks"])
    assert f"{DANA.name} asked to end it" in text
    assert "You are the second admin." in text


def test_who_asked_cannot_confirm_but_can_keep_it() -> None:
    view = unfreeze_view(ASKED, reader=DANA.id, now=NOW)
    assert "submit" not in view
    assert "Another admin must confirm that. You cannot." in shown(view["blocks"])
    assert list(buttons(view)) == [ids.KEEP_FROZEN]


def test_a_request_that_lapsed_is_asked_again() -> None:
    view = unfreeze_view(ASKED, reader=AMARA.id, now=NOW + timedelta(hours=24))
    assert parse_freeze_step(view["private_metadata"]) == (FreezeStep.ASK_END, 2, freeze_code(ASKED))


@pytest.mark.parametrize("value", ["", "freeze:1", "end_freeze", "end_freeze:x", "end_freeze:-1", "other:1"])
def test_another_value_of_a_button_is_refused(value: str) -> None:
    with pytest.raises(Refused):
        parse_freeze_step(value)


@pytest.mark.parametrize("freeze", [FREEZE, ENDED])
def test_the_reason_and_names_cannot_ping_or_link(freeze: Freeze) -> None:
    hostile = replace(freeze, reason=HOSTILE, by=HOSTILE)
    surfaces = [
        freeze_message(hostile).blocks,
        already_frozen_view(hostile)["blocks"],
        unfreeze_view(hostile, reader=None, now=NOW)["blocks"],
        [one.to_dict() for one in freeze_banner(hostile)],
    ]
    for blocks in surfaces:
        for kind in ("link", "broadcast", "user", "usergroup", "channel", "mrkdwn"):
            assert f"'type': '{kind}'" not in str(blocks), "rich text shows it as it was typed"
    assert "<!channel>" not in freeze_message(hostile).text


def test_a_long_reason_is_cut_on_cards_only() -> None:
    long = replace(FREEZE, reason="word " * 150)
    whole, short = (shown([one.to_dict() for one in freeze_banner(long, is_short=cut)]) for cut in (False, True))
    assert len(short) < MAX_CARD_REASON_CHARACTERS + 100 < len(whole)
    for text in (whole, short):
        assert "Nothing that opens access is applied until two admins end it." in text
    assert "word word…" in short, "never within a word"
    unbroken = replace(FREEZE, reason="x" * 200)
    assert "xx…" in shown([one.to_dict() for one in freeze_banner(unbroken, is_short=True)])
    assert freeze_banner(None) == []


def test_the_posture_says_that_it_is_frozen() -> None:
    one = posture()
    assert "Incident 7" not in shown(posture_message(one).blocks)
    assert "Incident 7. Nothing that opens access is applied until two admins end it." in shown(
        posture_message(one, FREEZE).blocks
    )
    assert UNREADABLE_FREEZE in shown(posture_message(one, UNREADABLE).blocks)


def test_the_message_about_the_end_names_both() -> None:
    text = shown(freeze_message(ENDED).blocks)
    assert f"{DANA.name} and {AMARA.name} ended it" in text
    assert "The reason was: Incident 7." in text
    assert "Every check before that is made again." in text


def test_with_one_admin_the_windows_say_that_nobody_can_end_it() -> None:
    for view in (
        freeze_view(0, can_be_ended=False),
        unfreeze_view(FREEZE, reader=DANA.id, now=NOW, can_be_ended=False),
        unfreeze_view(ASKED, reader=DANA.id, now=NOW, can_be_ended=False),
    ):
        text = shown(view["blocks"])
        assert ONLY_ONE_ADMIN in text
        assert "the other admins are told" not in text
    assert ONLY_ONE_ADMIN not in shown([freeze_view(0), unfreeze_view(FREEZE, reader=DANA.id, now=NOW)])


def test_freezing_again_names_the_freeze_that_stays_and_who_asks_to_end_it() -> None:
    text = not_frozen_again_words(FREEZE, NOW)
    assert text.startswith(
        f"The freeze of {minute(NOW)} stays, and the new reason was not stored. Frozen by {DANA.name}"
    )
    assert "asks to end it" not in text
    assert f"{DANA.name} asks to end it, and another admin can confirm that" in not_frozen_again_words(ASKED, NOW)
    assert UNREADABLE_FREEZE in not_frozen_again_words(UNREADABLE, NOW)


def test_who_asks_to_end_their_own_freeze_is_named_once() -> None:
    assert end_asked_words(DANA.name, DANA.name) == f"{DANA.name}, who froze, asks to end the freeze."
    assert end_asked_words(AMARA.name, DANA.name) == f"{AMARA.name} asks to end the freeze by {DANA.name}."

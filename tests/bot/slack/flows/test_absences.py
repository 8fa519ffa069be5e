"""The windows about absences: those of others are listed page by page."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.slack import ids
from bot.slack.flows.decide.delegation.absence_views import MAX_LISTED, absence_view, all_absences_view
from bot.slack.flows.decide.delegation.reassign_flow import all_asked_words, reassign_view
from tests.bench.delegation_surfaces import OTHERS
from tests.bot.shipped_cards import waiting
from tests.bot.surfaces import assert_sound, buttons, shown
from tests.workflows.core.builders import BRUNO, CHIE, DANA, NOW, person
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.delegation.absence import Absence, AbsenceId

TEMPLATE = load_catalog(SHIPPED).templates["trusted-partner"]


def absences(count: int) -> list[Absence]:
    return [
        replace(OTHERS[0], id=AbsenceId(f"a:{number}"), person=person(f"Away {number}"))
        for number in range(1, count + 1)
    ]


@pytest.mark.parametrize("count", [MAX_LISTED, MAX_LISTED + 1, 900])
def test_more_absences_than_fit_have_a_button_that_shows_all(count: int) -> None:
    view = absence_view(
        own=None,
        others=absences(count),
        is_admin=True,
        person=DANA.chat_id,
        today=(NOW + timedelta(days=1)).date(),
        zone="UTC",
        now=NOW,
    )
    assert_sound(view)
    assert (ids.SHOW_ABSENCES in buttons(view)) is (count > MAX_LISTED)


@pytest.mark.parametrize("count", [0, 1, MAX_LISTED, MAX_LISTED + 1, 3 * MAX_LISTED])
def test_every_absence_is_on_one_page_with_end_now(count: int) -> None:
    seen, page = [], 0
    while True:
        view = all_absences_view(absences(count), page, NOW)
        assert_sound(view)
        seen += [
            one["elements"][0]["value"]
            for one in view["blocks"]
            if one["type"] == "actions" and one["block_id"] != "pages"
        ]
        assert (ids.ABSENCES_PREVIOUS in buttons(view)) is (page > 0)
        following = buttons(view).get(ids.ABSENCES_NEXT)
        if following is None:
            break
        page = int(following)
    assert seen == [f"a:{number}" for number in range(1, count + 1)]
    last = shown(all_absences_view(absences(count), 10_000, NOW))
    assert (f"Away {count}" in last) is (count > 0), "a page beyond the end is the last one"


@pytest.mark.parametrize(
    ("missing", "words"),
    [(1, "only stops the reminders to one of them"), (2, "2 approvals are missing. So nobody can")],
)
def test_the_window_says_where_everybody_is_asked_already(missing: int, words: str) -> None:
    names = {one.chat_id: one.name for one in (BRUNO, CHIE)}
    view = reassign_view(waiting(TEMPLATE), "Data owners", names, note=all_asked_words(names, missing))
    assert_sound(view)
    assert words in shown(view)
    assert "asked already" not in shown(reassign_view(waiting(TEMPLATE), "Data owners", names))

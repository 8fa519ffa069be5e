"""The search form: what is typed comes back as conditions, and a wrong day is named at its field."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings

from bot.slack import ids
from bot.slack.flows.audit_log.form import MAX_TYPED_CHARACTERS, SearchProblems, parse_search, search_form
from bot.slack.flows.home.paging import parse_position, stored_position
from bot.slack.payloads.models import View
from bot.words.requests.search import STATE_CHOICES, condition_words, state_choice
from tests.bot.surfaces import assert_sound, hostile_or_blank
from workflows.app.reads.app_home import HomeList, HomePosition
from workflows.core.requests.request import TERMINAL, RequestState
from workflows.ports.pages import PagePosition, RequestFilter

FULL = RequestFilter(
    text="contoso",
    requester="Riley",
    approver="Amara",
    template="trusted",
    states=frozenset({RequestState.REJECTED}),
    sent_from=datetime(2027, 1, 1, tzinfo=UTC),
    sent_before=datetime(2027, 2, 1, tzinfo=UTC),
)


def filled(**values: Any) -> View:
    """A submitted form."""
    chosen = {name: {name: value if isinstance(value, dict) else {"value": value}} for name, value in values.items()}
    return View.model_validate({"id": "V1", "state": {"values": chosen}})


def day(chosen: str) -> dict[str, str]:
    return {"selected_date": chosen}


def test_a_filled_form_is_a_search_and_the_form_shows_it_again() -> None:
    view = filled(
        searched_text=" contoso ",
        searched_requester="Riley",
        searched_approver="Amara",
        searched_template="trusted",
        searched_state={"selected_option": {"value": "rejected"}},
        sent_from=day("2027-01-01"),
        sent_until=day("2027-01-31"),
    )
    assert parse_search(view) == FULL
    form = search_form(FULL)
    assert_sound(form, "modal")
    fields = {block["block_id"]: block["element"] for block in form["blocks"]}
    assert all(block["optional"] for block in form["blocks"]), "any field may be left empty"
    assert fields[ids.SEARCHED_TEXT]["initial_value"] == "contoso"
    assert fields[ids.SEARCHED_STATE]["initial_option"]["value"] == "rejected"
    assert fields[ids.SENT_FROM]["initial_date"] == "2027-01-01"
    assert fields[ids.SENT_UNTIL]["initial_date"] == "2027-01-31", "the last day is included"


def test_an_empty_form_finds_everything() -> None:
    assert parse_search(filled()) == RequestFilter()
    assert list(condition_words(RequestFilter())) == []
    assert parse_search(filled(searched_state={"selected_option": {"value": "unknown"}})) == RequestFilter()


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        ("2027-02-01", "2027-01-31", ids.SENT_UNTIL),
        ("yesterday", "", ids.SENT_FROM),
        ("", "9999-12-31", ids.SENT_UNTIL),
    ],
)
def test_a_wrong_day_is_named_at_its_field(first: str, last: str, field: str) -> None:
    with pytest.raises(SearchProblems) as problems:
        parse_search(filled(sent_from=day(first), sent_until=day(last)))
    assert list(problems.value.by_field) == [field]
    assert problems.value.by_field[field].startswith("Choose ")


def test_every_state_can_be_searched_for() -> None:
    every = frozenset[RequestState]().union(*(states for _, states in STATE_CHOICES.values()))
    assert every == frozenset(RequestState)
    alone = {state for _, states in STATE_CHOICES.values() if len(states) == 1 for state in states}
    assert alone >= TERMINAL, "every way to end can be searched for alone"
    for value, (_, states) in STATE_CHOICES.items():
        assert state_choice(states) == value


def test_partly_applied_can_be_searched_for() -> None:
    wanted = parse_search(filled(searched_state="partly_applied"))
    assert (wanted.is_partly_applied, wanted.states) == (True, frozenset({RequestState.STOPPED, RequestState.FAILED}))
    assert list(condition_words(wanted)) == [("State", "Partly applied")]
    assert parse_search(filled(searched_state="failed")).is_partly_applied is False


def test_a_search_in_words() -> None:
    assert list(condition_words(FULL)) == [
        ("Contains", "contoso"),
        ("Requester", "Riley"),
        ("Approver", "Amara"),
        ("Access template", "trusted"),
        ("State", "Rejected"),
        ("Sent from", "Jan 1, 2027 (UTC)"),
        ("Sent until", "Jan 31, 2027 (UTC)"),
    ]


def test_a_search_is_stored_with_the_place() -> None:
    assert parse_position(stored_position(HomePosition(request_filter=FULL))) == HomePosition(request_filter=FULL)
    assert parse_position('{"text": "contoso", "places": {}}') == HomePosition(text="contoso"), "of an earlier version"


def test_a_place_of_an_earlier_version_keeps_the_search_and_the_page() -> None:
    page = PagePosition(cursor=("2027-01-02", "r-1"), is_before=True)
    now = HomePosition(request_filter=FULL, positions={HomeList.REQUESTS: page})
    earlier = stored_position(now).replace('"request_filter"', '"wanted"').replace('"positions"', '"places"')
    assert "request_filter" not in earlier
    assert parse_position(earlier) == now
    for other in ("[]", '"text"', "7", "null", "{", '{"wanted": 7}', '{"places": {"unknown": {}}}'):
        assert parse_position(other) == HomePosition(), other


@settings(deadline=None, max_examples=40)
@given(hostile_or_blank)
def test_hostile_text_stays_text_in_the_form(text: str) -> None:
    wanted = parse_search(filled(searched_text=text, searched_requester=text))
    assert len(wanted.text) <= MAX_TYPED_CHARACTERS
    assert_sound(search_form(wanted), "modal")

"""The sentences of the request form: one golden sentence for each thing it can say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.words.plans.consequences import STAYS_UNTIL_REVOKED
from bot.words.requests import form
from bot.words.reviews.template_policy import chosen_template_words
from tests.workflows.core.builders import STAGES, request
from workflows.app.requests.forms import RefillCode
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.errors.facts import Fact
from workflows.core.plans.plan import AtEnd
from workflows.core.policy.offers import Offer
from workflows.core.policy.risk import RiskLevel
from workflows.core.requests.request import RequestState
from workflows.core.settings.open_access import AccessState

TEMPLATES = load_catalog(SHIPPED).templates
GUESTS = Offer(template=TEMPLATES["guest-collaboration"], level=RiskLevel.LOW, closes=False)


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (timedelta(minutes=20), "under an hour"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=47), "47 hours"),
        (timedelta(hours=60), "2 days"),
        (timedelta(days=9), "9 days"),
    ],
)
def test_a_waiting_time_is_said_in_hours_or_days(wait: timedelta, words: str) -> None:
    assert form.wait_words(wait) == words


def test_an_offer_names_its_stages_where_they_fit_and_counts_them_where_not() -> None:
    trusted = replace(GUESTS, template=TEMPLATES["trusted-partner"], level=RiskLevel.HIGH)
    assert form.offer_words(trusted, 75) == "Trusted partner · Up to high risk · Security, Data owners"
    waits = replace(trusted, usual_wait=timedelta(days=3))
    assert form.offer_words(waits, 75) == "Trusted partner · Up to high risk · Security, Data owners · usually 3 days"
    assert form.offer_words(waits, 70) == "Trusted partner · Up to high risk · 3 approvers · usually 3 days"
    assert form.offer_words(waits, 50) == "Trusted partner · Up to high risk · 3 approvers"
    assert form.offer_words(waits, 35) == "Up to high risk · 3 approvers"


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_menu_has_the_title_that_cards_show(name: str) -> None:
    offer = replace(GUESTS, template=TEMPLATES[name], level=RiskLevel.HIGH, usual_wait=timedelta(days=30))
    assert form.offer_words(offer, 75).startswith(f"{TEMPLATES[name].title} · ")
    untold = replace(offer, template=replace(offer.template, need=""))
    assert not form.offer_words(untold, 75).startswith(TEMPLATES[name].title), "the option itself is the title"


def test_what_is_said_of_the_chosen_template() -> None:
    assert form.need_words(GUESTS) == "Documents and chat as guests"
    assert form.need_words(replace(GUESTS, template=replace(GUESTS.template, need=""))) == "Guest collaboration"
    title, risk, *_ = chosen_template_words(GUESTS)
    assert title.startswith("Guest collaboration: People of the partner work as guests")
    assert risk == "Change: low risk."
    trusted = Offer(template=TEMPLATES["trusted-partner"], level=RiskLevel.ELEVATED, closes=False)
    assert chosen_template_words(trusted)[1] == "Change: up to elevated risk."


def test_a_stage_and_that_nobody_is_in_it() -> None:
    assert form.stage_words(STAGES[0]) == "Security, 1 approval"
    assert form.no_approvers_words(STAGES[0]) == (
        "nobody. It cannot be sent until an admin adds people to the role “security”."
    )


def test_what_the_default_lets_in_is_said_only_where_it_does() -> None:
    said = {access_state: form.guests_words(access_state) for access_state in AccessState}
    assert said[AccessState.OPEN].startswith("Guests of this partner can come in already")
    assert said[AccessState.PARTLY].startswith("Some guests of this partner can come in already")
    assert said[AccessState.CLOSED] == said[AccessState.UNKNOWN] == ""


def test_the_text_for_the_partners_administrator() -> None:
    assert form.partner_question(TEMPLATES["regulated-project"].placeholders) == (
        "We prepare access between our organizations in Microsoft Entra. Please send us from your tenant:\n"
        "1. The Object ID of your group (Entra admin center, Groups, the group, Overview), "
        "for: Pilot group of the partner\n"
        "2. The Application ID of your application (Entra admin center, Enterprise applications, the application, "
        "Overview), for: Application of the partner\n"
        "These IDs are not secret."
    )
    assert form.partner_question(TEMPLATES["contractor-portal"].placeholders) == "", "it asks for an ID of ours only"


def test_how_long_it_shall_last() -> None:
    asked = request(RequestState.AWAITING_APPROVAL).fields
    assert form.access_duration_words(replace(asked, duration=timedelta(days=180))) == "180 days from approval"
    assert form.access_duration_words(replace(asked, duration=timedelta(days=180)), is_short=True) == "180 days"
    ends_at = datetime(2027, 4, 1, tzinfo=UTC)
    assert form.access_duration_words(replace(asked, ends_at=ends_at)) == "until Mar 31, 2027"
    assert form.access_duration_words(replace(asked, duration=None)) == ""
    assert form.end_date_hint(180, AtEnd.ASK) == (
        "The last day (UTC), at most 180 days from today, instead of the duration. Then access stays until "
        "somebody revokes it."
    )
    assert STAYS_UNTIL_REVOKED in form.end_date_hint(180, AtEnd.ASK)
    assert "Then access is blocked." in form.end_date_hint(180, AtEnd.BLOCK)


@pytest.mark.parametrize(
    ("is_closing", "can_be_edited", "words"),
    [
        (True, True, "Everybody who uses this access loses it. Withdraw this if they still need it."),
        (True, False, "Everybody who uses this access loses it. Withdraw this if they still need it."),
        (False, True, "People who use more lose it. Edit or withdraw this if they still need it."),
        (False, False, "People who use more lose it. Withdraw this if they still need it."),
    ],
)
def test_less_access_says_what_can_be_done_about_it(is_closing: bool, can_be_edited: bool, words: str) -> None:
    assert form.losses_words(is_closing=is_closing, can_be_edited=can_be_edited) == words


@pytest.mark.parametrize(
    ("code", "values", "words"),
    [
        (
            RefillCode.GIVES_LESS,
            {"templates": "“Guest collaboration”"},
            "Certainly less access than now: “Guest collaboration”. One approver decides, and the approved end stays "
            "or comes earlier. Once applied, the review is answered.",
        ),
        (
            RefillCode.TEMPLATE_GONE,
            {"template": "Merger"},
            "The template “Merger” does not exist any more. Choose another one.",
        ),
        (
            RefillCode.TEMPLATE_CHANGED,
            {"template": "Merger"},
            "The template “Merger” changed since that request. Check what it gives now, and who decides.",
        ),
        (
            RefillCode.DURATION_GONE,
            {"template": "Merger", "days": 180},
            "“Merger” does not offer 180 days any more. Check the duration.",
        ),
        (
            RefillCode.END_DATE_OVER,
            {"day": "2027-04-30"},
            "The end date of that request, Apr 30, 2027, cannot be chosen any more. Choose a new end.",
        ),
    ],
)
def test_what_of_an_earlier_request_is_different_today(code: RefillCode, values: dict[str, object], words: str) -> None:
    assert form.refill_note_words(Fact(code, values)) == words


def test_every_difference_has_a_sentence() -> None:
    marks = {"template": "T", "templates": "“T”", "days": 1, "day": "2027-04-30", "name": "A", "text": "Less."}
    assert all(form.refill_note_words(Fact(code, marks)) for code in RefillCode)


def test_what_happens_when_an_edit_is_sent() -> None:
    approvers = "Approvers get a message with what is different, and decide on the new plan."
    assert [form.edit_effect_words(decided)[0] for decided in (0, 1, 2)] == [
        approvers,
        f"Sending this voids 1 approval. {approvers}",
        f"Sending this voids 2 approvals. {approvers}",
    ]

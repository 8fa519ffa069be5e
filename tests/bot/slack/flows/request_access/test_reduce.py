"""Reduce: the form that is filled in with the smallest reduction, and the window when nothing certainly gives less."""

from datetime import timedelta
from typing import Any, Final

import pytest

from bot.slack.flows.request_access.reduce import filled_reduction, nothing_less_view
from bot.words.requests.form import refill_note_words
from tests.bot.surfaces import assert_sound, shown
from tests.workflows.core.builders import NOW, RILEY, SAM, TENANT, partnership
from workflows.app.requests.forms import RefillCode
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.partners.partnership import PartnershipState

DAY: Final = timedelta(days=1)
LESS: Final = [load_catalog(SHIPPED).templates["guest-collaboration"]]


def filled(**changes: Any) -> Any:
    due = partnership(**{"state": PartnershipState.REVIEW_DUE, **changes})
    return filled_reduction(due, LESS, "contoso.com", RILEY.chat_id, NOW)


def test_the_form_has_partner_sponsor_template_and_the_remaining_end() -> None:
    refill = filled(ends_at=NOW + 60 * DAY)
    form = refill.form
    assert (form.target, form.template, form.sponsor, form.justification) == (
        "contoso.com",
        "guest-collaboration",
        SAM.chat_id,
        "",
    )
    assert (form.days, form.ends_on) == (0, (NOW + 59 * DAY).date().isoformat())
    assert form.answers_review_of == TENANT
    assert refill.notes["template"].code == RefillCode.GIVES_LESS
    assert refill_note_words(refill.notes["template"]).startswith(
        "Certainly less access than now: “Guest collaboration”. One approver decides"
    )


@pytest.mark.parametrize("ends_at", [None, NOW + DAY, NOW + 4000 * DAY], ids=["no end", "tomorrow", "too late"])
def test_an_end_that_cannot_be_chosen_stays_as_approved(ends_at: Any) -> None:
    """A reduction never extends: a longer duration in the form keeps the approved end."""
    form = filled(ends_at=ends_at).form
    assert (form.days, form.ends_on) == (LESS[0].default_duration.days, "")


def test_who_reduces_for_a_sponsor_without_an_account_is_the_sponsor() -> None:
    assert filled(sponsor_gone_at=NOW).form.sponsor == RILEY.chat_id


def test_where_nothing_certainly_gives_less_the_window_says_what_can_be_done() -> None:
    view = nothing_less_view(partnership())
    assert_sound(view)
    assert "No template certainly gives less" in shown(view)
    assert "choose Revoke" in shown(view)

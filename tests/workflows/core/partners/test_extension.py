"""A request that would change nothing says which one would extend the access."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.words.requests.notes import refusal_words
from tests.workflows.core.builders import partnership
from tests.workflows.world import CATALOG
from workflows.core.partners.extension import extension_of, may_be_renewed, no_extension_error
from workflows.core.partners.partnership import Partnership, PartnershipState

NOW = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)
DURATIONS = tuple(timedelta(days=days) for days in (90, 180, 365))


def standing(days: float, **changes: object) -> Partnership:
    """A partner whose access ends so many days from now."""
    return partnership(ends_at=NOW + timedelta(days=days), **changes)


def test_the_longer_durations_extend_it_now_and_the_same_one_a_day_later() -> None:
    extension = extension_of(standing(180), DURATIONS, timedelta(days=180), NOW)
    assert extension is not None
    assert extension.now == (timedelta(days=365),)
    assert extension.asked_from == NOW + timedelta(days=1)
    assert may_be_renewed(standing(180), timedelta(days=180), extension.asked_from)


@pytest.mark.parametrize("name", sorted(CATALOG.templates))
def test_what_is_said_to_extend_does_and_what_is_not_does_not(name: str) -> None:
    durations = CATALOG.templates[name].durations
    for asked in durations:
        for days in (0.5, 30, 89, 180, 364.5, 365, 700):
            known = standing(days)
            extension = extension_of(known, durations, asked, NOW)
            assert extension is not None
            assert set(extension.now) == {
                d for d in durations if NOW + d - (NOW + timedelta(days=days)) >= timedelta(1)
            }
            assert may_be_renewed(known, asked, extension.asked_from)
            assert not may_be_renewed(known, asked, extension.asked_from - timedelta(seconds=1))


def test_what_was_not_opened_here_and_what_is_revoked_has_no_end_to_extend() -> None:
    assert extension_of(None, DURATIONS, DURATIONS[0], NOW) is None
    revoked = standing(180, state=PartnershipState.REVOKED)
    assert extension_of(revoked, DURATIONS, DURATIONS[0], NOW) is None


def test_in_words() -> None:
    template = CATALOG.templates["trusted-partner"]
    assert refusal_words(no_extension_error(standing(180), template, timedelta(days=180), NOW)) == (
        "This tenant is already a partner with the settings of “Trusted partner” until May 25, 2027, so 180 days from "
        "today would change nothing. To extend it now, choose 365 days. You can request 180 days from Nov 27, 2026 at "
        "15:00 UTC on."
    )
    assert (
        "No duration of this template extends the access yet. You can request 365 days from Nov 27, 2026 at 15:00 "
        "UTC on."
    ) in (refusal_words(no_extension_error(standing(365), template, timedelta(days=365), NOW)))
    assert "Gatehouse did not open it, so there is no end date to extend" in (
        refusal_words(no_extension_error(None, template, timedelta(days=180), NOW))
    )

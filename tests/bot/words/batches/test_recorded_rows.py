"""Why a partner has no row in the file of what is in force, in words."""

import pytest

from bot.words.batches.recorded_rows import why_not_words
from workflows.app.batches.importing.recorded_rows import WhyNotInFile
from workflows.core.errors.facts import Fact
from workflows.core.partners.partnership import ClosedAs


@pytest.mark.parametrize(
    ("closed", "said"),
    [
        (ClosedAs.REVOKED, "The partner is revoked, and blocked."),
        (ClosedAs.SUSPENDED, "The partner is suspended, and blocked."),
        (ClosedAs.BLOCKED, "The partner is blocked."),
    ],
)
def test_a_closed_partner_is_said_to_be_closed_as_it_was(closed: ClosedAs, said: str) -> None:
    assert why_not_words([Fact(WhyNotInFile.CLOSED, {"state": closed.value})]) == said

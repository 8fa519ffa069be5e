"""The filters of `/partner list`: what each word means; an unknown one is refused, and the right ones named."""

from typing import Final

import pytest

from bot.slack.flows.show.filters import FILTERS, MAX_FILTER_CHARACTERS, UnknownFilter, parse_filter
from tests.workflows.core.builders import NOW, SAM
from workflows.core.partners.partnership import PartnershipState
from workflows.core.people import ChatId, PersonId
from workflows.ports.pages import PartnerFilter

MINE: Final[frozenset[ChatId | PersonId]] = frozenset({SAM.chat_id, SAM.id})


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("", PartnerFilter()),
        ("state:active", PartnerFilter(states=frozenset({PartnershipState.ACTIVE}))),
        ("State:Review-Due", PartnerFilter(states=frozenset({PartnershipState.REVIEW_DUE}))),
        ("state:revoked", PartnerFilter(states=frozenset({PartnershipState.REVOKED}))),
        ("sponsor:me", PartnerFilter(sponsors=MINE)),
        ("sponsor:@sam", PartnerFilter(sponsor_text="sam")),
        ('template:"Trusted partner"', PartnerFilter(template="Trusted partner")),
        ("template:“Trusted partner”", PartnerFilter(template="Trusted partner")),
        ("overdue", PartnerFilter(overdue_at=NOW)),
        ("text:contoso overdue", PartnerFilter(text="contoso", overdue_at=NOW)),
    ],
)
def test_words_become_conditions(typed: str, wanted: PartnerFilter) -> None:
    assert parse_filter(typed, reader=MINE, now=NOW) == wanted


@pytest.mark.parametrize(
    "typed",
    [
        "contoso",
        "state:open",
        "state:",
        "owner:sam",
        "text:",
        'sponsor:""',
        "drifted",
        "x" * (MAX_FILTER_CHARACTERS + 1),
    ],
)
def test_an_unknown_word_is_refused_and_the_right_ones_are_named(typed: str) -> None:
    with pytest.raises(UnknownFilter) as problem:
        parse_filter(typed, reader=MINE, now=NOW)
    assert FILTERS in str(problem.value)

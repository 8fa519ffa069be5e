"""Every reason of a review has a sentence, and a few words for a list."""

import pytest

from bot.words.reviews.reasons import (
    card_reasons,
    ended_review_words,
    reason_words,
    reasons_words,
    short_reason,
    short_reasons,
)
from tests.workflows.core.builders import NOW
from workflows.core.partners.reviewing.review_events import ENDS_WITH_ITS_CAUSE
from workflows.core.requests.commands.review_event import ReviewReason, ReviewReasonCode

VALUES = {
    "sponsor_gone": {"cause": "guest"},
    "sponsor_moved": {"sponsor": "Sam", "before": "Sales", "after": "Legal"},
    "no_sign_in": {"days": "30"},
    "drift": {"drift": "differs_from_approved"},
    "risk_grew": {"before": "elevated", "after": "high"},
    "template_stricter": {"template": "Trusted partner", "changes": "settings,approvers"},
    "domain_moved": {"domain": "contoso.com", "tenant_id": "2b7c0b0e-0000-4000-8000-000000000001"},
    "campaign": {"campaign": "C-1", "by": "Dana", "why": "Yearly check"},
}


def reason(code: str) -> ReviewReason:
    return ReviewReason(code=ReviewReasonCode(code), at=NOW, values=VALUES.get(code, {}))


@pytest.mark.parametrize("code", list(ReviewReasonCode))
def test_every_reason_has_a_sentence_and_a_few_words(code: ReviewReasonCode) -> None:
    sentence = reason_words(reason(code))
    assert sentence[0].isupper() or code is ReviewReasonCode.CAMPAIGN
    assert "{" not in sentence
    assert 1 <= len(short_reason(code).split()) <= 4


@pytest.mark.parametrize("code", sorted(ENDS_WITH_ITS_CAUSE))
def test_a_review_that_ended_with_its_reason_says_so(code: ReviewReasonCode) -> None:
    assert ended_review_words(reason(code)).endswith("Nobody has to answer this review.")


def test_the_sentences_name_what_happened() -> None:
    assert reason_words(reason("risk_grew")) == (
        "The tenant's default gives more access now: the risk was elevated when it was approved, and is high."
    )
    assert reason_words(reason("template_stricter")) == (
        "The template “Trusted partner” is stricter now: it gives less access, and it asks more people."
    )
    assert reason_words(reason("sponsor_moved")) == (
        "The sponsor, Sam, moved in Entra from the department “Sales” to “Legal”."
    )
    assert reason_words(reason("drift")) == "The settings are not as approved."
    assert reason_words(reason("campaign")) == "Dana asked for a review of several partners: Yearly check."


def test_the_card_has_a_few_words_where_it_shows_the_rest() -> None:
    assert card_reasons([reason("calendar")]) == "regular review"
    assert card_reasons([reason("no_sign_in"), reason("campaign")]) == (
        "no sign-ins. Dana asked for a review of several partners: Yearly check."
    )
    assert card_reasons([]) == ""


def test_several_reasons_are_joined_and_a_repeated_one_is_named_once_in_a_list() -> None:
    reasons = [reason("calendar"), reason("no_sign_in"), reason("no_sign_in")]
    assert short_reasons(reasons) == "regular review, no sign-ins"
    assert reasons_words(reasons[:2]).startswith("The time until the next review is over. Nobody of this partner")
    assert (short_reasons([]), reasons_words([])) == ("", "")

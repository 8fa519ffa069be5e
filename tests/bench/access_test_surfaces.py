"""The surfaces of the question whether an access works: the question, its ends, the failure, and the two windows."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot.slack.blocks.blocks import Json
from bot.slack.flows.partner_setup.access_test_views import failure_view, how_to_test_view
from bot.slack.outbound.announcements.access_test_cards import access_question, closed_question, failure_card
from tests.workflows.core.builders import NOW, RILEY, SAM, TENANT, partnership
from workflows.core.policy.reviews.access_test import (
    AccessAnswer,
    AccessFailure,
    AccessOutcome,
    AccessTest,
    answered,
)

_LATER: Final = NOW + timedelta(days=8)
_ASKED: Final = AccessTest(testers=(RILEY,), question=1, asked_at=_LATER)
_FAILURE: Final = AccessFailure(
    what="They sign in and see “Access is blocked by the organization”. It was the same in a private window.",
    address="maria.longlastname@engineering.contoso.com",
    application="Contractor portal",
    code="AADSTS500213",
)


def _answer(outcome: AccessOutcome) -> AccessAnswer:
    failure = _FAILURE if outcome is AccessOutcome.FAILS else None
    return AccessAnswer(question=1, outcome=outcome, person=RILEY, at=_LATER, failure=failure)


def access_test_messages() -> dict[str, list[Json]]:
    """Return the messages to who is asked, and to the sponsor and the admins."""
    known = partnership(access_test=_ASKED)
    ended = {
        outcome: closed_question(replace(known, access_test=answered(_ASKED, _answer(outcome))), 1)
        for outcome in AccessOutcome
    }
    cards = {
        "access-test-question": access_question(known, _ASKED),
        "access-test-asked-by": access_question(known, replace(_ASKED, asked_by=SAM)),
        "access-test-failure": failure_card(known, _answer(AccessOutcome.FAILS)),
        "access-test-works": ended[AccessOutcome.WORKS],
        "access-test-fails": ended[AccessOutcome.FAILS],
        "access-test-not-tried": ended[AccessOutcome.NOT_TRIED],
        "access-test-newer": closed_question(replace(known, access_test=replace(_ASKED, question=2)), 1),
        "access-test-over": closed_question(replace(known, access_test=None), 1),
    }
    return {name: card.blocks for name, card in cards.items()}


def access_test_windows() -> dict[str, Json]:
    """Return the window of a No, and how to test."""
    return {"access-test-no": failure_view(TENANT, 1, "contoso.com"), "access-test-how": how_to_test_view()}

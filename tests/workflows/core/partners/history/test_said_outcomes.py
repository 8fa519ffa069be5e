"""The report tells what people said about whether the access works, as they said it."""

from tests.workflows.core.builders import partnership
from tests.workflows.core.partners.history.test_story import APPLIED, LATER, Entry, story
from workflows.core.partners.history.said_outcomes import SaidOutcome

SAID = {"person": "Riley", "outcome": "fails", "question": 1, "what": "An error", "code": "AADSTS53003", "address": 7}


def test_only_answers_that_were_recorded_are_told() -> None:
    entries = (
        Entry(command="ask_access_test", at=LATER, actor="gatehouse"),
        Entry(command="answer_access_test", at=LATER, actor="U-RILEY", details=SAID),
        Entry(command="answer_access_test", at=LATER, actor="U-SAM", outcome="access_test_answered", details=SAID),
    )
    assert story(APPLIED, *entries, record=partnership()).outcomes == (
        SaidOutcome(
            at=LATER,
            chat_id="U-RILEY",
            name="Riley",
            outcome="fails",
            what="An error",
            address="",
            application="",
            code="AADSTS53003",
        ),
    )

"""Who was asked or told in addition, on the card of a request that waits."""

from dataclasses import replace

import pytest
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.cards.approval.approval_card import approval_blocks
from bot.slack.cards.approval.approval_chain import MAX_NAMES, waiting_elements
from bot.slack.cards.approval.card_context import CardContext
from bot.slack.cards.approval.sections.asked_changes import asked_change_elements
from bot.slack.cards.approval.sections.conversation import question_elements
from bot.words.requests.approval_chain import decide_by_words
from tests.bench.waiting_surfaces import with_changes, with_question
from tests.bot.shipped_cards import NAMES, waiting
from tests.bot.surfaces import shown
from tests.workflows.core.builders import NOW, QUESTION
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.people import ChatId, Person, PersonId
from workflows.core.requests.request import ClockStop, Escalation, EscalationStep, StopCause

TEMPLATES = load_catalog(SHIPPED).templates


def words(line: RichTextElement) -> list[str]:
    return [element.get("text", element.get("fallback")) for element in line.to_dict()["elements"]]


@pytest.mark.parametrize("step", EscalationStep)
@pytest.mark.parametrize("count", [1, MAX_NAMES, MAX_NAMES + 1])
def test_who_was_told_is_named_or_counted_and_no_text_is_empty(step: EscalationStep, count: int) -> None:
    """Slack refuses a message with an empty text, and then no card of the request is updated any more."""
    people = tuple(Person(id=PersonId(f"id-{n}"), chat_id=ChatId(f"U{n}"), name=f"Name {n}") for n in range(count))
    escalation = Escalation(stage=0, step=step, at=NOW, told=people)
    [line] = waiting_elements(
        replace(waiting(load_catalog(SHIPPED).templates["trusted-partner"]), escalations=(escalation,))
    )
    texts = words(line)
    assert all(texts), texts
    assert all(person.name in "".join(texts) for person in people[:MAX_NAMES])
    assert ("1 other" in "".join(texts)) is (count > MAX_NAMES)


def test_a_clock_stopped_because_nobody_can_decide_is_named_and_the_deadline_is_the_latest_one() -> None:
    asked = waiting(TEMPLATES["trusted-partner"])
    assert list(waiting_elements(asked)) == []
    assert decide_by_words(asked) == "decide by"
    stop = ClockStop(
        cause=StopCause.NOBODY_CAN_DECIDE, began_at=NOW, ends_by=asked.expires_at, deadline=asked.expires_at
    )
    stopped = replace(asked, clock_stops=(stop,))
    [line] = waiting_elements(stopped)
    assert "Nobody can decide, time stopped at most until" in "".join(words(line))
    assert decide_by_words(stopped) == "latest deadline"


def test_requested_changes_name_their_stop_themselves_unless_an_open_question_does() -> None:
    asked = with_changes(waiting(TEMPLATES["trusted-partner"]))
    assert list(waiting_elements(asked)) == []
    assert "time stopped at most until" in "".join(words(next(asked_change_elements(asked))))
    both = with_question(asked)
    assert "time stopped" not in "".join(words(next(asked_change_elements(both))))
    assert "time stopped at most until" in "".join(words(next(question_elements(both, NOW))))


def test_a_card_leaves_the_justification_out_only_for_what_an_approver_asks_for() -> None:
    """Also where the card would have too many words otherwise."""
    asked = waiting(TEMPLATES["merger"])
    for request, is_quoted in ((asked, True), (with_question(asked), True), (with_changes(asked), False)):
        blocks = approval_blocks(request, holders=NAMES, context=CardContext(is_first=True), now=NOW)
        assert (asked.fields.justification in shown([block.to_dict() for block in blocks])) is is_quoted
    assert "Please ask for 90 days only." in shown([block.to_dict() for block in blocks])


def test_an_open_question_names_its_stop_itself() -> None:
    asked = waiting(TEMPLATES["trusted-partner"])
    stop = ClockStop(cause=StopCause.QUESTION, began_at=NOW, ends_by=asked.expires_at, deadline=asked.expires_at)
    assert list(waiting_elements(replace(asked, clock_stops=(stop,), remarks=(QUESTION,)))) == []

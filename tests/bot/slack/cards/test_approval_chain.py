"""Who was asked or told in addition, on the card of a request that waits."""

from dataclasses import replace

import pytest

from bot.slack.cards.approval.approval_chain import MAX_NAMES, waiting_elements
from bot.words.requests.approval_chain import decide_by_words
from tests.bot.shipped_cards import waiting
from tests.workflows.core.builders import NOW, QUESTION
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.people import ChatId, Person, PersonId
from workflows.core.requests.request import ClockStop, Escalation, EscalationStep, StopCause

TEMPLATES = load_catalog(SHIPPED).templates


@pytest.mark.parametrize("step", EscalationStep)
@pytest.mark.parametrize("count", [1, MAX_NAMES, MAX_NAMES + 1])
def test_who_was_told_is_named_or_counted_and_no_text_is_empty(step: EscalationStep, count: int) -> None:
    """Slack refuses a message with an empty text, and then no card of the request is updated any more."""
    people = tuple(Person(id=PersonId(f"id-{n}"), chat_id=ChatId(f"U{n}"), name=f"Name {n}") for n in range(count))
    escalation = Escalation(stage=0, step=step, at=NOW, told=people)
    [line] = waiting_elements(
        replace(waiting(load_catalog(SHIPPED).templates["trusted-partner"]), escalations=(escalation,))
    )
    texts = [element["text"] for element in line.to_dict()["elements"]]
    assert all(texts), texts
    assert all(person.name in "".join(texts) for person in people[:MAX_NAMES])
    assert ("1 other" in "".join(texts)) is (count > MAX_NAMES)


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (StopCause.QUESTION, "Clock stopped for requested changes, until"),
        (StopCause.NOBODY_CAN_DECIDE, "Clock stopped because nobody can decide, until"),
    ],
)
def test_a_stopped_clock_is_named_and_the_deadline_is_the_latest_one(cause: StopCause, said: str) -> None:
    asked = waiting(TEMPLATES["trusted-partner"])
    assert list(waiting_elements(asked)) == []
    assert decide_by_words(asked) == "decide by"
    stop = ClockStop(cause=cause, began_at=NOW, ends_by=asked.expires_at, deadline=asked.expires_at)
    stopped = replace(asked, clock_stops=(stop,))
    [line] = waiting_elements(stopped)
    assert said in str(line.to_dict())
    assert decide_by_words(stopped) == "decide at the latest by"


def test_an_open_question_names_its_stop_itself() -> None:
    asked = waiting(TEMPLATES["trusted-partner"])
    stop = ClockStop(cause=StopCause.QUESTION, began_at=NOW, ends_by=asked.expires_at, deadline=asked.expires_at)
    assert list(waiting_elements(replace(asked, clock_stops=(stop,), remarks=(QUESTION,)))) == []

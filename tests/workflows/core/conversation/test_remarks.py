"""Which questions are open, and the ids of remarks."""

from dataclasses import replace
from datetime import UTC, datetime

from workflows.core.conversation.remarks import (
    Remark,
    RemarkId,
    RemarkKind,
    answer_to,
    counts_towards_limit,
    next_remark_id,
    open_questions,
    question_of,
)
from workflows.core.people import ChatId, Person, PersonId

AMARA = Person(id=PersonId("amara"), chat_id=ChatId("U1"), name="Amara Okafor")
QUESTION = Remark(
    id=RemarkId("1"),
    kind=RemarkKind.QUESTION,
    person=AMARA,
    text="Which sites?",
    at=datetime(2026, 1, 1, tzinfo=UTC),
    asked=(AMARA,),
)
ANSWER = replace(QUESTION, id=RemarkId("2"), kind=RemarkKind.ANSWER, asked=(), answers="1")
COMMENT = replace(QUESTION, id=RemarkId("3"), kind=RemarkKind.COMMENT, asked=())


def test_a_question_is_open_until_it_has_an_answer() -> None:
    assert open_questions([QUESTION, COMMENT]) == (QUESTION,)
    assert open_questions([QUESTION, ANSWER, COMMENT]) == ()
    assert answer_to([QUESTION, ANSWER], QUESTION) == ANSWER
    assert answer_to([QUESTION, COMMENT], QUESTION) is None


def test_only_a_question_is_found_as_a_question() -> None:
    assert question_of([QUESTION, ANSWER], "1") == QUESTION
    assert question_of([QUESTION, ANSWER], "2") is None
    assert question_of([], "1") is None


def test_each_remark_gets_the_next_id() -> None:
    assert next_remark_id([]) == "1"
    assert next_remark_id([QUESTION, ANSWER]) == "3"


def test_an_answer_does_not_count_towards_the_limit() -> None:
    assert [counts_towards_limit(one) for one in (QUESTION, ANSWER, COMMENT)] == [True, False, True]

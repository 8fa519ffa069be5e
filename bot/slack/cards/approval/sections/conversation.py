"""Questions, answers and comments about a request on cards, in messages and in Details. All texts are quoted."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block, ButtonElement
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    TextRun,
    actions,
    button,
    cleaned_text,
    fixed_text,
    header,
    local_day,
    local_time,
    paragraph,
    quote,
    rich_text,
)
from bot.words.requests.history import did_words
from bot.words.sentences import counted
from workflows.core.conversation.remarks import MAX_TEXT, Remark, open_questions
from workflows.core.requests.request import AccessRequest, ClockStop, RequestState, StopCause

THREADS_NOT_READ: Final = "Replies in threads are not read."
"""Said wherever somebody may think that a reply to a message reaches the request."""
MAX_SHOWN: Final = 5
"""Remarks in Details, the newest; the rest is behind a button. Also the questions on the requester's card."""
_SHORT: Final = 300
"""Characters of a text that is whole elsewhere."""


def remark_elements(remark: Remark, limit: int = MAX_TEXT) -> Iterator[RichTextElement]:
    """Return one remark: who did what and when, and below it the text as a quotation."""
    yield paragraph(*author_parts(remark), fixed_text(" · "), local_time(remark.at))
    yield quote(remark.text, limit)


def author_parts(remark: Remark) -> Iterator[TextRun]:
    """Return who wrote a remark, and whom they asked."""
    yield cleaned_text(remark.person.name, bold=True)
    yield fixed_text(" ")
    yield cleaned_text(did_words(remark), 600)


def remark_blocks(request: AccessRequest, more: Block) -> Iterator[Block]:
    """Return the newest remarks for Details, the newest first; nothing without one.

    The text of changes that the requester is asked for now stands further up, and is left out.

    :param more: the row with the button that shows all of them.
    """
    if request.remarks:
        newest = list(reversed(request.remarks))[:MAX_SHOWN]
        yield header("Questions and comments")
        asked = request.changes_requested if request.state is RequestState.AWAITING_APPROVAL else None
        above = None if asked is None else asked.remark
        parts = [_remark_in_details(remark, is_above=remark.id == above) for remark in newest]
        yield rich_text(*(element for elements in parts for element in elements))
        if len(request.remarks) > MAX_SHOWN or any(len(remark.text) > _SHORT for remark in newest):
            yield more


def _remark_in_details(remark: Remark, *, is_above: bool) -> Iterator[RichTextElement]:
    if is_above:
        yield paragraph(*author_parts(remark), fixed_text(" · "), local_time(remark.at))
    else:
        yield from remark_elements(remark, _SHORT)


def open_question_words(request: AccessRequest) -> str:
    """Return how many questions are not answered; empty when there is none."""
    count = len(open_questions(request.remarks))
    return f"{counted(count, 'question')} not answered" if count else ""


def question_elements(request: AccessRequest, now: datetime) -> Iterator[RichTextElement]:
    """Return one line about the questions that are not answered, for the approval card; nothing without one."""
    if words := open_question_words(request):
        yield paragraph(fixed_text(f"❓ {words}", bold=True), *clock_parts(request, now))


def clock_parts(request: AccessRequest, now: datetime) -> Iterator[TextRun]:
    """State until when the time to decide is stopped for a question; nothing while it passes."""
    if (stop := question_stop(request, now)) is not None:
        yield fixed_text(", time")
        yield from stopped_parts(stop)


def stopped_parts(stop: ClockStop) -> tuple[TextRun, ...]:
    """State until when the time is stopped. The day is enough: it can end earlier."""
    return fixed_text(" stopped at most until "), local_day(stop.ends_by)


def named_stop(request: AccessRequest) -> ClockStop | None:
    """Return the stop of the clock that is named beside the requested changes: no open question names it."""
    stop = request.clock_stop
    is_for_changes = request.changes_requested is not None and not open_questions(request.remarks)
    return stop if stop is not None and stop.cause is StopCause.QUESTION and is_for_changes else None


def question_stop(request: AccessRequest, now: datetime) -> ClockStop | None:
    """Return the stop of the clock for a question, while it lasts."""
    stop = request.clock_stop
    return stop if stop is not None and stop.cause is StopCause.QUESTION and now < stop.ends_by else None


def threads_hint(words_left: int) -> str:
    """Return the sentence that replies in threads are not read; empty on a card without room for it.

    :param words_left: how many words the card may still have.
    """
    return THREADS_NOT_READ if words_left >= len(THREADS_NOT_READ.split()) else ""


def is_answerable(request: AccessRequest) -> bool:
    """Return whether the questions about a request can still be answered: nobody has decided it."""
    return request.batch is None and request.state in (RequestState.PREPARING, RequestState.AWAITING_APPROVAL)


def questions_for_requester(request: AccessRequest) -> Iterator[RichTextElement]:
    """Return the questions that the requester can answer, on their card, the oldest first."""
    questions = open_questions(request.remarks) if is_answerable(request) else ()
    for question in questions[:MAX_SHOWN]:
        yield paragraph(fixed_text("❓ Question from "), cleaned_text(question.person.name, bold=True), fixed_text(":"))
        yield quote(question.text, _SHORT)
    if (more := len(questions) - MAX_SHOWN) > 0:
        yield paragraph(fixed_text(f"and {counted(more, 'more question')}, see Details"))


def answer_rows(request: AccessRequest) -> Iterator[Block]:
    """Return Answer for each question on the requester's card; with the name when there are several.

    Each has a row of its own, because all have the same action.
    """
    questions = open_questions(request.remarks)[:MAX_SHOWN] if is_answerable(request) else ()
    for number, question in enumerate(questions, start=1):
        label = "Answer" if len(questions) == 1 else f"Answer {number}: {question.person.name}"
        yield actions(f"answer:{request.id}:{question.id}", answer_button(request, question, label))


def answer_button(request: AccessRequest, question: Remark, label: str) -> ButtonElement:
    """Return the button that opens the window for an answer."""
    return button(label, ids.ANSWER, ids.question_value(request, question))

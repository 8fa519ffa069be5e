"""The messages about questions, answers and comments: in the thread of the channel's card, and to one person. Pure."""

from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    actions,
    button,
    cleaned_text,
    fixed_text,
    header,
    local_day,
    paragraph,
    quote,
    rich_text,
    small_text,
)
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.approval.sections.conversation import (
    THREADS_NOT_READ,
    answer_button,
    author_parts,
    is_answerable,
    question_stop,
    remark_elements,
)
from bot.slack.cards.requests import MAX_DOMAIN_CHARACTERS, notified_target, request_target, whole_target
from bot.words.requests.history import did_words
from bot.words.requests.states import state_words
from bot.words.requests.titles import prepared_title
from workflows.core.conversation.remarks import MAX_TEXT, Remark, RemarkKind, answer_to, open_questions
from workflows.core.requests.request import AccessRequest

_HOW_TO_WRITE: Final = f"{THREADS_NOT_READ} Use Ask on the card, or Comment in Details."


def thread_message(request: AccessRequest, remark: Remark) -> Message:
    """Return a remark as it stands in the thread of the channel's card, with Answer while a question is open."""
    blocks: list[Block] = [rich_text(*remark_elements(remark))]
    if remark.kind is RemarkKind.QUESTION and is_open(request, remark):
        blocks.append(actions(f"answer:{request.id}:{remark.id}", answer_button(request, remark, "Answer")))
    blocks.append(small_text(f"{request_target(request)} · {request.id}. {_HOW_TO_WRITE}"))
    return message(f"{notified_target(request)}: {_author(remark)} {did_words(remark)} ({request.id}).", blocks)


def question_card(request: AccessRequest, question: Remark, now: datetime) -> Message:
    """Return the message to a person who is asked, with Answer."""
    blocks: list[Block] = [
        header(f"❓ {_target(request)}: question from {clean(question.person.name, 40)}"),
        rich_text(
            paragraph(
                *whole_target(request),
                fixed_text("Request of "),
                cleaned_text(request.require_prepared().requester.name, bold=True),
                fixed_text(": "),
                cleaned_text(prepared_title(request.require_prepared())),
                fixed_text(f" · {request.id}"),
            ),
            paragraph(*author_parts(question), fixed_text(":")),
            quote(question.text, MAX_TEXT),
            *_clock_elements(request, question, now),
        ),
        actions(
            f"answer:{request.id}:{question.id}",
            answer_button(request, question, "Answer"),
            button("Details", ids.REVIEW_REQUEST, ids.decision_value(request)),
        ),
        small_text(f"{THREADS_NOT_READ} Use Answer."),
    ]
    return message(f"{notified_target(request)}: question from {_author(question)} ({request.id}).", blocks)


def closed_question_card(request: AccessRequest, question: Remark) -> Message:
    """Return the last content of that message: the answer, or that none is needed any more."""
    answer = answer_to(request.remarks, question)
    result = f"answered by {_author(answer)}" if answer is not None else "no answer is needed any more"
    now = (fixed_text("The request now: "), cleaned_text(state_words(request), 300))
    blocks: list[Block] = [
        header(f"{'✅' if answer is not None else 'ℹ️'} {_target(request)}: {result}"),
        rich_text(
            *([] if answer is not None else [paragraph(*now)]),
            *remark_elements(question),
            *([] if answer is None else remark_elements(answer)),
        ),
        actions(f"details:{request.id}", button("Details", ids.REVIEW_REQUEST, ids.decision_value(request))),
    ]
    return message(f"{notified_target(request)}: {result} ({request.id}).", blocks)


def answer_card(request: AccessRequest, question: Remark, answer: Remark) -> Message:
    """Return the message to the author of a question: the answer, and Review."""
    blocks: list[Block] = [
        header(f"💬 {_target(request)}: {clean(answer.person.name, 40)} answered your question"),
        rich_text(
            paragraph(*whole_target(request), fixed_text("You asked:")),
            quote(question.text, MAX_TEXT),
            paragraph(cleaned_text(answer.person.name, bold=True), fixed_text(" answered:")),
            quote(answer.text, MAX_TEXT),
            paragraph(fixed_text(f"{request.id}")),
        ),
        actions(f"review:{request.id}", button("Review", ids.REVIEW_REQUEST, ids.decision_value(request), "primary")),
    ]
    return message(f"{notified_target(request)}: {_author(answer)} answered your question ({request.id}).", blocks)


def is_open(request: AccessRequest, question: Remark) -> bool:
    """Return whether a question can still be answered."""
    return is_answerable(request) and question in open_questions(request.remarks)


def _clock_elements(request: AccessRequest, question: Remark, now: datetime) -> list[RichTextElement]:
    stop = question_stop(request, now)
    if stop is None or not question.stops_clock:
        return []
    text = "The time to decide is stopped until the answer, at most until "
    return [paragraph(fixed_text(text), local_day(stop.ends_by), fixed_text("."))]


def _target(request: AccessRequest) -> str:
    return clean(request_target(request), MAX_DOMAIN_CHARACTERS)


def _author(remark: Remark) -> str:
    return clean(remark.person.name, 80)

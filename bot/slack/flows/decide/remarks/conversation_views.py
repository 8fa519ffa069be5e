"""The windows in which people ask, answer and comment. What others wrote is quoted. Pure."""

from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block, UserMultiSelectElement

from bot.slack import ids
from bot.slack.blocks.blocks import Json, rich_text, small_text
from bot.slack.blocks.modal import input_block, modal
from bot.slack.cards.approval.sections.conversation import question_stop, remark_elements
from bot.slack.flows.decide.remarks.remark_fields import about_blocks, text_input
from workflows.core.conversation.remarks import MAX_ASKED, Remark
from workflows.core.people import is_chat_user
from workflows.core.requests.request import AccessRequest

_WHO_ANSWERS: Final = "Full members, no guests. They get a message with the question. The requester can always answer."
_WHO_READS: Final = "Everybody who sees the request can read this. It stays in its record."
_CLOCK: Final = (
    "If you may decide on this request, its time to decide stops until the answer. All questions together stop it for "
    "at most five working days."
)


def ask_view(request: AccessRequest) -> Json:
    """Return the window for a question; the requester is chosen to answer."""
    requester = request.fields.requester
    people = UserMultiSelectElement(
        action_id=ids.ASKED_PEOPLE,
        initial_users=[requester] if is_chat_user(requester) else None,
        max_selected_items=MAX_ASKED,
    )
    blocks: list[Block] = [
        *about_blocks(request),
        text_input("Question", ids.REMARK_TEXT, _WHO_READS),
        input_block("Who answers", ids.ASKED_PEOPLE, people, hint=_WHO_ANSWERS),
        small_text(_CLOCK),
    ]
    return modal("Ask a question", blocks, ids.ASK_QUESTION, submit="Ask", metadata=request.id)


def answer_view(request: AccessRequest, question: Remark, now: datetime) -> Json:
    """Return the window for an answer, with the question."""
    blocks: list[Block] = [
        *about_blocks(request),
        rich_text(*remark_elements(question)),
        text_input("Answer", ids.REMARK_TEXT, _WHO_READS),
    ]
    if question.stops_clock and question_stop(request, now) is not None:
        blocks.append(small_text("The time to decide is stopped until the answer."))
    metadata = ids.question_value(request, question)
    return modal("Answer", blocks, ids.ANSWER_QUESTION, submit="Answer", metadata=metadata)


def comment_view(request: AccessRequest) -> Json:
    """Return the window for a comment."""
    hint = f"Nobody gets a message about it. To ask somebody, use Ask. {_WHO_READS}"
    return modal(
        "Comment",
        [*about_blocks(request), text_input("Comment", ids.REMARK_TEXT, hint)],
        ids.ADD_COMMENT,
        submit="Send",
        metadata=request.id,
    )

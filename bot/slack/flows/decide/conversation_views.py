"""The windows in which people ask, answer and comment. What others wrote is quoted. Pure."""

from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block, InputBlock, PlainTextInputElement, UserMultiSelectElement

from bot.slack import ids
from bot.slack.blocks.blocks import Json, cleaned_text, fixed_text, paragraph, rich_text, small_text
from bot.slack.blocks.modal import input_block, modal
from bot.slack.blocks.untrusted import cut, encodable
from bot.slack.cards.approval.sections.conversation import question_stop, remark_elements
from bot.slack.cards.partner_and_plan import identity_block
from bot.words.requests.titles import prepared_title
from workflows.core.conversation.remarks import MAX_ASKED, MAX_TEXT, Remark
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
        *_about(request),
        _text_input("Question", _WHO_READS),
        input_block("Who answers", ids.ASKED_PEOPLE, people, hint=_WHO_ANSWERS),
        small_text(_CLOCK),
    ]
    return modal("Ask a question", blocks, ids.ASK_QUESTION, submit="Ask", metadata=request.id)


def answer_view(request: AccessRequest, question: Remark, now: datetime) -> Json:
    """Return the window for an answer, with the question."""
    blocks: list[Block] = [
        *_about(request),
        rich_text(*remark_elements(question)),
        _text_input("Answer", _WHO_READS),
    ]
    if question.stops_clock and question_stop(request, now) is not None:
        blocks.append(small_text("The time to decide is stopped until the answer."))
    metadata = ids.question_value(request, question)
    return modal("Answer", blocks, ids.ANSWER_QUESTION, submit="Answer", metadata=metadata)


def comment_view(request: AccessRequest) -> Json:
    """Return the window for a comment."""
    hint = f"Nobody gets a message about it. To ask somebody, use Ask. {_WHO_READS}"
    return modal(
        "Comment", [*_about(request), _text_input("Comment", hint)], ids.ADD_COMMENT, submit="Send", metadata=request.id
    )


def _about(request: AccessRequest) -> list[Block]:
    prepared = request.require_prepared()
    title = cleaned_text(prepared_title(prepared))
    return [
        identity_block(prepared.observation.identity),
        rich_text(paragraph(title, fixed_text(" · "), cleaned_text(request.id))),
    ]


def _text_input(label: str, hint: str, initial: str = "") -> InputBlock:
    element = PlainTextInputElement(
        action_id=ids.REMARK_TEXT,
        multiline=True,
        max_length=MAX_TEXT,
        initial_value=encodable(cut(initial, MAX_TEXT)) or None,
    )
    return input_block(label, ids.REMARK_TEXT, element, hint=hint)

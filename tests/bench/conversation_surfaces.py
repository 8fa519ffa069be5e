"""The surfaces about questions, answers and comments: windows, the thread, messages, and cards with an open one."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot.slack.blocks.blocks import Json
from bot.slack.cards.approval.requester_and_sponsor import requester_card
from bot.slack.flows.decide.remarks.conversation_views import answer_view, ask_view, comment_view
from bot.slack.flows.decide.views import decision_view
from bot.slack.outbound.requests.remark_cards import answer_card, closed_question_card, question_card, thread_message
from tests.bot.shipped_cards import NAMES, waiting
from tests.workflows.core.builders import AMARA, BRUNO, DANA, NOW, RILEY, SAM, everybody
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.conversation.remarks import RemarkId
from workflows.core.requests.commands.request import Answer, Ask, Comment
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.transitions.transition import Situation

ASKED: Final = (
    "Which of the two sites do their engineers work on, and who of us is there when they are? The yard has its own "
    "rules for visitors, and last year's project had no end."
)
ANSWER: Final = (
    "Only the bridge site. Kai Lindqvist is the site manager and meets them each morning.\nThe yard is not needed."
)
LATER: Final = NOW + timedelta(hours=3)
WAITING: Final = waiting(load_catalog(SHIPPED).templates["trusted-partner"])
_AT: Final = Situation(now=NOW, current_roles=everybody())
OPEN: Final = advance(WAITING, Ask(actor=AMARA, request_id=WAITING.id, text=ASKED, asked=(RILEY, SAM)), _AT).request
TWO: Final = advance(OPEN, Ask(actor=BRUNO, request_id=WAITING.id, text="For how long?", asked=(RILEY,)), _AT).request
ANSWERED: Final = advance(
    OPEN,
    Answer(actor=RILEY, request_id=WAITING.id, question=RemarkId("1"), text=ANSWER),
    Situation(now=LATER, current_roles=everybody()),
).request
TALKED: Final = advance(
    ANSWERED,
    Comment(actor=DANA, request_id=WAITING.id, text="Fine with me, once the contract is signed."),
    Situation(now=LATER, current_roles=everybody()),
).request


def conversation_windows() -> dict[str, Json]:
    """Return the windows in which people write, and Details with what they wrote."""
    return {
        "talk-ask": ask_view(WAITING),
        "talk-answer": answer_view(OPEN, OPEN.remarks[0], NOW),
        "talk-comment": comment_view(WAITING),
        "talk-details": decision_view(TALKED, history=(), now=LATER, holders=NAMES),
    }


def conversation_messages() -> dict[str, list[Json]]:
    """Return the messages about remarks, and the cards while questions are open."""
    question, answer, comment = TALKED.remarks
    return {
        "talk-requester": requester_card(OPEN, now=NOW, holders=NAMES).blocks,
        "talk-requester-two": requester_card(TWO, now=NOW, holders=NAMES).blocks,
        "talk-thread-question": thread_message(OPEN, OPEN.remarks[0]).blocks,
        "talk-thread-answer": thread_message(TALKED, answer).blocks,
        "talk-thread-comment": thread_message(TALKED, comment).blocks,
        "talk-question": question_card(OPEN, question, NOW).blocks,
        "talk-question-answered": closed_question_card(TALKED, question).blocks,
        "talk-question-over": closed_question_card(replace(OPEN, state=TALKED.state.REJECTED), question).blocks,
        "talk-answered": answer_card(TALKED, question, answer).blocks,
    }

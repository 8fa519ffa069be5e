"""The message when approval is needed again: why, and only what is different from the plan that people saw."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import Part, bullets, header, mention, paragraph, part, rich, when, words
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.approval.card import decision_row
from bot.slack.cards.approval.closed import shortened_note
from bot.slack.cards.approval.context import RISKS
from bot.slack.cards.chain import still_needed
from bot.slack.cards.requests import MOST_TARGET, may_be_decided, request_target, whole_target
from bot.words.requests.revision import RevisedLine, revision_lines
from bot.words.sentences import counted
from workflows.core.people import ChatId
from workflows.core.policy.approval import Decision
from workflows.core.policy.risk import deciding_risk
from workflows.core.requests.request import AccessRequest

MOST_LINES: Final = 6
"""Differences on the message; the others are counted, and Details show the whole plan."""
MOST_MENTIONED: Final = 20
_SAME: Final = "The plan is the same as before."


def again_message(request: AccessRequest, *, now: datetime, asked: Iterable[ChatId] = ()) -> Message:
    """Return the message to those who must decide again, with the decision buttons.

    :param asked: whom to mention, in the channel's thread; nobody in a direct message.
    """
    known = request.known
    risk = RISKS[deciding_risk(known.plan, known.observation.default).level]
    title = f"{clean(request_target(request), MOST_TARGET)}: needs new approval"
    mentioned = list(_mentioned(asked))
    blocks: list[Block] = [
        header(f"🔁 {title} · {risk}"),
        rich(
            *([paragraph(*mentioned)] if mentioned else []),
            paragraph(
                *whole_target(request), words("Why: ", bold=True), part(shortened_note(request.asked_again), 500)
            ),
            *_differences(revision_lines(request)),
            paragraph(*_void(request.void), *_still(request)),
        ),
        decision_row(request, can_decide=may_be_decided(request, now)),
    ]
    return message(f"{title} ({request.id}). {shortened_note(request.asked_again)}", blocks)


def _mentioned(asked: Iterable[ChatId]) -> Iterator[Part]:
    people = sorted(asked)
    for person in people[:MOST_MENTIONED]:
        yield mention(person)
        yield words(" ")
    if len(people) > MOST_MENTIONED:
        yield words(f"and {counted(len(people) - MOST_MENTIONED, 'other')}, see Details")


def _differences(lines: tuple[RevisedLine, ...]) -> Iterator[RichTextElement]:
    if not lines:
        yield paragraph(words(_SAME))
        return
    yield paragraph(words("Different from the plan you saw", bold=True))
    items: list[list[Part]] = [
        [
            part(line.about, 200, bold=True),
            words(": was "),
            part(line.seen, 300),
            words("; now "),
            part(line.now, 300, bold=True),
        ]
        for line in lines[:MOST_LINES]
    ]
    if more := len(lines) - len(items):
        items.append([words(f"and {more} more, see Details")])
    yield bullets(items)


def _void(decisions: tuple[Decision, ...]) -> Iterator[Part]:
    """State whose decisions no longer count."""
    if decisions:
        yield words("Earlier approvals no longer count: ")
        yield part(", ".join(dict.fromkeys(one.person.name for one in decisions)), 300)
        yield words("\n")


def _still(request: AccessRequest) -> Iterator[Part]:
    yield part(still_needed(request), 300)
    yield words(" Decide by ")
    yield when(request.expires_at)
    yield words(f" · {request.id}")

"""The message when approval is needed again: why, and only what is different from the plan that people saw."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import (
    TextRun,
    bullets,
    cleaned_text,
    fixed_text,
    header,
    local_time,
    mention,
    paragraph,
    rich_text,
)
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.approval.approval_card import decision_row
from bot.slack.cards.approval.card_context import RISKS
from bot.slack.cards.approval.closed_card import shortened_note
from bot.slack.cards.decisions import still_needed
from bot.slack.cards.requests import (
    MAX_DOMAIN_CHARACTERS,
    can_be_decided,
    notified_target,
    request_target,
    whole_target,
)
from bot.words.requests.revision import RevisedLine, new_plan_title, revision_lines
from bot.words.requests.titles import prepared_title
from bot.words.sentences import counted
from workflows.core.people import ChatId
from workflows.core.policy.approval import Decision
from workflows.core.policy.risk import deciding_risk
from workflows.core.requests.request import AccessRequest

MAX_LINES: Final = 6
"""Differences on the message; the others are counted, and Details show the whole plan."""
MAX_MENTIONED_PEOPLE: Final = 20
_SAME_PLAN: Final = "The plan is the same as before."


def new_approval_message(request: AccessRequest, *, now: datetime, asked: Iterable[ChatId] = ()) -> Message:
    """Return the message to those who must decide again, with the decision buttons.

    :param asked: whom to mention, in the channel's thread; nobody in a direct message.
    """
    prepared = request.require_prepared()
    risk = RISKS[deciding_risk(prepared.plan, prepared.observation.default).level]
    asked_again = new_plan_title(request)
    asked_again = f"{asked_again[0].lower()}{asked_again[1:]}"
    title = f"{clean(request_target(request), MAX_DOMAIN_CHARACTERS)}: {asked_again}"
    notified = f"{clean(notified_target(request), MAX_DOMAIN_CHARACTERS)}: {asked_again}"
    mentioned = list(_mentioned(asked))
    blocks: list[Block] = [
        header(f"🔁 {title} · {risk}"),
        rich_text(
            *([paragraph(*mentioned)] if mentioned else []),
            paragraph(
                *whole_target(request),
                *_request_parts(request),
                fixed_text("Why: ", bold=True),
                cleaned_text(shortened_note(request.asked_again), 500),
            ),
            *_differences(revision_lines(request)),
            paragraph(*_void_approvals(request.void), *_reject_parts(request), *_still_needed_parts(request)),
        ),
        decision_row(request, can_decide=can_be_decided(request, now)),
    ]
    return message(f"{notified} ({request.id}). {shortened_note(request.asked_again)}", blocks)


def _mentioned(asked: Iterable[ChatId]) -> Iterator[TextRun]:
    people = sorted(asked)
    for person in people[:MAX_MENTIONED_PEOPLE]:
        yield mention(person)
        yield fixed_text(" ")
    if len(people) > MAX_MENTIONED_PEOPLE:
        yield fixed_text(f"and {counted(len(people) - MAX_MENTIONED_PEOPLE, 'other')}, see Details")


def _request_parts(request: AccessRequest) -> Iterator[TextRun]:
    """State what was asked for, and by whom."""
    prepared = request.require_prepared()
    yield cleaned_text(f"{prepared_title(prepared)} · Requester {prepared.requester.name}", 200)
    yield fixed_text("\n")


def _reject_parts(request: AccessRequest) -> Iterator[TextRun]:
    """State that a rejection leaves what others changed."""
    if request.drift is not None and request.drift.outside_changes:
        yield fixed_text("Reject ends the request. It does not undo what others changed.\n")


def _differences(lines: tuple[RevisedLine, ...]) -> Iterator[RichTextElement]:
    if not lines:
        yield paragraph(fixed_text(_SAME_PLAN))
        return
    yield paragraph(fixed_text("Different from the plan you saw", bold=True))
    items: list[list[TextRun]] = [
        [
            cleaned_text(line.about, 200, bold=True),
            fixed_text(": was "),
            cleaned_text(line.seen, 300),
            fixed_text("; now "),
            cleaned_text(line.now, 300, bold=True),
            *([] if line.after is None else [fixed_text("; after approval: "), cleaned_text(line.after, 300)]),
        ]
        for line in lines[:MAX_LINES]
    ]
    if more := len(lines) - len(items):
        items.append([fixed_text(f"and {more} more, see Details")])
    yield bullets(items)


def _void_approvals(decisions: tuple[Decision, ...]) -> Iterator[TextRun]:
    """State whose decisions no longer count."""
    if decisions:
        yield fixed_text("Earlier approvals no longer count: ")
        yield cleaned_text(", ".join(dict.fromkeys(one.person.name for one in decisions)), 300)
        yield fixed_text("\n")


def _still_needed_parts(request: AccessRequest) -> Iterator[TextRun]:
    yield cleaned_text(still_needed(request), 300)
    yield fixed_text(" Decide by ")
    yield local_time(request.expires_at)
    yield fixed_text(f" · {request.id}")

"""The messages for an approver about several requests: what waits for their decision, and what expired without it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block

from bot.slack.blocks.blocks import DOMAIN_LIMIT, cleaned_text, fixed_text, header, local_time, paragraph, rich_text
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.requests import notified_target, request_target, review_button
from bot.words.plans.risk import deciding_risk_words
from bot.words.requests.titles import prepared_title
from bot.words.sentences import counted, minute
from workflows.core.requests.request import AccessRequest
from workflows.ports.records import LimitedList

_NOTHING_LEFT: Final = "✅ Done. Nothing in this reminder waits for your decision any more."
NOTHING_LEFT: Final = message(_NOTHING_LEFT, [rich_text(paragraph(fixed_text(_NOTHING_LEFT)))])
"""What a reminder becomes once everything in it is decided or closed. It stays true, so it is never updated again."""


def reminder_message(requests: LimitedList[AccessRequest], *, now: datetime) -> Message:
    """Return the message that lists requests, the one that expires first on top; what is left out is counted."""
    shown = sorted(requests.items, key=lambda one: one.expires_at)
    title = f"{counted(requests.count, 'request')} {'waits' if requests.count == 1 else 'wait'} for your decision"
    blocks: list[Block] = [header(f"⏰ {title}")]
    for request in shown:
        blocks += _entry(request)
    if more := requests.count - len(shown):
        blocks.append(rich_text(paragraph(fixed_text(f"and {more} more in your App Home"))))
    names = ", ".join(map(_name, shown[:3]))
    return message(f"{names}: {title}", blocks)


def replaced_reminder(reminded_at: datetime) -> Message:
    """Return what a reminder becomes once there is a newer one.

    :param reminded_at: when the newer one was posted.
    """
    line = paragraph(fixed_text("Reminded again on "), local_time(reminded_at), fixed_text(", see below."))
    return message(f"Reminded again on {minute(reminded_at)}, see below.", [rich_text(line)])


def _name(request: AccessRequest) -> str:
    return f"{clean(notified_target(request), 60)} ({request.id})"


def _entry(request: AccessRequest) -> Iterator[Block]:
    prepared = request.require_prepared()
    risk = deciding_risk_words(prepared.plan, prepared.observation.default)
    yield rich_text(
        paragraph(
            cleaned_text(request_target(request), DOMAIN_LIMIT, bold=True),
            fixed_text(": "),
            cleaned_text(prepared_title(prepared)),
            fixed_text(f" · {risk} · requested by "),
            cleaned_text(prepared.requester.name),
            fixed_text(" · decide by "),
            local_time(request.expires_at),
            fixed_text(f" · {request.id}"),
        )
    )
    yield review_button(request)


def expired_message(requests: LimitedList[AccessRequest]) -> Message:
    """Return the message that lists requests which expired before an approver decided."""
    title = f"{counted(requests.count, 'request')} expired without your decision"
    blocks: list[Block] = [header(f"⌛ {title}")]
    for request in requests.items:
        blocks.append(
            rich_text(
                paragraph(
                    cleaned_text(request_target(request), DOMAIN_LIMIT, bold=True),
                    fixed_text(": "),
                    cleaned_text(prepared_title(request.require_prepared())),
                    fixed_text(" · requested by "),
                    cleaned_text(request.require_prepared().requester.name),
                    fixed_text(" · expired "),
                    local_time(request.changed_at),
                    fixed_text(f" · {request.id}"),
                )
            )
        )
    if more := requests.count - len(requests.items):
        blocks.append(rich_text(paragraph(fixed_text(f"and {more} more; the approval channel has a card for each"))))
    blocks.append(rich_text(paragraph(fixed_text("Nothing was changed. The requester can send a new request."))))
    names = ", ".join(map(_name, requests.items[:3]))
    return message(f"{names}: {title}", blocks)

"""The messages about several requests: what waits for an approver's decision, and what expired without one.

A requester gets a message about what expired, too: an update of the card notifies nobody.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    DOMAIN_LIMIT,
    actions,
    button,
    cleaned_text,
    fixed_text,
    header,
    local_time,
    paragraph,
    rich_text,
)
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.requests import (
    adopt_hint,
    identity_of,
    kind_words,
    notified_target,
    request_target,
    restore_hint,
    review_button,
)
from bot.words.batches.rows import title_words
from bot.words.plans.risk import risk_for_approval_words
from bot.words.requests.approval_chain import decide_by_words
from bot.words.requests.titles import prepared_title
from bot.words.sentences import counted, minute
from workflows.core.batches.batch import Batch
from workflows.core.requests.request import AccessRequest, RequestKind
from workflows.ports.pages import EMPTY, Page
from workflows.ports.records import LimitedList


def reminder_message(requests: LimitedList[AccessRequest], *, now: datetime, batches: Page[Batch] = EMPTY) -> Message:
    """Return the message that lists batches and requests, those that expire first on top.

    What does not fit is counted.
    """
    sorted_requests = sorted(requests.items, key=lambda item: item.expires_at)
    count = requests.count + batches.count
    what = [counted(requests.count, "request")] if requests.count else []
    what += [counted(batches.count, "batch", "batches")] if batches.count else []
    title = f"{' and '.join(what)} {'waits' if count == 1 else 'wait'} for your decision"
    blocks: list[Block] = [header(f"⏰ {title}")]
    for batch in batches.items:
        blocks += _batch_entry(batch)
    if more := batches.count - len(batches.items):
        blocks.append(rich_text(paragraph(fixed_text(f"and {counted(more, 'more batch', 'more batches')}"))))
    for request in sorted_requests:
        blocks += _entry(request)
    if more := requests.count - len(sorted_requests):
        blocks.append(rich_text(paragraph(fixed_text(f"and {more} more in your App Home"))))
    named = [*(f"{title_words(batch)} ({batch.id})" for batch in batches.items), *map(_name, sorted_requests)]
    return message(f"{', '.join(named[:3])}: {title}", blocks)


def finished_reminder(expired: Sequence[AccessRequest] = (), planned_again: Sequence[AccessRequest] = ()) -> Message:
    """Return the text of a reminder after all its requests have ended. It stays true, so it is never updated again.

    :param expired: the requests that have expired since without this person's decision.
    :param planned_again: the requests that a newer message may ask about again.
    """
    if not expired and not planned_again:
        parts = ["✅ Done. Nothing in this reminder waits for your decision any more: it was decided or closed."]
    elif not expired:
        parts = ["Nothing in this reminder waits for your decision now."]
    else:
        count = counted(len(expired), "request")
        parts = [f"⌛ Nothing in this reminder can be decided any more: {count} expired without your decision."]
    if planned_again:
        names = ", ".join(map(_name, planned_again))
        verb, them = ("is", "it") if len(planned_again) == 1 else ("are", "them")
        parts.append(f"{names} {verb} planned again. If your decision is needed, a newer message asks for {them}.")
    text = " ".join(parts)
    return message(text, [rich_text(paragraph(cleaned_text(text, 1000)))])


def replaced_reminder(reminded_at: datetime) -> Message:
    """Return the text of a reminder after a newer reminder was sent.

    :param reminded_at: when the newer one was posted.
    """
    line = paragraph(fixed_text("Reminded again on "), local_time(reminded_at), fixed_text(", see below."))
    return message(f"Reminded again on {minute(reminded_at)}, see below.", [rich_text(line)])


def _name(request: AccessRequest) -> str:
    return f"{clean(notified_target(request), 60)} ({request.id})"


def _batch_entry(batch: Batch) -> Iterator[Block]:
    by = "" if batch.requester is None else batch.requester.name
    yield rich_text(
        paragraph(
            fixed_text(title_words(batch), bold=True),
            fixed_text(" · requested by "),
            cleaned_text(by),
            fixed_text(" · decide by "),
            local_time(batch.expires_at),
            fixed_text(f" · {batch.id}"),
        )
    )
    yield actions(f"batch:{batch.id}", button("Review", ids.REVIEW_BATCH, ids.batch_value(batch), "primary"))


def _entry(request: AccessRequest) -> Iterator[Block]:
    prepared = request.require_prepared()
    risk = risk_for_approval_words(prepared.plan, prepared.observation.default)
    yield rich_text(
        paragraph(
            cleaned_text(request_target(request), DOMAIN_LIMIT, bold=True),
            fixed_text(": "),
            cleaned_text(prepared_title(prepared)),
            fixed_text(f" · {risk} · requested by "),
            cleaned_text(prepared.requester.name),
            fixed_text(f" · {decide_by_words(request)} "),
            local_time(request.expires_at),
            fixed_text(f" · {request.id}"),
        )
    )
    yield review_button(request)


def expired_message(requests: LimitedList[AccessRequest]) -> Message:
    """Return the message that lists requests which expired before an approver decided."""
    title = f"{counted(requests.count, 'request')} expired without your decision"
    blocks: list[Block] = [header(f"⌛ {title}"), *(rich_text(_expired_line(item)) for item in requests.items)]
    if more := requests.count - len(requests.items):
        blocks.append(rich_text(paragraph(fixed_text(f"and {more} more; the approval channel has a card for each"))))
    outside_change = _what_was_changed(requests.items)
    blocks.append(rich_text(paragraph(fixed_text(f"{outside_change} The requester can send a new request."))))
    names = ", ".join(map(_name, requests.items[:3]))
    return message(f"{names}: {title}", blocks)


def own_expired_message(requests: LimitedList[AccessRequest]) -> Message:
    """Return the message that tells a requester which of their requests expired, and how to ask again."""
    title = f"{counted(requests.count, 'request')} of yours expired, not approved in time"
    blocks: list[Block] = [header(f"⌛ {title}")]
    for request in requests.items:
        blocks += _own_expired_entry(request)
    if more := requests.count - len(requests.items):
        blocks.append(rich_text(paragraph(fixed_text(f"and {more} more in your App Home"))))
    outside_change = _what_was_changed(requests.items)
    blocks.append(rich_text(paragraph(fixed_text(f"{outside_change} Ask again for what is still needed."))))
    names = ", ".join(map(_name, requests.items[:3]))
    return message(f"{names}: {title}", blocks)


def _what_was_changed(requests: Sequence[AccessRequest]) -> str:
    if not any(request.was_sent for request in requests):
        return "Nothing was changed."
    return "An earlier plan was sent and may have taken effect; the request's card says what is known."


def _own_expired_entry(request: AccessRequest) -> Iterator[Block]:
    """Return a request that expired, with the button or the command that asks again."""
    lines, identity = [_expired_line(request, is_own=True)], identity_of(request)
    if request.fields.kind is RequestKind.RESTORATION and identity is not None:
        lines.append(restore_hint(identity))
    if request.fields.kind is RequestKind.ADOPTION and identity is not None:
        lines.append(adopt_hint(identity))
    yield rich_text(*lines)
    if request.fields.kind is RequestKind.ACCESS:
        yield actions(f"again:{request.id}", button("Request again", ids.REQUEST_AGAIN, request.id))


def _expired_line(request: AccessRequest, *, is_own: bool = False) -> RichTextElement:
    prepared = request.prepared
    by = [fixed_text(" · requested by "), cleaned_text(prepared.requester.name)] if prepared and not is_own else []
    return paragraph(
        cleaned_text(request_target(request), DOMAIN_LIMIT, bold=True),
        fixed_text(": "),
        cleaned_text(kind_words(request) if prepared is None else prepared_title(prepared)),
        *by,
        fixed_text(" · expired "),
        local_time(request.changed_at),
        fixed_text(f" · {request.id}"),
    )

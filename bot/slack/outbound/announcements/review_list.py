"""The message about several reviews that one person is asked to answer."""

from collections.abc import Iterator, Sequence
from typing import Final

from slack_sdk.models.blocks import Block

from bot.slack import ids
from bot.slack.blocks.blocks import (
    DOMAIN_LIMIT,
    TextRun,
    button,
    cleaned_text,
    fixed_text,
    header,
    paragraph,
    rich_text,
    row,
)
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.partner_and_plan import notified_partner, partner_name
from bot.words.requests.titles import partner_title
from bot.words.reviews.silence import ON_SILENCE
from bot.words.sentences import counted
from workflows.core.people import ChatId
from workflows.ports.notifier import AskedReview

MAX_WITH_BUTTONS: Final = 10
"""The most reviews of one message that have a button; the others are named."""
MAX_NAMED: Final = 100
"""The most reviews that one message names. Only those that are named count as asked; the others follow a day later."""
_NAMED_TOGETHER: Final = 10
_TITLE_LIMIT: Final = 60


def review_list(asked: Sequence[AskedReview], reader: ChatId) -> Message:
    """Return one message about all of these reviews, the one whose silence has a consequence first comes first.

    :param reader: who gets it. Where the reader is not the sponsor, the sponsor is named.
    """
    title = f"{counted(len(asked), 'review')} wait for an answer"
    blocks: list[Block] = [header(f"🔔 {title}")]
    blocks += [_entry(one, reader) for one in asked[:MAX_WITH_BUTTONS]]
    blocks += _others(asked[MAX_WITH_BUTTONS:MAX_NAMED])
    more = len(asked) - MAX_NAMED
    rest = f"and {more} more, which you are asked about in the next days. " if more > 0 else ""
    blocks.append(rich_text(paragraph(fixed_text(f"{rest}{_where(asked, reader)}"))))
    names = ", ".join(clean(notified_partner(one.record.identity), 60) for one in asked[:3])
    return message(f"{title}: {names}{' and more' if len(asked) > 3 else ''}", blocks)


def _where(asked: Sequence[AskedReview], reader: ChatId) -> str:
    if all(reader in (one.sponsor, one.manager) for one in asked) and not any(one.manager == reader for one in asked):
        return "Your App Home lists all of them."
    return "/partner show lists the details of each partner, and your App Home those that you can answer."


def _entry(asked: AskedReview, reader: ChatId) -> Block:
    record = asked.record
    sponsor = "" if reader == asked.sponsor else f" · Sponsor {clean(record.sponsor.name, _TITLE_LIMIT)}"
    times = (
        {} if record.silence_ends_at is None else {ON_SILENCE[record.silence_leads_to].label: record.silence_ends_at}
    )
    text = (
        f"{clean(partner_name(record.identity), DOMAIN_LIMIT)} · {clean(partner_title(record), _TITLE_LIMIT)}{sponsor}"
    )
    tenant_id = record.identity.tenant_id
    return row(text, f"review:{tenant_id}", button("Review", ids.REVIEW_PARTNER, tenant_id), times=times)


def _others(asked: Sequence[AskedReview]) -> Iterator[Block]:
    for start in range(0, len(asked), _NAMED_TOGETHER):
        runs: list[TextRun] = []
        for one in asked[start : start + _NAMED_TOGETHER]:
            runs += [
                *([fixed_text("\n")] if runs else []),
                cleaned_text(partner_name(one.record.identity), DOMAIN_LIMIT, bold=True),
                fixed_text(" · "),
                cleaned_text(partner_title(one.record), _TITLE_LIMIT),
            ]
        yield rich_text(paragraph(*runs))

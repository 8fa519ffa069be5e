"""The message that asks a person to be the sponsor of a partner, and what it says afterwards. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from slack_sdk.models.blocks import Block

from bot.slack.blocks.blocks import (
    TextRun,
    actions,
    cleaned_text,
    fixed_text,
    header,
    local_time,
    paragraph,
    rich_text,
)
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.partner_and_plan import closed_line, identity_block, notified_partner, partner_name
from bot.slack.cards.partnership import change_sponsor_button, handover_buttons, partnership_facts
from bot.words.reviews.sponsorship import IF_YOU_ACCEPT
from workflows.core.partners.partnership import Partnership
from workflows.core.policy.reviews.sponsorship import Handover, HandoverState

_ENDED: Final[Mapping[HandoverState, tuple[str, str]]] = {
    HandoverState.ACCEPTED: ("✅", "you accepted. You are the sponsor now"),
    HandoverState.DECLINED: ("✖️", "you declined. The sponsor stays the same"),
    HandoverState.EXPIRED: ("⌛", "you did not answer in time. The sponsor stays the same"),
    HandoverState.WITHDRAWN: ("↩️", "whoever asked you has withdrawn the question. The sponsor stays the same"),
    HandoverState.STOPPED: ("ℹ️", "no answer is needed any more. The partner was closed, or has another sponsor"),
}
_NEWER: Final = ("ℹ️", "no answer is needed any more. Somebody else was asked to be the sponsor")
_REMINDED: Final = ("🔔", "there is a newer question about this below")


def handover_card(partnership: Partnership, handover: Handover) -> Message:
    """Return the question to the proposed sponsor, with Accept and Decline."""
    identity, tenant_id = partnership.identity, partnership.identity.tenant_id
    is_reminder = handover.reminded_at is not None
    icon, question = ("⏰", "reminder: will you be the sponsor?") if is_reminder else ("🤝", "will you be the sponsor?")
    blocks: list[Block] = [
        header(f"{icon} {clean(partner_name(identity), 90)}: {question}"),
        identity_block(identity),
        rich_text(
            paragraph(*_question_parts(partnership, handover)),
            paragraph(*partnership_facts(replace(partnership, handover=None))),
            paragraph(fixed_text(IF_YOU_ACCEPT)),
        ),
        actions(f"handover:{tenant_id}", *handover_buttons(tenant_id, handover.number)),
    ]
    return message(f"{notified_partner(identity)}: {question} ({partnership.request_id})", blocks)


def closed_handover_card(partnership: Partnership, handover: Handover, *, is_same: bool) -> Message:
    """Return the last content of a question that asks nothing any more.

    :param handover: the newest hand-over of the partner.
    :param is_same: whether the question was about it; otherwise somebody else was asked since.
    """
    icon, summary = _NEWER if not is_same else _REMINDED if handover.is_open else _ENDED[handover.state]
    return closed_line(icon, partner_name(partnership.identity), summary, partnership.request_id)


def not_reached_card(partnership: Partnership, handover: Handover) -> Message:
    """Return the message to whoever proposed a person to whom Slack delivers no message."""
    identity, tenant_id = partnership.identity, partnership.identity.tenant_id
    text = (
        " could not be asked to be the sponsor: Slack delivers no message to this person. The sponsor stays the same. "
        "Ask somebody else."
    )
    parts = [cleaned_text(partner_name(identity), bold=True), fixed_text(": "), cleaned_text(handover.proposed.name)]
    blocks: list[Block] = [
        rich_text(paragraph(fixed_text("⚠️ "), *parts, fixed_text(text))),
        actions(f"sponsor:{tenant_id}", change_sponsor_button(tenant_id)),
    ]
    return message(f"{notified_partner(identity)}: {clean(handover.proposed.name, 90)} could not be asked.", blocks)


def _question_parts(partnership: Partnership, handover: Handover) -> Iterator[TextRun]:
    yield cleaned_text(handover.proposed_by.name, bold=True)
    if handover.proposed_by.id == partnership.sponsor.id:
        yield fixed_text(" is the sponsor, and asks you to be it instead. ")
    else:
        yield fixed_text(" asks you to be the sponsor instead of ")
        yield cleaned_text(partnership.sponsor.name, bold=True)
        yield fixed_text(". ")
    if partnership.sponsor_gone_at is None:
        yield fixed_text("Until you accept, nothing changes. Please answer by ")
    else:
        yield fixed_text("That account is not enabled any more, so the admins answer until then. Please answer by ")
    yield local_time(handover.expires_at)
    yield fixed_text(".")

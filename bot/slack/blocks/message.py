"""A message as Slack is given it: blocks, and text that says the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from slack_sdk.models.blocks import Block

from bot.slack.blocks.blocks import Json, paragraph, part, rich, within_limits, words
from bot.slack.blocks.untrusted import clean, escape

MOST_FALLBACK: Final = 700
"""Escaping may make it five times as long, and chat.update takes 4,000 characters."""
MOST_NOTICE: Final = 2500


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What Slack is given: blocks, and the text that stands in for them in notifications and screen readers."""

    text: str
    """Escaped for mrkdwn already; says the same facts as the blocks."""
    blocks: list[Json]


def message(summary: str, blocks: Sequence[Block]) -> Message:
    """Make a message from blocks and the plain words that say the same."""
    return Message(text=escape(clean(summary, MOST_FALLBACK)), blocks=within_limits(blocks, "message"))


def notice(text: str) -> Message:
    """Tell somebody something in a sentence or two."""
    return message(text, [rich(paragraph(part(text, MOST_NOTICE, lines=True)))])


def refusal(text: str) -> Message:
    """Tell somebody that what they asked for was not done, and why."""
    opening = "⛔ Not done. "
    return message(opening + text, [rich(paragraph(words(opening, bold=True), part(text, MOST_NOTICE, lines=True)))])

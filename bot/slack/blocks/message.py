"""A message in Slack's form: blocks, and a text with the same content."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from slack_sdk.models.blocks import Block

from bot.slack.blocks.blocks import Json, fixed_text, paragraph, rich_text, with_local_times, within_limits
from bot.slack.blocks.conversion import as_json
from bot.slack.blocks.untrusted import clean, escape
from bot.words.names.partners import UNNAMED, without_ids

MAX_FALLBACK_CHARACTERS: Final = 700
"""The most characters of the text. Escaping may make it five times as long, and chat.update accepts 4,000."""
MAX_NOTICE_CHARACTERS: Final = 2500


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message: blocks, and the text that replaces them in notifications and screen readers."""

    text: str
    """Escaped for mrkdwn already; contains the same facts as the blocks."""
    blocks: list[Json]


def message(summary: str, blocks: Sequence[Block]) -> Message:
    """Return a message from blocks and a plain text with the same content.

    :param summary: the text of the notification. IDs of Entra are left out of it: nobody reads them on a phone.
    """
    # The name of a partner without a domain begins a sentence here, and may stand inside one elsewhere.
    opening = UNNAMED.capitalize() if summary.startswith(UNNAMED) else ""
    text = without_ids(opening + summary[len(opening) :])
    return Message(text=escape(clean(text, MAX_FALLBACK_CHARACTERS)), blocks=within_limits(blocks, "message"))


def with_block(shown: Message, block: Block) -> Message:
    """Return a message with one more block at its end."""
    return replace(shown, blocks=[*shown.blocks, as_json(block)])


def notice(text: str, notified: str = "") -> Message:
    """Return a message of one or two sentences.

    :param notified: the text of the notification where it differs from the message.
    """
    return message(notified or text, [rich_text(paragraph(*with_local_times(text, MAX_NOTICE_CHARACTERS)))])


def refusal(text: str) -> Message:
    """Return a message that a request was not carried out, and why."""
    start = "⛔ Not done. "
    return message(
        start + text,
        [rich_text(paragraph(fixed_text(start, bold=True), *with_local_times(text, MAX_NOTICE_CHARACTERS)))],
    )

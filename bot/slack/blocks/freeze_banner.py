"""The line that says that writing is frozen, for cards, forms and App Homes. A boundary: all of them share it."""

from typing import Final

from slack_sdk.models.blocks import Block

from bot.slack.blocks.blocks import cleaned_text, fixed_text, paragraph, rich_text
from bot.slack.blocks.untrusted import clean
from bot.words.refusals.freeze import as_sentence, freeze_words
from workflows.core.policy.stops.freeze import Freeze

MAX_CARD_REASON_CHARACTERS: Final = 60
_MAX_CHARACTERS: Final = 1500


def freeze_banner(freeze: Freeze | None, *, is_short: bool = False) -> list[Block]:
    """Return the line about the freeze in force; nothing when nothing is frozen.

    :param is_short: whether a long reason is cut, as on cards.
    """
    if freeze is None:
        return []
    shown = freeze_words(freeze)
    if is_short and len(freeze.reason) > MAX_CARD_REASON_CHARACTERS:
        short = clean(freeze.reason, MAX_CARD_REASON_CHARACTERS)
        words, _, _ = short.rpartition(" ")
        short = f"{words}…" if words else short
        shown = shown.replace(as_sentence(freeze.reason), short)
    sign = fixed_text("🧊 " if freeze.hold is None else "✋ ")
    return [rich_text(paragraph(sign, cleaned_text(shown, _MAX_CHARACTERS, bold=True)))]

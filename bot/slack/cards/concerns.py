"""The concerns of a posture about a partner or the default, for the posture and for one partner's details."""

from collections.abc import Iterator, Sequence
from typing import Final

from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import DOMAIN, Part, bullets, part, words
from bot.words.posture.concerns import WEIGHTS, concern_words
from workflows.core.posture.model import Concern, Weight

_MOST_TEXT: Final = 400
_ICONS: Final = {Weight.ALERT: "🚨", Weight.WARNING: "⚠️", Weight.UNCHECKED: "❔", Weight.NOTE: "ℹ️"}


def concern_elements(concerns: Sequence[Concern], most: int, *, where: str) -> Iterator[RichTextElement]:
    """List concerns in the given order, the most serious first; what is cut is counted.

    :param where: what shows the others, for example a command.
    """
    if not concerns:
        return
    items: list[list[Part]] = [
        [
            words(f"{_ICONS[one.weight]} {WEIGHTS[one.weight].capitalize()}: ", bold=one.weight >= Weight.WARNING),
            part(concern_words(one), _MOST_TEXT),
        ]
        for one in concerns[:most]
    ]
    if len(concerns) > most:
        items.append([words(f"and {len(concerns) - most} more: "), part(where, DOMAIN + 20, code=True)])
    yield bullets(items)

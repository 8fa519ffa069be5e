"""What an adoption is about: the access that is open now. Nothing is opened by it, so no line has a plus sign.

A boundary: the approval card, the messages about it, Details and the form show the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import cleaned_text, fixed_text, paragraph
from bot.words.plans.short_changes import ShortChange, Sign, short_changes
from bot.words.settings.open_access import unknown_settings_words
from bot.words.settings.values import NO_NAMES
from workflows.core.plans.current_settings import unmanaged_settings
from workflows.core.plans.plan import Plan
from workflows.core.plans.renewal import plan_of_open_access
from workflows.core.settings.canonical import JsonObject

OPEN_NOW: Final = "Open now, adopted as it is"
PERHAPS_OPEN_NOW: Final = "Perhaps open now"
NOTHING_OPEN: Final = "Nothing is certainly open now."


def open_now(plan: Plan, default: JsonObject | None, names: Mapping[str, str] = NO_NAMES) -> tuple[ShortChange, ...]:
    """Return what is open now in a few words, inherited access included. What is closed has no line.

    :param plan: the plan of an adoption.
    """
    opened = short_changes(plan_of_open_access(plan), default, names)
    others = unmanaged_settings(plan.before)
    unknown = [ShortChange(sign=Sign.UNKNOWN, text=unknown_settings_words(others))] if others else []
    return (*(one for one in opened if one.sign is not Sign.LESS), *unknown)


def open_now_elements(opened: Sequence[ShortChange]) -> Iterator[RichTextElement]:
    """Return one line for everything that is open now."""
    if not opened:
        yield paragraph(fixed_text(NOTHING_OPEN))
    for sign, label in ((Sign.MORE, OPEN_NOW), (Sign.UNKNOWN, PERHAPS_OPEN_NOW)):
        lines = [cleaned_text(one.text, 300) for one in opened if one.sign is sign]
        if lines:
            yield paragraph(fixed_text(label, bold=True))
            yield from (paragraph(fixed_text("• "), line) for line in lines)

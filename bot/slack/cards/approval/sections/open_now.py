"""What an adoption is about: the access that is open now. Nothing is opened by it, so no line has a plus sign.

A boundary: the approval card, the messages about it, Details and the form show the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import cleaned_text, fixed_text, paragraph
from bot.words.plans.kept_access import open_now_words
from bot.words.plans.short_changes import ShortChange, Sign
from bot.words.settings.values import NO_NAMES
from workflows.core.plans.plan import Plan
from workflows.core.settings.canonical import JsonObject

OPEN_NOW: Final = "Open now, adopted as it is"
NOTHING_OPEN: Final = "Nothing is open now."


def open_now(plan: Plan, default: JsonObject | None, names: Mapping[str, str] = NO_NAMES) -> tuple[ShortChange, ...]:
    """Return the access that is open now, in a few words each. It includes inherited access. Closed access has no line.

    :param plan: the plan of an adoption.
    """
    return tuple(ShortChange(sign=Sign.MORE, text=text) for text in open_now_words(plan, default, names))


def open_now_elements(open_access: Sequence[ShortChange]) -> Iterator[RichTextElement]:
    """Return one line for everything that is open now."""
    if not open_access:
        yield paragraph(fixed_text(NOTHING_OPEN))
        return
    yield paragraph(fixed_text(OPEN_NOW, bold=True))
    yield from (paragraph(fixed_text("• "), cleaned_text(change.text, 300)) for change in open_access)

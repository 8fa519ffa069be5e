"""The concerns of a posture about a partner or the default, for the posture and for one partner's details."""

from collections.abc import Iterator, Sequence
from typing import Final

from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import DOMAIN_LIMIT, TextRun, bullets, cleaned_text, fixed_text
from bot.words.posture.concerns import SEVERITY_WORDS, concern_words
from workflows.core.posture.model import Concern, ConcernSeverity

_MAX_CHARACTERS: Final = 400
_ICONS: Final = {
    ConcernSeverity.ALERT: "🚨",
    ConcernSeverity.WARNING: "⚠️",
    ConcernSeverity.UNCHECKED: "❔",
    ConcernSeverity.NOTE: "ℹ️",
}


def concern_elements(
    concerns: Sequence[Concern], limit: int, *, full_list_command: str = ""
) -> Iterator[RichTextElement]:
    """List concerns in the given order, the most serious first; what is cut is counted.

    :param full_list_command: the command that shows all concerns; empty where a button below the list shows them.
    """
    if not concerns:
        return
    items = concern_items(concerns[:limit])
    if more := len(concerns) - len(items):
        command = (
            [fixed_text(": "), cleaned_text(full_list_command, DOMAIN_LIMIT + 20, code=True)]
            if full_list_command
            else []
        )
        items.append([fixed_text(f"and {more} more"), *command])
    yield bullets(items)


def concern_items(concerns: Sequence[Concern]) -> list[list[TextRun]]:
    """Return concerns with their weight, in the given order."""
    return [
        [
            fixed_text(
                f"{_ICONS[concern.severity]} {SEVERITY_WORDS[concern.severity].capitalize()}: ",
                bold=concern.severity >= ConcernSeverity.WARNING,
            ),
            cleaned_text(concern_words(concern), _MAX_CHARACTERS),
        ]
        for concern in concerns
    ]

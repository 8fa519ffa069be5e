"""The part of Details about stages that waited too long: who was asked or told, when, and why others were not."""

from collections.abc import Iterator
from typing import Final

from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import TextRun, bullets, cleaned_text, fixed_text, local_time, paragraph
from bot.words.requests.escalation import skipped_words, told_words
from bot.words.sentences import and_list, counted
from workflows.core.requests.request import AccessRequest, Escalation

_MAX_STEPS: Final = 12
"""Steps that are listed, the newest: four stages of three steps. Earlier ones are in the history."""
_MAX_NAMES: Final = 12
"""Names of people, and reasons why others were not told, of one step; the rest is counted."""


def escalation_elements(request: AccessRequest) -> Iterator[RichTextElement]:
    """Return the steps of the escalation in this round, oldest first; nothing when no stage waited too long."""
    if steps := request.escalations[-_MAX_STEPS:]:
        yield paragraph(fixed_text("Waited too long", bold=True))
        yield bullets(_step_parts(request, step) for step in steps)


def _step_parts(request: AccessRequest, step: Escalation) -> list[TextRun]:
    names = [person.name for person in step.told[:_MAX_NAMES]]
    if (more := len(step.told) - len(names)) > 0:
        names.append(counted(more, "other"))
    skipped = " ".join(skipped_words(fact.code, fact.values) for fact in step.skipped[:_MAX_NAMES])
    return [
        cleaned_text(request.require_prepared().stages[step.stage].title, 60, bold=True),
        fixed_text(", "),
        local_time(step.at),
        fixed_text(", "),
        cleaned_text(f"{told_words(step.step, and_list(names))} {skipped}".strip(), 2000),
    ]

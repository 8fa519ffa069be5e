"""An approval chain on a card: one line for each stage, for a request or for a batch."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import TextRun, cleaned_text, fixed_text, paragraph
from bot.slack.cards.approval.sections.conversation import stopped_parts
from bot.slack.people.approvers import Approvers
from bot.words.requests.escalation import ASKED_OR_TOLD
from bot.words.sentences import counted
from workflows.core.people import Role
from workflows.core.policy.approval import Verdict
from workflows.core.policy.template import Stage
from workflows.core.requests.request import AccessRequest, StopCause

MAX_NAMES: Final = 3
"""Names of approvers a stage."""
MAX_NAMES_CHARACTERS: Final = 100
"""Characters of these names. Details list everybody."""


def chain_elements(
    stages: Sequence[Stage], verdict: Verdict, holders: Mapping[Role, Approvers]
) -> Iterator[RichTextElement]:
    """Return one line for each stage of an approval chain, see `stage_elements`."""
    for index, stage in enumerate(stages):
        people = verdict.counted_people[index]
        mark = "✅ " if len(people) >= stage.quorum else "⏳ " if index == verdict.open_stage else "then "
        line: list[TextRun] = [
            fixed_text(mark),
            cleaned_text(stage.title, 60, bold=True),
            fixed_text(f" {len(people)}/{stage.quorum}"),
        ]
        if people:
            line += [fixed_text(": approved by "), cleaned_text(", ".join(map(verdict.name_of, people)), 200)]
        if len(people) < stage.quorum:
            line += _approver_parts(holders.get(stage.role, Approvers()))
        yield paragraph(*line)


def _approver_parts(approvers: Approvers) -> list[TextRun]:
    """Name whole people as far as they fit, at least one; the others are counted."""
    if not approvers.names:
        return []
    named: list[str] = []
    for name in approvers.names[:MAX_NAMES]:
        if named and len(", ".join([*named, name])) > MAX_NAMES_CHARACTERS:
            break
        named.append(name)
    others = len(approvers.names) - len(named) + approvers.other_count
    more = f" and {counted(others, 'other')}" if others else ""
    return [fixed_text(" ("), cleaned_text(", ".join(named), MAX_NAMES_CHARACTERS), fixed_text(f"{more})")]


def waiting_elements(request: AccessRequest) -> Iterator[RichTextElement]:
    """State who was asked or told in addition, and that the time to decide does not pass."""
    stage = request.verdict().open_stage
    line: list[TextRun] = []
    for step in (each for each in request.escalations if each.stage == stage and each.told):
        names = ", ".join(person.name for person in step.told[:MAX_NAMES])
        line += [fixed_text(f"{' · ' if line else ''}{ASKED_OR_TOLD[step.step]}: ")]
        line += [cleaned_text(names, MAX_NAMES_CHARACTERS)]
        if len(step.told) > MAX_NAMES:  # NB. Slack refuses a message with an empty text
            line.append(fixed_text(f" and {counted(len(step.told) - MAX_NAMES, 'other')}"))
    if line:
        yield paragraph(*line)
    # A question, and requested changes, name the end of their stop themselves.
    stop = request.clock_stop
    if stop is not None and stop.cause is StopCause.NOBODY_CAN_DECIDE:
        yield paragraph(fixed_text("⏸ Nobody can decide, time"), *stopped_parts(stop))

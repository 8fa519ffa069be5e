"""An approval chain on a card: one line for each stage, for a request or for a batch."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import TextRun, bullets, cleaned_text, fixed_text, local_time, paragraph
from bot.slack.cards.approval.sections.conversation import stopped_parts
from bot.slack.people.approvers import Approvers
from bot.words.requests.approval_chain import ASKED_OR_TOLD, skipped_words, told_words
from bot.words.sentences import and_list, counted
from workflows.core.people import Role
from workflows.core.policy.approval import Verdict
from workflows.core.policy.template import Stage
from workflows.core.requests.request import AccessRequest, Escalation, StopCause

MAX_NAMES: Final = 3
"""Names of approvers a stage."""
_MAX_STEPS: Final = 12
"""Steps of an escalation in Details, the newest: four stages of three steps. Earlier ones are in the history."""
_MAX_TOLD: Final = 12
"""Names of people, and reasons why others were not told, of one step in Details; the rest is counted."""
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
    people: dict[str, list[str]] = {}
    for step in (each for each in request.escalations if each.stage == stage and each.told):
        people.setdefault(ASKED_OR_TOLD[step.step], []).extend(person.name for person in step.told)
    line: list[TextRun] = []
    for label, names in people.items():
        line.append(fixed_text(f"{' · ' if line else ''}{label}: "))
        line.append(cleaned_text(", ".join(names[:MAX_NAMES]), MAX_NAMES_CHARACTERS))
        if len(names) > MAX_NAMES:  # NB. Slack refuses a message with an empty text
            line.append(fixed_text(f" and {counted(len(names) - MAX_NAMES, 'other')}"))
    if line:
        yield paragraph(*line)
    # A question, and requested changes, name the end of their stop themselves.
    stop = request.clock_stop
    if stop is not None and stop.cause is StopCause.NOBODY_CAN_DECIDE:
        yield paragraph(fixed_text("⏸ Nobody can decide, time"), *stopped_parts(stop))


def escalation_elements(request: AccessRequest) -> Iterator[RichTextElement]:
    """Return the steps of the escalation in this round, oldest first; nothing when no stage waited too long."""
    if steps := request.escalations[-_MAX_STEPS:]:
        yield paragraph(fixed_text("Waited too long", bold=True))
        yield bullets(_step_parts(request, step) for step in steps)


def _step_parts(request: AccessRequest, step: Escalation) -> list[TextRun]:
    names = [person.name for person in step.told[:_MAX_TOLD]]
    if (more := len(step.told) - len(names)) > 0:
        names.append(counted(more, "other"))
    skipped = " ".join(skipped_words(fact.code, fact.values) for fact in step.skipped[:_MAX_TOLD])
    return [
        cleaned_text(request.require_prepared().stages[step.stage].title, 60, bold=True),
        fixed_text(", "),
        local_time(step.at),
        fixed_text(", "),
        cleaned_text(f"{told_words(step.step, and_list(names))} {skipped}".strip(), 2000),
    ]

"""An approval chain on a card: one line for each stage, for a request or for a batch."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import TextRun, cleaned_text, fixed_text, local_time, paragraph
from bot.slack.people.approvers import Approvers
from bot.words.sentences import counted
from workflows.core.conversation.remarks import open_questions
from workflows.core.people import Role
from workflows.core.policy.approval import Verdict
from workflows.core.policy.template import Stage
from workflows.core.requests.request import AccessRequest, EscalationStep, StopCause

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
    steps = [escalation for escalation in request.escalations if escalation.stage == stage]
    for step in steps:
        if step.told:
            names = ", ".join(person.name for person in step.told[:MAX_NAMES])
            line = [fixed_text(f"{_ALSO[step.step]}: "), cleaned_text(names, MAX_NAMES_CHARACTERS)]
            if len(step.told) > MAX_NAMES:  # NB. Slack refuses a message with an empty text
                line.append(fixed_text(f" and {counted(len(step.told) - MAX_NAMES, 'other')}"))
            yield paragraph(*line)
    # A question is named beside its own end of the stop, see `sections.conversation.question_elements`.
    stop, is_asked = request.clock_stop, bool(open_questions(request.remarks))
    if stop is not None and not (stop.cause is StopCause.QUESTION and is_asked):
        stopped = _STOPPED[stop.cause]
        yield paragraph(fixed_text(f"{stopped}, until "), local_time(stop.ends_by), fixed_text(" at latest"))


_ALSO: Final[Mapping[EscalationStep, str]] = {
    EscalationStep.ALTERNATES: "Asked in addition, may decide",
    EscalationStep.MANAGERS: "Managers, told in their working hours, may not decide",
    EscalationStep.ADMINS: "Admins, told in their working hours",
}
_STOPPED: Final[Mapping[StopCause, str]] = {
    StopCause.QUESTION: "⏸ Clock stopped for requested changes",
    StopCause.NOBODY_CAN_DECIDE: "⏸ Clock stopped because nobody can decide",
}

"""A diagnosis as a message: the first cause with who can change it, then every step. Pure."""

from typing import Final

from bot.slack.blocks.blocks import bullets, cleaned_text, fixed_text, header, paragraph, rich_text, with_local_times
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.words.findings.diagnosis.steps import first_cause, side_words, step_rows
from workflows.core.posture.diagnosis.steps import Diagnosis, StepResult

_MARKS: Final = {
    StepResult.PASSES: "✓",
    StepResult.STOPS: "✗",
    StepResult.NOT_KNOWN: "?",
    StepResult.NOT_READABLE: "?",
}
_MAX_CHARACTERS: Final = 700
_TITLE: Final = "Why can't they get in?"


def diagnosis_message(diagnosis: Diagnosis) -> Message:
    """Return all steps, after the first cause."""
    first = first_cause(diagnosis)
    subject = clean(diagnosis.subject, 100)
    application = f", {clean(diagnosis.application, 60)}" if diagnosis.application else ""
    about = f"{subject}{application}"
    lines = [paragraph(*with_local_times(first.text, _MAX_CHARACTERS))]
    if first.who:
        lines = [
            paragraph(fixed_text("Stops them: ", bold=True), *with_local_times(first.text, _MAX_CHARACTERS)),
            paragraph(fixed_text("Can change it: ", bold=True), fixed_text(first.who)),
            paragraph(fixed_text("How: ", bold=True), cleaned_text(first.how, 200)),
        ]
    steps = bullets(
        (
            [
                fixed_text(f"{row.title}: {_MARKS[row.result]} {row.result_words}. ", bold=True),
                *with_local_times(f"{row.text} ({row.read})", _MAX_CHARACTERS),
            ]
            for row in step_rows(diagnosis)
        ),
        ordered=True,
    )
    blocks = [header(_TITLE), rich_text(paragraph(cleaned_text(about, 200, bold=True)), *lines), rich_text(steps)]
    return message(f"{_TITLE} {about}: {clean(first.text, 300)}", blocks)


def side_message(diagnosis: Diagnosis) -> Message:
    """Return only on which side the cause is, for the sponsor of the partner."""
    side = side_words(diagnosis)
    rest = "An admin or the help desk sees the steps: ask them with /partner diagnose."
    about = clean(diagnosis.domain, 100)
    text = f"{_TITLE} {about}: {side}."
    blocks = [
        header(_TITLE),
        rich_text(
            paragraph(cleaned_text(f"{about}: ", 120), fixed_text(f"{side}.", bold=True), fixed_text(f" {rest}"))
        ),
    ]
    return message(text, blocks)

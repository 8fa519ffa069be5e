"""What a batch contains, in a few lines: templates, risks, what is open afterwards, and the file of its rows."""

from collections.abc import Iterator, Sequence
from typing import Final

from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import TextRun, cleaned_text, fixed_text, paragraph
from bot.words.batches.effects import (
    OPEN_AFTERWARDS,
    attention_words,
    change_counts_words,
    more_access_counts,
    opening_counts,
)
from bot.words.batches.rows import (
    risk_counts,
    risk_level,
    short_digest,
    template_counts,
)
from bot.words.sentences import counted
from bot.words.settings.open_access import grouped_counts_words
from workflows.core.batches.batch import Batch, BatchRow

MAX_TEMPLATES: Final = 3
MAX_OPENING_CHARACTERS: Final = 1000
"""All kinds that Gatehouse has a title for need fewer."""
_FILE_NAME_LIMIT: Final = 80
_ATTENTION_LIMIT: Final = 300


def summary_elements(
    rows: Sequence[BatchRow], *, opens: str, with_open_afterwards: bool = True
) -> Iterator[RichTextElement]:
    """Return the partners by template, risk and effect, and every kind of access that is open afterwards.

    :param opens: the label before these kinds, where the plans do not say what they change.
    :param with_open_afterwards: whether these kinds are listed beside what the plans change, too.
    """
    templates = list(template_counts(rows))
    shown = templates[:MAX_TEMPLATES] if len(templates) > MAX_TEMPLATES + 1 else templates
    runs = [run for text, count in shown for run in (fixed_text(f", {count} "), cleaned_text(text, 60))]
    yield paragraph(
        fixed_text("Template: ", bold=True),
        *([fixed_text(f"{shown[0][1]} "), *runs[1:]] if shown else []),
        *more_words(len(templates) - len(shown), "template"),
    )
    risks = ", ".join(f"{count} {risk_level(level)}" for level, count in risk_counts(rows))
    attention = attention_words(rows)
    looked_at = [fixed_text("; "), cleaned_text(attention, _ATTENTION_LIMIT)] if attention else []
    yield paragraph(fixed_text("Risk: ", bold=True), fixed_text(risks), *looked_at)
    changed, more = change_counts_words(rows), more_access_counts(rows)
    if changed:
        kinds = [fixed_text(": "), _kinds(more)] if more else []
        yield paragraph(fixed_text("Access: ", bold=True), fixed_text(changed), *kinds)
    opened = opening_counts(rows)
    if opened and (with_open_afterwards or not changed):
        yield paragraph(fixed_text(OPEN_AFTERWARDS if changed else opens, bold=True), _kinds(opened))


def _kinds(counts: Sequence[tuple[str, int]]) -> TextRun:
    return cleaned_text(grouped_counts_words(counts), MAX_OPENING_CHARACTERS)


def more_words(count: int, noun: str) -> list[TextRun]:
    return [fixed_text(f" and {counted(count, f'more {noun}')}")] if count > 0 else []


def file_elements(batch: Batch) -> Iterator[RichTextElement]:
    """Return the file that the rows came from, with the beginning of its hash; nothing for adopted settings."""
    if batch.sheet is not None:
        yield paragraph(
            fixed_text("File: ", bold=True),
            cleaned_text(batch.sheet.name, _FILE_NAME_LIMIT),
            fixed_text(f" · SHA-256 {short_digest(batch.sheet.sha256)}…"),
        )

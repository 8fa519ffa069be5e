"""The message about an import: how far it is, what must be chosen, and the result with the button that asks."""

from collections.abc import Iterator
from typing import Final

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    actions,
    button,
    cleaned_text,
    confirm_dialog,
    fixed_text,
    header,
    paragraph,
    rich_text,
    small_text,
)
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.payloads.import_values import import_value
from bot.words.batches.rows import reason_groups, short_digest
from bot.words.batches.sheet_imports import (
    DISCARDED,
    FAILED,
    NOTHING_TO_ASK,
    NOTHING_YET,
    ROWS_NOT_SENT,
    WAITING,
    ask_button_words,
    choice_words,
    closed_import_title,
    closed_import_words,
    import_title,
    problem_words,
    progress_words,
    used_columns_words,
)
from bot.words.batches.sheet_report import (
    VERDICTS,
    counts_words,
    draft_totals_words,
    drafted_before_words,
    other_drafts_words,
)
from workflows.core.batches.batch import Batch, RowState
from workflows.ports.notifier import ImportStep, ShownImport

S = ImportStep

_ICONS: Final = {
    S.READING: "📄",
    S.JUDGING: "🔎",
    S.WAITING: "⏳",
    S.CHOICE: "✏️",
    S.UNUSABLE: "⛔",
    S.FAILED: "⚠️",
    S.DONE: "✅",
}
_MAX_GROUPS: Final = 3
"""Reasons that are shown; the file of all rows has every one."""
_MAX_NAMED: Final = 3
"""Partners that are named for each reason; the others are counted."""
_TEXT_LIMIT: Final = 600
_REASON_LIMIT: Final = 150
_NAME_LIMIT: Final = 60


def import_card(shown: ShownImport, *, has_rows: bool = True) -> Message:
    """Return the message about an import.

    :param has_rows: whether the file of every row is below it, or is about to be.
    """
    title = f"{_ICONS[shown.step]} {clean(import_title(shown), 140)}"
    blocks: list[Block] = [header(title), rich_text(*_elements(shown, has_rows=has_rows))]
    if shown.step is S.DONE and shown.batch is not None:
        blocks += [small_text(NOTHING_YET), _draft_buttons(shown.batch)]
    if shown.step is S.CHOICE:
        value = import_value(shown.effect.command, run=shown.effect.run, sha256=shown.sha256)
        blocks.append(actions("import", button("Choose…", ids.CHOOSE_COLUMNS, value, "primary")))
    return message(f"{clean(import_title(shown), 200)}.", blocks)


def closed_import_card(batch: Batch) -> Message:
    """Return the message about an import whose draft was confirmed, discarded, or has expired."""
    title, text = clean(closed_import_title(batch), 140), closed_import_words(batch)
    icon = "🗑️" if batch.confirmed_at is None else "✅"
    return message(f"{title}.", [header(f"{icon} {title}"), rich_text(paragraph(fixed_text(text)))])


def _draft_buttons(batch: Batch) -> Block:
    sure = confirm_dialog("Discard this draft?", DISCARDED, "Discard")
    return actions(
        f"import:{batch.id}",
        button(ask_button_words(batch), ids.OPEN_DRAFT, batch.id, "primary"),
        button("Discard", ids.DISCARD_DRAFT, batch.id, confirm=sure),
    )


def _elements(shown: ShownImport, *, has_rows: bool) -> Iterator[RichTextElement]:
    match shown.step:
        case S.READING:
            yield paragraph(fixed_text("Gatehouse reads the file."))
        case S.JUDGING:
            yield paragraph(fixed_text(progress_words(shown)))
        case S.WAITING:
            yield paragraph(fixed_text(f"{WAITING} "), cleaned_text(problem_words(shown.facts), _REASON_LIMIT))
        case S.CHOICE:
            yield paragraph(cleaned_text(choice_words(shown.facts), _TEXT_LIMIT))
        case S.UNUSABLE:
            yield paragraph(cleaned_text(problem_words(shown.facts), _TEXT_LIMIT))
        case S.FAILED:
            yield paragraph(fixed_text(FAILED))
        case S.DONE:
            yield from _result(shown, has_rows=has_rows)


def _result(shown: ShownImport, *, has_rows: bool) -> Iterator[RichTextElement]:
    totals = "" if shown.batch is None else draft_totals_words(shown.batch)
    yield paragraph(fixed_text(f"{counts_words(shown.counts, VERDICTS)} {totals}".strip()))
    if shown.batch is None:
        yield paragraph(fixed_text(NOTHING_TO_ASK, bold=True))
    else:
        yield from _not_asked(shown.batch)
    before = [drafted_before_words(shown.batch)] if shown.batch is not None and not shown.is_new else []
    for line in (*before, *other_drafts_words(shown.others)):
        yield paragraph(fixed_text("⚠️ "), cleaned_text(line, _TEXT_LIMIT))
    if shown.columns is not None:
        for line in used_columns_words(shown.columns, shown.header):
            yield paragraph(cleaned_text(line, _TEXT_LIMIT))
    named = "" if shown.batch is None else f"Draft {shown.batch.id} · "
    if not has_rows:
        yield paragraph(fixed_text("⚠️ "), fixed_text(ROWS_NOT_SENT))
    below = " · every row is in the file below" if has_rows else ""
    yield paragraph(fixed_text(f"{named}SHA-256 {short_digest(shown.sha256)}…{below}"))


def _not_asked(batch: Batch) -> Iterator[RichTextElement]:
    """Return for which rows nothing is asked, and which go alone, each with the reason."""
    for state, label in ((RowState.ALONE, "Alone: "), (RowState.NOT_ASKED, "Not asked: ")):
        groups = reason_groups(batch.in_state(state))
        for reason, names in groups[:_MAX_GROUPS]:
            more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
            shown = ", ".join(clean(name, _NAME_LIMIT) for name in names[:_MAX_NAMED])
            yield paragraph(
                fixed_text(label, bold=True), cleaned_text(f"{shown}{more}: {reason}", _REASON_LIMIT + _NAME_LIMIT * 3)
            )
        if left := sum(len(names) for _, names in groups[_MAX_GROUPS:]):
            yield paragraph(fixed_text(label, bold=True), fixed_text(f"{left} more, for other reasons"))

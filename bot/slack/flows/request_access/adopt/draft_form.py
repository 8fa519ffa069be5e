"""The window of a draft: what one decision decides, what goes alone, what cannot be adopted, and the form. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from slack_sdk.models.blocks import Block, StaticSelectElement, UserSelectElement
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    Json,
    button,
    cleaned_text,
    confirm_dialog,
    fixed_text,
    local_time,
    paragraph,
    rich_text,
    row,
)
from bot.slack.blocks.modal import SPONSOR_HINT, input_block, modal, option, text_area
from bot.slack.cards.batches.batch_contents import file_elements, summary_elements
from bot.slack.cards.batches.batch_details import row_pages
from bot.slack.flows.request_access.approvers_in_form import approvers_blocks
from bot.slack.people.approvers import StageApprovers
from bot.words.batches.kinds import words_of
from bot.words.batches.rows import (
    ALL_PARTNERS,
    DURATION_HINT,
    alone_words,
    author_words,
    draft_title,
    not_asked_words,
    reason_groups,
    together_words,
)
from bot.words.batches.sheet_imports import DISCARDED, NOT_WANTED, drafter_words, sponsors_words
from bot.words.batches.terms import differing_words
from bot.words.plans.changes import duration_words
from bot.words.refusals.sentences import fact_words
from workflows.app.batches.confirming import BatchTerms
from workflows.core.batches.batch import Batch, BatchRow, RowState
from workflows.core.people import ChatId

MAX_NAMED: Final = 5
"""Partners that are named for each reason; the others are counted, and the list of all partners has them."""
_GROUPS: Final = 4
"""Reasons that are shown for each part."""
_REASON_LIMIT: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftContent:
    """The content of the window."""

    batch: Batch
    terms: BatchTerms
    requester: ChatId
    who_decides: Sequence[StageApprovers] = field(default=())


def draft_view(content: DraftContent) -> Json:
    """Return the window. Its metadata names the draft and its version, and is unverified when it comes back."""
    batch = content.batch
    show_all = button("Show all", ids.SHOW_DRAFT_ROWS, f"{batch.id}:0")
    blocks: list[Block] = [
        rich_text(*_elements(content)),
        row(ALL_PARTNERS, ids.DRAFT_ROWS, show_all),
        *approvers_blocks(content.who_decides, _excluded(content)),
        *_people_blocks(content),
        *_person_fields(content),
        *(_duration_field(content.terms) if batch.sheet is None else ()),
        *_discard_blocks(batch),
    ]
    metadata = f"{batch.id}:{batch.version}"
    return modal(words_of(batch).window, blocks, ids.CONFIRM_DRAFT, submit="Send request", metadata=metadata)


def draft_rows_view(batch: Batch, page: int) -> Json:
    """Return the window with one page of the partners of a draft."""
    blocks = row_pages(batch, page, action_ids=(ids.DRAFT_ROWS_PREVIOUS, ids.DRAFT_ROWS_NEXT))
    return modal("Partners of the draft", blocks, ids.DRAFT_ROWS)


def _person_fields(content: DraftContent) -> Iterator[Block]:
    """Return the fields for what rows of a sheet may leave open, and what adopted settings never have."""
    batch = content.batch
    rows = "" if batch.sheet is None else " for rows without one"
    reason = text_area(ids.JUSTIFICATION, batch.justification)
    sponsor = UserSelectElement(action_id=ids.SPONSOR, initial_user=content.requester)
    yield input_block(f"Justification{rows}", ids.JUSTIFICATION, reason)
    yield input_block(f"Sponsor{rows}", ids.SPONSOR, sponsor, hint=SPONSOR_HINT)


def _discard_blocks(batch: Batch) -> Iterator[Block]:
    """Return the button that discards the draft of a sheet."""
    if batch.sheet is not None:
        sure = confirm_dialog("Discard this draft?", DISCARDED, "Discard")
        yield row(NOT_WANTED, f"discard:{batch.id}", button("Discard", ids.DISCARD_DRAFT, batch.id, confirm=sure))


def _elements(content: DraftContent) -> Iterator[RichTextElement]:
    batch = content.batch
    together = batch.in_state(RowState.WAITING)
    yield paragraph(fixed_text(f"{draft_title(batch)} ", bold=True), local_time(batch.created_at))
    yield from file_elements(batch)
    yield paragraph(fixed_text(words_of(batch).draft))
    yield paragraph(fixed_text(together_words(len(together)), bold=True))
    if together:
        yield from summary_elements(together, opens=words_of(batch).opens)
    alone, not_possible = batch.in_state(RowState.ALONE), batch.in_state(RowState.NOT_ASKED)
    if alone:
        yield paragraph(fixed_text(alone_words(len(alone)), bold=True))
        yield from _groups(alone)
    if not_possible:
        yield paragraph(fixed_text(not_asked_words(batch, len(not_possible)), bold=True))
        yield from _groups(not_possible)


def _groups(rows: Sequence[BatchRow]) -> Iterator[RichTextElement]:
    """Return each reason with the first partners of it."""
    groups = reason_groups(rows)
    for reason, names in groups[:_GROUPS]:
        more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
        yield paragraph(
            fixed_text("• "),
            cleaned_text(f"{', '.join(names[:MAX_NAMED])}{more}", 400),
            fixed_text(": "),
            cleaned_text(reason, _REASON_LIMIT),
        )
    if left := sum(len(names) for _, names in groups[_GROUPS:]):
        yield paragraph(fixed_text(f"• and {left} more for other reasons"))


def _people_blocks(content: DraftContent) -> Iterator[Block]:
    """Return who may not decide because they made settings, and why too few people could decide."""
    terms = content.terms
    said = (author_words(terms.authors), sponsors_words(terms.sponsors), drafter_words(terms.drafter))
    elements, problem = [paragraph(cleaned_text(text, 500)) for text in said if text], terms.problem
    if problem is not None:
        elements.append(paragraph(fixed_text("⚠️ "), cleaned_text(fact_words(problem), _REASON_LIMIT)))
    if elements:
        yield rich_text(*elements)


def _excluded(content: DraftContent) -> tuple[ChatId, ...]:
    """Return the people whom the list of everybody who can approve leaves out."""
    return (content.requester, *sorted(content.terms.excluded))


def _duration_field(terms: BatchTerms) -> Iterator[Block]:
    options = [option(duration_words(timedelta(days=days)), str(days)) for days in terms.days[:100]]
    if options:
        element = StaticSelectElement(
            action_id=ids.DURATION,
            options=options,
            initial_option=next((one for one in options if one.value == str(terms.default_days)), None),
        )
        if terms.differing:
            yield rich_text(paragraph(fixed_text("⚠️ "), cleaned_text(differing_words(terms.differing), 1000)))
        yield input_block("Duration", ids.DURATION, element, hint=DURATION_HINT)

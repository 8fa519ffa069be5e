"""Details of a batch, and the rows of a draft: every partner, page by page, with what happens to it and why."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    DOMAIN_LIMIT,
    Limit,
    TextRun,
    bullets,
    cleaned_text,
    fixed_text,
    local_time,
    paragraph,
    quote,
    rich_text,
    small_text,
    web_link,
)
from bot.slack.blocks.pages import page_blocks
from bot.slack.cards.approval.approval_chain import chain_elements
from bot.slack.cards.batches.batch_card import (
    can_be_approved,
    can_be_rejected,
    decision_row,
)
from bot.slack.cards.batches.batch_contents import file_elements, summary_elements
from bot.slack.people.approvers import NO_APPROVERS_KNOWN, Approvers
from bot.words.batches.effects import opening_words, row_change_words
from bot.words.batches.file_plan import row_number
from bot.words.batches.kinds import words_of
from bot.words.batches.rows import (
    LIST_MISSING,
    LIST_PENDING,
    facts_words,
    list_name,
    risk_words,
    row_reason_words,
    row_state_words,
    short_digest,
    state_words,
    template_words,
    title_of,
    title_words,
)
from bot.words.batches.terms import (
    asked_words,
    batch_duration_words,
    end_words,
    issue_words,
    settings_by_words,
)
from bot.words.requests.replacement import later_state_by_words
from bot.words.requests.states import drifted_state_words
from workflows.app.reads.found_requests import SinceApplied
from workflows.core.batches.batch import Batch, BatchRow, BatchState, RowState
from workflows.core.batches.deciding import batch_eligibility, is_batch_believed
from workflows.core.people import Person, Role
from workflows.core.requests.request import RequestId

MAX_EXCLUDED_CHARACTERS: Final = 500
ROWS_PER_PAGE: Final = 6
"""Partners on a page: each with what is open, who made the settings, its end and its Change ID."""
_OPENINGS_LIMIT: Final = 500
_REASON_LIMIT: Final = 300
_ASKED_LIMIT: Final = 300
NOTHING_SINCE: Final[Mapping[RequestId, SinceApplied]] = {}


def details_blocks(
    batch: Batch,
    *,
    holders: Mapping[Role, Approvers] = NO_APPROVERS_KNOWN,
    page: int = 0,
    now: datetime,
    may_decide: bool = False,
    since: Mapping[RequestId, SinceApplied] = NOTHING_SINCE,
) -> list[Block]:
    """Return everything about a batch, and one page of its partners.

    :param holders: who has each role of the approval chain now, by name.
    :param may_decide: whether the reader may decide on it, as far as that is known. Each click is checked again.
    :param since: what became of applied rows of this page.
    """
    rows = batch.members or [row for row in batch.rows if row.was_member]
    blocks: list[Block] = [
        rich_text(*_about_elements(batch)),
        rich_text(*summary_elements(rows, opens=words_of(batch).opens), *file_elements(batch)),
        rich_text(*_decision_elements(batch, holders)),
    ]
    if may_decide and can_be_rejected(batch, now):
        can_approve = can_be_approved(batch, now)
        blocks += [
            decision_row(batch, can_approve=can_approve, can_reject=True, with_details=False),
            small_text("Your permission is checked when you click."),
        ]
    return blocks + row_pages(batch, page, action_ids=(ids.BATCH_PREVIOUS, ids.BATCH_NEXT), since=since)


def applied_rows(batch: Batch, page: int) -> list[RequestId]:
    """Return the requests of the applied rows of one page."""
    rows = _ordered(batch)
    page = max(0, min(page, (len(rows) - 1) // ROWS_PER_PAGE))
    shown = rows[page * ROWS_PER_PAGE : (page + 1) * ROWS_PER_PAGE]
    return [row.request_id for row in shown if row.state is RowState.APPLIED and row.request_id is not None]


def _ordered(batch: Batch) -> list[BatchRow]:
    return sorted(batch.rows, key=lambda row: (_place(row), row.name, row.tenant_id))


def row_pages(
    batch: Batch,
    page: int,
    *,
    action_ids: tuple[str, str],
    since: Mapping[RequestId, SinceApplied] = NOTHING_SINCE,
) -> list[Block]:
    """Return one page of the partners of a batch: those with warnings, members, those alone, and what is not asked.

    :param since: see `details_blocks`.
    """
    return page_blocks(
        [fixed_text("Partners", bold=True)],
        [bullets([_row_parts(batch, row, since)]) for row in _ordered(batch)],
        page,
        size=ROWS_PER_PAGE,
        action_ids=action_ids,
        value=lambda number: f"{batch.id}:{number}",
    )


def _place(row: BatchRow) -> int:
    """Return the place of a row's group: what must be looked at, and is decided here, comes first."""
    if not row.is_asked:
        return 4
    if row.findings:
        return 0
    if row.was_member:
        return 1 if row.state in (RowState.LEFT, RowState.ENDED) else 2
    return 3


def _row_parts(batch: Batch, row: BatchRow, since: Mapping[RequestId, SinceApplied]) -> list[TextRun]:
    state = row_state_words(batch, row)
    if row.request_id is not None and (today := since.get(row.request_id)) is not None:
        state = f"{state}; ⚠️ {_since_words(today)}"
    parts: list[TextRun] = [cleaned_text(row.name, DOMAIN_LIMIT, bold=True), fixed_text(f": {state}")]
    if not row.is_asked and (number := row_number(row)):
        parts.append(fixed_text(f" · row {number}"))
    if row.risk is not None:
        same = template_words(title_of(row))
        parts += [fixed_text(f" · {risk_words(row.risk).lower()} · "), cleaned_text(same, 60)]
    if row.request_id is not None:
        parts.append(fixed_text(f" · {row.request_id}"))
    if row.was_member or row.state is RowState.ALONE:
        opened = "; ".join(opening_words(row)) or "nothing"
        effect = row_change_words(row) or f"{'Open' if row.asked is None else 'Open afterwards'}: {opened}"
        parts += [fixed_text("\n"), cleaned_text(effect, _OPENINGS_LIMIT), fixed_text(" · ")]
        parts.append(cleaned_text(settings_by_words(row) if row.asked is None else asked_words(row), _ASKED_LIMIT))
        parts += [fixed_text(f" · {end}") for end in (end_words(row),) if end]
        parts += [fixed_text(f" · Change ID {short_digest(row.plan_digest)}…")] if row.plan_digest else []
    if issues := issue_words(row):
        parts += [fixed_text("\n⚠️ "), cleaned_text(issues, _REASON_LIMIT)]
    if reason := row_reason_words(row):
        parts += [fixed_text("\n"), cleaned_text(reason, _REASON_LIMIT)]
    return parts


def _since_words(today: SinceApplied) -> str:
    if today.successor is not None:
        return later_state_by_words(today.request, today.successor)
    return "" if today.drift is None else drifted_state_words(today.request, today.drift)


def _about_elements(batch: Batch) -> Iterator[RichTextElement]:
    yield paragraph(fixed_text(f"{title_words(batch)}: ", bold=True), fixed_text(f"{state_words(batch)} · {batch.id}"))
    if batch.note:
        yield paragraph(cleaned_text(facts_words(batch.note), Limit.PLAIN))
    if batch.requester is not None and batch.sponsor is not None:
        yield paragraph(
            fixed_text("Requester "),
            cleaned_text(batch.requester.name, bold=True),
            fixed_text(" · Sponsor "),
            cleaned_text(batch.sponsor.name, bold=True),
            *([] if batch.duration is None else [fixed_text(f" · {batch_duration_words(batch)}")]),
        )
    if batch.justification:
        yield quote(batch.justification, Limit.INPUT)


def _decision_elements(batch: Batch, holders: Mapping[Role, Approvers]) -> Iterator[RichTextElement]:
    """Return who decides and who may not, the whole digests, and the list."""
    if is_batch_believed(batch):  # NB. nobody can approve what is not believed
        yield from _chain_elements(batch, holders)
    if batch.sheet is not None:
        yield paragraph(fixed_text("File SHA-256 ", bold=True), cleaned_text(batch.sheet.sha256, 64, code=True))
    if batch.digest is not None:
        yield paragraph(fixed_text("Change ID ", bold=True), cleaned_text(batch.digest, 64, code=True))
    if batch.is_list_current and batch.list_file is not None:
        yield paragraph(
            fixed_text("List ", bold=True),
            web_link(batch.list_file.permalink, list_name(batch)),
            fixed_text(" SHA-256 ", bold=True),
            cleaned_text(batch.list_file.sha256, 64, code=True),
        )
    elif batch.state is BatchState.AWAITING_APPROVAL and is_batch_believed(batch):
        yield paragraph(fixed_text(LIST_MISSING if batch.list_problem else LIST_PENDING))
        if batch.list_problem:
            yield paragraph(cleaned_text(facts_words(batch.list_problem), Limit.PLAIN))
    if not batch.has_ended and is_batch_believed(batch):
        yield paragraph(fixed_text("Decide by "), local_time(batch.expires_at))


def _chain_elements(batch: Batch, holders: Mapping[Role, Approvers]) -> Iterator[RichTextElement]:
    if batch.stages:
        yield paragraph(fixed_text("Approval policy", bold=True))
        yield from chain_elements(batch.stages, batch_eligibility(batch).verdict, holders)
    if batch.void_decisions:
        yield paragraph(fixed_text("Approvals of an earlier list do not count."))
    yield paragraph(
        fixed_text("Cannot approve: ", bold=True), cleaned_text(excluded_words(batch), MAX_EXCLUDED_CHARACTERS)
    )


def excluded_words(batch: Batch) -> str:
    """Name everybody who may not decide, and as what: requester, drafter, sponsor, authors of settings."""
    roles: dict[str, list[str]] = {}
    for person, role in _excluded(batch):
        roles.setdefault(person.name, []).append(role)
    return ", ".join(f"{name} ({' and '.join(dict.fromkeys(all_roles))})" for name, all_roles in roles.items())


def _excluded(batch: Batch) -> Sequence[tuple[Person, str]]:
    named = [(batch.requester, "requester"), (batch.drafter, "gave the file"), (batch.sponsor, "sponsor")]
    known = [(person, role) for person, role in named if person is not None]
    sponsors = (
        (one, "sponsor of a row") for one in batch.row_sponsors if batch.sponsor is None or one.id != batch.sponsor.id
    )
    return [*known, *sponsors, *((author, "author of settings") for author in batch.authors)]

"""The card of a batch: what one decision is about, in one screen. The attached list names every partner."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import ActionsBlock, Block, ButtonElement
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    TextRun,
    actions,
    button,
    cleaned_text,
    confirm_dialog,
    fixed_text,
    header,
    local_time,
    paragraph,
    quote,
    rich_text,
    web_link,
)
from bot.slack.blocks.message import Message, message, notice
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.approval.approval_chain import chain_elements
from bot.slack.cards.batches.batch_contents import file_elements, more_words, summary_elements
from bot.slack.people.approvers import NO_APPROVERS_KNOWN, Approvers
from bot.words.batches.kinds import words_of
from bot.words.batches.rows import (
    IN_CHANNEL,
    LIST_MISSING,
    LIST_PENDING,
    facts_words,
    list_name,
    named_as_sponsor_words,
    planning_words,
    progress_words,
    risk_words,
    short_digest,
    size_words,
    state_words,
    title_words,
)
from bot.words.batches.run import next_words, run_words
from bot.words.batches.terms import batch_duration_words, sponsors_words
from bot.words.sentences import first_words
from workflows.core.batches.batch import Batch, BatchRow, BatchState, RowState, tally
from workflows.core.batches.deciding import batch_eligibility, is_batch_believed
from workflows.core.batches.running.facts import run_facts
from workflows.core.people import Role
from workflows.core.policy.risk import RiskLevel

S = BatchState

MAX_NAMED_LEFT: Final = 5
"""Partners that left the batch, or ended, and are named."""
_ICONS: Final[Mapping[BatchState, str]] = {
    S.DRAFT: "📝",
    S.PREPARING: "🔎",
    S.AWAITING_APPROVAL: "⏳",
    S.APPLYING: "⚙️",
    S.HALTED: "🛑",
    S.DONE: "✅",
    S.STOPPED: "⛔",
    S.REJECTED: "⛔",
    S.WITHDRAWN: "↩️",
    S.EXPIRED: "⌛",
}
_NOTE_LIMIT: Final = 300
_SPONSORS_LIMIT: Final = 200


def batch_card(
    batch: Batch,
    *,
    holders: Mapping[Role, Approvers] = NO_APPROVERS_KNOWN,
    now: datetime,
    with_buttons: bool = True,
    with_progress: bool = True,
) -> Message:
    """Return the card of a batch: all that is decided while it waits for approvals, otherwise its progress and result.

    :param holders: who has each role of the approval chain now, by name.
    :param with_buttons: offer Approve and Reject where they have an effect; Details is offered always. Reject needs no
        list: closing is easy.
    :param with_progress: whether it shows how many members are recorded, so that it changes with each of them.
    """
    if not is_batch_believed(batch):
        blocks = list(_changed_blocks(batch, can_reject=with_buttons and can_be_rejected(batch, now)))
    elif batch.state is S.AWAITING_APPROVAL:
        can_approve, can_reject = can_be_approved(batch, now), can_be_rejected(batch, now)
        blocks = list(
            _waiting_blocks(
                batch, holders, can_approve=with_buttons and can_approve, can_reject=with_buttons and can_reject
            )
        )
    else:
        blocks = list(_other_blocks(batch, with_progress=with_progress or batch.state is not S.APPLYING))
    return message(batch_summary(batch), blocks)


def batch_sponsor_card(batch: Batch, count: int) -> Message:
    """Return the message that tells a person of how many partners of a batch they are the sponsor, and its state."""
    named_by = [] if batch.requester is None else [cleaned_text(batch.requester.name, bold=True)]
    blocks: list[Block] = [
        header(f"{batch_icon(batch)} {title_words(batch)}: {_short_state(batch)}"),
        rich_text(paragraph(*named_by, fixed_text(f" {named_as_sponsor_words(batch, count)} · {batch.id}"))),
        actions(f"batch:{batch.id}", button("Details", ids.REVIEW_BATCH, ids.batch_value(batch))),
    ]
    return message(f"{batch_summary(batch)} You are the sponsor.", blocks)


def older_batch_card(batch: Batch) -> Message:
    """Return what an approver's message becomes once a newer one replaces it. It says nothing of the state."""
    text = f"🔁 {title_words(batch)}: approval is requested again, see the newer message. · {batch.id}"
    return notice(text)


def batch_summary(batch: Batch) -> str:
    """Describe a batch in one or two sentences, for notifications."""
    by = f" by {clean(batch.requester.name, 80)}" if batch.requester is not None else ""
    return f"{title_words(batch)}: {state_words(batch)}. Batch {batch.id}{by}."


def batch_icon(batch: Batch) -> str:
    """Return the emoji of a batch's state; it never says more than the words."""
    if not is_batch_believed(batch):
        return "⚠️"
    counts = tally(batch)
    # NB. not for rows that were always to be decided alone, or that start later: nothing of these is undone.
    is_undone = bool(counts.left or counts.ended or counts.ended_before)
    return "⚠️" if batch.state is S.DONE and is_undone else _ICONS[batch.state]


def can_be_approved(batch: Batch, now: datetime) -> bool:
    """Return whether Approve has an effect: it is believed, and the list of exactly what is decided on is attached."""
    return can_be_rejected(batch, now) and batch.is_list_current and is_batch_believed(batch)


def can_be_rejected(batch: Batch, now: datetime) -> bool:
    """Return whether Reject has an effect."""
    return batch.state is S.AWAITING_APPROVAL and now < batch.expires_at


def can_be_withdrawn(batch: Batch) -> bool:
    """Return whether the requester can withdraw the batch now."""
    return batch.requester is not None and batch.state in (S.PREPARING, S.AWAITING_APPROVAL)


def _waiting_blocks(
    batch: Batch, holders: Mapping[Role, Approvers], *, can_approve: bool, can_reject: bool
) -> Iterator[Block]:
    members = batch.members
    yield header(f"{title_words(batch)} · {risk_words(_highest(members))}")
    justification = first_words(batch.justification)
    yield rich_text(paragraph(*_fact_parts(batch)), *([quote(justification, 400)] if justification else []))
    summary = summary_elements(members, opens=words_of(batch).opens, with_open_afterwards=False)
    yield rich_text(*summary, *file_elements(batch), *_list_elements(batch), *_again_elements(batch))
    verdict = batch_eligibility(batch).verdict
    yield rich_text(*chain_elements(batch.stages, verdict, holders))
    yield decision_row(batch, can_approve=can_approve, can_reject=can_reject)


def _highest(rows: Sequence[BatchRow]) -> RiskLevel | None:
    return None if any(row.risk is None for row in rows) else max((row.risk for row in rows if row.risk), default=None)


def _fact_parts(batch: Batch) -> Iterator[TextRun]:
    if batch.requester is not None and batch.sponsor is not None:
        yield fixed_text("Requester ")
        yield cleaned_text(batch.requester.name, bold=True)
        yield fixed_text(" · Sponsor ")
        yield cleaned_text(sponsors_words(batch), _SPONSORS_LIMIT, bold=True)
        yield fixed_text("\n")
    nothing = ["Nothing is written"] if words_of(batch).written else []
    duration = batch_duration_words(batch)
    yield fixed_text(" · ".join([*nothing, *([duration] if duration else []), "Decide by "]))
    yield local_time(batch.expires_at)
    yield fixed_text(f" · {batch.id}")


def _list_elements(batch: Batch) -> Iterator[RichTextElement]:
    """Return where the list is and its digest; while it is not attached, that nobody can decide, and why."""
    if batch.is_list_current and batch.list_file is not None:
        where = "List: " if batch.list_file.permalink else "List (thread): "
        yield paragraph(
            fixed_text(where, bold=True),
            web_link(batch.list_file.permalink, list_name(batch)),
            fixed_text(f" · SHA-256 {short_digest(batch.list_file.sha256)}…"),
            # NB. the name of the list contains it as well, and the card of a sheet has a file more to name.
            *([fixed_text(f" · Change ID {short_digest(batch.digest)}…")] if batch.sheet is None else []),
        )
    elif batch.list_problem:
        why = cleaned_text(facts_words(batch.list_problem), _NOTE_LIMIT)
        yield paragraph(fixed_text(f"⚠️ {LIST_MISSING} ", bold=True), why)
    else:
        yield paragraph(fixed_text(f"⏳ {LIST_PENDING}"))


def _again_elements(batch: Batch) -> Iterator[RichTextElement]:
    """Return why approval is requested again; earlier approvals do not count."""
    if batch.round and batch.note:
        yield paragraph(
            fixed_text("Needs new approval: ", bold=True), cleaned_text(facts_words(batch.note), _NOTE_LIMIT)
        )


def decision_row(batch: Batch, *, can_approve: bool, can_reject: bool, with_details: bool = True) -> ActionsBlock:
    """Return Approve and Reject, and Details. Approve asks once more, with the number of partners.

    :param can_approve: whether Approve is offered.
    :param can_reject: whether Reject is offered.
    """
    value = ids.batch_value(batch)
    buttons: list[ButtonElement] = []
    if can_approve:
        sure = confirm_dialog(
            f"Approve for {size_words(batch)}?",
            f"{words_of(batch).approve.format(size=size_words(batch))} This counts for exactly the list with Change ID "
            f"{short_digest(batch.digest)}….",
            "Approve",
        )
        buttons.append(button("Approve", ids.APPROVE_BATCH, value, "primary", sure))
    if can_reject:
        buttons.append(button("Reject", ids.REJECT_BATCH, value, "danger"))
    if with_details:
        buttons.append(button("Details", ids.REVIEW_BATCH, value))
    return actions(f"batch:{batch.id}", *buttons)


def _other_blocks(batch: Batch, *, with_progress: bool) -> Iterator[Block]:
    """Return the card of a batch that needs no decision: state or progress, who decided, and what went another way."""
    yield header(f"{batch_icon(batch)} {title_words(batch)}: {_short_state(batch)}")
    people = paragraph(*_people_parts(batch))
    yield rich_text(*(_state_elements(batch) if with_progress else [paragraph(fixed_text(IN_CHANNEL))]), people)
    details = button("Details", ids.REVIEW_BATCH, ids.batch_value(batch))
    yield actions(f"batch:{batch.id}", *(_halt_buttons(batch) if batch.state is S.HALTED else ()), details)


def _changed_blocks(batch: Batch, *, can_reject: bool) -> Iterator[Block]:
    """Return the card of a batch that something other than Gatehouse changed: it can be rejected or ended only."""
    yield header(f"{batch_icon(batch)} {title_words(batch)}: {_short_state(batch)}")
    yield rich_text(
        paragraph(cleaned_text(facts_words(batch.note), _NOTE_LIMIT)),
        paragraph(*_people_parts(batch)),
    )
    if batch.state is S.HALTED:
        details = button("Details", ids.REVIEW_BATCH, ids.batch_value(batch))
        yield actions(f"batch:{batch.id}", _halt_buttons(batch)[-1], details)
    else:
        yield decision_row(batch, can_approve=False, can_reject=can_reject)


def _halt_buttons(batch: Batch) -> tuple[ButtonElement, ...]:
    """Return what an admin answers to a batch that stopped by itself. Who clicked is checked later."""
    value = ids.halt_value(batch)
    return button("Continue…", ids.CONTINUE_BATCH, value), button("End…", ids.END_BATCH, value, "danger")


def _short_state(batch: Batch) -> str:
    return "done" if batch.state is S.DONE and is_batch_believed(batch) else state_words(batch)


def _state_elements(batch: Batch) -> Iterator[RichTextElement]:
    if batch.state is S.PREPARING:
        yield paragraph(fixed_text(f"{planning_words(batch)}."))
    elif batch.sheet is not None and batch.state in (S.APPLYING, S.HALTED):
        facts = run_facts(batch, batch.changed_at)
        yield paragraph(fixed_text(f"{run_words(facts)}. {next_words(facts)}".strip()))
    elif batch.state is S.APPLYING:
        yield paragraph(fixed_text(f"{progress_words(batch)}. {words_of(batch).written}".strip()))
    elif batch.state is S.DONE:
        yield paragraph(fixed_text(f"{state_words(batch)}."))
    if batch.note and batch.state is not S.APPLYING:
        yield paragraph(cleaned_text(facts_words(batch.note), _NOTE_LIMIT))
    not_done = f"{words_of(batch).not_done.capitalize()}: "
    for state, label in ((RowState.LEFT, "With its own request: "), (RowState.ENDED, not_done)):
        if rows := batch.in_state(state):
            named = ", ".join(_named(row) for row in rows[:MAX_NAMED_LEFT])
            more = more_words(len(rows) - MAX_NAMED_LEFT, "partner")
            yield paragraph(fixed_text(label, bold=True), cleaned_text(named, 400), *more)


def _named(row: BatchRow) -> str:
    return f"{clean(row.name, 60)} ({row.request_id})" if row.request_id else clean(row.name, 60)


def _people_parts(batch: Batch) -> Iterator[TextRun]:
    if batch.requester is not None:
        yield fixed_text("Requester ")
        yield cleaned_text(batch.requester.name, bold=True)
    verdict = batch_eligibility(batch).verdict
    approvers = [verdict.name_of(person) for people in verdict.counted_people for person in people]
    if approvers and batch.state in (S.APPLYING, S.DONE):
        yield fixed_text(" · Approved by ")
        yield cleaned_text(", ".join(approvers), 200, bold=True)
    yield fixed_text(f" · {batch.id}" if batch.requester is not None else str(batch.id))

"""The rows of the App Home about batches: those that wait for this person, and those that they asked for."""

from collections.abc import Iterator
from datetime import datetime

from slack_sdk.models.blocks import Block

from bot.slack import ids
from bot.slack.blocks.blocks import (
    actions,
    button,
    cleaned_text,
    confirm_dialog,
    fixed_text,
    local_time,
    paragraph,
    rich_text,
    row,
)
from bot.slack.cards.batches.batch_card import batch_icon, can_be_withdrawn
from bot.slack.flows.home.paged_list import section
from bot.slack.flows.home.rows import NOT_BELIEVED
from bot.words.batches.rows import facts_words, progress_words, state_words, title_words
from workflows.app.reads.app_home import HomeList
from workflows.core.batches.batch import Batch, BatchState
from workflows.core.batches.deciding import is_batch_believed
from workflows.ports.pages import Page

_NOTE_LIMIT = 300


def batch_rows(waiting: Page[Batch], now: datetime) -> Iterator[Block]:
    """Return the batches that this person can decide on, with the button that opens each."""

    def waiting_row(batch: Batch) -> Iterator[Block]:
        times = {"Asked": batch.confirmed_at or batch.created_at, "Decide by": batch.expires_at}
        text = title_words(batch) if now < batch.expires_at else f"{title_words(batch)} · the time to decide is over"
        review = button("Review", ids.REVIEW_BATCH, ids.batch_value(batch), "primary")
        if not is_batch_believed(batch):
            text, times = f"{title_words(batch)} · {NOT_BELIEVED}", {"Asked": times["Asked"]}
            review = button("Details", ids.REVIEW_BATCH, ids.batch_value(batch))
        yield row(f"{text} · {batch.id}", f"batch:{batch.id}", review, times=times)

    yield from section("Batches, one decision for several partners", HomeList.BATCHES, waiting, waiting_row)


def own_batch_rows(batches: Page[Batch]) -> Iterator[Block]:
    """Return the batches that this person asked for, each with its state and the buttons that are possible now."""
    if batches.size == batches.count:  # each says by itself what it is
        for batch in batches.items:
            yield from _own_row(batch)
    else:
        yield from section("My batches, the newest first", HomeList.OWN_BATCHES, batches, _own_row)


def _own_row(batch: Batch) -> Iterator[Block]:
    """Return one batch that this person asked for: state, progress, and the buttons that are possible now."""
    note = facts_words(batch.note)
    if not is_batch_believed(batch):
        pass  # its note says why
    elif batch.state is BatchState.APPLYING:
        note = f"{progress_words(batch)}."
    elif batch.state is BatchState.AWAITING_APPROVAL and not batch.is_list_current:
        note = facts_words(batch.list_problem) or note
    yield rich_text(
        paragraph(
            fixed_text(f"{batch_icon(batch)} "),
            fixed_text(title_words(batch), bold=True),
            fixed_text(f" · {state_words(batch)} · "),
            local_time(batch.changed_at),
            fixed_text(f" · {batch.id}"),
            *([fixed_text("\n"), cleaned_text(note, _NOTE_LIMIT)] if note else []),
        )
    )
    buttons = [button("Details", ids.REVIEW_BATCH, ids.batch_value(batch))]
    if can_be_withdrawn(batch):
        sure = confirm_dialog(
            "Withdraw this batch?",
            f"{title_words(batch)}: approvers are asked no more, and it changes nothing. Partners that left "
            "it keep their own requests.",
            "Withdraw",
        )
        buttons.append(button("Withdraw", ids.WITHDRAW_BATCH, batch.id, confirm=sure))
    yield actions(f"own_batch:{batch.id}", *buttons)

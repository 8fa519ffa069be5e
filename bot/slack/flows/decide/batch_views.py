"""The windows about a decision on a batch: its Details, and the reason of a rejection."""

from collections.abc import Mapping
from datetime import datetime

from slack_sdk.models.blocks import Block

from bot.slack import ids
from bot.slack.blocks.blocks import Json, fixed_text, paragraph, rich_text
from bot.slack.blocks.modal import input_block, modal, text_area
from bot.slack.cards.batches.batch_details import NOTHING_SINCE, details_blocks
from bot.slack.people.approvers import NO_APPROVERS_KNOWN, Approvers
from bot.words.batches.rows import title_words
from bot.words.batches.run import CONTINUED, ENDED, next_words, run_words
from workflows.app.reads.found_requests import SinceApplied
from workflows.core.batches.batch import Batch
from workflows.core.batches.running.facts import run_facts
from workflows.core.people import Role
from workflows.core.requests.request import RequestId


def batch_view(
    batch: Batch,
    *,
    holders: Mapping[Role, Approvers] = NO_APPROVERS_KNOWN,
    page: int = 0,
    now: datetime,
    may_decide: bool = False,
    since: Mapping[RequestId, SinceApplied] = NOTHING_SINCE,
) -> Json:
    """Return the window with everything about a batch and one page of its partners; see `details_blocks`."""
    blocks = details_blocks(batch, holders=holders, page=page, now=now, may_decide=may_decide, since=since)
    return modal("Details", blocks, ids.BATCH)


def answer_halt_view(batch: Batch, *, goes_on: bool) -> Json:
    """Return the window that asks an admin why a batch that stopped by itself is continued, or ended."""
    facts = run_facts(batch, batch.changed_at)
    title, submit = ("Continue batch", "Continue") if goes_on else ("End batch", "End")
    about = CONTINUED if goes_on else ENDED
    blocks: list[Block] = [
        rich_text(
            paragraph(fixed_text(f"{title_words(batch)} · {batch.id}", bold=True)),
            paragraph(fixed_text(f"{run_words(facts)}. {next_words(facts)}")),
            paragraph(fixed_text(about)),
        ),
        input_block("Reason", ids.REASON, text_area(ids.REASON), hint="The requester and the audit log show it."),
    ]
    metadata = f"{ids.halt_value(batch)}:{'continue' if goes_on else 'end'}"
    return modal(title, blocks, ids.ANSWER_HALT, submit=submit, metadata=metadata)


def reject_batch_view(batch: Batch) -> Json:
    """Return the window that asks why a batch is rejected."""
    blocks: list[Block] = [
        rich_text(paragraph(fixed_text(f"{title_words(batch)} · {batch.id}", bold=True))),
        input_block(
            "Reason", ids.REASON, text_area(ids.REASON), hint="The requester reads this. Write what must change."
        ),
    ]
    metadata = ids.batch_value(batch)
    return modal("Reject batch", blocks, ids.REJECT_BATCH_REASON, submit="Reject", metadata=metadata)

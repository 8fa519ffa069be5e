"""The surfaces of batches: the card in each state, Details, and the window of a draft."""

from dataclasses import replace

from bot.slack.blocks.blocks import Json
from bot.slack.cards.batches.batch_card import batch_card
from bot.slack.flows.decide.batch_views import batch_view
from tests.bot.sample_batches import approved_once, batch, with_others
from tests.bot.shipped_cards import NAMES
from tests.workflows.core.builders import NOW
from workflows.core.batches.batch import Batch, BatchState
from workflows.core.errors.facts import Fact
from workflows.core.requests.notes import NoteCode
from workflows.ports.notifier import ListProblem


def batch_messages() -> dict[str, list[Json]]:
    """Return the card of a batch of 40 partners in each state."""
    no_scope = Fact(ListProblem.NO_SCOPE, {"code": "missing_scope"})
    rejected = Fact(NoteCode.REJECTED, {"name": "Amara Okafor", "reason": "Two of these contracts have ended."})
    changed = Fact(NoteCode.BATCH_MEMBER_LEFT, {"names": ["partner003.example"]})
    shown: dict[str, Batch] = {
        "batch": approved_once(),
        "batch-pending": batch(list_file=None),
        "batch-no-list": batch(list_file=None, list_problem=(no_scope,)),
        "batch-again": batch(round=1, note=(changed,)),
        "batch-preparing": batch(BatchState.PREPARING),
        "batch-applying": with_others(BatchState.APPLYING),
        "batch-done": with_others(BatchState.DONE),
        "batch-rejected": batch(BatchState.REJECTED, note=(rejected,)),
    }
    return {name: batch_card(one, holders=NAMES, now=NOW).blocks for name, one in shown.items()}


def batch_windows() -> dict[str, Json]:
    """Return Details of a batch."""
    waiting = replace(approved_once(), rows=with_others(BatchState.AWAITING_APPROVAL).rows)
    return {"batch-details": batch_view(waiting, holders=NAMES, now=NOW, may_decide=True)}

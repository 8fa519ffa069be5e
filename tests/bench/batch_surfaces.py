"""The surfaces of batches: the card in each state, Details, and the window of a draft."""

from dataclasses import replace

from bot.slack.blocks.blocks import Json
from bot.slack.cards.batches.batch_card import batch_card, batch_sponsor_card
from bot.slack.flows.decide.batch_views import batch_view
from bot.slack.flows.home.view import home_view
from bot.slack.flows.request_access.adopt.draft_form import DraftContent, draft_rows_view, draft_view
from bot.slack.people.approvers import StageApprovers
from tests.bot.sample_batches import CHAIN, approved_once, batch, draft, with_others
from tests.bot.shipped_cards import NAMES
from tests.workflows.core.builders import CHIE, NOW, RILEY
from workflows.app.batches.confirming import BatchTerms
from workflows.app.reads.app_home import AppHome
from workflows.app.reads.home_batches import NO_BATCHES, HomeBatches
from workflows.core.batches.batch import Batch, BatchState
from workflows.core.errors.facts import Fact
from workflows.core.requests.notes import NoteCode
from workflows.ports.notifier import ListProblem
from workflows.ports.pages import Page


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
    cards = {name: batch_card(one, holders=NAMES, now=NOW).blocks for name, one in shown.items()}
    return {**cards, "batch-sponsor": batch_sponsor_card(batch(), len(batch().members)).blocks}


def batch_windows() -> dict[str, Json]:
    """Return Details of a batch, the window of a draft, and its list of partners."""
    waiting = replace(approved_once(), rows=with_others(BatchState.AWAITING_APPROVAL).rows)
    terms = BatchTerms(days=(90, 180), default_days=180, stages=CHAIN, authors=(CHIE,))
    who = [StageApprovers(stage=one, approvers=NAMES.get(one.role)) for one in CHAIN]
    content = DraftContent(batch=draft(), terms=terms, requester=RILEY.chat_id, who_decides=who)
    return {
        "batch-details": batch_view(waiting, holders=NAMES, now=NOW, may_decide=True),
        "batch-draft": draft_view(content),
        "batch-draft-rows": draft_rows_view(draft(), 0),
    }


def batch_homes() -> dict[str, Json]:
    """Return the App Home of an approver for whom a batch waits, and of the requester of three batches."""
    waiting = Page(items=(approved_once(),), count=4, size=1, first_cursor=("1",), last_cursor=("1",))
    own_batches = (batch(), with_others(BatchState.APPLYING), with_others(BatchState.DONE))
    own = Page(items=own_batches, count=3, size=3)
    return {
        "home-batch-approver": home_view(AppHome(batches=HomeBatches(waiting=waiting)), now=NOW),
        "home-batch-requester": home_view(AppHome(batches=replace(NO_BATCHES, own=own)), now=NOW),
    }

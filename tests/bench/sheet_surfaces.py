"""The surfaces of a sheet of partners: its import, the window of its draft, and its batch in each state."""

from dataclasses import replace

from bot.slack.blocks.blocks import Json
from bot.slack.cards.batches.batch_card import batch_card
from bot.slack.cards.batches.import_card import closed_import_card, import_card
from bot.slack.flows.decide.batch_views import answer_halt_view, batch_view
from bot.slack.flows.request_access.adopt.draft_form import DraftContent, draft_rows_view, draft_view
from bot.slack.flows.request_access.adopt.sheet_views import choices_view, import_view, received_view
from bot.slack.people.approvers import StageApprovers
from tests.bot.sample_batches import CHAIN
from tests.bot.sample_sheets import (
    CHOICES,
    EFFECT,
    NO_COLUMN,
    SEVERAL,
    SHEETS,
    imported,
    sheet_batch,
    sheet_draft,
    sheet_result,
)
from tests.bot.shipped_cards import NAMES
from tests.workflows.core.builders import CHIE, NOW, RILEY
from tests.workflows.world import CATALOG
from workflows.app.batches.confirming import BatchTerms
from workflows.core.batches.batch import BatchState
from workflows.core.errors.facts import Fact
from workflows.core.policy.offers import arranged_offers, offers_of
from workflows.ports.notifier import ImportStep
from workflows.sheets.received import ReceivedFileCode


def sheet_messages() -> dict[str, list[Json]]:
    """Return the message of an import in each step, and the card of a batch from a sheet in each state."""
    imports = {
        "import-reading": imported(ImportStep.READING),
        "import-judging": imported(ImportStep.JUDGING),
        "import-waiting": imported(ImportStep.WAITING),
        "import-choice": imported(ImportStep.CHOICE, facts=(NO_COLUMN,)),
        "import-sheets": imported(ImportStep.CHOICE, facts=(SEVERAL,)),
        "import-unusable": imported(ImportStep.UNUSABLE, facts=(Fact(ReceivedFileCode.NO_SCOPE),)),
        "import-failed": imported(ImportStep.FAILED),
        "import-done": imported(),
        "import-nothing": imported(batch=None),
    }
    batches = {
        "sheet": sheet_batch(),
        "sheet-applying": sheet_result(BatchState.APPLYING),
        "sheet-halted": sheet_result(BatchState.HALTED),
        "sheet-done": sheet_result(BatchState.DONE),
    }
    draft = sheet_draft()
    closed = {
        "import-asked": replace(draft, state=BatchState.PREPARING, confirmed_at=draft.changed_at),
        "import-discarded": replace(draft, state=BatchState.WITHDRAWN),
        "import-expired": replace(draft, state=BatchState.EXPIRED),
    }
    cards = {name: batch_card(one, holders=NAMES, now=NOW).blocks for name, one in batches.items()}
    cards |= {name: closed_import_card(one).blocks for name, one in closed.items()}
    return {**{name: import_card(one).blocks for name, one in imports.items()}, **cards}


def sheet_windows() -> dict[str, Json]:
    """Return the windows of an import, of its draft, and Details of its batch."""
    terms = BatchTerms(days=(), default_days=0, stages=CHAIN, authors=(), sponsors=(CHIE,))
    who = [StageApprovers(stage=one, approvers=NAMES.get(one.role)) for one in CHAIN]
    content = DraftContent(batch=sheet_draft(), terms=terms, requester=RILEY.chat_id, who_decides=who)
    offers = arranged_offers(offers_of(CATALOG.templates.values()))
    return {
        "import": import_view(offers),
        "import-received": received_view(),
        "import-columns": choices_view(EFFECT.command, CHOICES, offers),
        "import-which-sheet": choices_view(EFFECT.command, SHEETS, offers),
        "sheet-draft": draft_view(content),
        "sheet-draft-rows": draft_rows_view(sheet_draft(), 0),
        "answer-halt": answer_halt_view(sheet_result(BatchState.HALTED), goes_on=True),
        "sheet-details": batch_view(sheet_batch(), holders=NAMES, now=NOW, may_decide=True),
    }

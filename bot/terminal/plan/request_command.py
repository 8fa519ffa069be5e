"""`gatehouse request FILE`: store a draft of what a file asks for. Nothing is asked before a member confirms it.

The command line has no person, so it never sends a request. The same file has one open draft, however often the command
runs. Its rows are judged each time: when something else would be asked now, the old draft is ended. Nothing is written
in Entra.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from bot.process.logs.logs import configure_terminal_logs
from bot.process.logs.redactor import Redactor
from bot.process.opening.readers import open_clock, open_tenant
from bot.slack.blocks.untrusted import clean
from bot.terminal.evidence.taking import EvidenceRequester
from bot.terminal.plan.command import asked_or_error
from bot.terminal.plan.file_inputs import AskedFile, FileInputs, ShownLookups, load_file_inputs, progress_display
from bot.terminal.plan.lookups_file import LookupsFile
from bot.terminal.printing import MAX_CHARACTERS
from bot.terminal.stopped_work_command import open_records
from bot.words.batches.file_plan import PLANNED, changed_draft_words, changed_row_words, row_number
from bot.words.batches.sheet_report import draft_words, why_words
from workflows.app.batches.batch_service import BatchService
from workflows.app.batches.importing.draft_ids import DraftedFile
from workflows.app.batches.importing.drafting import SheetDrafting
from workflows.app.batches.importing.redrafting import FileDraft, draft_again
from workflows.app.storing.recorder import Recorder
from workflows.core.batches.batch import RowState
from workflows.core.batches.sheets.judged import JudgedRow, RowVerdict
from workflows.core.people import ChatId
from workflows.intervals import Pauses
from workflows.ports.store import Store

FORMAT: Final = "gatehouse/request/1"
INCOMPLETE: Final = 3
"""The exit status when a row is not in the draft, because it was refused or is not known."""
_MISSING: Final = frozenset({RowVerdict.REFUSED, RowVerdict.NOT_READ})


@dataclass(frozen=True, slots=True, kw_only=True)
class _NotAsked:
    """A row for which nothing is asked, although something would change or is not known."""

    row: int
    partner: str
    why: str


@dataclass(slots=True, kw_only=True)
class _Outcome:
    draft: FileDraft = field(default_factory=lambda: FileDraft(batch=None))
    not_asked: list[_NotAsked] = field(default_factory=list)

    def take(self, judged: JudgedRow) -> None:
        if judged.verdict in _MISSING:
            why = " ".join(why_words(judged)) or PLANNED[judged.verdict]
            self.not_asked.append(_NotAsked(row=judged.row.number, partner=judged.row.partner, why=why))


def request_file(asked: AskedFile, *, as_json: bool, pauses: Pauses) -> int:
    """Store a draft of a file, or find the open one, and print what a member does with it.

    :returns: the exit status: 0 when there is a draft, or nothing would change; 1 when no draft could be made; 3 when
        a row is not in the draft.
    """
    configure_terminal_logs(Redactor())
    return asked_or_error("No draft was stored:", lambda: _request(asked, as_json, pauses))


def _request(asked: AskedFile, as_json: bool, pauses: Pauses) -> int:
    inputs = load_file_inputs(
        asked.path, sheet=asked.sheet, columns=asked.columns, template=asked.template, expected=asked.expected
    )
    outcome = asyncio.run(_drafted(inputs, asked, pauses))
    if as_json:
        sys.stdout.write(_as_json(inputs, outcome))
    else:
        sys.stdout.writelines(f"{clean(line, MAX_CHARACTERS)}\n" for line in _lines(inputs, outcome))
    sys.stdout.flush()
    return INCOMPLETE if outcome.not_asked else 0


async def _drafted(inputs: FileInputs, asked: AskedFile, pauses: Pauses) -> _Outcome:
    clock = open_clock(inputs.settings)
    store, _ = await open_records(inputs.settings.records, clock)
    try:
        return await _drafted_with(store, inputs, asked, pauses)
    finally:
        await store.close()


async def _drafted_with(store: Store, inputs: FileInputs, asked: AskedFile, pauses: Pauses) -> _Outcome:
    """Judge every row; keep the open draft of the file, or store a new one."""
    clock, outcome, taker = open_clock(inputs.settings), _Outcome(), EvidenceRequester.now()
    recorder = Recorder(store=store, clock=clock, wake=_wake_nobody)
    what = f"{inputs.file.name}, SHA-256 {inputs.file.digest}"
    await recorder.record_lookup(ChatId(taker.user), what, key=taker.key, command_name="gatehouse request")
    batches = BatchService(store=store, clock=clock, wake=_wake_nobody)
    tenant = await asyncio.to_thread(open_tenant, inputs.settings, pauses)
    home = str(inputs.settings.azure_tenant_id)
    try:
        with LookupsFile(asked.lookups, clock.now(), home=home) as lookups, progress_display() as shown:
            task = shown.add_task("Looking up partners", total=len(inputs.file.sheet.rows))
            outcome.draft = await draft_again(
                SheetDrafting(batches=batches, tenant=tenant, catalog=inputs.catalog, known=lookups.known),
                inputs.file,
                inputs.columns,
                DraftedFile(
                    digest=inputs.file.digest, sheet=asked.sheet, template=asked.template, columns=asked.columns
                ),
                drafted_by=taker.user,
                on_found=ShownLookups(shown, task, lookups).on_found,
                on_judged=outcome.take,
            )
    finally:
        await tenant.close()
    return outcome


def _lines(inputs: FileInputs, outcome: _Outcome) -> Iterator[str]:
    yield f"{inputs.file.name}, SHA-256 {inputs.file.digest}"
    for one in outcome.not_asked:
        yield f"Row {one.row}: {one.partner or 'no partner'}: nothing is asked for. {one.why}"
    yield from changed_draft_words(outcome.draft)
    yield from draft_words(outcome.draft.batch)


def _as_json(inputs: FileInputs, outcome: _Outcome) -> str:
    batch, replaced = outcome.draft.batch, outcome.draft.replaced
    states = [] if batch is None else [row.state for row in batch.rows]
    document = {
        "format": FORMAT,
        "file": inputs.file.name,
        "sha256": inputs.file.digest,
        "draft": None
        if batch is None
        else {
            "id": batch.id,
            "is_new": outcome.draft.is_new,
            "expires_at": batch.expires_at.isoformat(),
            "together": states.count(RowState.WAITING),
            "alone": states.count(RowState.ALONE),
        },
        "replaced": None if replaced is None else replaced.id,
        "changed": [
            {"row": row_number(one.now), "partner": one.now.name, "text": changed_row_words(one)}
            for one in outcome.draft.changed
        ],
        "not_asked": [{"row": one.row, "partner": one.partner, "text": one.why} for one in outcome.not_asked],
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _wake_nobody() -> None:
    """Do nothing: the bot looks for due work by itself."""

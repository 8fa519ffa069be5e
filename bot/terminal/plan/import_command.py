"""`gatehouse import FILE`: judge a sheet of partners, compare it with the tenant, or draft a batch of it.

A draft asks for nothing: the command line has no person, so a member confirms it. Who ran the command is recorded; of
a report only where there are records. Nothing is written in Entra.
"""

import asyncio
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from bot.process.logs.logs import configure_terminal_logs
from bot.process.logs.redactor import Redactor
from bot.process.opening.readers import open_clock, open_tenant, read_stored_records
from bot.process.run import WRONG_SETTINGS, print_problems
from bot.process.settings import SettingsProblems
from bot.terminal.evidence.taking import EvidenceRequester, open_beside_bot
from bot.terminal.plan.file_inputs import FileInputs, ShownLookups, load_file_inputs, progress_display
from bot.terminal.plan.lookups_file import LookupsFile
from bot.terminal.plan.sheet_formats import NextStep, SheetFormat, writer_of
from bot.terminal.printing import NOT_POSSIBLE, print_error
from bot.terminal.stopped_work_command import open_records
from bot.words.refusals.sentences import fact_words
from bot.words.requests.notes import refusal_words
from workflows.app.batches.batch_service import BatchService
from workflows.app.batches.importing.comparing import unnamed_partners
from workflows.app.batches.importing.drafting import SheetDrafting
from workflows.app.batches.importing.judging import SheetJudging
from workflows.app.storing.recorder import Recorder
from workflows.core.batches.sheets.columns import SheetUnusable
from workflows.core.batches.sheets.judged import CAN_BE_ASKED, JudgedRow, RowVerdict
from workflows.core.errors.raised import DomainError
from workflows.core.partners.records import Records
from workflows.core.people import ChatId
from workflows.core.settings.model import TenantId
from workflows.intervals import Pauses
from workflows.ports.clock import Clock
from workflows.sheets.reading import SheetFile

INCOMPLETE: Final = 3
"""The exit status when a row was refused or is not known."""
_COMPLETE: Final = frozenset({RowVerdict.ADD, RowVerdict.CHANGE, RowVerdict.UNCHANGED})


class Purpose(StrEnum):
    """What is done with the sheet. The values are the command as the audit log shows it."""

    REPORT = "gatehouse import --dry-run"
    COMPARISON = "gatehouse import --compare"
    DRAFT = "gatehouse import"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedReport:
    """What was asked for."""

    path: Path
    sheet: str = ""
    """The name of the sheet in a workbook; empty for its only visible one."""
    columns: Mapping[str, str]
    """The titles that were chosen for fields."""
    template: str = ""
    """The template of rows without one."""
    lookups: Path | None = None
    """Where look-ups are kept; None: nowhere."""
    expected: str = ""
    """The SHA-256 that the file must have; empty for any."""
    purpose: Purpose = Purpose.REPORT
    file_format: SheetFormat = SheetFormat.TEXT


def use_sheet(asked: AskedReport, *, pauses: Pauses) -> int:
    """Print what the rows of a sheet would change, and store a draft if one was asked for.

    :returns: the exit status: 0; 1 when the tenant was not read; 2 for wrong settings, or a file that is no sheet or
        not the expected one; 3 when a row was refused or is not known.
    """
    configure_terminal_logs(Redactor())
    perform = _draft if asked.purpose is Purpose.DRAFT else _report
    try:
        inputs = load_file_inputs(
            asked.path, sheet=asked.sheet, columns=asked.columns, template=asked.template, expected=asked.expected
        )
        is_complete = asyncio.run(perform(asked, inputs, pauses))
    except SettingsProblems as error:
        print_problems(error)
        return WRONG_SETTINGS
    except SheetUnusable as error:
        print_error("The file cannot be used:", *map(fact_words, error.facts))
        return WRONG_SETTINGS
    except (OSError, DomainError) as error:
        is_draft = asked.purpose is Purpose.DRAFT
        nothing = "No draft was stored:" if is_draft else "No report can be made:"
        print_error(nothing, refusal_words(error) if isinstance(error, DomainError) else str(error))
        return NOT_POSSIBLE
    return 0 if is_complete else INCOMPLETE


async def _report(asked: AskedReport, inputs: FileInputs, pauses: Pauses) -> bool:
    """Print the report. Returns whether every row could be asked for, or is so already."""
    settings, clock = inputs.settings, open_clock(inputs.settings)
    await _record(asked, inputs, clock)
    tenant = await asyncio.to_thread(open_tenant, settings, pauses)
    rows = inputs.rows(asked.template)
    try:
        home = str(settings.azure_tenant_id)
        with LookupsFile(asked.lookups, clock.now(), home=home) as lookups, progress_display() as progress:
            judging = SheetJudging(
                tenant=tenant,
                catalog=inputs.catalog,
                clock=clock,
                records=await read_stored_records(settings) or Records(),
                known=lookups.known,
            )
            at_once = await judging.read_tenant()
            is_comparison = asked.purpose is Purpose.COMPARISON
            writer = writer_of(asked.file_format, sys.stdout.write, is_comparison=is_comparison)
            writer.begin(inputs.file, inputs.columns)
            named: set[TenantId] = set()
            verdicts: set[RowVerdict] = set()
            is_complete = True
            shown = ShownLookups(progress, progress.add_task("Looking up partners", total=len(rows)), lookups)
            async for judged in judging.judge(rows, at_once, shown.on_found):
                writer.take(judged)
                verdicts.add(judged.verdict)
                is_complete = is_complete and _is_complete(judged)
                named |= set() if judged.identity is None else {judged.identity.tenant_id}
            unnamed = await unnamed_partners(judging, at_once, named) if is_comparison else None
            can_be_drafted = not is_comparison and bool(verdicts & CAN_BE_ASKED)
            writer.finish(unnamed, NextStep(command=_draft_command(asked, inputs.file)) if can_be_drafted else None)
        sys.stdout.flush()
        return is_complete
    finally:
        await tenant.close()


def _is_complete(judged: JudgedRow) -> bool:
    """Return whether a row could be asked for, or is so already."""
    return judged.verdict in _COMPLETE


async def _draft(asked: AskedReport, inputs: FileInputs, pauses: Pauses) -> bool:
    """Store a draft and print what is in it. Returns whether every row could be asked for, or is so already."""
    settings, clock = inputs.settings, open_clock(inputs.settings)
    complete: list[bool] = []
    store, _ = await open_records(settings.records, clock)
    try:
        recorder = Recorder(store=store, clock=clock, wake=_wake_nobody)
        await _record_with(recorder, asked, inputs)
        tenant = await asyncio.to_thread(open_tenant, settings, pauses)
        try:
            batches = BatchService(store=store, clock=clock, wake=_wake_nobody)
            home = str(settings.azure_tenant_id)
            with LookupsFile(asked.lookups, clock.now(), home=home) as lookups, progress_display() as progress:
                drafting = SheetDrafting(batches=batches, tenant=tenant, catalog=inputs.catalog, known=lookups.known)
                writer = writer_of(asked.file_format, sys.stdout.write, is_comparison=False)
                writer.begin(inputs.file, inputs.columns)

                def take(judged: JudgedRow) -> None:
                    writer.take(judged)
                    complete.append(_is_complete(judged))

                total = len(inputs.file.sheet.rows)
                shown = ShownLookups(progress, progress.add_task("Looking up partners", total=total), lookups)
                drafted = await drafting.draft(
                    inputs.file,
                    inputs.columns,
                    asked.template,
                    drafted_by=EvidenceRequester.now().user,
                    sheet=asked.sheet,
                    on_found=shown.on_found,
                    on_judged=take,
                )
                step = NextStep(is_draft=True, batch=drafted.batch, is_new=drafted.is_new, others=drafted.others)
                writer.finish(None, step)
        finally:
            await tenant.close()
    finally:
        await store.close()
    sys.stdout.flush()
    return all(complete)


def _draft_command(asked: AskedReport, file: SheetFile) -> str:
    """Return the command that makes a draft of exactly this file, for a shell."""
    options = [("--sheet", asked.sheet), *(("--column", f"{name}={title}") for name, title in asked.columns.items())]
    options += [("--template", asked.template), ("--lookups", str(asked.lookups or "")), ("--expect", file.digest)]
    chosen = [text for option in options if option[1] for text in option]
    return shlex.join(["uv", "run", "gatehouse", "import", str(asked.path), *chosen])


async def _record(asked: AskedReport, inputs: FileInputs, clock: Clock) -> None:
    """Record who asks, and for which file, where there are records."""
    if not inputs.settings.records.exists():
        return
    async with open_beside_bot(inputs.settings.records, clock) as store:
        await _record_with(Recorder(store=store, clock=clock, wake=_wake_nobody), asked, inputs)


async def _record_with(recorder: Recorder, asked: AskedReport, inputs: FileInputs) -> None:
    taker, what = EvidenceRequester.now(), f"{inputs.file.name}, SHA-256 {inputs.file.digest}"
    await recorder.record_lookup(ChatId(taker.user), what, key=taker.key, command_name=asked.purpose.value)


def _wake_nobody() -> None:
    """Do nothing: the entry needs no effect."""

"""`gatehouse import FILE`: judge a sheet of partners, or compare it with the tenant. No request is made of it.

Who asked is recorded, where there are records. Nothing is written in Entra.
"""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass
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
from bot.terminal.plan.sheet_formats import SheetFormat, writer_of
from bot.terminal.printing import NOT_POSSIBLE, print_error
from bot.words.refusals.sentences import fact_words
from bot.words.requests.notes import refusal_words
from workflows.app.batches.importing.comparing import unnamed_partners
from workflows.app.batches.importing.judging import SheetJudging
from workflows.app.storing.recorder import Recorder
from workflows.core.batches.sheets.columns import SheetUnusable
from workflows.core.batches.sheets.judged import RowVerdict
from workflows.core.errors.raised import DomainError
from workflows.core.partners.records import Records
from workflows.core.people import ChatId
from workflows.core.settings.model import TenantId
from workflows.intervals import Pauses
from workflows.ports.clock import Clock

INCOMPLETE: Final = 3
"""The exit status when a row was refused, or is not known."""
_COMPLETE: Final = frozenset({RowVerdict.ADD, RowVerdict.CHANGE, RowVerdict.UNCHANGED})


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
    is_comparison: bool = False
    file_format: SheetFormat = SheetFormat.TEXT


def report_on_sheet(asked: AskedReport, *, pauses: Pauses) -> int:
    """Print what the rows of a sheet would change.

    :returns: the exit status: 0; 1 when the tenant was not read; 2 for wrong settings, or a file that is no sheet;
        3 when a row was refused or is not known.
    """
    configure_terminal_logs(Redactor())
    try:
        inputs = load_file_inputs(asked.path, sheet=asked.sheet, columns=asked.columns)
        is_complete = asyncio.run(_report(asked, inputs, pauses))
    except SettingsProblems as error:
        print_problems(error)
        return WRONG_SETTINGS
    except SheetUnusable as error:
        print_error("The file cannot be used:", *map(fact_words, error.facts))
        return WRONG_SETTINGS
    except (OSError, DomainError) as error:
        print_error("No report can be made:", refusal_words(error) if isinstance(error, DomainError) else str(error))
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
            writer = writer_of(asked.file_format, sys.stdout.write, is_comparison=asked.is_comparison)
            writer.begin(inputs.file, inputs.columns)
            named: set[TenantId] = set()
            verdicts: set[RowVerdict] = set()
            shown = ShownLookups(progress, progress.add_task("Looking up partners", total=len(rows)), lookups)
            async for judged in judging.judge(rows, at_once, shown.on_found):
                writer.take(judged)
                verdicts.add(judged.verdict)
                named |= set() if judged.identity is None else {judged.identity.tenant_id}
            writer.finish(await unnamed_partners(judging, at_once, named) if asked.is_comparison else None)
        sys.stdout.flush()
        return verdicts <= _COMPLETE
    finally:
        await tenant.close()


async def _record(asked: AskedReport, inputs: FileInputs, clock: Clock) -> None:
    """Record who asks, and for which file, where there are records."""
    if not inputs.settings.records.exists():
        return
    taker = EvidenceRequester.now()
    what = f"{inputs.file.name}, SHA-256 {inputs.file.digest}"
    command = f"gatehouse import {'--compare' if asked.is_comparison else '--dry-run'}"
    async with open_beside_bot(inputs.settings.records, clock) as store:
        recorder = Recorder(store=store, clock=clock, wake=_wake_nobody)
        await recorder.record_lookup(ChatId(taker.user), what, key=taker.key, command_name=command)


def _wake_nobody() -> None:
    """Do nothing: the entry needs no effect."""

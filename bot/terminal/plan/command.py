"""`gatehouse plan FILE`: show what a file of partners would change; needs no Slack, stores and writes nothing."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bot.process.logs.logs import configure_terminal_logs
from bot.process.logs.redactor import Redactor
from bot.process.opening.readers import open_clock, open_tenant, read_stored_records
from bot.process.run import print_problems
from bot.process.settings import SettingsProblems
from bot.terminal.plan.file_inputs import AskedFile, FileInputs, ShownLookups, load_file_inputs, progress_display
from bot.terminal.plan.formats.as_json import plan_json
from bot.terminal.plan.formats.many import JSON, MARKDOWN, WRITERS
from bot.terminal.plan.formats.printed import print_plan
from bot.terminal.plan.lookups_file import LookupsFile
from bot.terminal.plan.planned_partner import PlannedPartner, Totals
from bot.terminal.printing import NOT_POSSIBLE, print_error, terminal_console
from bot.words.refusals.sentences import fact_words
from bot.words.refusals.sheets import problem_words
from bot.words.requests.notes import refusal_words
from workflows.app.batches.importing.asking import cell_problems
from workflows.app.batches.importing.judging import SheetJudging
from workflows.app.batches.importing.sponsors import find_sponsors
from workflows.app.requests.files.parsed_request import PlanImpossible, parse_request
from workflows.app.requests.files.plan_from_file import PlannedRequest, plan_request
from workflows.app.requests.files.row_request import request_of_row
from workflows.core.batches.sheets.cells import SheetForm
from workflows.core.batches.sheets.columns import SheetUnusable
from workflows.core.batches.sheets.rows import SheetRow
from workflows.core.errors.raised import DomainError
from workflows.core.partners.records import Records
from workflows.intervals import Pauses
from workflows.ports.records import StoreUnusable
from workflows.ports.tenant import Tenant, TenantUnavailable

_ERROR_TITLE: Final = "No plan can be made:"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planning:
    inputs: FileInputs
    asked: AskedFile
    file_format: str
    tenant: Tenant


def show_plan(asked: AskedFile, file_format: str, *, pauses: Pauses) -> int:
    """Print the plan of every partner in a file.

    :returns: the exit status: 0 when nothing would change, 2 when something would. It is 1 when that cannot be said:
        for wrong settings, a wrong file, and a row that is refused, not known, or ends before the access does.
    """
    configure_terminal_logs(Redactor())
    return asked_or_error(_ERROR_TITLE, lambda: _show(asked, file_format, pauses))


def asked_or_error(title: str, ask: Callable[[], int]) -> int:
    """Return the exit status of a command about a file; print why it is not possible, and return 1.

    :param title: the first line of what is printed then.
    """
    try:
        return ask()
    except SettingsProblems as error:
        print_problems(error)
    except SheetUnusable as error:
        print_error("The file cannot be used:", *map(fact_words, error.facts))
    except PlanImpossible as error:
        print_error(title, *(problem_words(key, fact_words(problem)) for key, problem in error.problems.items()))
    except StoreUnusable as error:
        print_error(title, f"{error}; set DATABASE_URL to the bot's own database")
    except (OSError, DomainError) as error:
        print_error(title, refusal_words(error) if isinstance(error, DomainError) else str(error))
    return NOT_POSSIBLE


def _show(asked: AskedFile, file_format: str, pauses: Pauses) -> int:
    inputs = load_file_inputs(asked.path, sheet=asked.sheet, columns=asked.columns, template=asked.template)
    return asyncio.run(_planned(inputs, asked, file_format, pauses))


async def _planned(inputs: FileInputs, asked: AskedFile, file_format: str, pauses: Pauses) -> int:
    tenant = await asyncio.to_thread(open_tenant, inputs.settings, pauses)
    planning = _Planning(inputs=inputs, asked=asked, file_format=file_format, tenant=tenant)
    try:
        if inputs.file.sheet.form is SheetForm.REQUEST:
            totals = await _plan_one(planning)
        else:
            totals = await _plan_many(planning)
        sys.stdout.flush()
        return totals.exit_status
    finally:
        await tenant.close()


async def _plan_one(planning: _Planning) -> Totals:
    """Plan a single request as it would be prepared, and print it."""
    inputs, (row,) = planning.inputs, planning.inputs.rows(planning.asked.template)
    try:
        planned = await _plan_of(row, planning)
        partner = PlannedPartner.of_request(row, planned)
    except PlanImpossible as error:
        if planning.file_format is not MARKDOWN:
            raise
        planned, partner = None, PlannedPartner.impossible(row, error)
    totals = Totals()
    totals.add(partner)
    if planned is None or planning.file_format is MARKDOWN:
        writer = WRITERS[MARKDOWN](sys.stdout.write)
        writer.begin(inputs.file)
        writer.take(partner)
        writer.finish(totals)
    elif planning.file_format is JSON:
        sys.stdout.write(plan_json(planned, inputs.file.digest) + "\n")
    else:
        print_plan(planned, inputs.file.digest, terminal_console())
        for problem in partner.judged.problems:
            sys.stdout.write(f"{problem_words(problem.column, fact_words(problem.fact))}\n")
    return totals


async def _plan_of(row: SheetRow, planning: _Planning) -> PlannedRequest:
    """Plan one row, with the checks of a row of many.

    :raises PlanImpossible: naming each key that must change.
    """
    inputs, clock = planning.inputs, open_clock(planning.inputs.settings)
    file = request_of_row(row, inputs.catalog)
    problems = [*cell_problems(row, parse_request(file, inputs.catalog, clock.now()))]
    sponsors = await find_sponsors((row,), tenant=planning.tenant)
    problems += sponsors.checked(row).problems
    if problems:
        raise PlanImpossible({problem.column: problem.fact for problem in problems})
    if unread := sponsors.why_unread(row):
        raise TenantUnavailable(unread)
    records = await read_stored_records(inputs.settings)
    return await plan_request(file, tenant=planning.tenant, records=records, catalog=inputs.catalog, clock=clock)


async def _plan_many(planning: _Planning) -> Totals:
    """Plan each row of a file, and print it. What is equal for all rows is read once."""
    inputs, asked = planning.inputs, planning.asked
    settings, clock, rows = inputs.settings, open_clock(inputs.settings), inputs.rows(asked.template)
    totals = Totals()
    with (
        LookupsFile(asked.lookups, clock.now(), home=str(settings.azure_tenant_id)) as lookups,
        progress_display() as progress,
    ):
        judging = SheetJudging(
            tenant=planning.tenant,
            catalog=inputs.catalog,
            clock=clock,
            records=await read_stored_records(settings) or Records(),
            known=lookups.known,
        )
        at_once = await judging.read_tenant()
        writer = WRITERS[planning.file_format](sys.stdout.write)
        writer.begin(inputs.file)
        shown = ShownLookups(progress, progress.add_task("Looking up partners", total=len(rows)), lookups)
        async for judged in judging.judge(rows, at_once, shown.on_found):
            partner = PlannedPartner(judged=judged)
            totals.add(partner)
            writer.take(partner)
        writer.finish(totals)
    return totals

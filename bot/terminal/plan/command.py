"""`gatehouse plan FILE`: show the plan of a written request; needs no Slack, stores and writes nothing."""

import asyncio
import sys
from pathlib import Path

from bot.process.logs.logs import configure_terminal_logs
from bot.process.logs.redactor import Redactor
from bot.process.opening.readers import open_clock, open_tenant, read_stored_records
from bot.process.run import WRONG_SETTINGS, print_problems
from bot.process.settings import SettingsProblems, TenantSettings, load_tenant_settings
from bot.terminal.plan.as_json import plan_json
from bot.terminal.plan.printed import print_plan
from bot.terminal.printing import NOT_POSSIBLE, print_error, terminal_console
from bot.words.refusals.sentences import fact_words
from bot.words.requests.notes import refusal_words
from workflows.app.requests.files.parsed_request import PlanImpossible
from workflows.app.requests.files.plan_from_file import PlannedRequest, plan_request
from workflows.catalog.catalog import Catalog, CatalogProblems, load_catalog
from workflows.catalog.request_files import RequestFile, RequestFileProblems, load_request_file
from workflows.intervals import Pauses
from workflows.ports.records import StoreUnusable
from workflows.ports.tenant import TenantRefused, TenantUnavailable

_ERROR_TITLE = "No plan can be made:"


def show_plan(path: Path, *, as_json: bool, pauses: Pauses) -> int:
    """Print the plan of the request in a file.

    :returns: the exit status: 0 for a plan or nothing to change, 1 when no plan can be made. It is 2 for wrong
        settings, or a file that is no request.
    """
    configure_terminal_logs(Redactor())
    try:
        settings, catalog, file = _load_inputs(path)
        planned = asyncio.run(_make_plan(settings, catalog, file, pauses))
    except SettingsProblems as error:
        print_problems(error)
        return WRONG_SETTINGS
    except RequestFileProblems as error:
        print_error("The file is no request:", *error.problems)
        return WRONG_SETTINGS
    except PlanImpossible as error:
        print_error(_ERROR_TITLE, *(f"{key}: {fact_words(problem)}" for key, problem in error.problems.items()))
        return NOT_POSSIBLE
    except StoreUnusable as error:
        print_error(_ERROR_TITLE, f"{error}; set DATABASE_URL to the bot's own file")
        return NOT_POSSIBLE
    except (TenantUnavailable, TenantRefused) as error:
        print_error(_ERROR_TITLE, refusal_words(error))
        return NOT_POSSIBLE
    if as_json:
        sys.stdout.write(plan_json(planned) + "\n")
    else:
        print_plan(planned, terminal_console())
    return 0


def _load_inputs(path: Path) -> tuple[TenantSettings, Catalog, RequestFile]:
    settings = load_tenant_settings()
    try:
        catalog = load_catalog(settings.gatehouse_templates)
    except CatalogProblems as error:
        raise SettingsProblems(error.problems) from error
    return settings, catalog, load_request_file(path)


async def _make_plan(settings: TenantSettings, catalog: Catalog, file: RequestFile, pauses: Pauses) -> PlannedRequest:
    tenant = open_tenant(settings, pauses)
    try:
        return await plan_request(
            file,
            tenant=tenant,
            records=await read_stored_records(settings),
            catalog=catalog,
            clock=open_clock(settings),
        )
    finally:
        await tenant.close()

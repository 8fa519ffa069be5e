"""`gatehouse posture`: read the tenant and the records, print a table or JSON; needs no Slack and writes nothing."""

import asyncio
import sys

from rich.console import Console
from rich.progress import Progress

from bot.process.logs.logs import configure_terminal_logs
from bot.process.logs.redactor import Redactor
from bot.process.opening.readers import open_clock, open_tenant, read_stored_records
from bot.process.run import WRONG_SETTINGS, print_problems
from bot.process.settings import SettingsProblems, TenantSettings, load_tenant_settings
from bot.terminal.posture_json import posture_json
from bot.terminal.posture_table import print_posture
from bot.terminal.printing import NOT_POSSIBLE, print_error, terminal_console
from bot.words.requests.notes import refusal_words
from workflows.app.reads.posture import read_posture
from workflows.core.posture.model import Posture
from workflows.intervals import Pauses
from workflows.ports.records import StoreUnusable
from workflows.ports.tenant import TenantRefused, TenantUnavailable


def show_posture(*, as_json: bool, looks_up_names: bool, pauses: Pauses) -> int:
    """Print the posture. Returns the exit status: 0 read, 1 not read, 2 wrong settings."""
    configure_terminal_logs(Redactor())
    try:
        settings = load_tenant_settings()
        asyncio.run(_show(settings, as_json=as_json, looks_up_names=looks_up_names, pauses=pauses))
    except SettingsProblems as error:
        print_problems(error)
        return WRONG_SETTINGS
    except StoreUnusable as error:
        print_error("The posture could not be read:", f"{error}; set DATABASE_URL to the bot's own file")
        return NOT_POSSIBLE
    except (TenantUnavailable, TenantRefused) as error:
        print_error("The posture could not be read:", refusal_words(error))
        return NOT_POSSIBLE
    return 0


async def _show(settings: TenantSettings, *, as_json: bool, looks_up_names: bool, pauses: Pauses) -> None:
    # NB. returns nothing: Python 3.11 writes down what `asyncio.run` returned, thousands of partners, and forgets it.
    posture = await _read_tenant_posture(settings, looks_up_names=looks_up_names, pauses=pauses)
    if as_json:
        sys.stdout.writelines(posture_json(posture))
    else:
        print_posture(posture, terminal_console())


async def _read_tenant_posture(settings: TenantSettings, *, looks_up_names: bool, pauses: Pauses) -> Posture:
    tenant = open_tenant(settings, pauses)
    try:
        console = Console(stderr=True)
        with Progress(
            console=console, transient=True, disable=not (looks_up_names and console.is_terminal)
        ) as progress:
            task = progress.add_task("Looking tenants up", total=None, visible=False)
            return await read_posture(
                tenant=tenant,
                records=lambda: read_stored_records(settings, only_compared=True),
                clock=open_clock(settings),
                looks_up_names=looks_up_names,
                progress=lambda done, total: progress.update(task, completed=done, total=total, visible=True),
            )
    finally:
        await tenant.close()

"""`gatehouse posture`: read the tenant and the records, print a table or JSON; needs no Slack and writes nothing."""

import asyncio
import sys
from collections.abc import Mapping
from typing import Final

from rich.console import Console
from rich.progress import Progress

from bot.process.logs.logs import configure_terminal_logs
from bot.process.logs.redactor import Redactor
from bot.process.opening.readers import open_clock, open_tenant, read_stored_records
from bot.process.run import WRONG_SETTINGS, print_problems
from bot.process.settings import SettingsProblems, TenantSettings, load_tenant_settings
from bot.terminal.posture.guest_policy import read_guest_policy
from bot.terminal.posture.posture_json import posture_json
from bot.terminal.posture.posture_table import print_posture
from bot.terminal.printing import NOT_POSSIBLE, print_error, safe_text, terminal_console
from bot.words.refusals.freeze import freeze_words
from bot.words.requests.notes import refusal_words
from workflows.app.reads.known_freeze import UNREADABLE
from workflows.app.reads.posture import read_posture
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.posture.model import ConcernSeverity, Posture
from workflows.core.settings.canonical import JsonObject
from workflows.intervals import Pauses
from workflows.ports.records import StoreUnusable
from workflows.ports.tenant import TenantRefused, TenantUnavailable

FAIL_ON: Final[Mapping[str, ConcernSeverity]] = {"alert": ConcernSeverity.ALERT, "warning": ConcernSeverity.WARNING}
"""The values of --fail-on, with the least severity that counts."""
FOUND: Final = 3
"""The exit status when there is a concern that --fail-on names."""
NOT_CHECKED: Final = 4
"""The exit status when there is none, and something that could be one was not checked."""


def show_posture(*, as_json: bool, looks_up_names: bool, pauses: Pauses, fail_on: str | None = None) -> int:
    """Print the posture.

    :param fail_on: a key of `FAIL_ON`; None: concerns do not change the exit status.
    :returns: the exit status: 0 read, 1 not read, 2 wrong settings; with `fail_on` also `FOUND` and `NOT_CHECKED`.
    """
    configure_terminal_logs(Redactor())
    try:
        settings = load_tenant_settings()
        work = _show(settings, as_json=as_json, looks_up_names=looks_up_names, fail_on=fail_on, pauses=pauses)
        return asyncio.run(work)
    except SettingsProblems as error:
        print_problems(error)
        return WRONG_SETTINGS
    except StoreUnusable as error:
        print_error("The posture could not be read:", f"{error}; set DATABASE_URL to the bot's own file")
        return NOT_POSSIBLE
    except (TenantUnavailable, TenantRefused) as error:
        print_error("The posture could not be read:", refusal_words(error))
        return NOT_POSSIBLE


async def _show(
    settings: TenantSettings, *, as_json: bool, looks_up_names: bool, fail_on: str | None, pauses: Pauses
) -> int:
    # NB. returns only a number: Python 3.11 writes down what `asyncio.run` returned, thousands of partners, and
    # forgets it.
    posture, guests = await _read_tenant_posture(settings, looks_up_names=looks_up_names, pauses=pauses)
    freeze = await asyncio.to_thread(_read_freeze, settings)
    if as_json:
        sys.stdout.writelines(posture_json(posture, freeze, guests))
    else:
        console = terminal_console()
        print_posture(posture, console, guests)
        if freeze is not None and freeze.is_frozen:
            console.print(safe_text(freeze_words(freeze), style="bold"))
    return 0 if fail_on is None else _status(posture, FAIL_ON[fail_on])


def _read_freeze(settings: TenantSettings) -> Freeze | None:
    """Return the newest freeze; `UNREADABLE` when it cannot be read, None when there are no records."""
    try:
        return settings.records.read_freeze() if settings.records.exists() else None
    except OSError:
        return UNREADABLE


def _status(posture: Posture, least: ConcernSeverity) -> int:
    """Return the exit status. What could not be checked is never the same as nothing found."""
    if any(concern.severity >= least for concern in posture.concerns):
        return FOUND
    is_checked = posture.records_are_read and not posture.count(ConcernSeverity.UNCHECKED)
    return 0 if is_checked else NOT_CHECKED


async def _read_tenant_posture(
    settings: TenantSettings, *, looks_up_names: bool, pauses: Pauses
) -> tuple[Posture, JsonObject | None]:
    """Return the posture, and the authorization policy, which is None when it cannot be read."""
    tenant = open_tenant(settings, pauses)
    try:
        console = Console(stderr=True)
        with Progress(
            console=console, transient=True, disable=not (looks_up_names and console.is_terminal)
        ) as progress:
            task = progress.add_task("Looking tenants up", total=None, visible=False)
            posture = await read_posture(
                tenant=tenant,
                records=lambda: read_stored_records(settings, only_compared=True),
                clock=open_clock(settings),
                looks_up_names=looks_up_names,
                progress=lambda done, total: progress.update(task, completed=done, total=total, visible=True),
            )
        return posture, await read_guest_policy(tenant.tenant_settings)
    finally:
        await tenant.close()

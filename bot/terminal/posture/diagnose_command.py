"""`gatehouse diagnose`: say why somebody cannot get in, in steps; needs no Slack and writes nothing."""

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.padding import Padding

from bot.process.logs.logs import configure_terminal_logs
from bot.process.logs.redactor import Redactor
from bot.process.opening.readers import open_clock, open_tenant, read_stored_records
from bot.process.run import WRONG_SETTINGS, print_problems
from bot.process.settings import SettingsProblems, TenantSettings, load_tenant_settings
from bot.terminal.printing import NOT_POSSIBLE, print_error, safe_text, terminal_console
from bot.words.findings.diagnosis.steps import as_json, first_cause, step_rows
from bot.words.requests.notes import refusal_words
from workflows.app.evidence.diagnosis.gathering import Diagnoser
from workflows.app.evidence.diagnosis.subject import parse_subject
from workflows.core.errors.raised import InvalidField
from workflows.core.partners.partnership import Partnership
from workflows.core.posture.diagnosis.steps import Diagnosis, StepResult
from workflows.intervals import Pauses
from workflows.ports.records import StoreUnusable

FOUND: Final = 3
"""The exit status when a cause was found."""
NOT_CHECKED: Final = 4
"""The exit status when none was found, and a step is not known or not readable."""
_STYLES: Final = {
    StepResult.PASSES: "green",
    StepResult.STOPS: "bold red",
    StepResult.NOT_KNOWN: "magenta",
    StepResult.NOT_READABLE: "magenta",
}


def show_diagnosis(subject: str, application: str, *, prints_json: bool, pauses: Pauses) -> int:
    """Print a diagnosis.

    :returns: the exit status: 0 every step passes, 1 no diagnosis, 2 wrong settings, `FOUND`, or `NOT_CHECKED`.
    """
    configure_terminal_logs(Redactor())
    try:
        diagnosis = asyncio.run(_diagnose(load_tenant_settings(), subject, application, pauses))
    except SettingsProblems as error:
        print_problems(error)
        return WRONG_SETTINGS
    except StoreUnusable as error:
        print_error("No diagnosis was made:", f"{error}; set DATABASE_URL to the bot's own file")
        return NOT_POSSIBLE
    except InvalidField as error:
        print_error("No diagnosis was made:", refusal_words(error))
        return NOT_POSSIBLE
    if prints_json:
        sys.stdout.write(json.dumps(as_json(diagnosis), indent=1) + "\n")
    else:
        print_diagnosis(diagnosis, terminal_console())
    return FOUND if diagnosis.first is not None else NOT_CHECKED if diagnosis.open_steps else 0


async def _diagnose(settings: TenantSettings, subject: str, application: str, pauses: Pauses) -> Diagnosis:
    parsed = parse_subject(subject)
    records = await read_stored_records(settings)

    async def find_records(name: str) -> Sequence[Partnership]:
        known = () if records is None else records.partnerships.values()
        return [one for one in known if name in _names(one)]

    tenant = open_tenant(settings, pauses)
    try:
        diagnoser = Diagnoser(tenant=tenant, find_records=find_records, clock=open_clock(settings))
        return await diagnoser.diagnose(parsed, application.strip())
    finally:
        await tenant.close()


def _names(partnership: Partnership) -> tuple[str, str, str]:
    identity = partnership.identity
    return identity.tenant_id, identity.default_domain.lower(), identity.typed_name.lower()


def print_diagnosis(diagnosis: Diagnosis, console: Console) -> None:
    """Print a diagnosis: the first cause, then every step."""
    application = f", application {diagnosis.application}" if diagnosis.application else ""
    console.print(safe_text(f"Why can't they get in? {diagnosis.subject}{application}", style="bold"))
    console.print()
    first = first_cause(diagnosis)
    console.print(safe_text(first.text, style="bold red" if first.who else "bold"))
    if first.who:
        console.print(safe_text(f"Can change it: {first.who}."))
        console.print(safe_text(f"How: {first.how}"))
    for row in step_rows(diagnosis):
        console.print()
        console.print(safe_text(f"{row.number} {row.title}: {row.result_words}", style=_STYLES[row.result]))
        console.print(Padding(safe_text(row.text), (0, 0, 0, 2)))
        console.print(Padding(safe_text(row.read, style="dim"), (0, 0, 0, 2)))

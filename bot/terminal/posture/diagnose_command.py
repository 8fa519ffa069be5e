"""`gatehouse diagnose`: say why somebody cannot get in, in steps; needs no Slack and changes nothing in the tenant.

Each question is recorded before anything is read, and counts as a lookup of the operating system's user. What cannot be
recorded is not answered.
"""

import asyncio
import json
import sys
from typing import Final

from rich.console import Console
from rich.padding import Padding

from bot.process.logs.logs import configure_terminal_logs
from bot.process.logs.redactor import Redactor
from bot.process.opening.readers import open_clock, open_tenant
from bot.process.run import WRONG_SETTINGS, print_problems
from bot.process.settings import SettingsProblems, TenantSettings, load_tenant_settings
from bot.terminal.evidence.taking import EvidenceRequester, open_beside_bot
from bot.terminal.printing import NOT_POSSIBLE, print_error, safe_text, terminal_console
from bot.words.findings.diagnosis.steps import as_json, first_cause, read_words, step_rows
from bot.words.requests.notes import refusal_words
from bot.words.requests.states import open_request_sentence
from workflows.app.alarms import Alarms
from workflows.app.evidence.diagnosis.gathering import Diagnoser
from workflows.app.evidence.diagnosis.subject import parse_subject
from workflows.app.limits import LimitedAction, Limits
from workflows.app.reads.look_up_permission import LookupPermission
from workflows.app.service import Service
from workflows.catalog.catalog import CatalogProblems, load_catalog
from workflows.core.errors.raised import DomainError
from workflows.core.people import ChatId
from workflows.core.policy.template import Template
from workflows.core.posture.diagnosis.steps import Diagnosis, StepResult
from workflows.intervals import Pauses
from workflows.ports.clock import Clock
from workflows.ports.store import Store

_COMMAND: Final = "gatehouse diagnose"
_REFUSED: Final = "No diagnosis was made:"
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
        settings = load_tenant_settings()
        if not settings.records.exists():
            print_error(_REFUSED, "there are no records in which the question is noted; set DATABASE_URL")
            return NOT_POSSIBLE
        diagnosis = asyncio.run(_diagnose(settings, subject, application, pauses))
    except SettingsProblems as error:
        print_problems(error)
        return WRONG_SETTINGS
    except (OSError, DomainError) as error:
        print_error(_REFUSED, refusal_words(error) if isinstance(error, DomainError) else str(error))
        return NOT_POSSIBLE
    if prints_json:
        sys.stdout.write(json.dumps(as_json(diagnosis), indent=1) + "\n")
    else:
        print_diagnosis(diagnosis, terminal_console())
    return FOUND if diagnosis.first is not None else NOT_CHECKED if diagnosis.open_steps else 0


async def _diagnose(settings: TenantSettings, subject: str, application: str, pauses: Pauses) -> Diagnosis:
    clock, asking = open_clock(settings), EvidenceRequester.now()
    async with open_beside_bot(settings.records, clock) as store:
        lookups = _lookups(store, clock, settings.gatehouse_max_lookups_per_hour)
        asked = f"{subject} {application}".strip()
        await lookups.require(ChatId(asking.user), asked, key=asking.key, command_name=_COMMAND)
        parsed = parse_subject(subject)
        tenant = await asyncio.to_thread(open_tenant, settings, pauses)
        try:
            templates = await asyncio.to_thread(_templates, settings)
            diagnoser = Diagnoser(
                tenant=tenant,
                records=store,
                clock=clock,
                templates=templates,
                enables_accounts=settings.guests_azure_client_id is not None,
            )
            return await diagnoser.diagnose(parsed, application.strip())
        finally:
            await tenant.close()


def _templates(settings: TenantSettings) -> tuple[Template, ...]:
    """Return the templates; none while they are wrong: a diagnosis needs them only to name one that helps."""
    try:
        return tuple(load_catalog(settings.gatehouse_templates).templates.values())
    except CatalogProblems:
        return ()


def _lookups(store: Store, clock: Clock, maximum: int) -> LookupPermission:
    alarms = Alarms(store=store, clock=clock, wake=_wake_nobody)
    limits = Limits(store=store, alarms=alarms, clock=clock, maximums={LimitedAction.LOOK_UPS: maximum})
    service = Service(store=store, clock=clock, wake=_wake_nobody)
    return LookupPermission(members=_CommandLine(), service=service, limits=limits)


class _CommandLine:
    """Whoever can run the command here has the credentials of the tenant, and may ask."""

    async def require_member(self, chat_id: ChatId) -> None:
        """Accept the operating system's user."""


def _wake_nobody() -> None:
    """Do nothing: the bot checks by itself."""


def print_diagnosis(diagnosis: Diagnosis, console: Console) -> None:
    """Print a diagnosis: the first cause, then every step."""
    application = f", application {diagnosis.application}" if diagnosis.application else ""
    typed = f" (you wrote “{diagnosis.typed_application}”)" if diagnosis.typed_application else ""
    console.print(safe_text(f"Why can't they get in? {diagnosis.subject}{application}{typed}", style="bold"))
    console.print()
    first = first_cause(diagnosis)
    if first.meant:
        console.print(safe_text(first.meant, style="bold"))
    console.print(safe_text(first.text, style="bold red" if first.who else "bold"))
    if first.who:
        console.print(safe_text(f"Can change it: {first.who}."))
        console.print(safe_text(f"How: {first.how}"))
    if first.then:
        console.print(safe_text(f"Then: {first.then}"))
    if first.next:
        console.print(safe_text(f"Next: {first.next}"))
    for request in diagnosis.waiting:
        console.print(safe_text(open_request_sentence(request)))
    for row in step_rows(diagnosis):
        console.print()
        console.print(safe_text(f"{row.number} {row.title}: {row.result_words}", style=_STYLES[row.result]))
        for text, style in ((row.text, ""), (row.read, "dim")):
            if text:
                console.print(Padding(safe_text(text, style=style), (0, 0, 0, 2)))
    if read := read_words(diagnosis):
        console.print()
        console.print(safe_text(read, style="dim"))

"""`gatehouse sweep`: compare every partner and the default with what was approved, now.

What is found is stored as by the bot's own sweep. While a bot runs, it sends the alarms; otherwise they are sent when
it starts. The audit log names the operating system's user.
"""

import asyncio
import getpass
import json
import secrets
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from bot.process.logs.logs import configure_terminal_logs
from bot.process.logs.redactor import Redactor
from bot.process.opening.readers import open_clock, open_tenant
from bot.process.run import WRONG_SETTINGS, print_problems
from bot.process.settings import SettingsProblems, TenantSettings, load_tenant_settings
from bot.terminal.printing import NOT_POSSIBLE, print_error, safe_text, terminal_console
from bot.terminal.stopped_work_command import open_records
from bot.words.posture.drift import acceptance_words, author_words, difference_words
from bot.words.requests.notes import refusal_words
from bot.words.sentences import counted, minute
from workflows.app.alarms import Alarms
from workflows.app.storing.new_audit_entry import entry_of
from workflows.app.watch.sweep import Sweeper, SweepResult
from workflows.app.watch.telling import DriftRecords, alarm_values
from workflows.core.errors.facts import as_values
from workflows.core.errors.raised import DomainError, FactsError
from workflows.core.posture.watch.acceptance import accepted_until, is_accepted
from workflows.core.posture.watch.drift import DEFAULT, Drift
from workflows.intervals import Pauses
from workflows.ports.records import Commit

DRIFT_FOUND: Final = 3
"""The exit status when something is not as approved, and not accepted."""
INCOMPLETE: Final = 4
"""The exit status when nothing was found, and not everything could be compared."""
_INDENT: Final = 2


def sweep_now(*, as_json: bool, pauses: Pauses) -> int:
    """Sweep once and print what differs. Returns the exit status: 0, 1 (not possible), 2 (settings), 3 or 4."""
    configure_terminal_logs(Redactor())
    try:
        settings = load_tenant_settings()
        if not settings.records.exists():
            print_error("The tenant was not swept:", "there are no records to compare with; set DATABASE_URL")
            return NOT_POSSIBLE
        return asyncio.run(_sweep(settings, as_json=as_json, pauses=pauses))
    except SettingsProblems as error:
        print_problems(error)
        return WRONG_SETTINGS
    except (OSError, DomainError) as error:
        print_error("The tenant was not swept:", refusal_words(error) if isinstance(error, DomainError) else str(error))
        return NOT_POSSIBLE


async def _sweep(settings: TenantSettings, *, as_json: bool, pauses: Pauses) -> int:
    clock = open_clock(settings)
    store, _ = await open_records(settings.records, clock)
    tenant = await asyncio.to_thread(open_tenant, settings, pauses)
    try:
        user = f"os:{getpass.getuser()}"
        drifts = DriftRecords(store=store, clock=clock, wake=_wake_nobody, actor=user)
        alarms = Alarms(store=store, clock=clock, wake=_wake_nobody)
        result = await Sweeper(tenant=tenant, alarms=alarms, drifts=drifts).sweep()
        entry = entry_of(f"command_line:{secrets.token_hex(8)}", clock.now(), user, "sweep", _result_values(result))
        await store.commit(Commit(entry=entry))
        open_drifts = await store.open_drifts()
        waiting = [drift for drift in open_drifts if not is_accepted(drift, clock.now())]
    finally:
        await tenant.close()
        await store.close()
    if as_json:
        sys.stdout.write(json.dumps(_as_json(result, open_drifts), indent=1, sort_keys=True) + "\n")
    else:
        print_sweep(result, open_drifts, terminal_console(), clock.now())
    if waiting:
        return DRIFT_FOUND
    return 0 if result.is_complete and not result.not_compared else INCOMPLETE


def _result_values(result: SweepResult) -> dict[str, Any]:
    return {
        "is_complete": result.is_complete,
        "partners": result.partners,
        "not_compared": result.not_compared,
        "drifts": result.drifts,
        "told": result.told,
        "reason": as_values(result.reasons),
    }


def _as_json(result: SweepResult, open_drifts: Sequence[Drift]) -> dict[str, Any]:
    drifts = [
        {
            **alarm_values(drift),
            "subject": drift.subject,
            "found_at": drift.found_at.isoformat(),
            "accepted_until": None if (until := accepted_until(drift)) is None else until.isoformat(),
        }
        for drift in open_drifts
    ]
    return {
        "format": "gatehouse/sweep/1",
        "began_at": result.began_at.isoformat(),
        **_result_values(result),
        "found": drifts,
    }


def print_sweep(result: SweepResult, open_drifts: Sequence[Drift], console: Console, now: datetime) -> None:
    """Print what differs, what waits for an answer and may give more access first; then how much was read."""
    for drift in sorted(open_drifts, key=lambda each: (is_accepted(each, now), not each.found.opens, each.partner)):
        values = alarm_values(drift)
        name = "The tenant's default" if drift.subject == DEFAULT else drift.partner
        accepted = accepted_until(drift)
        lines = [
            f"Found {minute(drift.found_at)}. {author_words(values['author'])}",
            acceptance_words(values) if accepted is None else f"Accepted until {minute(accepted)}.",
        ]
        title = Text.assemble(safe_text(name, style="bold"), ": ", safe_text(difference_words(values)))
        _print_hanging(console, title, *(safe_text(line) for line in lines if line))
    if not result.is_complete:
        why = refusal_words(FactsError(result.reasons))
        incomplete = safe_text("INCOMPLETE", style="bold red")
        said = safe_text(f"not everything could be read, so nothing is concluded about the rest. {why}")
        _print_hanging(console, Text.assemble(incomplete, ": ", said))
    left = (
        f" {counted(result.not_compared, 'partner was', 'partners were')} not compared." if result.not_compared else ""
    )
    console.print(safe_text(f"Read {counted(result.partners, 'partner')}. {_difference(result, open_drifts)}{left}"))


def _print_hanging(console: Console, title: Text, *lines: Text) -> None:
    """Print an entry with an empty line after it. Only its first line is not indented."""
    first, *rest = title.wrap(console, console.width - _INDENT) or [title]
    first.rstrip()
    console.print(first)
    for line in rest:
        console.print(Padding(line, (0, 0, 0, _INDENT)))
    for line in lines:
        console.print(Padding(line, (0, 0, 0, _INDENT)))
    console.print()


def _difference(result: SweepResult, open_drifts: Sequence[Drift]) -> str:
    """Return how much differs. Only a complete sweep says that nothing does."""
    if open_drifts:
        return f"{counted(len(open_drifts), 'entry is', 'entries are')} different from what was approved."
    is_whole = result.is_complete and not result.not_compared
    return "Nothing is different from what was approved." if is_whole else "No difference was found in what was read."


def _wake_nobody() -> None:
    """Do nothing: the bot checks by itself."""

"""`gatehouse adopt --all`: draft one decision about every partner that is not adopted yet.

The tenant is only read, and nothing is asked for: the command line has no person. A member confirms the draft in Slack.
The audit log names the operating system's user.
"""

import asyncio
import getpass
import json
import sys
from collections.abc import Sequence
from typing import Any, Final

from rich.console import Console

from bot.process.logs.logs import configure_terminal_logs
from bot.process.logs.redactor import Redactor
from bot.process.opening.readers import open_clock, open_tenant
from bot.process.run import WRONG_SETTINGS, print_problems
from bot.process.settings import SettingsProblems, TenantSettings, load_tenant_settings
from bot.terminal.printing import NOT_POSSIBLE, print_error, terminal_console
from bot.terminal.stopped_work_command import open_records
from bot.words.batches.rows import risk_words, row_reason_words, template_words
from bot.words.requests.notes import refusal_words
from bot.words.sentences import counted, minute
from workflows.app.batches.batch_service import BatchService
from workflows.app.batches.drafting import BatchDrafting, Drafted, PartnerChoice, chosen_tenants
from workflows.catalog.catalog import load_catalog
from workflows.core.batches.batch import BatchRow, RowState
from workflows.core.errors.facts import as_values
from workflows.core.errors.raised import DomainError
from workflows.intervals import Pauses

_TITLES: Final = {
    RowState.WAITING: "In one decision",
    RowState.ALONE: "Alone, each with its own approval",
    RowState.NOT_ASKED: "Cannot be adopted",
}


def draft_adoptions(only: Sequence[str], without: Sequence[str], *, as_json: bool, pauses: Pauses) -> int:
    """Draft a batch and print it. Returns the exit status: 0, 1 (not possible) or 2 (settings)."""
    configure_terminal_logs(Redactor())
    try:
        settings = load_tenant_settings()
        found = asyncio.run(_draft(settings, only, without, pauses))
    except SettingsProblems as error:
        print_problems(error)
        return WRONG_SETTINGS
    except (OSError, DomainError) as error:
        print_error("No draft was stored:", refusal_words(error) if isinstance(error, DomainError) else str(error))
        return NOT_POSSIBLE
    if as_json:
        sys.stdout.write(json.dumps(_as_json(found), indent=1, sort_keys=True) + "\n")
    else:
        _print(found, terminal_console())
    return 0


async def _draft(settings: TenantSettings, only: Sequence[str], without: Sequence[str], pauses: Pauses) -> Drafted:
    clock = open_clock(settings)
    catalog = await asyncio.to_thread(load_catalog, settings.gatehouse_templates)
    store, _ = await open_records(settings.records, clock)
    tenant = await asyncio.to_thread(open_tenant, settings, pauses)
    try:
        choice = PartnerChoice(
            only=await chosen_tenants(only, tenant=tenant), without=await chosen_tenants(without, tenant=tenant)
        )
        batches = BatchService(store=store, clock=clock, wake=_wake_nobody)
        drafting = BatchDrafting(batches=batches, tenant=tenant, catalog=catalog)
        return await drafting.draft(choice, drafted_by=f"os:{getpass.getuser()}")
    finally:
        await tenant.close()
        await store.close()


def _as_json(found: Drafted) -> dict[str, Any]:
    batch = found.batch
    return {
        "format": "gatehouse/adopt/1",
        "batch": None if batch is None else batch.id,
        "expires_at": None if batch is None else batch.expires_at.isoformat(),
        "recorded": found.recorded,
        "partners": [_row_as_json(row) for row in found.rows],
    }


def _row_as_json(row: BatchRow) -> dict[str, Any]:
    return {
        "tenant_id": row.tenant_id,
        "domain": row.name,
        "state": row.state.value,
        "template": row.template,
        "risk": None if row.risk is None else row.risk.word,
        "open": list(row.openings),
        "authors": [{"id": one.id, "name": one.name} for one in row.authors],
        "is_author_known": row.is_author_known,
        "reason": as_values(row.reason),
    }


def _print(found: Drafted, console: Console) -> None:
    for state, title in _TITLES.items():
        rows = [row for row in found.rows if row.state is state]
        if rows:
            console.print(f"{title}: {counted(len(rows), 'partner')}", markup=False)
            for row in rows:
                console.print(f"  {_row_words(row)}", markup=False)
    if found.recorded:
        console.print(f"{counted(found.recorded, 'partner has', 'partners have')} a record already.", markup=False)
    authors = sorted({author.name for row in found.rows if row.was_member for author in row.authors})
    if authors:
        console.print(f"Cannot decide, because Entra's log names them as authors: {', '.join(authors)}", markup=False)
    if found.batch is None:
        console.print("Nothing can be adopted, so no draft was stored.", markup=False)
        return
    console.print(
        f"Nothing is asked for yet. A member confirms the draft in Slack until {minute(found.batch.expires_at)}:",
        markup=False,
    )
    console.print(f"/partner adopt {found.batch.id}", markup=False)


def _row_words(row: BatchRow) -> str:
    if row.state is RowState.NOT_ASKED:
        return f"{row.name}: {row_reason_words(row)}"
    known = "" if row.is_author_known else "; author not known"
    reason = f"; {row_reason_words(row)}" if row.reason else ""
    return f"{row.name}: {template_words(row.template_title)}; {risk_words(row.risk)}{known}{reason}"


def _wake_nobody() -> None:
    """Do nothing: the bot looks for due work by itself."""

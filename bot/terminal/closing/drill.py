"""`--drill`: everything that closing a partner takes, but the writes, with the time that each step took."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

from rich.console import Console
from rich.table import Table

from bot.terminal.closing.exit_status import CLOSED, NOT_DONE
from bot.terminal.closing.preview import Preview, read_preview
from bot.terminal.evidence.taking import EvidenceRequester
from bot.terminal.printing import safe_text, terminal_console
from bot.terminal.stopped_work_command import open_records
from bot.words.requests.notes import refusal_words
from bot.words.sentences import counted
from workflows.app.schedule.downtime import LAST_TICK
from workflows.app.storing.new_audit_entry import entry_of
from workflows.core.errors.raised import DomainError
from workflows.core.plans.plan import count_written
from workflows.core.requests.request import Closing
from workflows.entra import Entra
from workflows.intervals import BOT_SILENT_AFTER
from workflows.ports.clock import Clock
from workflows.ports.records import Commit
from workflows.store.location import OpenStore, RecordsLocation

_WRITE_PERMISSION: Final = "Policy.ReadWrite.CrossTenantAccess"
_STEP_SECONDS: Final = 30.0
"""Seconds that one step may take."""
_MS: Final = 1000

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a drill."""

    title: str
    result: str
    seconds: float
    is_done: bool


class _StepFailed(Exception):
    """A step did not work; its text says why."""


@dataclass(slots=True, kw_only=True)
class _Drill:
    """Runs steps one after the other, and keeps how each of them ended. One that fails does not stop the others."""

    steps: list[Step] = field(default_factory=list)

    async def step(
        self, title: str, work: Callable[[], Awaitable[Result]], words: Callable[[Result], str]
    ) -> Result | None:
        """Run one step; return its result, or None when it failed."""
        began = time.perf_counter()
        result: Result | None = None
        try:
            async with asyncio.timeout(_STEP_SECONDS):
                result = await work()
            said, is_done = words(result), True
        except TimeoutError:
            said, is_done = f"no answer in {_STEP_SECONDS:.0f} seconds", False
        except _StepFailed as error:
            said, is_done = str(error), False
        except (DomainError, OSError) as error:
            said, is_done = refusal_words(error) if isinstance(error, DomainError) else str(error), False
        self.steps.append(Step(title=title, result=said, seconds=time.perf_counter() - began, is_done=is_done))
        return result if is_done else None


async def run_drill(typed: str, closing: Closing, *, records: RecordsLocation, tenant: Entra, clock: Clock) -> int:
    """Rehearse closing a partner, print a table, and record the drill in the audit log. Returns the exit status.

    :raises StoreUnusable: when the records cannot be opened.
    """
    drill = _Drill()
    opened: list[tuple[OpenStore, bool]] = []

    async def open_store() -> bool:
        opened.append(await open_records(records, clock))
        return opened[0][1]

    await drill.step("Open the records", open_store, lambda alone: "alone" if alone else "beside the running bot")
    if not opened:
        print_drill(drill.steps, terminal_console())
        return NOT_DONE
    store, is_alone = opened[0]
    try:
        await drill.step("The bot", lambda: _bot_state(store, clock.now(), is_alone=is_alone), str)
        await drill.step("Sign in to Microsoft Graph", lambda: _permission(tenant), str)
        preview = await drill.step(
            "Find the partner, read it, plan the block",
            lambda: _read(typed, store, tenant, clock),
            _plan_words,
        )
        if preview is not None:
            await drill.step("Read it once more, as after a write", lambda: _read_back(preview, tenant), str)
        await drill.step("Store an audit entry", lambda: _record(store, clock, closing, preview, drill.steps), str)
    finally:
        await store.close()
    console = terminal_console()
    print_drill(drill.steps, console)
    console.print(safe_text("Drill: nothing was written to the tenant, and no request was stored."))
    return CLOSED if all(step.is_done for step in drill.steps) else NOT_DONE


def print_drill(steps: list[Step], console: Console) -> None:
    """Print the steps with their times, and the time of all."""
    table = Table()
    for heading in ("Step", "Result", "Seconds"):
        table.add_column(heading, overflow="fold")
    for step in steps:
        sign, style = ("✓", "green") if step.is_done else ("✗", "red")
        table.add_row(safe_text(step.title), safe_text(f"{sign} {step.result}", style=style), f"{step.seconds:.2f}")
    table.add_row("All", "", f"{sum(step.seconds for step in steps):.2f}")
    console.print(table)


async def _bot_state(store: OpenStore, now: datetime, *, is_alone: bool) -> str:
    if is_alone:
        return "does not run; the command would perform everything itself"
    text = await store.mark(LAST_TICK)
    silent = None if text is None else now - datetime.fromisoformat(text)
    if silent is None or silent > BOT_SILENT_AFTER:
        raise _StepFailed("another process uses the records, and the bot has not looked for work for some time")
    return f"runs, looked for due work {max(0, round(silent.total_seconds()))} seconds ago"


async def _permission(tenant: Entra) -> str:
    await tenant.verify_home(must_be_known=True)
    granted = await tenant.granted_permissions()
    if granted is None:
        return "signed in; the token's permissions cannot be read"
    if _WRITE_PERMISSION not in granted:
        raise _StepFailed(f"the permission {_WRITE_PERMISSION} is missing")
    return f"signed in, with {_WRITE_PERMISSION}"


async def _read(typed: str, store: OpenStore, tenant: Entra, clock: Clock) -> Preview:
    preview = await read_preview(typed, store=store, tenant=tenant, clock=clock)
    if preview.plan is None:
        raise _StepFailed(preview.problem)
    return preview


def _plan_words(preview: Preview) -> str:
    plan = preview.plan
    writes = 0 if plan is None else len(plan.operations)
    stops = f"; stops {counted(len(preview.stops), 'request')}" if preview.stops else ""
    return f"{preview.identity.name}: {counted(writes, 'write')}{stops}"


async def _read_back(preview: Preview, tenant: Entra) -> str:
    plan = preview.plan
    if plan is None:
        raise _StepFailed("there is no plan")
    done = count_written(plan, await tenant.read_partner(plan.tenant_id))
    if done is None:
        raise _StepFailed("the partner changed since; the real command plans again")
    return f"shows {done} of {counted(len(plan.operations), 'write')}"


async def _record(store: OpenStore, clock: Clock, closing: Closing, preview: Preview | None, steps: list[Step]) -> str:
    requester = EvidenceRequester.now()
    details: dict[str, Any] = {
        "closing": closing.value,
        "steps": [
            {"step": step.title, "milliseconds": round(step.seconds * _MS), "is_done": step.is_done} for step in steps
        ],
    }
    tenant_id = None if preview is None else preview.identity.tenant_id
    entry = entry_of(requester.key, clock.now(), requester.user, "drill", details, tenant_id=tenant_id)
    await store.commit(Commit(entry=entry))
    return "stored"

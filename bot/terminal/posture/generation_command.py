"""`gatehouse generation`: are these the newest records, what do they lack, and how another place goes on with them.

The command line releases nothing: that needs two people, in Slack.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from bot.process.logs.logs import configure_terminal_logs
from bot.process.logs.redactor import Redactor
from bot.process.opening.readers import open_clock, open_tenant, read_stored_records
from bot.process.run import WRONG_SETTINGS, print_problems
from bot.process.settings import SettingsProblems, TenantSettings, load_tenant_settings
from bot.terminal.evidence.taking import EvidenceRequester
from bot.terminal.printing import NOT_POSSIBLE, print_error, safe_text, terminal_console
from bot.words.posture.held import held_report_lines
from bot.words.refusals.freeze import freeze_words, would_be_held_words
from bot.words.requests.notes import refusal_words
from workflows.app.reads.known_freeze import UNREADABLE, last_freeze
from workflows.app.schedule.freezing.handing_over import HandOverRefused, hand_over, take_over
from workflows.app.schedule.freezing.held_reports import read_held_report, when_records_end
from workflows.app.schedule.freezing.held_start import HeldStart
from workflows.core.errors.raised import DomainError
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.policy.stops.generation import Generation
from workflows.intervals import Pauses
from workflows.ports.store import Store
from workflows.store.location import StoreLocation

_NOT_READ: Final = "The generation could not be read:"
_NOT_MOVED: Final = "Nothing was changed:"


def show_generation(pauses: Pauses) -> int:
    """Print it. Returns the exit status: 0 these are the newest records, 1 not possible or held, 2 wrong settings."""
    return _run(_NOT_READ, lambda settings: _show(settings, pauses))


def hand_over_now() -> int:
    """Have another place go on, and print what it needs. Returns the exit status: 0, 1 not possible, 2 settings."""
    return _run(_NOT_MOVED, _hand_over)


def take_over_now(value: str) -> int:
    """Go on here. Returns the exit status: 0, 1 not possible, 2 wrong settings."""
    try:
        generation = Generation.parse(value.removeprefix("GATEHOUSE_GENERATION="))
    except ValueError as error:
        print_error(_NOT_MOVED, f"--take-over {error}")
        return WRONG_SETTINGS
    return _run(_NOT_MOVED, lambda settings: _take_over(settings, generation))


def _run(title: str, work: Any) -> int:
    configure_terminal_logs(Redactor())
    try:
        settings = load_tenant_settings()
        if not settings.records.exists():
            print_error(title, "there are no records; set DATABASE_URL to the bot's own database")
            return NOT_POSSIBLE
        done: Coroutine[Any, Any, int] = work(settings)
        return asyncio.run(done)
    except SettingsProblems as error:
        print_problems(error)
        return WRONG_SETTINGS
    except HandOverRefused as error:
        print_error(title, str(error))
        return NOT_POSSIBLE
    except (OSError, DomainError) as error:
        print_error(title, refusal_words(error) if isinstance(error, DomainError) else str(error))
        return NOT_POSSIBLE


async def _show(settings: TenantSettings, pauses: Pauses) -> int:
    store = await settings.records.open_shared(open_clock(settings))
    try:
        lines, freeze = await _lines(settings, store), await last_freeze(store)
        is_held = _is_held(freeze)
        if is_held and freeze is not None:
            lines += await _report(settings, store, freeze, pauses)
        hold, _, _ = await _held_start(settings, store).compare()
    finally:
        await store.close()
    console = terminal_console()
    for line in lines:
        console.print(safe_text(line))
    return NOT_POSSIBLE if is_held or (hold is not None and not _is_released(freeze, hold)) else 0


async def _lines(settings: TenantSettings, store: Store) -> list[str]:
    """Return what both places say, and what follows."""
    held, freeze = _held_start(settings, store), await last_freeze(store)
    hold, inside, outside = await held.compare()
    lines = [
        f"In the records: {'nothing yet' if inside is None else inside.public}.",
        f"Outside, in {held.place.name}: {'nothing' if outside is None else outside.generation.public}.",
    ]
    if _is_held(freeze) and freeze is not None:
        return [*lines, freeze_words(freeze)]
    if hold is not None and not _is_released(freeze, hold):
        return [*lines, would_be_held_words(hold.cause)]
    return [*lines, "These are the newest records."]


def _is_held(freeze: Freeze | None) -> bool:
    return freeze is not None and freeze is not UNREADABLE and freeze.is_frozen and freeze.hold is not None


def _is_released(freeze: Freeze | None, hold: Any) -> bool:
    return freeze is not None and freeze.released is not None and freeze.released.is_same_as(hold)


async def _report(settings: TenantSettings, store: Store, freeze: Freeze, pauses: Pauses) -> list[str]:
    tenant = open_tenant(settings, pauses)
    try:
        report = await read_held_report(
            freeze,
            tenant=tenant,
            records=lambda: read_stored_records(settings),
            open_requests=list(await store.open_requests()),
            clock=open_clock(settings),
        )
    finally:
        await tenant.close()
    return held_report_lines({**report.as_values(), **when_records_end(freeze)})


async def _hand_over(settings: TenantSettings) -> int:
    clock = open_clock(settings)
    store = await settings.records.open(clock)
    try:
        requester = EvidenceRequester.now()
        given = await hand_over(_held_start(settings, store), key=requester.key, user=requester.user)
    finally:
        await store.close()
    console = terminal_console()
    console.print(safe_text(f"Handed over: {given.public}"))
    if isinstance(settings.records, StoreLocation):
        first = "Copy the database file to the new place."
    else:
        first = "Set DATABASE_URL at the new place. If the database moves too, copy it there with pg_dump now."
    console.print(
        safe_text(
            f"{first} There, run gatehouse generation --take-over {given.public}, or "
            f"set GATEHOUSE_GENERATION={given.public}. Do not start the bot here any more: it would start held."
        )
    )
    return 0


async def _take_over(settings: TenantSettings, generation: Generation) -> int:
    store = await settings.records.open(open_clock(settings))
    try:
        await take_over(_held_start(settings, store), generation)
    finally:
        await store.close()
    terminal_console().print(safe_text(f"Taken over: {generation.public}. Start the bot here."))
    return 0


def _held_start(settings: TenantSettings, store: Store) -> HeldStart:
    return HeldStart(store=store, clock=open_clock(settings), place=settings.generation_place)


async def check_generation(settings: TenantSettings) -> list[tuple[str, str, str]]:
    """Return subject, state and advice of the check of `gatehouse doctor`; nothing when the bot never ran."""
    subject = "Records: generation"
    if not settings.records.exists():
        return []
    try:
        store = await settings.records.open_shared(open_clock(settings))
        try:
            lines, freeze = await _lines(settings, store), await last_freeze(store)
            hold, _, _ = await _held_start(settings, store).compare()
        finally:
            await store.close()
    except (OSError, DomainError) as error:
        return [(subject, str(error), "Set GATEHOUSE_GENERATION to a folder that can be read")]
    if _is_held(freeze):
        return [(subject, " ".join(lines[:2]), "Run gatehouse generation: it says what the records lack")]
    is_newest = hold is None or _is_released(freeze, hold)
    advice = "" if is_newest else "See “Old records start held” in docs/operations.md, before you start the bot"
    return [(subject, " ".join(lines), advice)]

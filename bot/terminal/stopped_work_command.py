"""`gatehouse doctor --retry` and `--give-up`: decide about work that the bot stopped trying.

While a bot runs, the command is stored, and the bot performs it within seconds. Otherwise it is performed here. In both
cases the audit log names the operating system's user: the command line knows no other person.
"""

import asyncio
import getpass
import secrets

from rich.console import Console

from bot.words.requests.notes import refusal_words
from workflows.app.alarms import Alarms
from workflows.app.schedule.given_up_effects import retry_or_drop_effect
from workflows.app.service import Service
from workflows.core.errors.raised import DomainError
from workflows.core.requests.effects import RetryOrDropEffect
from workflows.ports.clock import Clock
from workflows.ports.records import StoreUnusable
from workflows.ports.store import Store
from workflows.store.location import OpenStore, RecordsLocation


def decide_stopped_work(
    records: RecordsLocation, effect_id: int, *, is_retried: bool, clock: Clock, console: Console
) -> int:
    """Retry stopped work, or give it up. Returns 0 when that is stored, otherwise 1."""
    if not records.exists():
        console.print(
            f"There are no records in {records.name}. Set DATABASE_URL to the bot's own database.", markup=False
        )
        return 1
    try:
        text, status = asyncio.run(_decide(records, effect_id, is_retried=is_retried, clock=clock))
    except (OSError, DomainError) as error:
        why = refusal_words(error) if isinstance(error, DomainError) else error
        text, status = f"The records cannot be used: {why}", 1
    console.print(text, markup=False)
    return status


async def _decide(records: RecordsLocation, effect_id: int, *, is_retried: bool, clock: Clock) -> tuple[str, int]:
    store, is_alone = await open_records(records, clock)
    try:
        if effect_id not in {effect.id for effect in await store.given_up_effects()}:
            return f"No. {effect_id} is no stopped work. Run gatehouse doctor to see the numbers.", 1
        service = Service(store=store, clock=clock, wake=_wake_nobody)
        key, user = f"command_line:{secrets.token_hex(8)}", f"os:{getpass.getuser()}"
        await service.retry_or_drop(effect_id, is_retried=is_retried, key=key, actor=user, account="")
        if is_alone:
            await _perform(store, clock, effect_id)
    finally:
        await store.close()
    sentence = f"No. {effect_id} is {'tried again' if is_retried else 'given up'}"
    return f"{sentence} {'as soon as the bot runs' if is_alone and is_retried else 'now'}.", 0


async def open_records(records: RecordsLocation, clock: Clock) -> tuple[OpenStore, bool]:
    """Open the records, alone or while a bot uses them; the flag is True when alone."""
    try:
        return await records.open_if_free(clock), True
    except StoreUnusable:
        return await records.open_shared(clock), False


async def _perform(store: Store, clock: Clock, effect_id: int) -> None:
    """Perform the decision that was just stored, and nothing else that is due."""
    alarms = Alarms(store=store, clock=clock, wake=_wake_nobody)
    for pending in await store.pending(clock.now(), 1000):
        if isinstance(pending.effect, RetryOrDropEffect) and pending.effect.effect_id == effect_id:
            await retry_or_drop_effect(pending.effect, store=store, alarms=alarms)
            await store.mark_done(pending.id)


def _wake_nobody() -> None:
    """Do nothing: the bot checks by itself."""

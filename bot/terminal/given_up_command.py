"""`gatehouse doctor --retry` and `--give-up`: decide about work that the bot gave up.

While a bot runs, the command is stored, and the bot performs it within seconds. Otherwise it is performed here. In both
cases it is recorded in the audit log under the operating system's user. The command line knows no other person.
"""

import asyncio
import getpass
import secrets
from pathlib import Path

from rich.console import Console

from bot.words.requests.notes import refusal_words
from workflows.app.alarms import Alarms
from workflows.app.schedule.given_up import settle_given_up
from workflows.app.service import Service
from workflows.core.errors.raised import DomainError
from workflows.core.requests.effects import SettleGivenUp
from workflows.ports.clock import Clock
from workflows.ports.records import StoreUnusable
from workflows.store.sqlite.beside_running_bot import open_beside
from workflows.store.sqlite.store import SqliteStore, open_store


def settle(path: Path, effect_id: int, *, is_retried: bool, clock: Clock, console: Console) -> int:
    """Retry a given-up effect, or drop it. Returns 0 when that is stored, otherwise 1."""
    if not path.exists():
        console.print(f"There are no records in {path}. Set DATABASE_URL to the bot's own file.", markup=False)
        return 1
    try:
        said, status = asyncio.run(_settled(path, effect_id, is_retried=is_retried, clock=clock))
    except (OSError, DomainError) as error:
        why = refusal_words(error) if isinstance(error, DomainError) else error
        said, status = f"The records cannot be used: {why}", 1
    console.print(said, markup=False)
    return status


async def _settled(path: Path, effect_id: int, *, is_retried: bool, clock: Clock) -> tuple[str, int]:
    store, is_alone = await _opened(path, clock)
    try:
        if effect_id not in {one.id for one in await store.given_up()}:
            return f"No. {effect_id} is no stopped work. Run gatehouse doctor to see the numbers.", 1
        service = Service(store=store, clock=clock, wake=_nobody)
        key, user = f"command_line:{secrets.token_hex(8)}", f"os:{getpass.getuser()}"
        await service.settle_given_up(effect_id, is_retried=is_retried, key=key, actor=user, account="")
        if is_alone:
            await _perform(store, clock, effect_id)
    finally:
        await store.close()
    done = f"No. {effect_id} is {'tried again' if is_retried else 'given up'}"
    return f"{done} {'as soon as the bot runs' if is_alone and is_retried else 'now'}.", 0


async def _opened(path: Path, clock: Clock) -> tuple[SqliteStore, bool]:
    """Open the records, alone or next to the bot that uses them; the flag says which."""
    try:
        return await open_store(path, clock), True
    except StoreUnusable:
        return await open_beside(path, clock), False


async def _perform(store: SqliteStore, clock: Clock, effect_id: int) -> None:
    """Perform what was just stored, and nothing else that is due."""
    alarms = Alarms(store=store, clock=clock, wake=_nobody)
    for pending in await store.pending(clock.now(), 1000):
        if isinstance(pending.effect, SettleGivenUp) and pending.effect.effect_id == effect_id:
            await settle_given_up(pending.effect, store=store, alarms=alarms)
            await store.done(pending.id)


def _nobody() -> None:
    """Do nothing: the bot checks by itself."""

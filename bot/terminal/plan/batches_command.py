"""`gatehouse batches`: which batches have not ended, and how far one is. With `--follow`, a bar shows the progress.

It only reads the bot's records, and changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bot.process.logs.logs import configure_terminal_logs
from bot.process.logs.redactor import Redactor
from bot.process.opening.readers import open_clock
from bot.process.run import WRONG_SETTINGS, print_problems
from bot.process.settings import SettingsProblems, load_tenant_settings
from bot.terminal.printing import NOT_POSSIBLE, print_error, safe_text, terminal_console
from bot.words.batches.kinds import words_of
from bot.words.batches.rows import state_words, title_words
from bot.words.batches.run import next_words, run_words, since_words
from bot.words.requests.notes import refusal_words
from workflows.app.reads.known_freeze import known_freeze
from workflows.core.batches.batch import Batch, BatchState
from workflows.core.batches.running.facts import RunFacts, run_facts
from workflows.core.errors.raised import DomainError
from workflows.core.requests.request import BatchId
from workflows.intervals import BATCH_FOLLOWED_EVERY
from workflows.ports.clock import Clock
from workflows.ports.store import Store

NOT_ALL_APPLIED: Final = 3
"""The exit status when the batch stopped by itself, or an admin ended it."""
_NOT_SHOWN: Final = "Batches cannot be shown:"
_WAITS_FOR_PEOPLE: Final = frozenset({BatchState.DRAFT, BatchState.AWAITING_APPROVAL, BatchState.HALTED})
"""States in which nothing goes on before a person acts."""


def show_batches(batch_id: str, *, is_followed: bool) -> int:
    """Print the batches that have not ended, or how far one is.

    Returns the exit status: 0, 1 (there is no answer), 2 (settings) or 3 (it stopped before everything was applied).
    """
    configure_terminal_logs(Redactor())
    try:
        settings = load_tenant_settings()
        if not settings.records.exists():
            print_error(_NOT_SHOWN, "there are no records; set DATABASE_URL to the bot's own file")
            return NOT_POSSIBLE

        async def show() -> int:
            clock = open_clock(settings)
            store = await settings.records.open_shared(clock)
            try:
                if not batch_id:
                    return _listed(await store.open_batches(), terminal_console())
                return await follow(store, BatchId(batch_id), clock, terminal_console(), is_followed=is_followed)
            finally:
                await store.close()

        return asyncio.run(show())
    except SettingsProblems as error:
        print_problems(error)
        return WRONG_SETTINGS
    except (OSError, DomainError) as error:
        print_error(_NOT_SHOWN, refusal_words(error) if isinstance(error, DomainError) else str(error))
        return NOT_POSSIBLE


def _listed(batches: Sequence[Batch], console: Console) -> int:
    table = Table(box=None, pad_edge=False)
    for title in ("Batch", "About", "State"):
        table.add_column(title, overflow="fold")
    for batch in batches:
        table.add_row(safe_text(batch.id), safe_text(title_words(batch)), safe_text(state_words(batch)))
    console.print(table if batches else "No batch is open.")
    return 0


async def follow(
    store: Store,
    batch_id: BatchId,
    clock: Clock,
    console: Console,
    *,
    is_followed: bool,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> int:
    """Print how far a batch is. Followed, this is done again until it has ended or waits for people.

    Where the output is no terminal, only the end is printed.
    """
    batch = await store.batch(batch_id)
    if batch is None:
        print_error(_NOT_SHOWN, f"there is no batch {batch_id}")
        return NOT_POSSIBLE
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not (is_followed and console.is_terminal)) as bar:
        task = bar.add_task("")
        while True:
            facts = run_facts(batch, clock.now(), is_frozen=await known_freeze(store) is not None)
            words, counts = run_words(facts, words_of(batch)), facts.counts
            bar.update(task, description=words, total=counts.members, completed=counts.done)
            if not is_followed or batch.has_ended or batch.state in _WAITS_FOR_PEOPLE:
                break
            await sleep(BATCH_FOLLOWED_EVERY.total_seconds())
            batch = await store.batch(batch_id) or batch
    return _told(batch, facts, console)


def _told(batch: Batch, facts: RunFacts, console: Console) -> int:
    console.print(safe_text(f"{batch.id}: {title_words(batch)}: {state_words(batch)}"))
    so_far = "" if batch.state is BatchState.DONE else run_words(facts, words_of(batch))
    for text in (so_far, since_words(facts), next_words(facts)):
        if text:
            console.print(safe_text(text))
    return NOT_ALL_APPLIED if batch.state in (BatchState.HALTED, BatchState.STOPPED) else 0

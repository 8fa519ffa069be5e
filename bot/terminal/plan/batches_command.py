"""`gatehouse batches`: which batches have not ended, and how far one is. `--follow` shows the progress until its end.

It only reads the bot's records, and changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
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
"""The exit status when the batch stopped by itself, or ended before everything was applied."""
NOT_OVER: Final = 4
"""The exit status when following ended before the batch did."""
INTERRUPTED: Final = 130
"""The exit status after Ctrl-C: 128 and the number of SIGINT."""
_NOT_SHOWN: Final = "Batches cannot be shown:"
_NOT_ALL: Final = frozenset(
    {BatchState.HALTED, BatchState.STOPPED, BatchState.REJECTED, BatchState.WITHDRAWN, BatchState.EXPIRED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """How long a batch is followed."""

    is_wanted: bool = False
    """Whether it is followed at all."""
    wait: float | None = None
    """The most seconds; None: until it is over."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


def show_batches(batch_id: str, following: Following) -> int:
    """Print the batches that have not ended, or how far one is.

    Returns the exit status: 0, 1 (there is no answer), 2 (settings), 3 (it stopped or ended before everything was
    applied), 4 (following ended before the batch did) or 130 (Ctrl-C).
    """
    configure_terminal_logs(Redactor())
    try:
        settings = load_tenant_settings()
        if not settings.records.exists():
            print_error(_NOT_SHOWN, "there are no records; set DATABASE_URL to the bot's own database")
            return NOT_POSSIBLE

        async def show() -> int:
            clock = open_clock(settings)
            store = await settings.records.open_shared(clock)
            try:
                if not batch_id:
                    return _listed(await store.open_batches(), terminal_console())
                return await follow(store, BatchId(batch_id), clock, terminal_console(), following)
            finally:
                await store.close()

        return asyncio.run(show())
    except KeyboardInterrupt:
        return INTERRUPTED
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


async def follow(store: Store, batch_id: BatchId, clock: Clock, console: Console, following: Following) -> int:
    """Print how far a batch is. Followed, this is done again until it has ended, also while it waits for people.

    A terminal shows a bar with what comes next. Otherwise a line is printed when something else comes next.
    """
    batch = await store.batch(batch_id)
    if batch is None:
        print_error(_NOT_SHOWN, f"there is no batch {batch_id}")
        return NOT_POSSIBLE
    shown, pause, waited = _Shown(console, following), BATCH_FOLLOWED_EVERY.total_seconds(), 0.0
    with shown.bar:
        while True:
            facts = run_facts(batch, clock.now(), is_frozen=await known_freeze(store) is not None)
            shown.show(batch, facts)
            is_over = batch.has_ended or not following.is_wanted
            if is_over or (following.wait is not None and waited >= following.wait):
                break
            await following.sleep(pause)
            waited += pause
            batch = await store.batch(batch_id) or batch
    status = _told(batch, facts, console)
    return status if is_over else NOT_OVER


class _Shown:
    """What is shown while a batch is followed."""

    def __init__(self, console: Console, following: Following) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        is_bar = following.is_wanted and console.is_terminal
        self.bar = Progress(*columns, console=console, transient=True, disable=not is_bar)
        self._task = self.bar.add_task("")
        self._lines = console if following.is_wanted and not console.is_terminal else None
        self._said = ""

    def show(self, batch: Batch, facts: RunFacts) -> None:
        """Show how far it is, and what comes next."""
        coming = next_words(facts)
        description = f"{run_words(facts, words_of(batch))}. {coming}".strip()
        counts = facts.counts
        self.bar.update(self._task, description=description, total=counts.members, completed=counts.done)
        if self._lines is not None and coming and coming != self._said:
            self._lines.print(safe_text(description))
        self._said = coming


def _told(batch: Batch, facts: RunFacts, console: Console) -> int:
    console.print(safe_text(f"{batch.id}: {title_words(batch)}: {state_words(batch)}"))
    so_far = "" if batch.state is BatchState.DONE else run_words(facts, words_of(batch))
    for text in (so_far, since_words(facts), next_words(facts)):
        if text:
            console.print(safe_text(text))
    return NOT_ALL_APPLIED if batch.state in _NOT_ALL else 0

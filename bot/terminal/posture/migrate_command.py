"""`gatehouse migrate`: move all records from the file of SQLite to a database in PostgreSQL, and say what to set then.

A boundary: what is done is in `migrate_steps`; here is what a person types and reads.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bot.process.logs.logs import configure_terminal_logs
from bot.process.logs.redactor import Redactor
from bot.process.opening.readers import open_clock
from bot.process.run import WRONG_SETTINGS, print_problems
from bot.process.settings import SettingsProblems, TenantSettings, load_tenant_settings
from bot.terminal.posture.migrate_steps import (
    Look,
    Move,
    Moved,
    NotFinished,
    NotMoved,
    OnPhase,
    Phase,
    Stage,
    look,
    run,
)
from bot.terminal.printing import NOT_POSSIBLE, print_error, safe_text, terminal_console
from bot.words.requests.notes import refusal_words
from bot.words.sentences import counted
from workflows.app.schedule.freezing.handing_over import HandOverRefused
from workflows.core.errors.raised import DomainError
from workflows.store.audit_keys import own_key_file
from workflows.store.generation_place import FixedPlace, place_of
from workflows.store.location import StoreLocation
from workflows.store.moving.source import SqliteSource
from workflows.store.moving.transfer import Difference, OnRow, read_all

STOPPED: Final = 130
"""The exit status when a person stops it: 128 and the number of SIGINT."""
_NOT_MOVED: Final = "Nothing was moved:"
_NOT_FINISHED: Final = "The file is marked as moved, but the move is not finished:"
_NAMES: Final[Mapping[str, str]] = {
    "requests": "Requests",
    "partnerships": "Partners",
    "batches": "Batches",
    "campaigns": "Campaigns of reviews",
    "absences": "Absences",
    "drifts": "Changes outside of Gatehouse",
    "denied_notices": "Notices of refused sign-ins",
    "freezes": "Freezes",
    "audit": "Audit entries",
    "people": "People",
    "identities": "Accounts and chat IDs",
    "copies": "Copies of cards",
    "homes": "App Homes",
    "alarms": "Alarms",
    "marks": "Marks of the bot",
    "profiles": "Profiles of approvers",
    "usage_scans": "Scans of usage",
    "partner_usage": "Usage of partners",
    "import_lookups": "Lookups of imports",
    "effects": "Waiting work",
}
_PHASES: Final = {Phase.READ: "Reading", Phase.COPY: "Copying", Phase.COMPARE: "Comparing"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrateOptions:
    """What was typed."""

    source: str
    """The address of the file; empty for the one that DATABASE_URL names."""
    target: str
    is_dry_run: bool


def migrate_records(options: MigrateOptions) -> int:
    """Move the records, or only look. Returns 0 done, `NOT_POSSIBLE`, `WRONG_SETTINGS`, or `STOPPED`."""
    redactor = Redactor()
    configure_terminal_logs(redactor)
    try:
        settings = load_tenant_settings()
        move = _move_of(settings, options)
        redactor.learn(move.target.secrets)
        with asyncio.Runner() as runner:
            return _migrate(settings, move, runner, is_dry_run=options.is_dry_run)
    except SettingsProblems as error:
        print_problems(error)
        return WRONG_SETTINGS
    except NotMoved as error:
        print_error(
            "The records are not the same in both places, so the database serves no bot:",
            *map(_difference_words, error.found),
        )
    except NotFinished as error:
        print_error(_NOT_FINISHED, str(error), "run the command again to finish")
    except KeyboardInterrupt:
        print_error("Stopped.", "run the command again to move the records")
        return STOPPED
    except (OSError, DomainError, HandOverRefused) as error:
        print_error(_NOT_MOVED, refusal_words(error) if isinstance(error, DomainError) else str(error))
    return NOT_POSSIBLE


def _move_of(settings: TenantSettings, options: MigrateOptions) -> Move:
    """Return from where to where.

    :raises SettingsProblems: when an address cannot be used.
    """
    from_url = options.source or settings.database_url
    try:
        source = settings.records_in(from_url)
    except ValueError as error:
        raise SettingsProblems((f"--from {error}",)) from None
    if not isinstance(source, StoreLocation):
        raise SettingsProblems(("--from must name a file of SQLite: sqlite:///path/to/gatehouse.db",))
    try:
        target = settings.records_in(options.target)
    except ValueError as error:
        raise SettingsProblems((f"--to {error}",)) from None
    if isinstance(target, StoreLocation):
        raise SettingsProblems(("--to must name a database in PostgreSQL: postgresql://user:password@host/database",))
    from workflows.store.postgres.location import PostgresLocation

    place = settings.gatehouse_generation
    server = PostgresLocation.from_url(options.target, source.audit_keys)
    return Move(
        source=source,
        target=server,
        source_place=place_of(place, source.known_as),
        target_place=place_of(place, server.known_as),
        clock=open_clock(settings),
    )


def _migrate(settings: TenantSettings, move: Move, runner: asyncio.Runner, *, is_dry_run: bool) -> int:
    console = terminal_console()
    found = look(move, runner)
    if found.counts:
        console.print(safe_text(f"From {move.source.name} to {move.target.name}:"))
        _print_counts(console, found.counts)
    if is_dry_run and found.counts and found.stage is Stage.NEW:
        found.problems += _read(console, move, found)
    if found.problems:
        print_error(_NOT_FINISHED if found.is_marked else _NOT_MOVED, *found.problems)
        return NOT_POSSIBLE
    if found.stage is Stage.DONE and found.generation is not None:
        console.print(safe_text("Everything was moved before."))
        _print_next(console, settings, move, found.generation.public)
        return 0
    if is_dry_run:
        console.print(safe_text("Nothing was changed. Without --dry-run, the records are moved now."))
        return 0
    with _shown(console) as on_phase:
        moved = run(move, found, runner, on_phase)
    _print_moved(console, settings, move, moved)
    return 0


def _read(console: Console, move: Move, found: Look) -> list[str]:
    with _shown(console) as on_phase, SqliteSource.reading(move.source.path) as source:
        return read_all(source, on_phase(Phase.READ, sum(found.counts.values())))


def _print_counts(console: Console, counts: Mapping[str, int]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    for name, count in counts.items():
        if count:
            table.add_row(_NAMES.get(name, name), f"{count:,}")
    console.print(table)


def _print_moved(console: Console, settings: TenantSettings, move: Move, moved: Moved) -> None:
    total = sum(moved.counts.values())
    console.print(safe_text(f"Moved and compared: {counted(total, 'record')}. All are the same in both places."))
    if moved.kept:
        console.print(safe_text(f"Already there from the move before: {counted(moved.kept, 'record')}."))
    log = moved.log
    entries = counted(log.count, "entry", "entries")
    whole = "is whole" if log.is_whole else "is as it was: gatehouse audit verify names its problems"
    console.print(safe_text(f"The audit log with {entries} {whole}."))
    console.print(safe_text(f"{move.source.path.name} does not serve a bot any more. Keep it as an archive."))
    _print_next(console, settings, move, moved.generation.public)


def _print_next(console: Console, settings: TenantSettings, move: Move, generation: str) -> None:
    """Print what the bot needs to go on without being held. Values stand alone in their lines, to be copied."""
    console.print(safe_text("Set these before you start the bot:"))
    key, has_own = _key_line(settings, move)
    outside = generation if isinstance(move.target_place, FixedPlace) else move.target_place.name
    lines = [
        "DATABASE_URL=<the address that you gave with --to>",
        key,
        f"GATEHOUSE_GENERATION={outside}",
    ]
    for line in lines:
        console.print(safe_text(line), soft_wrap=True)
    if has_own:
        console.print(safe_text("Keep this file, and a copy of it: it has the key of the audit log."))
    if not isinstance(move.target_place, FixedPlace):
        console.print(safe_text("If the bot will run on another machine, set this there instead:"))
        console.print(safe_text(f"GATEHOUSE_GENERATION={generation}"), soft_wrap=True)
    console.print(safe_text("Then run gatehouse generation: it says whether the bot would start held."))


def _key_line(settings: TenantSettings, move: Move) -> tuple[str, bool]:
    """Return the setting of the key, and whether it is the file beside the database, which nobody had to set before."""
    if settings.audit_key.get_secret_value():
        return "AUDIT_KEY=<as it is set now>", False
    if settings.audit_key_file is not None:
        return f"AUDIT_KEY_FILE={settings.audit_key_file.absolute()}", False
    return f"AUDIT_KEY_FILE={own_key_file(move.source.path)}", True


def _difference_words(found: Difference) -> str:
    named = f"{_NAMES.get(found.table, found.table)} {found.key}".strip()
    if found.columns:
        return f"{named}: {', '.join(found.columns)}"
    return f"{named}: only in one of them, or not as it was"


@dataclass(slots=True)
class _Lines:
    """Progress for whoever reads no terminal: a line for each table."""

    console: Console
    _table: str = ""
    _count: int = 0
    _phase: str = ""
    _begun: float = field(default_factory=time.monotonic)

    def begin(self, phase: Phase, _: int) -> OnRow:
        """End the phase before, and begin one."""
        self.end()
        self._phase, self._begun = _PHASES[phase], time.monotonic()
        return self._on_row

    def _on_row(self, table: str) -> None:
        if table != self._table:
            self._end_table()
            self._table, self._count = table, 0
        self._count += 1

    def _end_table(self) -> None:
        if self._table:
            self.console.print(safe_text(f"{self._phase}: {_NAMES.get(self._table, self._table)} {self._count:,}"))
        self._table = ""

    def end(self) -> None:
        """Print what is left."""
        self._end_table()
        if self._phase:
            self.console.print(safe_text(f"{self._phase} took {time.monotonic() - self._begun:.0f} s"))
        self._phase = ""


@contextmanager
def _shown(console: Console) -> Iterator[OnPhase]:
    """Show how far it is: a bar on a terminal, otherwise lines."""
    if not console.is_terminal:
        lines = _Lines(console)
        yield lines.begin
        lines.end()
        return
    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:

        def begin(phase: Phase, total: int) -> OnRow:
            task = progress.add_task(_PHASES[phase], total=total)
            return lambda table: progress.advance(task)

        yield begin

"""The steps of a move: look at both places, copy, compare, and only then let the other place go on.

One place at most serves a bot at any moment. Until the file is marked as moved, only the file does. Afterwards the
database still has its own mark, which is removed last. So a move may be killed between any two steps, and repeated.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeAlias

from bot.terminal.evidence.taking import EvidenceRequester
from bot.words.requests.notes import refusal_words
from workflows.app.schedule.freezing.handing_over import HandOverRefused, begin_move, require_newest
from workflows.app.schedule.freezing.held_start import GENERATION, HeldStart
from workflows.core.audit.verifying import ChainCheck
from workflows.core.errors.raised import DomainError
from workflows.core.policy.stops.generation import Generation, OutsideGeneration
from workflows.ports.audit_log import AuditKeys
from workflows.ports.clock import Clock
from workflows.ports.records import StoreUnusable
from workflows.ports.store import GenerationPlace
from workflows.store.common.rows import text_of
from workflows.store.location import StoreLocation
from workflows.store.moving.source import SqliteSource, require_current
from workflows.store.moving.target import Note, PostgresTarget
from workflows.store.moving.transfer import Difference, OnRow, check_logs, copy_all, differences
from workflows.store.postgres.location import PostgresLocation
from workflows.store.sqlite.file import StoreFile


class Phase(Enum):
    """What takes long in a move, with a step for each row."""

    READ = auto()
    COPY = auto()
    COMPARE = auto()


OnPhase: TypeAlias = Callable[[Phase, int], OnRow]
"""Is called when a phase begins, with the number of rows; returns what is called after each row."""


class Stage(Enum):
    """How far an earlier move of these records came."""

    NEW = auto()
    """The file serves a bot. Rows that an earlier move stored stay where they are still the same."""
    TO_FINISH = auto()
    """The file is marked as moved, and the database is not released yet."""
    DONE = auto()


class NotMoved(Exception):
    """The records are not the same in both places, and nothing was released. The text says where, for the terminal."""

    def __init__(self, found: list[Difference]) -> None:
        super().__init__(str(found))
        self.found = found


class NotFinished(Exception):
    """Everything was moved, and the file is marked as moved. The database is not released yet: the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """From where to where."""

    source: StoreLocation
    target: PostgresLocation
    source_place: GenerationPlace
    """Where the generation is known outside of the file."""
    target_place: GenerationPlace
    """The same place, when the records are in the database."""
    clock: Clock

    @property
    def keys(self) -> AuditKeys:
        """Return the keys of the audit log, which go on in the database."""
        return self.source.audit_keys


@dataclass(slots=True, kw_only=True)
class Look:
    """What was found in both places before anything is changed."""

    counts: Mapping[str, int] = field(default_factory=dict)
    generation: Generation | None = None
    problems: list[str] = field(default_factory=list)
    stage: Stage = Stage.NEW
    is_marked: bool = False
    """Whether the file is marked as moved to this database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A move that has ended."""

    counts: Mapping[str, int]
    kept: int
    """How many rows were in the database already, from a move that was killed."""
    generation: Generation
    log: ChainCheck
    """What the signatures of the audit log say."""


def look(move: Move, runner: asyncio.Runner) -> Look:
    """Look at both places. Nothing is changed."""
    found = Look()
    for check in (_look_at_file, _look_at_start, _look_at_keys, _look_at_database):
        try:
            check(move, found, runner)
        except (StoreUnusable, HandOverRefused, DomainError) as error:
            text = refusal_words(error) if isinstance(error, DomainError) else str(error)
            found.problems.append(_about_option(text) if check is _look_at_database else text)
        if not found.counts:
            break  # there is no source
    return found


def _about_option(text: str) -> str:
    """Return a cure for whoever typed the address: an option has no file, and stays in the history of the terminal."""
    text = text.replace("DATABASE_URL, or into the file of DATABASE_URL_FILE", "~/.pgpass or PGPASSWORD")
    return text.replace("DATABASE_URL", "--to")


def _look_at_file(move: Move, found: Look, _: asyncio.Runner) -> None:
    require_current(move.source.path)
    is_in_use = StoreFile(move.source.path).is_in_use()  # before it is opened: see `StoreFile.release`
    with SqliteSource.reading(move.source.path) as source:
        found.counts, moved_to = source.counts(), source.moved_to
        found.generation = _generation(source)
    if moved_to is not None:
        found.stage = Stage.TO_FINISH
        if moved_to != move.target.known_as:
            raise StoreUnusable(f"{move.source.path.name} was moved to {moved_to}")
        found.is_marked = True
    elif is_in_use:
        raise StoreUnusable(f"another process uses {move.source.path.name}; stop the bot first")


def _generation(source: SqliteSource) -> Generation | None:
    text = source.mark(GENERATION)
    try:
        return Generation.parse(text) if text else None
    except ValueError:
        return None


def _look_at_start(move: Move, found: Look, runner: asyncio.Runner) -> None:
    if found.stage is Stage.NEW:
        runner.run(_require_newest(move))


async def _require_newest(move: Move) -> None:
    store = await move.source.open_shared(move.clock)
    try:
        await require_newest(HeldStart(store=store, clock=move.clock, place=move.source_place))
    finally:
        await store.close()


def _look_at_keys(move: Move, found: Look, _: asyncio.Runner) -> None:
    ring = move.keys.ring(may_create=False)
    with SqliteSource.reading(move.source.path) as source:
        used = source.newest_key_id()
    if used is not None and ring.find(used) is None:
        raise StoreUnusable(
            f"the newest audit entry has another key ({used}); set AUDIT_KEY or AUDIT_KEY_FILE as for the bot"
        )


def _look_at_database(move: Move, found: Look, _: asyncio.Runner) -> None:
    installation = "" if found.generation is None else found.generation.installation
    with PostgresTarget.open(move.target.server) as target:
        if found.stage is Stage.NEW:
            target.require_free(installation)
        elif target.note() is None:
            if not (target.mark(GENERATION) or "").startswith(f"{installation}:"):
                raise StoreUnusable(f"{move.source.path.name} was moved there, but other records are there now")
            found.stage = Stage.DONE
        else:
            target.require_free(installation)


def run(move: Move, found: Look, runner: asyncio.Runner, on_phase: OnPhase) -> Moved:
    """Move the records, or finish what an earlier move left.

    :raises NotMoved: when they are not the same in both places.
    :raises StoreUnusable, HandOverRefused: when one of the places cannot be used, and the file was not marked.
    :raises OSError: when a file cannot be used, and the file was not marked.
    :raises NotFinished: when the file is marked, and one of the last steps failed, whatever it was.
    """
    try:
        return _run(move, found, runner, on_phase)
    except (OSError, DomainError) as error:
        if not found.is_marked:
            raise
        raise NotFinished(refusal_words(error) if isinstance(error, DomainError) else str(error)) from error


def _run(move: Move, found: Look, runner: asyncio.Runner, on_phase: OnPhase) -> Moved:
    with ExitStack() as stack:
        target = stack.enter_context(PostgresTarget.open(move.target.server))
        if found.stage is Stage.TO_FINISH:  # nobody can have changed the file since it was marked
            source = stack.enter_context(SqliteSource.reading(move.source.path))
            taken = found.generation
            target.begin(_note(move, found))
        else:
            taken = _begin(move, found, runner, target, stack)
            source = stack.enter_context(SqliteSource.alone(move.source.path))
        if taken is None:
            raise StoreUnusable(f"{move.source.path.name} has no generation; restore the backup from before the move")
        counts = source.counts()
        total = sum(counts.values())
        kept = copy_all(source, target, text_of(move.clock.now()), on_phase(Phase.COPY, total))
        log = _require_same(move, source, target, on_phase(Phase.COMPARE, total))
        if found.stage is Stage.NEW:
            source.mark_moved(move.target.known_as)
            found.is_marked = True
        # NB. outside it is the newest first, and the mark of the database goes last.
        runner.run(move.target_place.save(OutsideGeneration(generation=taken)))
        target.finish()
    return Moved(counts=counts, kept=kept, generation=taken, log=log)


def _begin(move: Move, found: Look, runner: asyncio.Runner, target: PostgresTarget, stack: ExitStack) -> Generation:
    """Take the lock of the bot, mark the database, and record in the file that its records move."""
    runner.run(move.source_place.require_writable())
    store = runner.run(move.source.open(move.clock))
    stack.callback(lambda: runner.run(store.close()))
    target.begin(_note(move, found))
    held, taker = HeldStart(store=store, clock=move.clock, place=move.source_place), EvidenceRequester.now()
    return runner.run(begin_move(held, key=taker.key, user=taker.user, to=move.target.name))


def _note(move: Move, found: Look) -> Note:
    installation = "" if found.generation is None else found.generation.installation
    return Note(installation=installation, source=move.source.path.name)


def _require_same(move: Move, source: SqliteSource, target: PostgresTarget, on_row: OnRow) -> ChainCheck:
    if found := differences(source, target, on_row):
        raise NotMoved(found)
    log, is_same = check_logs(source, target, move.keys)
    if not is_same:
        raise NotMoved([Difference(table="audit", key="signatures", columns=())])
    return log

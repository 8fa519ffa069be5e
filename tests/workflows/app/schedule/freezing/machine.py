"""A machine with records of either kind, a place outside of them, and starts of the bot.

Every start opens the records itself, so that nothing is kept in memory between two starts.
"""

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final, Protocol

from tests.waiting import LONGEST_WAIT
from tests.workflows.core.builders import AMARA, DANA, NOW, current_roles
from tests.workflows.store.postgres.server import program, test_server
from workflows.app.schedule.downtime import LAST_TICK
from workflows.app.schedule.freezing.held_start import HeldStart, generation_of
from workflows.app.storing.new_audit_entry import entry_of
from workflows.core.audit.chain import KeyRing
from workflows.core.people import ADMIN
from workflows.core.policy.stops.freeze import Freeze, FreezeStep, advance
from workflows.core.policy.stops.generation import HoldCause
from workflows.ports.audit_log import AuditKeys
from workflows.ports.clock import Clock as AnyClock
from workflows.ports.records import Commit
from workflows.ports.store import GenerationPlace
from workflows.store.audit_keys import GivenKeys, new_key
from workflows.store.generation_place import FilePlace
from workflows.store.location import OpenStore
from workflows.store.postgres.location import PostgresLocation
from workflows.store.postgres.opening.server import Server
from workflows.store.sqlite.store import SqliteStore, open_store

ADMINS: Final = current_roles(dana=ADMIN, amara=ADMIN)


class Clock:
    """A clock that goes on by a minute at each look, so that no two things happen at once."""

    def __init__(self) -> None:
        self._minutes: Iterator[int] = count()

    def now(self) -> datetime:
        """The next minute."""
        return NOW + timedelta(minutes=next(self._minutes))


class MachineRecords(Protocol):
    """The records of one machine. No bot may run while they are backed up, restored or removed."""

    @property
    def known_as(self) -> Path | str:
        """What names them to the place outside."""

    async def open(self, clock: AnyClock) -> OpenStore:
        """Open them, and make them where there are none."""

    def back_up(self) -> str:
        """Back them up; returns what names the backup."""

    def restore(self, backup: str) -> None:
        """Put a backup in their place, also one of another machine."""

    def remove(self) -> None:
        """Lose them."""


class FileRecords:
    """Records in a file of SQLite."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "records" / "gatehouse.db"
        self._numbers = count()

    @property
    def known_as(self) -> Path:
        """The file."""
        return self.path

    async def open(self, clock: AnyClock) -> SqliteStore:
        """Open the file."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return await open_store(self.path, clock)

    def back_up(self) -> str:
        """Back the file up, as docs/operations.md says."""
        backup = self.path.with_name(f"backup-{next(self._numbers)}.db")
        with closing(sqlite3.connect(self.path)) as db, closing(sqlite3.connect(backup)) as copy:
            db.backup(copy)
        return str(backup)

    def restore(self, backup: str) -> None:
        """Put a file in its place."""
        self.remove()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(backup, self.path)

    def remove(self) -> None:
        """Remove the file, and what SQLite keeps beside it."""
        for end in ("", "-wal", "-shm"):
            self.path.with_name(f"{self.path.name}{end}").unlink(missing_ok=True)


class ServerRecords:
    """Records in a database of a server."""

    def __init__(self, folder: Path, keys: AuditKeys, name: str) -> None:
        self._folder, self._keys, self._name = folder, keys, name
        self._numbers = count()

    @property
    def _location(self) -> PostgresLocation:
        return PostgresLocation(Server(test_server().url(self._name)), self._keys)

    @property
    def known_as(self) -> Path | str:
        """The address."""
        return self._location.known_as

    async def open(self, clock: AnyClock) -> OpenStore:
        """Open the database."""
        return await self._location.open(clock)

    def back_up(self) -> str:
        """Back the database up, as docs/postgres.md says."""
        self._folder.mkdir(parents=True, exist_ok=True)
        backup = self._folder / f"backup-{next(self._numbers)}.dump"
        self._run("pg_dump", "--format=custom", f"--file={backup}")
        return str(backup)

    def restore(self, backup: str) -> None:
        """Put a backup in its place."""
        test_server().drop(self._name)
        test_server().make(self._name, template="template0")
        self._run("pg_restore", "--exit-on-error", "--single-transaction", backup)

    def remove(self) -> None:
        """Replace it by one without records."""
        test_server().drop(self._name)
        test_server().make(self._name)

    def _run(self, name: str, *arguments: str) -> None:
        url = test_server().url(self._name)
        command: list[str | Path] = [program(name), *arguments, f"--dbname={url}"]
        subprocess.run(command, check=True, capture_output=True, timeout=LONGEST_WAIT)


@dataclass
class Machine:
    """One machine with records, a place outside of them, and starts of the bot."""

    folder: Path
    records: MachineRecords
    place: GenerationPlace | None = None
    clock: Clock = field(default_factory=Clock)

    @property
    def state(self) -> Path:
        """The folder outside of the records."""
        return self.folder / "state"

    @property
    def outside(self) -> GenerationPlace:
        """The place outside of the records."""
        return self.place or FilePlace(self.state, self.records.known_as)

    async def open(self) -> tuple[OpenStore, HeldStart]:
        """Open the records as a start does."""
        store = await self.records.open(self.clock)
        return store, HeldStart(store=store, clock=self.clock, place=self.outside)

    async def start(self, *, entries: int = 1, ticks: int = 1) -> HoldCause | None:
        """Start, do something, tick, and end without a word, as after `kill -9`; returns why it was held."""
        store, held = await self.open()
        hold = await held.begin()
        for _ in range(entries if hold is None else 0):
            await write(store, self.clock)
        for _ in range(ticks):
            await held.check()
        await store.save_mark(LAST_TICK, self.clock.now().isoformat())
        await store.close()
        return None if hold is None else hold.cause

    async def number(self) -> int:
        """The number in the records."""
        store, _ = await self.open()
        known = await generation_of(store)
        await store.close()
        return 0 if known is None else known.number

    async def freeze(self) -> Freeze | None:
        """The stored freeze."""
        store, _ = await self.open()
        freeze = await store.freeze()
        await store.close()
        return freeze

    async def release(self, *, ticks: int = 1) -> None:
        """Let two admins release the bot while it runs held."""
        store, held = await self.open()
        await held.begin()
        await end_freeze(store, self.clock)
        for _ in range(ticks):
            await held.check()
        await store.close()


@dataclass(slots=True)
class Machines:
    """Makes machines with one kind of records."""

    kind: str
    folder: Path
    databases: ExitStack
    """Removes at its end what is on a server."""
    keys: AuditKeys = field(default_factory=lambda: GivenKeys(KeyRing((new_key(),))))

    def new(self, name: str = "one") -> Machine:
        """Make a machine on which nothing ever ran."""
        folder = self.folder / name
        if self.kind == "sqlite":
            return Machine(folder, FileRecords(folder))
        database = self.databases.enter_context(test_server().database())
        return Machine(folder, ServerRecords(folder, self.keys, database))


async def write(store: OpenStore, clock: Clock) -> None:
    """Have something stored in the audit log."""
    now = clock.now()
    await store.commit(Commit(entry=entry_of(f"k:{now.isoformat()}", now, None, "tell", {})))


async def end_freeze(store: OpenStore, clock: Clock) -> None:
    """Let Dana ask, and Amara confirm."""
    for person, step in ((DANA, FreezeStep.ASK_END), (AMARA, FreezeStep.END)):
        before, now = await store.freeze(), clock.now()
        assert before is not None
        freeze = advance(before, step, person, version=before.version, current_roles=ADMINS, now=now)
        await store.commit(Commit(entry=entry_of(f"k:{now.isoformat()}", now, person, step.value, {}), freeze=freeze))

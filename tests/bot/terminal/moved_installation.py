"""An installation that is moved from SQLite to PostgreSQL, for tests of `gatehouse migrate`."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from bot.terminal.posture.migrate_command import MigrateOptions, migrate_records
from tests.workflows.fakes import FixedClock
from tests.workflows.store.postgres.server import test_server
from workflows.app.schedule.freezing.held_start import HeldStart
from workflows.core.policy.stops.generation import Hold
from workflows.ports.audit_log import AuditKeys
from workflows.ports.records import StoreUnusable
from workflows.ports.store import GenerationPlace, Store
from workflows.store.audit_keys import KeyFile, own_key_file
from workflows.store.generation_place import place_of
from workflows.store.location import RecordsLocation, StoreLocation
from workflows.store.postgres.location import PostgresLocation
from workflows.store.postgres.opening.server import Server

Result = TypeVar("Result")
PROJECT: Final = Path(__file__).parents[3]
TENANT_SETTINGS: Final = {
    "AZURE_TENANT_ID": "11111111-1111-4111-8111-111111111111",
    "AZURE_CLIENT_ID": "22222222-2222-4222-8222-222222222222",
}


@dataclass(slots=True)
class Installation:
    """One file that a bot used, its place of the generation, and a database."""

    folder: Path
    database: str
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / "gatehouse.db"

    @property
    def url(self) -> str:
        """The address of the database."""
        return test_server().url(self.database)

    @property
    def keys(self) -> AuditKeys:
        """The keys of the audit log."""
        return KeyFile(own_key_file(self.path), is_own=True)

    @property
    def source(self) -> StoreLocation:
        """The file's records."""
        return StoreLocation(self.path)

    @property
    def target(self) -> PostgresLocation:
        """The database's records."""
        return PostgresLocation(Server(self.url), self.keys)

    def place(self, location: RecordsLocation) -> GenerationPlace:
        """Where the generation of a place of records is known outside."""
        return place_of(self.environment["GATEHOUSE_GENERATION"], location.known_as)

    def migrate(self, *, is_dry_run: bool = False, to: str = "") -> int:
        """Run the command in this process."""
        options = MigrateOptions(source=f"sqlite:///{self.path}", target=to or self.url, is_dry_run=is_dry_run)
        return migrate_records(options)

    def in_process(self, code: str = "") -> "subprocess.Popen[str]":
        """Run the command in a process of its own, after some code."""
        options = f"MigrateOptions(source='sqlite:///{self.path}', target={self.url!r}, is_dry_run=False)"
        whole = f"""{code}
import sys
from bot.terminal.posture.migrate_command import MigrateOptions, migrate_records
sys.exit(migrate_records({options}))"""
        return subprocess.Popen(
            [sys.executable, "-c", whole],
            cwd=PROJECT,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def usable(self) -> list[str]:
        """Return which places a bot can open."""
        return asyncio.run(self._usable())

    async def _usable(self) -> list[str]:
        found = []
        for name, location in (("file", self.source), ("database", self.target)):
            if location.exists():
                try:
                    store = await location.open(FixedClock())
                except StoreUnusable:
                    continue
                found.append(name)
                await store.close()
        return found

    def hold(self, location: RecordsLocation, place: GenerationPlace | None = None) -> Hold | None:
        """Return why a bot would start held on these records."""

        async def compare(store: Store) -> Hold | None:
            held = HeldStart(store=store, clock=FixedClock(), place=place or self.place(location))
            return (await held.compare())[0]

        return with_store(location, compare)


def with_store(location: RecordsLocation, work: Callable[[Store], Awaitable[Result]]) -> Result:
    """Do something with an open store."""

    async def whole() -> Result:
        store = await location.open(FixedClock())
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(whole())


def assert_at_most_one(here: Installation, usable: list[str]) -> None:
    """Check that no two bots can write, and that whichever can is not held.

    Before the database is marked, it has no records; a bot there is another, new installation.
    """
    if usable == ["file", "database"]:
        assert test_server().rows("select count(*) from audit", here.database) == [(0,)]
    elif usable == ["file"]:
        assert here.hold(here.source) is None
    elif usable == ["database"]:
        assert here.hold(here.target) is None
    else:
        assert usable == []

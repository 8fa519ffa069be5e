"""Where the records are when they are in PostgreSQL, and every way to open them."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Self

from workflows.core.partners.records import Records
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.requests.alarms import Alarm
from workflows.ports.audit_log import AuditKeys
from workflows.ports.clock import Clock
from workflows.ports.records import StoreUnusable
from workflows.store.common.reading import GivenUpRow, ServerFacts, WaitingWork
from workflows.store.postgres import beside
from workflows.store.postgres.opening.server import Server

if TYPE_CHECKING:
    from workflows.core.audit.heads import Head
    from workflows.core.audit.verifying import ChainCheck
    from workflows.store.postgres.store import PostgresStore


@dataclass(frozen=True, slots=True)
class PostgresLocation:
    """A database in PostgreSQL. It implements `location.RecordsLocation`, which says more."""

    server: Server
    keys: AuditKeys | None = None

    @classmethod
    def from_url(cls, url: str, keys: AuditKeys | None) -> Self:
        """Return the location that an address names.

        :raises ValueError: when it cannot be one. The text does not repeat it.
        """
        return cls(Server.from_url(url), keys)

    @property
    def name(self) -> str:
        """Return the name of the database and its host."""
        return self.server.name

    @property
    def known_as(self) -> str:
        """Return what names this place to other processes."""
        return self.server.address

    @property
    def secrets(self) -> Sequence[str]:
        """Return the password, and the address with it."""
        return (self.server.url, *self.server.secrets) if self.server.secrets else ()

    @property
    def audit_keys(self) -> AuditKeys:
        """Return the keys of the audit log.

        :raises StoreUnusable: when there is no setting for them: nothing is beside a server.
        """
        if self.keys is None:
            raise StoreUnusable("the audit log has no key; set AUDIT_KEY or AUDIT_KEY_FILE, as for the bot")
        return self.keys

    def exists(self) -> bool:
        """Return whether there are records; True also where that cannot be known."""
        return beside.has_records(self.server)

    async def open(
        self, clock: Clock, redact: Callable[[str], str] = str, redact_known: Callable[[str], str] | None = None
    ) -> "PostgresStore":
        """Open the store for one process alone, and bring it to this version."""
        from workflows.store.postgres.store import open_store

        return await open_store(self.server, clock, redact, redact_known, keys=self.audit_keys)

    async def open_if_free(self, clock: Clock) -> "PostgresStore":
        """Open the store for one process alone, as `open`, and wait for nobody."""
        from workflows.store.postgres.store import open_store

        return await open_store(self.server, clock, keys=self.audit_keys, is_patient=False)

    async def open_for_bot(
        self, clock: Clock, redact: Callable[[str], str] = str, redact_known: Callable[[str], str] | None = None
    ) -> "PostgresStore":
        """Open the store for a bot, also beside other bots, and bring it to this version."""
        from workflows.store.postgres.store import open_store

        return await open_store(self.server, clock, redact, redact_known, keys=self.audit_keys, is_bot=True)

    async def open_shared(self, clock: Clock) -> "PostgresStore":
        """Open the store beside a running bot."""
        from workflows.store.postgres.store import open_beside_bot

        return await open_beside_bot(self.server, clock, keys=self.audit_keys)

    async def read_records(self, *, only_compared: bool = False) -> Records | None:
        """Read all records; None when there are none."""
        return await asyncio.to_thread(partial(beside.read_records, self.server, only_compared=only_compared))

    def verify_audit(self, head: "Head | None" = None) -> "ChainCheck":
        """Verify the signatures of the audit log."""
        return beside.verify_audit(self.server, self.audit_keys, head)

    def count_entries(self) -> int:
        """Return about how many entries the audit log has."""
        return beside.count_entries(self.server)

    def read_given_up(self) -> Sequence[GivenUpRow]:
        """List the effects that were given up, oldest first."""
        return beside.read_given_up(self.server)

    def read_waiting(self, now: datetime) -> WaitingWork:
        """Count the effects that are not performed yet."""
        return beside.read_waiting(self.server, now)

    def read_open_alarms(self) -> Sequence[Alarm]:
        """List the alarms that are not cleared, oldest first."""
        return beside.read_open_alarms(self.server)

    def read_freeze(self) -> Freeze | None:
        """Return the newest freeze, also when it has ended; None when there never was one."""
        return beside.read_freeze(self.server)

    def read_mark(self, name: str) -> str:
        """Return a mark of the bot's process; empty when it was never stored."""
        return beside.read_mark(self.server, name)

    def read_server(self) -> ServerFacts:
        """Read what the server says about itself."""
        return beside.read_server(self.server)

"""Where the records are, and every way to open them. A second kind of store is added here, and nowhere else.

It is long because it describes each way once for all kinds of stores, and has those of a file.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, Self

from workflows.core.partners.records import Records
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.requests.alarms import Alarm
from workflows.ports.audit_log import AuditKeys
from workflows.ports.clock import Clock
from workflows.ports.store import Store
from workflows.store.audit_keys import KeyFile, own_key_file
from workflows.store.sqlite.store import open_store

if TYPE_CHECKING:
    from workflows.core.audit.heads import Head
    from workflows.core.audit.verifying import ChainCheck
    from workflows.store.common.reading import GivenUpRow, ServerFacts, WaitingWork

_SQLITE: Final = "sqlite:///"
_POSTGRES: Final = ("postgresql://", "postgres://")


class OpenStore(Store, Protocol):
    """A store that is open until it is closed."""

    @property
    def audit_keys(self) -> AuditKeys:
        """Return the keys of the audit log that the store has read, and uses until it is closed."""

    async def close(self) -> None:
        """Close the store. Everything that was committed stays."""


class RecordsLocation(Protocol):
    """The place of the records, of any kind."""

    @property
    def name(self) -> str:
        """Return how people call this place. No password is in it."""

    @property
    def known_as(self) -> Path | str:
        """Return what names this place to other processes: a file, or an address without user and password."""

    @property
    def secrets(self) -> Sequence[str]:
        """Return every text of the place that must never be shown."""

    @property
    def audit_keys(self) -> AuditKeys:
        """Return the keys of the audit log.

        :raises StoreUnusable: when a setting that names them is missing.
        """

    def exists(self) -> bool:
        """Return whether there are records. Only `open` creates them.

        True also where that cannot be known, because a server does not answer: what is done next says why.
        """

    async def open(
        self, clock: Clock, redact: Callable[[str], str] = str, redact_known: Callable[[str], str] | None = None
    ) -> OpenStore:
        """Open the store for one process alone, and bring it to this version.

        :param redact: removes from a text of an error everything that is a secret or looks like one.
        :param redact_known: removes only known secrets, from every text; None for the same function as `redact`.
        :raises StoreUnusable: when it is no store, was changed by a newer version, or is in use.
        """

    async def open_if_free(self, clock: Clock) -> OpenStore:
        """Open the store for one process alone, as `open`, for a command that can also work beside a bot.

        Where that would keep a bot from starting, no process that is ending is waited for.

        :raises StoreUnusable: when it is no store, was changed by a newer version, or is in use.
        """

    async def open_for_bot(
        self, clock: Clock, redact: Callable[[str], str] = str, redact_known: Callable[[str], str] | None = None
    ) -> OpenStore:
        """Open the store for a bot, and bring it to this version. Where a store can serve several bots, others may run.

        The parameters are those of `open`.

        :raises StoreUnusable: when it is no store, was changed by a newer version, or is in use.
        """

    async def open_shared(self, clock: Clock) -> OpenStore:
        """Open the store beside a running bot: to read, and to store commands that the bot performs.

        :raises StoreUnusable: when it is no store, or was changed by a newer version.
        """

    async def read_records(self, *, only_compared: bool = False) -> Records | None:
        """Read all records, also while a bot runs; None when there are none.

        :param only_compared: without what a posture does not compare.
        :raises StoreUnusable: when they cannot be read.
        """

    def verify_audit(self, head: "Head | None" = None) -> "ChainCheck":
        """Verify the signatures of the audit log, also while a bot runs. Nothing is written.

        :param head: a posted head, with which the log is compared.
        :raises StoreUnusable: when there is no key.
        :raises OSError: when the log cannot be read, or its entries are not signed yet.
        """

    def count_entries(self) -> int:
        """Return about how many entries the audit log has.

        :raises OSError: when it cannot be read.
        """

    def read_given_up(self) -> "Sequence[GivenUpRow]":
        """List the effects that were given up, oldest first.

        :raises OSError: when they cannot be read.
        """

    def read_waiting(self, now: datetime) -> "WaitingWork":
        """Count the effects that are not performed yet.

        :raises OSError: when they cannot be read.
        """

    def read_open_alarms(self) -> Sequence[Alarm]:
        """List the alarms that are not cleared, oldest first.

        :raises OSError: when they cannot be read.
        """

    def read_freeze(self) -> Freeze | None:
        """Return the newest freeze, also when it has ended; None when there never was one.

        :raises OSError: when it cannot be read.
        """

    def read_mark(self, name: str) -> str:
        """Return a mark of the bot's process; empty when it was never stored.

        :raises OSError: when it cannot be read.
        """

    def read_server(self) -> "ServerFacts | None":
        """Read what the server of the records says about itself; None where there is none.

        :raises OSError: when it cannot be read.
        """


def location_of(url: str, keys: AuditKeys | None = None) -> RecordsLocation:
    """Return the location that `DATABASE_URL` names.

    :raises ValueError: when it cannot be one. The text does not repeat a password.
    """
    if not url.startswith(_POSTGRES):
        return StoreLocation.from_url(url, keys)
    try:
        from workflows.store.postgres.location import PostgresLocation
    except ModuleNotFoundError:
        raise ValueError("PostgreSQL needs more packages: uv sync --extra postgres") from None
    return PostgresLocation.from_url(url, keys)


@dataclass(frozen=True, slots=True)
class StoreLocation:
    """A file of SQLite. It implements `RecordsLocation`, which says more."""

    path: Path
    keys: AuditKeys | None = None
    """The keys of the audit log; None for those of the file beside the database."""

    @classmethod
    def from_url(cls, url: str, keys: AuditKeys | None = None) -> Self:
        """Return the location that `DATABASE_URL` names.

        :raises ValueError: when it names no SQLite file.
        """
        if not url.startswith(_SQLITE) or url == _SQLITE:
            raise ValueError("must look like sqlite:///path/to/file.db, or postgresql://user:password@host/database")
        path = Path(url.removeprefix(_SQLITE))
        if url.endswith("/") or path.is_dir():
            raise ValueError("names a folder; name a file in it, as in sqlite:///path/to/folder/gatehouse.db")
        return cls(path, keys)

    @property
    def name(self) -> str:
        """Return the path, for people."""
        return str(self.path)

    @property
    def known_as(self) -> Path | str:
        """Return the file."""
        return self.path

    @property
    def secrets(self) -> Sequence[str]:
        """Return nothing: a path is no secret."""
        return ()

    def exists(self) -> bool:
        """Return whether there are records. Only `open` creates them."""
        return self.path.exists()

    async def open(
        self, clock: Clock, redact: Callable[[str], str] = str, redact_known: Callable[[str], str] | None = None
    ) -> OpenStore:
        """Open the store for one process alone, and bring it to this version.

        :param redact: removes from a text of an error everything that is a secret or looks like one.
        :param redact_known: removes only known secrets, from every text; None for the same function as `redact`.
        :raises StoreUnusable: when it is no store, was changed by a newer version, or is in use.
        """
        return await open_store(self.path, clock, redact, redact_known, keys=self.keys)

    async def open_if_free(self, clock: Clock) -> OpenStore:
        """Open the store for one process alone, as `open`."""
        return await self.open(clock)

    async def open_for_bot(
        self, clock: Clock, redact: Callable[[str], str] = str, redact_known: Callable[[str], str] | None = None
    ) -> OpenStore:
        """Open the store for the one bot that a file serves: as `open` does."""
        return await self.open(clock, redact, redact_known)

    async def open_shared(self, clock: Clock) -> OpenStore:
        """Open the store beside a running bot: to read, and to store commands that the bot performs.

        :raises StoreUnusable: when it is no store, or was changed by a newer version.
        """
        # NB. imported here and below: a bot that starts does not wait for what only commands beside it need.
        from workflows.store.sqlite.other_process.shared_store import open_shared

        return await open_shared(self.path, clock, keys=self.keys)

    async def read_records(self, *, only_compared: bool = False) -> Records | None:
        """Read all records, also while a bot runs; None when there are none.

        :param only_compared: without what a posture does not compare.
        :raises StoreUnusable: when they cannot be read.
        """
        from workflows.store.sqlite.snapshot import read_records

        return await read_records(self.path, only_compared=only_compared)

    def verify_audit(self, head: "Head | None" = None) -> "ChainCheck":
        """Verify the signatures of the audit log, also while a bot runs. Nothing is written.

        :param head: a posted head, with which the log is compared.
        :raises StoreUnusable: when there is no key.
        :raises OSError: when the log cannot be read, or its entries are not signed yet.
        """
        from workflows.store.sqlite.other_process.read_only import verify_file

        return verify_file(self.path, self.audit_keys, head)

    def count_entries(self) -> int:
        """Return about how many entries the audit log has.

        :raises OSError: when it cannot be read.
        """
        from workflows.store.sqlite.other_process.read_only import count_entries

        return count_entries(self.path)

    @property
    def audit_keys(self) -> AuditKeys:
        """Return the keys of the audit log."""
        return self.keys or KeyFile(own_key_file(self.path), is_own=True)

    def read_given_up(self) -> "Sequence[GivenUpRow]":
        """List the effects that were given up, oldest first.

        :raises OSError: when they cannot be read.
        """
        from workflows.store.sqlite.other_process.read_only import read_given_up

        return read_given_up(self.path)

    def read_waiting(self, now: datetime) -> "WaitingWork":
        """Count the effects that are not performed yet.

        :raises OSError: when they cannot be read.
        """
        from workflows.store.sqlite.other_process.read_only import read_waiting

        return read_waiting(self.path, now)

    def read_open_alarms(self) -> Sequence[Alarm]:
        """List the alarms that are not cleared, oldest first.

        :raises OSError: when they cannot be read.
        """
        from workflows.store.sqlite.other_process.read_only import read_open_alarms

        return read_open_alarms(self.path)

    def read_freeze(self) -> Freeze | None:
        """Return the newest freeze, also when it has ended; None when there never was one.

        :raises OSError: when it cannot be read.
        """
        from workflows.store.sqlite.other_process.read_only import read_freeze

        return read_freeze(self.path)

    def read_mark(self, name: str) -> str:
        """Return a mark of the bot's process; empty when it was never stored.

        :raises OSError: when it cannot be read.
        """
        from workflows.store.sqlite.other_process.read_only import read_mark

        return read_mark(self.path, name)

    def read_server(self) -> None:
        """Return nothing: a file has no server."""

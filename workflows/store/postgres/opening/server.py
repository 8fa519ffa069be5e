"""One database in PostgreSQL: its address, the settings of every connection, and what an error means.

No text that is made here has the password.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import AsyncConnection, Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow, dict_row

from workflows.ports.records import StoreUnusable
from workflows.store.postgres.opening.errors import cure_of

if TYPE_CHECKING:
    from psycopg_pool import AsyncConnectionPool, ConnectionPool

Connected: TypeAlias = AsyncConnection[DictRow]

_PASSWORDS: Final = ("password", "sslpassword")
"""The parts of an address that are secret (libpq, "Parameter Key Words")."""
_DEFAULTS: Final = {
    "application_name": "gatehouse",
    "connect_timeout": "5",
    # After how many seconds, or milliseconds, a server that vanished is noticed (libpq, "Parameter Key Words").
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
}
"""What is set for a connection where the address says nothing else."""
_SESSION: Final = """select set_config(name, value, false) from (values
        ('lock_timeout', '5s'), ('idle_in_transaction_session_timeout', '10s'), ('statement_timeout', '60s'),
        ('transaction_timeout', '0'), ('idle_session_timeout', '0'),
        ('default_transaction_isolation', 'read committed'), ('synchronous_commit', 'on'),
        ('tcp_keepalives_idle', '10'), ('tcp_keepalives_interval', '5'), ('tcp_keepalives_count', '3')
    ) as wanted(name, value) where current_setting(name, true) is not null
        and (name <> 'synchronous_commit' or current_setting('synchronous_commit') = 'off')"""
"""What is set for every connection. A process that vanishes in a transaction holds its locks for some seconds only.

What was acknowledged must not be lost, so `synchronous_commit` is never off. Time limits of the server or the user are
replaced by ours: those would end what takes long for a good reason. PostgreSQL 14 has no `transaction_timeout`."""
_MAX_CONNECTIONS: Final = 10
_MAX_READERS: Final = 4
_POOL_WAIT_SECONDS: Final = 5.0
"""How long work waits for a connection, also while the server is away. A click must be answered within 3 seconds or is
repeated; a longer wait would only pile work up."""
_RECONNECT_SECONDS: Final = 10.0
"""How long the pool tries for one connection. Each try waits longer; the next piece of work begins anew."""
_MAX_TEXT: Final = 300


@dataclass(frozen=True, slots=True)
class Server:
    """One database. Its text form never shows the password."""

    url: str = field(repr=False)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Return the database that an address names.

        :raises ValueError: when it is no address of PostgreSQL. The text does not repeat it.
        """
        problem = (
            "must look like postgresql://user:password@host:5432/database; write the characters : / @ # ? % of a "
            "password as %3A, %2F, %40, %23, %3F, %25"
        )
        try:
            parts, known = urlsplit(url), conninfo_to_dict(url)
            _ = parts.port
        except (ValueError, psycopg.Error):
            raise ValueError(problem) from None
        if parts.netloc.count("@") > 1 or "@" in parts.path or parts.fragment or not known.get("dbname"):
            raise ValueError(problem)
        return cls(url)

    @property
    def name(self) -> str:
        """Return the name of the database and its host, for people."""
        known = conninfo_to_dict(self.url)
        return f"{known.get('dbname')} at {known.get('host') or 'localhost'}"

    @property
    def address(self) -> str:
        """Return the address without user and password."""
        known = conninfo_to_dict(self.url)
        return f"postgresql://{known.get('host') or 'localhost'}:{known.get('port') or 5432}/{known.get('dbname')}"

    @property
    def secrets(self) -> Sequence[str]:
        """Return each password as it is, and as it is written in the address; nothing without one."""
        parts, known = urlsplit(self.url), conninfo_to_dict(self.url)
        pairs = (pair.partition("=") for pair in parts.query.split("&"))
        written = {value for name, _, value in pairs if unquote(name) in _PASSWORDS}
        found = {parts.password or "", *written, *(str(known.get(name) or "") for name in _PASSWORDS)}
        return sorted(found - {""}, key=len, reverse=True)

    @property
    def _conninfo(self) -> str:
        given = conninfo_to_dict(self.url)
        return make_conninfo(self.url, **{key: value for key, value in _DEFAULTS.items() if key not in given})

    async def connect(self) -> Connected:
        """Open one connection.

        :raises StoreUnusable: when the server cannot be used; the text says what to do.
        """
        try:
            connection = await AsyncConnection.connect(self._conninfo, autocommit=True, row_factory=dict_row)
            await prepare_session(connection)
        except (TimeoutError, psycopg.Error) as error:
            raise self.unusable(error) from None
        return connection

    def connect_now(self) -> Connection[Any]:
        """Open one connection outside of an event loop.

        :raises StoreUnusable: when the server cannot be used.
        """
        try:
            connection = Connection.connect(self._conninfo, autocommit=True)
            connection.execute(_SESSION)
        except psycopg.Error as error:
            raise self.unusable(error) from None
        return connection

    def pool(self) -> "AsyncConnectionPool[Connected]":
        """Return the connections of one process. A connection that is lost is opened again."""
        from workflows.store.postgres.opening.pool import CancellablePool

        return CancellablePool(
            self._conninfo,
            kwargs={"autocommit": True, "row_factory": dict_row},
            min_size=1,
            max_size=_MAX_CONNECTIONS,
            timeout=_POOL_WAIT_SECONDS,
            reconnect_timeout=_RECONNECT_SECONDS,
            configure=prepare_session,
            check=CancellablePool.check_connection,
            open=False,
        )

    def reader_pool(self) -> "ConnectionPool[Connection[Any]]":
        """Return the connections of threads that read many records. They are opened when one is needed."""
        from psycopg_pool import ConnectionPool

        return ConnectionPool(
            self._conninfo,
            kwargs={"autocommit": True},
            min_size=0,
            max_size=_MAX_READERS,
            timeout=_POOL_WAIT_SECONDS,
            reconnect_timeout=_RECONNECT_SECONDS,
            configure=_prepare_reader,
            check=ConnectionPool.check_connection,
            open=False,
        )

    def unusable(self, error: Exception) -> StoreUnusable:
        """Return what to tell about an error: one line with the cure, without the password."""
        text = getattr(getattr(error, "diag", None), "message_primary", None) or str(error)
        text = self._without_password(" ".join(text.split()))
        cure, is_temporary = cure_of(error, text.lower(), str(conninfo_to_dict(self.url).get("sslmode")))
        why = f"{self.name} cannot be used as a database ({text[:_MAX_TEXT]}); {cure}"
        return StoreUnusable(why, is_temporary=is_temporary)

    def _without_password(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text

    @contextmanager
    def readable(self) -> Iterator[Connection[Any]]:
        """Give one connection to read everything at one moment, outside of an event loop.

        :raises StoreUnusable: when the server cannot be used, or reading fails.
        """
        with self.connect_now() as connection:
            try:
                _prepare_reader(connection)
                with at_one_moment(connection):
                    yield connection
            except psycopg.Error as error:
                raise self.unusable(error) from None


def _prepare_reader(connection: Connection[Any]) -> None:
    connection.execute(_SESSION)
    connection.execute("set idle_in_transaction_session_timeout = '10min'")  # it locks no row
    connection.execute("set statement_timeout = '10min'")


@contextmanager
def at_one_moment(connection: Connection[Any]) -> Iterator[None]:
    """Read everything in the block at one moment."""
    connection.execute("begin isolation level repeatable read read only")
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("rollback")


async def prepare_session(connection: AsyncConnection[Any]) -> None:
    """Set what every connection of ours has."""
    await connection.execute(_SESSION)


@asynccontextmanager
async def at_one_moment_async(connection: Connected) -> AsyncIterator[None]:
    """Read everything in the block at one moment."""
    await connection.execute("begin isolation level repeatable read read only")
    try:
        yield
    finally:
        if not connection.closed:
            await connection.execute("rollback")

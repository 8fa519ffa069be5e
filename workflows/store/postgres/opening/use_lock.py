"""Tell bots from commands that need the records for themselves, by an advisory lock of a session.

Every bot shares the lock. A command that must be alone has it alone, so it waits for no bot, and no bot starts beside
it. The lock belongs to a connection of its own. When that is lost, the lock is taken again, unless a command that must
be alone has it now.
"""

import asyncio
from typing import Final

import psycopg
import structlog

from workflows.ports.records import StoreUnusable
from workflows.store.postgres.locks import USE_LOCK
from workflows.store.postgres.opening.server import Connected, Server

HAVE_OTHER_SESSIONS: Final = f"""(select count(*) from pg_locks where locktype = 'advisory' and granted
    and database = (select oid from pg_database where datname = current_database())
    and classid = {USE_LOCK >> 32} and objid = {USE_LOCK & 0xFFFF_FFFF} and objsubid = 1) > 1"""  # noqa: S608
"""A condition: besides this process, another one has the lock. The server ends it with the session of its holder."""
_WAIT_SECONDS: Final = 3.0
"""How long is waited for a process that is ending."""
_PAUSE_SECONDS: Final = 0.1
_log = structlog.get_logger()


class UseLock:
    """Holds the lock from `take` until `release`."""

    def __init__(self, server: Server, *, is_shared: bool, is_patient: bool = True) -> None:
        """Create it; nothing is taken yet.

        :param is_shared: whether others may share it: True for a bot.
        :param is_patient: whether a process that is ending is waited for.
        """
        self._server = server
        self._is_shared = is_shared
        self._wait_seconds = _WAIT_SECONDS if is_patient else 0.0
        self._take = "pg_try_advisory_lock_shared" if is_shared else "pg_try_advisory_lock"
        self._connection: Connected | None = None

    async def take(self) -> None:
        """Take the lock.

        :raises StoreUnusable: when another process has it, or the server cannot be used. A bot can wait for the end of
            a command, so that is temporary. A command cannot wait for a bot.
        """
        deadline = asyncio.get_running_loop().time() + self._wait_seconds
        while not await self.try_to_hold():
            if asyncio.get_running_loop().time() >= deadline:
                why = f"another process uses {self._server.name}; stop it first"
                raise StoreUnusable(why, is_temporary=self._is_shared)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def try_to_hold(self) -> bool:
        """Return whether the lock is ours; take it again where its connection was lost.

        :raises StoreUnusable: when the server cannot be used.
        """
        if self._connection is not None:
            try:
                await self._connection.execute("select 1")
                return True
            except psycopg.Error as error:
                _log.warning("use_lock_lost", reason=type(error).__name__)
                await self.release()
        connection = await self._server.connect()
        try:
            found = await connection.execute(f"select {self._take}(%s) as is_ours".encode(), [USE_LOCK])
            row = await found.fetchone()
        except psycopg.Error as error:
            await connection.close()
            raise self._server.unusable(error) from None
        if row is None or not row["is_ours"]:
            await connection.close()
            return False
        self._connection = connection
        return True

    async def release(self) -> None:
        """Let go of the lock."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

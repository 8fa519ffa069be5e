"""The connections of one process, for tasks that can be cancelled while they wait for one.

A boundary: what psycopg_pool loses is made good here.
"""

import asyncio

from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool


class CancellablePool(AsyncConnectionPool[AsyncConnection[DictRow]]):
    """A pool that loses no cancellation."""

    async def getconn(self, timeout: float | None = None) -> AsyncConnection[DictRow]:  # noqa: ASYNC109 - the pool has it
        """Take a connection; give it back when the task was cancelled meanwhile.

        The pool waits with `asyncio.wait_for`, which before Python 3.12 returns a connection that arrives together
        with a cancellation (cpython issue 86296). The task would go on, and whoever waits for its end would wait for
        ever.

        :param timeout: in seconds; None for the pool's own.
        :raises PoolTimeout: when none becomes free in time.
        """
        task = asyncio.current_task()
        before = task.cancelling() if task else 0
        connection = await super().getconn(timeout)
        if task and task.cancelling() > before:
            await self.putconn(connection)
            raise asyncio.CancelledError
        return connection

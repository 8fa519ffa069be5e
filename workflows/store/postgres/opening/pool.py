"""The connections of one process, for tasks that can be cancelled while they wait for one.

A boundary: what psycopg_pool loses is made good here.
"""

import asyncio

from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool


class CancellablePool(AsyncConnectionPool[AsyncConnection[DictRow]]):
    """A pool that loses no cancellation.

    It waits with `asyncio.wait_for`, which before Python 3.12 returns what arrives together with a cancellation
    (cpython issue 86296). The task would go on, and whoever waits for its end would wait for ever.
    """

    async def wait(self, timeout: float = 30.0) -> None:  # noqa: ASYNC109 - the pool has it
        """Wait until the pool has its first connections.

        :param timeout: in seconds.
        :raises PoolTimeout: when it has not in time.
        """
        before = _cancellations()
        await super().wait(timeout)
        if _cancellations() > before:
            raise asyncio.CancelledError

    async def getconn(self, timeout: float | None = None) -> AsyncConnection[DictRow]:  # noqa: ASYNC109 - the pool has it
        """Take a connection; give it back when the task was cancelled meanwhile.

        :param timeout: in seconds; None for the pool's own.
        :raises PoolTimeout: when none becomes free in time.
        """
        before = _cancellations()
        connection = await super().getconn(timeout)
        if _cancellations() > before:
            await self.putconn(connection)
            raise asyncio.CancelledError
        return connection


def _cancellations() -> int:
    """Count how often this task was asked to end."""
    task = asyncio.current_task()
    return task.cancelling() if task else 0

"""A task that waits for a connection hears that it is cancelled."""

import asyncio

import pytest
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from tests.workflows.store.postgres.server import test_server
from workflows.store.postgres.opening.server import Connected, Server

STEPS = 40
"""Steps of the event loop: a connection that was given back has reached the one who waits after about ten."""


async def cancelled_at_each_step(pool: AsyncConnectionPool[Connected], held: int) -> list[bool]:
    """Cancel a task that waits for a connection some steps after one was given back; tell whether it ended so."""
    ended = []
    for steps in range(STEPS):
        connections = [await pool.getconn() for _ in range(held)]
        waiting = asyncio.create_task(pool.getconn())
        await asyncio.sleep(0.002)
        assert not waiting.done()
        given_back = asyncio.create_task(pool.putconn(connections.pop()))
        for _ in range(steps):
            await asyncio.sleep(0)
        is_in_time = waiting.cancel()
        await asyncio.wait([waiting, given_back])
        ended.append(waiting.cancelled() or not is_in_time)
        if not waiting.cancelled():
            connections.append(waiting.result())
        for one in connections:
            await pool.putconn(one)
    return ended


async def test_a_cancellation_that_arrives_together_with_a_connection_ends_the_task(database: str) -> None:
    async with Server(test_server().url(database)).pool() as pool:
        assert await cancelled_at_each_step(pool, pool.max_size) == [True] * STEPS
        taken = [await pool.getconn() for _ in range(pool.max_size)]  # none was lost
        for one in taken:
            await pool.putconn(one)


async def test_what_asks_the_store_while_it_is_being_cancelled_gets_a_connection(database: str) -> None:
    """Work is given back at the end of a task that was cancelled."""
    async with Server(test_server().url(database)).pool() as pool:
        said = list[str]()

        async def give_back() -> None:
            try:
                await asyncio.sleep(60)
            finally:
                async with pool.connection() as connection:
                    cursor = await connection.execute("select 'given back' as said")
                    said.extend(row["said"] for row in await cursor.fetchall())

        task = asyncio.create_task(give_back())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert said == ["given back"]


async def test_without_a_free_connection_the_pool_says_so_in_time(database: str) -> None:
    async with Server(test_server().url(database)).pool() as pool:
        held = [await pool.getconn() for _ in range(pool.max_size)]
        with pytest.raises(PoolTimeout):
            await pool.getconn(0.01)
        for one in held:
            await pool.putconn(one)


async def test_a_cancellation_that_arrives_together_with_the_first_connections_ends_the_task(database: str) -> None:
    for steps in range(STEPS):
        pool = Server(test_server().url(database)).pool()
        opening = asyncio.create_task(pool.open(wait=True))
        while not pool.get_stats()["pool_available"]:  # noqa: ASYNC110 - the pool tells nobody
            await asyncio.sleep(0)
        for _ in range(steps % 8):
            await asyncio.sleep(0)
        is_in_time = opening.cancel()
        await asyncio.wait([opening])
        await pool.close()
        assert opening.cancelled() or not is_in_time

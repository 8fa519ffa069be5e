"""The worker of one process: its registration, and the turns that it takes among all processes.

Procrastinate's table of workers has one row for each process. What a process holds is a job under that row, so it ends
with the process: when its row is deleted for silence, or when it leaves.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, Final, cast

import psycopg
import structlog
from procrastinate.jobs import Job
from procrastinate.manager import JobManager
from procrastinate.psycopg_connector import PsycopgConnector
from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool

from workflows.ports.clock import Clock
from workflows.store.postgres.jobs.claim_statements import (
    BEAT,
    HELD_BY,
    LEADER,
    OTHERS,
    STILL_MINE,
    TAKE_LANE,
    with_next_of_lane,
)
from workflows.store.postgres.jobs.deferring import database_errors

_RENEWALS: Final = 4
"""How often the heartbeat is renewed in the time after which a process counts as dead."""

_log = structlog.get_logger()
Connection = AsyncConnection[DictRow]
Claim = tuple[int, int]
"""The ids of a job and of the worker that claimed it."""
current_claim: ContextVar[Claim | None] = ContextVar("claimed_job", default=None)
"""What is performed here: an effect, or what only the leading process does."""


class WorkerTurns:
    """Takes turns among all processes; implements the turns of `ports.effects_queue.SharedQueue`."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Connection],
        connection: Callable[[], AbstractAsyncContextManager[Connection]],
        clock: Clock,
        *,
        dead_after: timedelta,
        may_claim: Callable[[], bool],
    ) -> None:
        """Create it; see `SharedJobs`."""
        self._connection = connection
        self._clock = clock
        self._dead_after = dead_after.total_seconds()
        self._may_claim = may_claim
        self._pool = pool
        self._connector = PsycopgConnector()
        self.manager = JobManager(self._connector)
        self._worker: int | None = None
        self._claims: dict[int, int] = {}
        """The worker under whose id each job was claimed."""
        self._registering = asyncio.Lock()
        self._claiming = asyncio.Lock()
        """Held while something is claimed, until `_claims` has it."""
        self._leading: dict[str, int] = {}
        """The job with which this process holds each lead."""

    async def _register(self) -> None:
        """Register this process, once: the heartbeat and the first tick may begin at the same moment."""
        async with self._registering:
            if self._worker is not None:
                return
            await self._connector.open_async(cast(Any, self._pool))
            [row] = await self._rows("select worker_id from procrastinate_register_worker_v1()", None)
            self._worker = row["worker_id"]
            _log.info("worker_registered", worker=self._worker)

    async def _keep_alive(self) -> None:
        """Renew the heartbeat also while nothing else does: effects may begin later than ticks."""
        while True:
            with suppress(Exception):  # the next one may arrive
                await self._execute(BEAT, (self._worker,))
            await asyncio.sleep(self._dead_after / _RENEWALS)

    async def has_others(self) -> bool:
        """Return whether other processes live now."""
        return await self._execute(OTHERS, (self._worker or 0, self._dead_after)) > 0

    @asynccontextmanager
    async def leading(self, name: str) -> AsyncIterator[bool]:
        """Hold the lead with a job of no effect, which ends with this process; see `ports.effects_queue`."""
        if self._worker is None:
            await self._register()
        if not await self._is_leading(name):
            yield False
            return
        held = self._leading[name]
        token = current_claim.set((held, self._claims.get(held, 0)))
        alive = asyncio.create_task(self._keep_alive())
        try:
            yield True
        finally:
            alive.cancel()
            current_claim.reset(token)

    async def _is_leading(self, name: str) -> bool:
        if not self._may_claim():  # also a leader of an older version: whatever is due is stored by others only
            await self.resign(name)
            return False
        held = self._leading.get(name)
        if held is not None:
            if await self._execute(STILL_MINE, (held, self._claims.get(held, 0), self._dead_after)):
                return True
            await self.resign(name)  # too old, though perhaps nobody else was there to take it
            await self._execute(BEAT, (self._worker,))
        taken = await self._take_lane(_lane_of(name))
        if taken is None:
            return False
        self._leading[name] = taken
        _log.info("leads", what=name)
        return True

    async def resign(self, name: str) -> None:
        """Give up the lead, so that another process has it at once."""
        if (held := self._leading.pop(name, None)) is not None:
            await self._execute(f"delete from procrastinate_jobs where {HELD_BY}", self._let_go(held))  # noqa: S608

    async def leader(self, name: str) -> int | None:
        """Return the worker that has the lead now; None when none has it."""
        rows = await self._rows(LEADER, (_lane_of(name),))
        return rows[0]["worker_id"] if rows else None

    @asynccontextmanager
    async def in_lane(self, lane: str) -> AsyncIterator[bool]:
        """Hold a lane with a job of no effect, which ends with this process."""
        job_id = await self._take_lane(lane)
        try:
            yield job_id is not None
        finally:
            if job_id is not None:
                values = {**self._let_go(job_id), "lane": lane, "is_given_back": False}
                delete = f"delete from procrastinate_jobs where {HELD_BY} returning id"  # noqa: S608
                await self._execute(with_next_of_lane(delete), values)

    async def _take_lane(self, lane: str) -> int | None:
        async with self._claiming:
            if self._worker is None:
                return None
            try:
                rows = await self._rows(TAKE_LANE, {"lane": lane, "worker": self._worker})
            except psycopg.errors.ForeignKeyViolation:
                return None  # the others took this process for dead; its next heartbeat registers it again
            self._claims |= {row["id"]: self._worker for row in rows}
        return rows[0]["id"] if rows else None

    async def _fetch(self, queues: Sequence[str]) -> Job | None:
        """Claim the first job of some queues with procrastinate.

        :raises psycopg.errors.UniqueViolation: when another process has just claimed one of the same lane.
        """
        async with self._claiming:
            if (worker := self._worker) is None or not self._may_claim():
                return None
            with database_errors():
                job = await self.manager.fetch_job(queues=queues, worker_id=worker)
            if job is not None and job.id is not None:
                self._claims[job.id] = worker
            return job

    def _let_go(self, job_id: int) -> dict[str, Any]:
        """Return what is needed to end a job, which is given back by the next heartbeat when that is not possible."""
        return {"id": job_id, "worker": self._claims.pop(job_id, 0)}

    async def _execute(self, sql: str, values: Any = None) -> int:
        """Execute one statement, and return how many rows it changed or found."""
        async with self._connection() as connection:
            return (await connection.execute(sql.encode(), values)).rowcount

    async def _rows(self, sql: str, values: Any) -> list[DictRow]:
        async with self._connection() as connection:
            return await (await connection.execute(sql.encode(), values)).fetchall()


def _lane_of(name: str) -> str:
    """Return the lane that whoever has this lead holds."""
    return f"lead:{name}"

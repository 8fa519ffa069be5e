"""Claim effects for one process among several, and take over what a process left that died.

The places of each kind of work, the order in which something is begun and what comes of an attempt are decided in
`workflows.effects.queue`. Here are the claims: procrastinate's fetch, its locks and its heartbeats. What came of an
attempt is stored only for whoever still holds the claim, which procrastinate's own worker does not check.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, Final, cast

import psycopg
import structlog
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Job
from procrastinate.manager import JobManager
from procrastinate.psycopg_connector import PsycopgConnector
from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool
from pydantic import ValidationError

from workflows.core.requests.effects import WorkKind
from workflows.ports.clock import Clock
from workflows.ports.effects_queue import Done, GivenUp, Outcome, PendingEffect, RetryAt, TakenOver
from workflows.store.common.rows import text_of
from workflows.store.postgres.jobs.claim_statements import (
    BEAT,
    CLAIM_ONE,
    END_TURNS,
    GIVE_BACK_OTHERS,
    GIVEN_BACK,
    HELD_BY,
    RELEASE,
    STILL_MINE,
    TAKE_LANE,
    TAKE_OVER,
    with_next_of_lane,
)
from workflows.store.postgres.jobs.deferring import database_errors
from workflows.store.postgres.jobs.stored_effects import NOTIFY, PARKED, RETRIED, effect_of, moments, unreadable
from workflows.store.redaction import RecordRedactor

_RENEWALS: Final = 4
"""How often the heartbeat is renewed in the time after which a process counts as dead."""
_TRIES_TO_CLAIM: Final = 5

_log = structlog.get_logger()
Connection = AsyncConnection[DictRow]
_Claim = tuple[int, int]
"""The ids of a job and of the worker that claimed it."""
_current: ContextVar[_Claim | None] = ContextVar("claimed_job", default=None)


class SharedJobs:
    """Implements `ports.effects_queue.SharedQueue`."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Connection],
        connection: Callable[[], AbstractAsyncContextManager[Connection]],
        connect: Callable[[], Awaitable[Connection]],
        clock: Clock,
        clean: RecordRedactor,
        *,
        dead_after: timedelta,
    ) -> None:
        """Create the queue; see `EffectJobs`."""
        self._connection = connection
        self._connect = connect
        self._clock = clock
        self._clean = clean
        self._dead_after = dead_after.total_seconds()
        self._pool = pool
        self._connector = PsycopgConnector()
        self.manager = JobManager(self._connector)
        self._worker: int | None = None
        self._claims: dict[int, int] = {}
        """The worker under whose id each job was claimed."""
        self._claiming = asyncio.Lock()
        """Held while something is claimed, until `_claims` has it."""

    async def beat(self) -> bool:
        """Renew the heartbeat, and take over the jobs of workers that have none.

        :returns: False when this worker's own was gone. Nothing is claimed then until the next call, which registers a
            new worker.
        """
        if self._worker is None:
            await self._register()
        elif not await self._execute(BEAT, (self._worker,)):
            self._worker = None
            _log.warning("taken_for_dead")
            return False
        with database_errors():
            dead = await self.manager.prune_stalled_workers(self._dead_after)  # its jobs then have no worker
        async with self._claiming:
            await self._take_over(dead)
        return True

    async def _register(self) -> None:
        await self._connector.open_async(cast(Any, self._pool))
        with database_errors():
            self._worker = await self.manager.register_worker()

    async def _keep_alive(self) -> None:
        """Renew the heartbeat also while nothing else does: effects may begin later than periodic work."""
        while True:
            await asyncio.sleep(self._dead_after / _RENEWALS)
            with suppress(Exception):  # the next one may arrive
                await self._execute(BEAT, (self._worker,))

    async def _take_over(self, dead: Sequence[int]) -> None:
        """Take over from dead workers. Give back what this one claimed without hearing of it, by a cut connection."""
        mine = {"worker": self._worker, "known": self._known()}
        ended, taken = await self._execute(END_TURNS, mine), await self._execute(TAKE_OVER)
        given_back = await self._execute(GIVE_BACK_OTHERS, mine)
        if ended or taken or given_back:
            _log.warning("effects_taken_over", workers=dead, effects=taken, turns=ended, given_back=given_back)
            await self._execute(NOTIFY, {"id": 0})

    def _known(self) -> list[int]:
        """Return the jobs that this worker knows to be its own."""
        return [job_id for job_id, worker in self._claims.items() if worker == self._worker]

    async def release_due(self) -> None:
        """Put what is due now into its queue and lane, with one statement."""
        if await self._execute(RELEASE, moments(self._clock.now())):
            await self._execute(NOTIFY, {"id": 0})

    async def claim(self, kinds: Collection[WorkKind]) -> PendingEffect | None:
        """Claim the most important job of these kinds whose lane is free."""
        for _ in range(_TRIES_TO_CLAIM):
            try:
                if (job := await self._fetch([kind.value for kind in kinds])) is None:
                    return None
            except psycopg.errors.UniqueViolation:
                continue  # another process began a job of the same lane at the same moment
            try:
                return effect_of({"id": job.id, "attempts": job.attempts, "args": job.task_kwargs})
            except ValidationError as error:
                await self._give_up_unreadable(job, error)
        return None

    async def _fetch(self, queues: Sequence[str]) -> Job | None:
        """Claim the first job of some queues with procrastinate.

        :raises psycopg.errors.UniqueViolation: when another process has just claimed one of the same lane.
        """
        async with self._claiming:
            if (worker := self._worker) is None:
                return None
            with database_errors():
                job = await self.manager.fetch_job(queues=queues, worker_id=worker)
            if job is not None and job.id is not None:
                self._claims[job.id] = worker
            return job

    async def claim_one(self, effect_id: int) -> PendingEffect | None:
        """Claim one job; None when it does not wait any more, or its lane is not free."""
        await self.release_due()
        async with self._claiming:
            if (worker := self._worker) is None:
                return None
            try:
                rows = await self._rows(CLAIM_ONE, {"id": effect_id, "worker": worker})
            except psycopg.errors.UniqueViolation:
                return None  # something of its lane is performed
            if rows:
                self._claims[effect_id] = worker
        return effect_of(rows[0]) if rows else None

    @asynccontextmanager
    async def once_everywhere(self, name: str, every: float) -> AsyncIterator[bool]:
        """Store one job for this period, whatever process is first, and yield whether it could be claimed here."""
        if self._worker is None:
            await self._register()
        job_id = await self._claim_periodic(name, every)
        if job_id is None:
            yield False
            return
        alive = asyncio.create_task(self._keep_alive())
        try:
            yield True
        finally:
            alive.cancel()
            await self._execute(f"delete from procrastinate_jobs where {HELD_BY}", self._let_go(job_id))  # noqa: S608

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
            rows = await self._rows(TAKE_LANE, {"lane": lane, "worker": self._worker})
            self._claims |= {row["id"]: self._worker for row in rows}
        return rows[0]["id"] if rows else None

    async def _claim_periodic(self, name: str, every: float) -> int | None:
        queue, period = f"periodic:{name}", int(time.time() // every * every * 1000)
        job = Job(queue=queue, task_name=name, lock=queue, queueing_lock=queue, task_kwargs={"timestamp": period})
        with suppress(AlreadyEnqueued), database_errors():
            await self.manager.defer_periodic_job(job, periodic_id=name, defer_timestamp=period)
        try:
            found = await self._fetch([queue])
        except psycopg.errors.UniqueViolation:
            return None  # another process has just begun
        return None if found is None else found.id

    def _held(self, job_id: int) -> dict[str, Any]:
        return {"id": job_id, "worker": self._claims.get(job_id, 0)}

    def _let_go(self, job_id: int) -> dict[str, Any]:
        """Return what is needed to end a job, which is given back by the next heartbeat when that is not possible."""
        return {"id": job_id, "worker": self._claims.pop(job_id, 0)}

    async def _give_up_unreadable(self, job: Job, error: ValidationError) -> None:
        job_id = job.id or 0
        values = {**self._let_go(job_id), "error": self._clean.facts_text(unreadable(job_id, error))}
        await self._execute(f"update procrastinate_jobs set {PARKED} where {HELD_BY}", values)  # noqa: S608

    @contextmanager
    def holding(self, pending: PendingEffect) -> Iterator[None]:
        """Remember in this context which job is performed."""
        token = _current.set((pending.id, self._claims.get(pending.id, 0)))
        try:
            yield
        finally:
            _current.reset(token)

    async def is_still_mine(self) -> bool:
        """Return whether this process still holds the job of this context, with a heartbeat that is not too old."""
        claim = _current.get()
        return claim is None or await self._execute(STILL_MINE, (*claim, self._dead_after)) == 1

    async def settle(self, pending: PendingEffect, outcome: Outcome) -> bool:
        """Store what came of an attempt, if this process still holds the job."""
        values: dict[str, Any] = {**self._held(pending.id), "lane": pending.lane}
        values["is_given_back"] = isinstance(outcome, TakenOver)
        match outcome:
            case Done():
                change = f"delete from procrastinate_jobs where {HELD_BY} returning id"  # noqa: S608
            case RetryAt():
                values |= {"due": text_of(outcome.due_at), "faults": outcome.own_faults}
                values["error"] = self._clean.facts_text(outcome.error)
                change = f"update procrastinate_jobs set {RETRIED} where {HELD_BY} returning id"  # noqa: S608
            case GivenUp():
                values["error"] = self._clean.facts_text(outcome.error)
                change = f"update procrastinate_jobs set {PARKED} where {HELD_BY} returning id"  # noqa: S608
            case TakenOver():
                change = f"update procrastinate_jobs set {GIVEN_BACK} where {HELD_BY} returning id"  # noqa: S608
        is_stored = await self._execute(with_next_of_lane(change), values) == 1
        self._claims.pop(pending.id, None)
        if not is_stored:
            _log.warning("effect_was_taken_over", effect_id=pending.id)
        return is_stored

    async def listen(self, woken: Callable[[], None]) -> None:
        """Listen on a connection of its own for procrastinate's notifications."""
        async with await self._connect() as connection:
            await connection.execute("listen procrastinate_any_queue_v1")
            woken()  # for what was stored before
            async for _ in connection.notifies():
                woken()

    async def leave(self) -> None:
        """Give back every job of this worker, and delete the worker."""
        if self._worker is None:
            return
        worker, self._worker = self._worker, None
        await self._execute(END_TURNS, {"worker": worker, "known": []})
        sql = f"update procrastinate_jobs set {GIVEN_BACK} where status = 'doing' and worker_id = %s"  # noqa: S608
        if await self._execute(sql, (worker,)):
            await self._execute(NOTIFY, {"id": 0})
        with database_errors():
            await self.manager.unregister_worker(worker)

    async def _execute(self, sql: str, values: Any = None) -> int:
        """Execute one statement, and return how many rows it changed or found."""
        async with self._connection() as connection:
            return (await connection.execute(sql.encode(), values)).rowcount

    async def _rows(self, sql: str, values: Any) -> list[DictRow]:
        async with self._connection() as connection:
            return await (await connection.execute(sql.encode(), values)).fetchall()

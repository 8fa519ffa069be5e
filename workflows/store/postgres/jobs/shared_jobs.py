"""Claim effects for one process among several, and take over what a process left that died.

The places of each kind of work, the order in which something is begun and what comes of an attempt are decided in
`workflows.effects.queue`. Here are the claims: procrastinate's fetch, its locks and its heartbeats. What came of an
attempt is stored only for whoever still holds the claim, which procrastinate's own worker does not check.
"""

from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, Final, cast

import structlog
from procrastinate.exceptions import UniqueViolation
from procrastinate.manager import JobManager
from procrastinate.psycopg_connector import PsycopgConnector
from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool
from pydantic import ValidationError

from workflows.core.requests.effects import WorkKind
from workflows.intervals import WORKER_DEAD_AFTER
from workflows.ports.clock import Clock
from workflows.ports.effects_queue import Done, GivenUp, Outcome, PendingEffect, RetryAt, TakenOver
from workflows.store.columns import text_of
from workflows.store.postgres.jobs.deferring import database_errors
from workflows.store.postgres.jobs.stored_effects import IS_DUE, NOTIFY, PARKED, RETRIED, effect_of, moments, unreadable
from workflows.store.redaction import RecordRedactor

_DEAD_AFTER: Final = WORKER_DEAD_AFTER.total_seconds()
_HELD_BY: Final = "id = %(id)s and status = 'doing' and worker_id = %(worker)s"
_GIVEN_BACK: Final = "status = 'todo', worker_id = null"
_BEAT: Final = "update procrastinate_workers set last_heartbeat = now() where id = %s returning id"
_TAKE_OVER: Final = f"update procrastinate_jobs set {_GIVEN_BACK} where status = 'doing' and worker_id is null"  # noqa: S608
_RELEASE: Final = f"""update procrastinate_jobs set queue_name = args->>'kind', lock = args->>'lane'
    where status = 'todo' and queue_name = 'later' and {IS_DUE} returning id"""  # noqa: S608
_STILL_MINE: Final = """select 1 from procrastinate_jobs as jobs join procrastinate_workers as workers
    on workers.id = jobs.worker_id where jobs.id = %s and jobs.status = 'doing' and jobs.worker_id = %s
    and workers.last_heartbeat > now() - make_interval(secs => %s)"""
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
    ) -> None:
        """Create the queue; see `EffectJobs`."""
        self._connection = connection
        self._connect = connect
        self._clock = clock
        self._clean = clean
        self._pool = pool
        self._connector = PsycopgConnector()
        self.manager = JobManager(self._connector)
        self._worker: int | None = None
        self._claims: dict[int, int] = {}
        """The worker under whose id each job was claimed."""

    async def beat(self) -> bool:
        """Renew the heartbeat, and take over the jobs of workers that have none.

        :returns: False when this worker's own was gone. It is a new worker then.
        """
        was_known = self._worker is not None
        is_same = was_known and await self._execute(_BEAT, (self._worker,)) == 1
        if not is_same:
            await self._connector.open_async(cast(Any, self._pool))
            with database_errors():
                self._worker = await self.manager.register_worker()
        with database_errors():
            dead = await self.manager.prune_stalled_workers(_DEAD_AFTER)  # its jobs then have no worker
        if taken := await self._execute(_TAKE_OVER):
            _log.warning("effects_taken_over", workers=dead, effects=taken)
            await self._execute(NOTIFY, {"id": 0})
        if was_known and not is_same:
            _log.warning("taken_for_dead")
        return is_same or not was_known

    async def release_due(self) -> None:
        """Put what is due now into its queue and lane, with one statement."""
        if await self._execute(_RELEASE, moments(self._clock.now())):
            await self._execute(NOTIFY, {"id": 0})

    async def claim(self, kinds: Collection[WorkKind]) -> PendingEffect | None:
        """Claim the most important job of these kinds whose lane is free."""
        for _ in range(_TRIES_TO_CLAIM):
            if self._worker is None:
                return None
            worker = self._worker
            try:
                with database_errors():
                    job = await self.manager.fetch_job(queues=[kind.value for kind in kinds], worker_id=worker)
            except UniqueViolation:
                continue  # another process began a job of the same lane at the same moment
            if job is None or job.id is None:
                return None
            self._claims[job.id] = worker
            try:
                return effect_of({"id": job.id, "attempts": job.attempts, "args": job.task_kwargs})
            except ValidationError as error:
                await self._give_up_unreadable(job.id, worker, error)
        return None

    async def _give_up_unreadable(self, job_id: int, worker: int, error: ValidationError) -> None:
        values = {"id": job_id, "worker": worker, "error": self._clean.facts_text(unreadable(job_id, error))}
        await self._execute(f"update procrastinate_jobs set {PARKED} where {_HELD_BY}", values)  # noqa: S608
        self._claims.pop(job_id, None)

    @contextmanager
    def holding(self, pending: PendingEffect) -> Iterator[None]:
        """Remember in this context which job is performed."""
        worker = self._claims.get(pending.id)
        token = _current.set(None if worker is None else (pending.id, worker))
        try:
            yield
        finally:
            _current.reset(token)

    async def is_still_mine(self) -> bool:
        """Return whether this process still holds the job of this context, with a heartbeat that is not too old."""
        claim = _current.get()
        return claim is None or await self._execute(_STILL_MINE, (*claim, _DEAD_AFTER)) == 1

    async def settle(self, pending: PendingEffect, outcome: Outcome) -> bool:
        """Store what came of an attempt, if this process still holds the job."""
        values: dict[str, Any] = {"id": pending.id, "worker": self._claims[pending.id], "lane": pending.lane}
        match outcome:
            case Done():
                change = f"delete from procrastinate_jobs where {_HELD_BY} returning id"  # noqa: S608
            case RetryAt():
                values |= {"due": text_of(outcome.due_at), "faults": outcome.own_faults}
                values["error"] = self._clean.facts_text(outcome.error)
                change = f"update procrastinate_jobs set {RETRIED} where {_HELD_BY} returning id"  # noqa: S608
            case GivenUp():
                values["error"] = self._clean.facts_text(outcome.error)
                change = f"update procrastinate_jobs set {PARKED} where {_HELD_BY} returning id"  # noqa: S608
            case TakenOver():
                change = f"update procrastinate_jobs set {_GIVEN_BACK} where {_HELD_BY} returning id"  # noqa: S608
        is_stored = await self._execute(_with_next_of_lane(change), values) == 1
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
        sql = f"update procrastinate_jobs set {_GIVEN_BACK} where status = 'doing' and worker_id = %s"  # noqa: S608
        if await self._execute(sql, (worker,)):
            await self._execute(NOTIFY, {"id": 0})
        with database_errors():
            await self.manager.unregister_worker(worker)

    async def _execute(self, sql: str, values: Any = None) -> int:
        """Execute one statement, and return how many rows it changed or found."""
        async with self._connection() as connection:
            return (await connection.execute(sql.encode(), values)).rowcount


def _with_next_of_lane(change: str) -> str:
    """Return a statement that changes a job, and wakes every process when another job waits for the same lane."""
    return f"""with changed as ({change}), events as (
            delete from procrastinate_events where job_id in (select id from changed)
        ), told as (
            select pg_notify('procrastinate_any_queue_v1',
                json_build_object('type', 'job_inserted', 'job_id', %(id)s::bigint)::text)
            from changed where exists (select 1 from procrastinate_jobs
                where lock = %(lane)s and status = 'todo' and id <> %(id)s)
        )
        select changed.id, (select count(*) from told) from changed"""  # noqa: S608

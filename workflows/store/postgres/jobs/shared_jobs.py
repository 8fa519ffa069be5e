"""Claim effects for one process among several, and take over what a process left that died.

The places of each kind of work, the order in which something is begun and what comes of an attempt are decided in
`workflows.effects.queue`. Here are the claims: procrastinate's fetch, its locks and its heartbeats. What came of an
attempt is stored only for whoever still holds the claim, which procrastinate's own worker does not check.
"""

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from datetime import timedelta
from typing import Any, Final

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool
from pydantic import ValidationError

from workflows.core.requests.effects import WorkKind
from workflows.intervals import WORKER_DEAD_AFTER
from workflows.ports.clock import Clock
from workflows.ports.effects_queue import Done, GivenUp, Outcome, PendingEffect, RetryAt, TakenOver
from workflows.store.common.rows import text_of
from workflows.store.postgres.jobs.claim_statements import (
    BEAT,
    CLAIM_ONE,
    COUNT_WORKERS,
    END_TURNS,
    GIVE_BACK_OTHERS,
    GIVEN_BACK,
    HELD_BY,
    LEAVE,
    RELEASE,
    STILL_MINE,
    TAKE_OVER,
    with_next_of_lane,
)
from workflows.store.postgres.jobs.deferring import database_errors
from workflows.store.postgres.jobs.notes import NOTED
from workflows.store.postgres.jobs.stored_effects import NOTIFY, PARKED, RETRIED, effect_of, moments, unreadable
from workflows.store.postgres.jobs.worker_turns import Claim, WorkerTurns, current_claim
from workflows.store.redaction import RecordRedactor

_TRIES_TO_CLAIM: Final = 5

_log = structlog.get_logger()
Connection = AsyncConnection[DictRow]


class SharedJobs(WorkerTurns):
    """Implements `ports.effects_queue.SharedQueue`."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Connection],
        connection: Callable[[], AbstractAsyncContextManager[Connection]],
        connect: Callable[[], Awaitable[Connection]],
        clock: Clock,
        clean: RecordRedactor,
        *,
        dead_after: timedelta = WORKER_DEAD_AFTER,
        may_claim: Callable[[], bool] = lambda: True,
    ) -> None:
        """Create the queue.

        :param pool: gives connections that commit each statement. It is opened before the queue is used.
        :param connection: gives one of them, and raises the store's own errors.
        :param connect: makes one more connection, which listens as long as effects are performed.
        :param dead_after: when a process counts as dead that has not said that it lives.
        :param may_claim: returns whether this process may claim anything now.
        """
        super().__init__(pool, connection, clock, dead_after=dead_after, may_claim=may_claim)
        self._connect = connect
        self._clean = clean
        self.replicas = 1
        self.on_note: Callable[[str], None] | None = None
        """Called with the name of each note that is stored by whatever process; see `SharedNotes`."""

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
        self.replicas = max(1, (await self._rows(COUNT_WORKERS, None))[0]["count"])
        async with self._claiming:
            await self._take_over(dead)
        return True

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
                await self._give_up_unreadable(job.id or 0, error)
        return None

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
        try:
            return effect_of(rows[0]) if rows else None
        except ValidationError as error:
            await self._give_up_unreadable(effect_id, error)
        return None

    async def _give_up_unreadable(self, job_id: int, error: ValidationError) -> None:
        values = {**self._let_go(job_id), "error": self._clean.facts_text(unreadable(job_id, error))}
        await self._execute(f"update procrastinate_jobs set {PARKED} where {HELD_BY}", values)  # noqa: S608

    @contextmanager
    def holding(self, pending: PendingEffect) -> Iterator[None]:
        """Remember in this context which job is performed, and under which worker it was claimed."""
        claim = (pending.id, self._claims.get(pending.id, 0))
        token = current_claim.set(claim)
        try:
            yield
        except BaseException:
            self._forget(claim)  # nothing came of it, so the next heartbeat gives it back
            raise
        finally:
            current_claim.reset(token)

    def _forget(self, claim: Claim) -> None:
        """Forget a claim, but not a later one of the same job."""
        job_id, worker = claim
        if self._claims.get(job_id) == worker:
            del self._claims[job_id]

    async def is_still_mine(self) -> bool:
        """Return whether this process still holds the job or lead of this context, with a heartbeat not too old."""
        claim = current_claim.get()
        return claim is None or await self._execute(STILL_MINE, (*claim, self._dead_after)) == 1

    async def settle(self, pending: PendingEffect, outcome: Outcome) -> bool:
        """Store what came of an attempt, if the claim under which it was made still holds."""
        claim = current_claim.get()
        if claim is None or claim[0] != pending.id:
            claim = (pending.id, self._claims.get(pending.id, 0))
        values: dict[str, Any] = {"id": claim[0], "worker": claim[1], "lane": pending.lane}
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
        self._forget(claim)
        if not is_stored:
            _log.warning("effect_was_taken_over", effect_id=pending.id)
        return is_stored

    async def listen(self, woken: Callable[[], None]) -> None:
        """Listen on a connection of its own for procrastinate's notifications."""
        async with await self._connect() as connection:
            await connection.execute("listen procrastinate_any_queue_v1")
            await connection.execute(f"listen {NOTED}".encode())
            woken()  # for what was stored before
            self._tell_of_note("")
            async for told in connection.notifies():
                if told.channel == NOTED:
                    self._tell_of_note(told.payload)
                else:
                    woken()

    def _tell_of_note(self, name: str) -> None:
        if self.on_note is not None:
            self.on_note(name)

    async def leave(self) -> None:
        """Give back every job of this worker, and delete the worker."""
        if self._worker is None:
            return
        worker, self._worker = self._worker, None
        await self._execute(END_TURNS, {"worker": worker, "known": []})
        if await self._execute(LEAVE, (worker,)):
            await self._execute(NOTIFY, {"id": 0})
        with database_errors():
            await self.manager.unregister_worker(worker)

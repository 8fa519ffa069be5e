"""Perform the stored effects of a store that one process uses, each at least once.

Each lane is performed in order, and lanes run in parallel. What only closes access comes first. Then writes have
priority over permission checks and preparations, these over messages, and App Homes come last. Nothing is begun while
somebody waits for the answer to a click.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from workflows.core.requests.effects import WorkKind, work_kind
from workflows.effects.queue.attempts import Attempts
from workflows.effects.queue.places import MAX_PARALLEL, has_room
from workflows.intervals import USUAL_PAUSES, Pauses
from workflows.ports.clock import Clock
from workflows.ports.effects_queue import Done, GivenUp, Outcome, PendingEffect, RetryAt, TakenOver
from workflows.ports.store import Store
from workflows.tasks import WORK_CANCELLED_AGAIN_AFTER, end_tasks

_log = structlog.get_logger()


class QueueWorker:
    """Performs effects. Start it with `run`; call `wake` after storing an effect."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        attempts: Attempts,
        pauses: Pauses = USUAL_PAUSES,
        until_quiet: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Create the queue worker.

        :param until_quiet: waits a moment while people wait for an answer; called before effects are begun.
        """
        self._store = store
        self._clock = clock
        self._attempts = attempts
        self._until_quiet = until_quiet
        self._longest_sleep = pauses.due_work_read_every
        self._own_faults: dict[int, int] = {}
        """How often each effect failed because of an error in Gatehouse since the start. Outages do not count."""
        self._woken = asyncio.Event()
        self._is_draining = False
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._running: dict[str, WorkKind] = {}

    def wake(self) -> None:
        """Check for work now."""
        self._woken.set()

    async def run(self) -> None:
        """Perform due effects until cancelled. Unfinished effects stay stored for the next start."""
        try:
            while True:
                if self._until_quiet is not None:
                    await self._until_quiet()
                self._woken.clear()
                try:
                    await self._start_what_is_due()
                except Exception:
                    _log.exception("effects_not_read")  # tried again: a full disk or a locked file may be repaired
                await self._wait_for_work()
        finally:
            await end_tasks(self._lanes.values(), WORK_CANCELLED_AGAIN_AFTER)

    async def drain(self) -> None:
        """Begin nothing more, and wait until what is running has ended."""
        self._is_draining = True
        while running := list(self._lanes.values()):
            await asyncio.wait(running)

    async def _start_what_is_due(self) -> None:
        others_wait = False
        for pending in await self._store.pending(self._clock.now(), MAX_PARALLEL + len(self._lanes)):
            if self._is_draining:
                return
            if pending.lane in self._lanes:
                continue
            if has_room(work_kind(pending.effect), self._running.values(), others_wait=others_wait):
                self._start(pending)
            else:
                others_wait = True

    async def _wait_for_work(self) -> None:
        try:
            async with asyncio.timeout(self._longest_sleep):
                await self._woken.wait()
        except TimeoutError:
            return

    def _start(self, pending: PendingEffect) -> None:
        task = asyncio.create_task(self._perform_one(pending))
        self._lanes[pending.lane] = task
        self._running[pending.lane] = work_kind(pending.effect)

        def on_end(task: asyncio.Task[None]) -> None:
            del self._lanes[pending.lane], self._running[pending.lane]
            if not task.cancelled() and (error := task.exception()) is not None:
                # The result could not be stored. The effect is still due and found at the next read of the queue.
                _log.error("effect_end_not_stored", effect_id=pending.id, exc_info=error)
                return
            self.wake()

        task.add_done_callback(on_end)

    async def _perform_one(self, pending: PendingEffect) -> None:
        counted = replace(pending, own_faults=self._own_faults.get(pending.id, 0))
        outcome = await self._attempts.attempt(counted)
        if isinstance(outcome, RetryAt) and outcome.own_faults:
            self._own_faults[pending.id] = outcome.own_faults
        await self._store_outcome(pending, outcome)
        if not isinstance(outcome, RetryAt):
            self._own_faults.pop(pending.id, None)
        if isinstance(outcome, GivenUp):
            await self._attempts.gave_up(pending, outcome.error)

    async def _store_outcome(self, pending: PendingEffect, outcome: Outcome) -> None:
        match outcome:
            case Done():
                await self._store.mark_done(pending.id)
            case RetryAt():
                await self._store.retry(pending.id, outcome.due_at, outcome.error)
            case GivenUp():
                await self._store.give_up(pending.id, outcome.error)
            case TakenOver():
                return  # it stays stored for the process that has taken it over

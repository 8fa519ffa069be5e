"""Perform the stored effects of a store that several processes use, each at least once.

Every process runs one of these. It claims one effect after the other from the kinds of work that have a place left, and
the store sees to it that a lane has one effect at a time, whatever process performs it. It is woken when something is
stored, says every few seconds that it lives, and takes over what a process left that died.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection

import structlog

from workflows.core.requests.effects import WorkKind, work_kind
from workflows.effects.queue.attempts import Attempts
from workflows.effects.queue.places import has_room
from workflows.intervals import USUAL_PAUSES, WORKER_BEATS_EVERY, Pauses
from workflows.ports.effects_queue import GivenUp, Outcome, PendingEffect, SharedQueue, TakenOver
from workflows.tasks import WORK_CANCELLED_AGAIN_AFTER, end_tasks

_log = structlog.get_logger()


class JobWorker:
    """Performs effects. Start it with `run`; call `wake` after storing an effect."""

    def __init__(
        self,
        *,
        queue: SharedQueue,
        attempts: Attempts,
        pauses: Pauses = USUAL_PAUSES,
        until_quiet: Callable[[], Awaitable[None]] | None = None,
        beats_every: float = WORKER_BEATS_EVERY.total_seconds(),
    ) -> None:
        """Create the worker.

        :param until_quiet: waits a moment while people wait for an answer; called before effects are begun.
        :param beats_every: how often it says that it lives, in seconds.
        """
        self._queue = queue
        self._attempts = attempts
        self._until_quiet = until_quiet
        self._longest_sleep = pauses.due_work_read_every
        self._beats_every = beats_every
        self._woken = asyncio.Event()
        self._is_draining = False
        self._starting = asyncio.Lock()
        self._running: dict[asyncio.Task[None], WorkKind] = {}

    def wake(self) -> None:
        """Check for work now."""
        self._woken.set()

    async def run(self) -> None:
        """Perform due effects until cancelled. What is unfinished then is given back at once."""
        helpers = [asyncio.create_task(self._keep_beating()), asyncio.create_task(self._keep_listening())]
        try:
            while True:
                if self._until_quiet is not None:
                    await self._until_quiet()
                self._woken.clear()
                try:
                    await self._start_what_is_due()
                except Exception:
                    _log.exception("effects_not_read")  # tried again: the database may answer again
                await self._wait_for_work()
        finally:
            await end_tasks([*helpers, *self._running], WORK_CANCELLED_AGAIN_AFTER)
            await self._leave()

    async def drain(self) -> None:
        """Begin nothing more, and wait until what is running has ended."""
        self._is_draining = True
        async with self._starting:
            pass  # what is being claimed now is given back
        while self._running:
            await asyncio.wait(list(self._running))

    async def _start_what_is_due(self) -> None:
        if self._is_draining:
            return
        async with self._starting:
            await self._queue.release_due()
            while kinds := self._kinds_with_room():
                pending = await self._queue.claim(kinds)
                if pending is None:
                    return
                if self._is_draining:
                    await self._settle(pending, TakenOver())
                    return
                self._start(pending)

    def _kinds_with_room(self) -> Collection[WorkKind]:
        """Return the kinds of which one more can be performed. Nothing more is claimed, so that others can claim it."""
        if self._is_draining:
            return ()
        running = self._running.values()
        with_room = {kind for kind in WorkKind if kind is not WorkKind.HOME and has_room(kind, running)}
        # NB. it is not known here whether something of a full kind waits. If it does, it must not wait for Homes.
        others_wait = bool(_BEFORE_HOMES - with_room)
        return with_room | ({WorkKind.HOME} if has_room(WorkKind.HOME, running, others_wait=others_wait) else set())

    async def _wait_for_work(self) -> None:
        try:
            async with asyncio.timeout(self._longest_sleep):
                await self._woken.wait()
        except TimeoutError:
            return

    def _start(self, pending: PendingEffect) -> None:
        task = asyncio.create_task(self._perform_one(pending))
        self._running[task] = work_kind(pending.effect)

        def on_end(task: asyncio.Task[None]) -> None:
            del self._running[task]
            if not task.cancelled() and (error := task.exception()) is not None:
                _log.error("effect_end_not_told", effect_id=pending.id, exc_info=error)
            self.wake()

        task.add_done_callback(on_end)

    async def _perform_one(self, pending: PendingEffect) -> None:
        with self._queue.holding(pending):
            outcome = await self._attempts.attempt(pending)
            is_stored = await self._settle(pending, outcome)
        if is_stored and isinstance(outcome, GivenUp):
            await self._attempts.gave_up(pending, outcome.error)

    async def _settle(self, pending: PendingEffect, outcome: Outcome) -> bool:
        """Store what came of an attempt. While that is not possible, the claim is kept, and nothing is repeated."""
        while True:
            try:
                return await self._queue.settle(pending, outcome)
            except Exception:
                _log.exception("effect_end_not_stored", effect_id=pending.id)
                await asyncio.sleep(self._longest_sleep)

    async def _keep_beating(self) -> None:
        while True:
            try:
                if not await self._queue.beat():
                    self._stop_what_was_taken_over()
                    continue
                self.wake()  # this process can claim now, or something was taken over
            except Exception:
                _log.exception("heartbeat_not_stored")
            await asyncio.sleep(self._beats_every)

    def _stop_what_was_taken_over(self) -> None:
        """Stop everything: other processes have begun it again, because this one was silent for too long."""
        for task in list(self._running):
            task.cancel()

    async def _keep_listening(self) -> None:
        while True:
            try:
                await self._queue.listen(self.wake)
            except Exception:
                _log.exception("notifications_not_read")  # the queue is also read without them, a little later
            await asyncio.sleep(self._longest_sleep)

    async def _leave(self) -> None:
        try:
            await self._queue.leave()
        except Exception:
            _log.exception("claims_not_given_back")  # others take them over when the heartbeat is too old


_BEFORE_HOMES = frozenset({WorkKind.WRITE, WorkKind.CHECK, WorkKind.PREPARE, WorkKind.SHOW})

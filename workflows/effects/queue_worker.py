"""Perform stored effects, each at least once. Each lane is performed in order, and lanes run in parallel.

An effect is retried as long as another system does not accept it. After a few failures because of an error in
Gatehouse, an effect is given up ("parked"), and an alarm reports it. Effects that must not be given up, such as a
revocation, are never parked.

What only closes access comes first, and has its own places, which nothing else can use. Then writes have priority over
permission checks and preparations, these over messages, and App Homes come last. None of them can use all places. So
many cards do not delay an approval, and a slow Microsoft Graph delays neither the cards nor an approved write, and many
new requests delay no click. Few of the files that people give are judged at the same time. Nothing is begun while
somebody waits for the answer to a click.
"""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog

from workflows.core.errors.facts import Facts, log_text, text_fact
from workflows.core.errors.raised import CodedError, FactsError
from workflows.core.requests.effects import CheckPermission, Effect, Prepare, Priority, priority_of
from workflows.intervals import USUAL_PAUSES, Pauses
from workflows.ports.clock import Clock
from workflows.ports.effects_queue import PendingEffect
from workflows.ports.notifier import NotifierBlocked, NotifierRefused, NotifierUnavailable
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.records import StoreNotWritable
from workflows.ports.store import Store
from workflows.ports.tenant import MAX_RETRY_AFTER, TenantUnavailable

_MAX_PARALLEL: Final = 16
"""The most effects at the same time, without those that close access: these have their own places."""
_MAX_OF_ONE_KIND: Final = 12
"""The most of each at the same time: what closes access; other checks, preparations and writes; messages."""
_MAX_BEFORE_WRITES: Final = 10
"""The most permission checks and preparations at the same time, so that they leave room for approved writes."""
_MAX_PREPARING: Final = 8
"""The most preparations at the same time, so that they leave room for permission checks."""
_MAX_HOMES: Final = 4
_MAX_HOMES_BEFORE_OTHERS: Final = 1
"""The most App Homes at the same time while something more important finds no room."""
_MAX_SHEETS: Final = 2
"""The most files of partners at the same time: each takes minutes of look-ups, and cards have the same places."""
_MAX_RETRY_SECONDS: Final = 60.0
_MAX_BLOCKED_SECONDS: Final = 300.0
"""The longest pause of an effect that waits for an admin to repair something."""
_MAX_KEPT_SECONDS: Final = 300.0
"""The longest pause of an effect that must not be given up."""
_ATTEMPTS_WITH_OUR_OWN_FAULT: Final = 5

_log = structlog.get_logger()


class QueueWorker:
    """Performs effects. Start it with `run`; call `wake` after storing an effect."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        perform: Callable[[Effect], Awaitable[None]],
        may_give_up: Callable[[Effect, Facts], Awaitable[bool]],
        gave_up: Callable[[PendingEffect, Facts], Awaitable[None]],
        pauses: Pauses = USUAL_PAUSES,
        until_quiet: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Create the queue worker.

        :param perform: performs one effect; the error that it raises decides between retry and parking.
        :param may_give_up: called with the reason before an effect is parked. When it returns False, the effect is
            retried instead.
        :param gave_up: called with the reason after an effect was parked.
        :param until_quiet: waits a moment while people wait for an answer; called before effects are begun.
        """
        self._store = store
        self._clock = clock
        self._perform = perform
        self._may_give_up = may_give_up
        self._gave_up = gave_up
        self._until_quiet = until_quiet
        self._longest_sleep = pauses.due_work_read_every
        self._first_retry = pauses.effect_retried_after
        self._own_faults: dict[int, int] = {}
        """How often each effect failed because of an error in Gatehouse since the start. Outages do not count."""
        self._woken = asyncio.Event()
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._running: dict[str, Effect] = {}

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
            for task in self._lanes.values():
                task.cancel()
            await asyncio.gather(*self._lanes.values(), return_exceptions=True)

    async def _start_what_is_due(self) -> None:
        max_homes = _MAX_HOMES
        for pending in await self._store.pending(self._clock.now(), _MAX_PARALLEL + len(self._lanes)):
            if pending.lane in self._lanes:
                continue
            if self._has_room(pending.effect, max_homes):
                self._start(pending)
            else:
                max_homes = _MAX_HOMES_BEFORE_OTHERS

    def _has_room(self, effect: Effect, max_homes: int) -> bool:
        """Return whether this effect can be performed now, too."""
        priority = priority_of(effect)
        running = list(map(priority_of, self._running.values()))
        closing, deciding, homes = map(running.count, (Priority.CLOSE, Priority.DECIDE, Priority.HOME))
        if priority is Priority.CLOSE:
            return closing < _MAX_OF_ONE_KIND
        others = len(running) - closing
        if others >= _MAX_PARALLEL or (priority is Priority.HOME and homes >= max_homes):
            return False
        if priority is Priority.SHEET and running.count(priority) >= _MAX_SHEETS:
            return False
        if priority is not Priority.DECIDE:
            return others - deciding < _MAX_OF_ONE_KIND
        preparing, checking = self._count_deciding(Prepare), self._count_deciding(CheckPermission)
        if isinstance(effect, Prepare) and preparing >= _MAX_PREPARING:
            return False
        if isinstance(effect, Prepare | CheckPermission) and preparing + checking >= _MAX_BEFORE_WRITES:
            return False
        return deciding < _MAX_OF_ONE_KIND

    def _count_deciding(self, kind: type[Effect]) -> int:
        """Count the running effects of a kind, without those that close access."""
        running = self._running.values()
        return sum(isinstance(task, kind) and priority_of(task) is Priority.DECIDE for task in running)

    async def _wait_for_work(self) -> None:
        try:
            async with asyncio.timeout(self._longest_sleep):
                await self._woken.wait()
        except TimeoutError:
            return

    def _start(self, pending: PendingEffect) -> None:
        task = asyncio.create_task(self._perform_one(pending))
        self._lanes[pending.lane] = task
        self._running[pending.lane] = pending.effect

        def on_end(task: asyncio.Task[None]) -> None:
            del self._lanes[pending.lane], self._running[pending.lane]
            if not task.cancelled() and (error := task.exception()) is not None:
                # The result could not be stored. The effect is still due and found at the next read of the queue.
                _log.error("effect_end_not_stored", effect_id=pending.id, exc_info=error)
                return
            self.wake()

        task.add_done_callback(on_end)

    async def _perform_one(self, pending: PendingEffect) -> None:
        log = _log.bind(effect=pending.effect.kind, effect_id=pending.id, attempt=pending.attempts + 1)
        try:
            await self._perform(pending.effect)
        except (TenantUnavailable, PeopleDirectoryUnavailable, NotifierUnavailable, StoreNotWritable) as error:
            log.warning("effect_waits", reason=str(error))
            longest = _MAX_BLOCKED_SECONDS if isinstance(error, NotifierBlocked) else _MAX_RETRY_SECONDS
            await self._retry_later(pending, error.facts, getattr(error, "retry_after", None), longest)
        except NotifierRefused as error:
            log.warning("effect_refused", reason=str(error))
            await self._give_up(pending, error.facts)
        except Exception as error:
            log.exception("effect_failed")
            reason = error.facts if isinstance(error, FactsError | CodedError) else (text_fact(repr(error)),)
            self._own_faults[pending.id] = self._own_faults.get(pending.id, 0) + 1
            if self._own_faults[pending.id] >= _ATTEMPTS_WITH_OUR_OWN_FAULT:
                await self._give_up(pending, reason)
            else:
                await self._retry_later(pending, reason, None)
        else:
            await self._store.mark_done(pending.id)
            self._own_faults.pop(pending.id, None)

    async def _give_up(self, pending: PendingEffect, reason: Facts) -> None:
        """Give up an effect. An effect that must not be given up is retried instead."""
        if not await self._is_given_up(pending.effect, reason):
            await self._retry_later(pending, reason, None, _MAX_KEPT_SECONDS)
            return
        _log.warning("effect_parked", effect=pending.effect.kind, effect_id=pending.id, reason=log_text(reason))
        await self._store.give_up(pending.id, reason)
        self._own_faults.pop(pending.id, None)
        await self._gave_up(pending, reason)

    async def _is_given_up(self, effect: Effect, reason: Facts) -> bool:
        try:
            return await self._may_give_up(effect, reason)
        except Exception:
            _log.exception("giving_up_not_decided")  # not known whether it may be given up, so it is retried
            return False

    async def _retry_later(
        self, pending: PendingEffect, error: Facts, after: float | None, longest: float = _MAX_RETRY_SECONDS
    ) -> None:
        if after is not None and after >= 0 and not math.isnan(after):
            seconds = min(after, MAX_RETRY_AFTER)
        else:
            # Half of the pause is random, so that many waiting effects are not retried at the same time.
            pause_seconds = min(longest, self._first_retry * 2 ** min(pending.attempts, 20))
            seconds = pause_seconds * (0.5 + random.random() / 2)  # noqa: S311
        await self._store.retry(pending.id, self._clock.now() + timedelta(seconds=seconds), error)

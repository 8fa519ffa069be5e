"""Performs stored effects: at least once, oldest first within a lane, lanes side by side; retried, or parked.

An effect that a neighbour cannot take now is tried again for as long as it takes: nothing acknowledged is lost. One
that fails for a reason of our own is parked after a few attempts, visibly, so that it holds nobody up.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog

from workflows.core.effects import Effect
from workflows.ports import (
    Clock,
    DirectoryUnavailable,
    NotifierRefused,
    NotifierUnavailable,
    PendingEffect,
    Store,
    StoreNotWritable,
    TenantUnavailable,
)

_AT_ONCE: Final = 16
_POLL_SECONDS: Final = 0.5
"""The clock may jump (it does in the sandbox, and after a machine slept), so a sleep is never trusted for longer."""
_FIRST_RETRY_SECONDS: Final = 1.0
_LONGEST_RETRY_SECONDS: Final = 60.0
_LONGEST_ASKED_FOR: Final = 300.0
"""Seconds. No neighbour is left alone for longer, whatever it asks for."""
_ATTEMPTS_WITH_OUR_OWN_FAULT: Final = 5

_log = structlog.get_logger()


class Outbox:
    """The loop. `run` until cancelled; `wake` after something was stored."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        perform: Callable[[Effect], Awaitable[None]],
        gave_up: Callable[[Effect], Awaitable[None]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._perform = perform
        self._gave_up = gave_up
        self._woken = asyncio.Event()
        self._lanes: dict[str, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """Look for work now."""
        self._woken.set()

    async def run(self) -> None:
        """Perform what is due, forever. Cancelling waits for nothing: what is unfinished is still stored."""
        try:
            while True:
                self._woken.clear()
                try:
                    await self._start_what_is_due()
                except Exception:
                    _log.exception("outbox_cannot_look")  # a full disk, a locked file: it may be mended any moment
                await self._rest()
        finally:
            for task in self._lanes.values():
                task.cancel()
            await asyncio.gather(*self._lanes.values(), return_exceptions=True)

    async def _start_what_is_due(self) -> None:
        for pending in await self._store.pending(self._clock.now(), _AT_ONCE + len(self._lanes)):
            if pending.lane not in self._lanes and len(self._lanes) < _AT_ONCE:
                self._start(pending)

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(_POLL_SECONDS):
                await self._woken.wait()
        except TimeoutError:
            return

    def _start(self, pending: PendingEffect) -> None:
        task = asyncio.create_task(self._one(pending))
        self._lanes[pending.lane] = task

        def ended(done: asyncio.Task[None]) -> None:
            del self._lanes[pending.lane]
            if not done.cancelled() and (error := done.exception()) is not None:
                # Its end could not be stored. It is due still, so the poll finds it; at once it would be a hot loop.
                _log.error("effect_end_not_stored", effect_id=pending.id, exc_info=error)
                return
            self.wake()

        task.add_done_callback(ended)

    async def _one(self, pending: PendingEffect) -> None:
        log = _log.bind(effect=pending.effect.kind, effect_id=pending.id, attempt=pending.attempts + 1)
        try:
            await self._perform(pending.effect)
        except (TenantUnavailable, DirectoryUnavailable, NotifierUnavailable, StoreNotWritable) as error:
            log.warning("effect_waits", reason=str(error))
            await self._again(pending, str(error), getattr(error, "retry_after", None))
        except NotifierRefused as error:
            log.warning("effect_parked", reason=str(error))
            await self._store.park(pending.id, str(error))
        except Exception as error:
            log.exception("effect_failed")
            if pending.attempts + 1 >= _ATTEMPTS_WITH_OUR_OWN_FAULT:
                await self._store.park(pending.id, repr(error))
                await self._gave_up(pending.effect)
            else:
                await self._again(pending, repr(error), None)
        else:
            await self._store.done(pending.id)

    async def _again(self, pending: PendingEffect, error: str, after: float | None) -> None:
        longest = min(_LONGEST_RETRY_SECONDS, _FIRST_RETRY_SECONDS * 2 ** min(pending.attempts, 10))
        # Half fixed, half random: many waiting effects do not come back in one wave.
        seconds = longest * (0.5 + random.random() / 2)  # noqa: S311
        if after is not None and after >= 0:  # which is not so for what is no number
            seconds = min(after, _LONGEST_ASKED_FOR)
        await self._store.retry(pending.id, self._clock.now() + timedelta(seconds=seconds), error)

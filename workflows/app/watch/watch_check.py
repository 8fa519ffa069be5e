"""The scheduled check: sweep when it is time, ask again about ended acceptances, and look for authors.

A sweep of thousands of partners takes longer than a tick may. So it runs in the background, one at a time.
"""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from workflows.app.watch.reported_drift import ReportedDrift
from workflows.app.watch.sweep import Sweeper, time_of_mark
from workflows.intervals import AUTHORS_ASKED_EVERY, SWEPT_AGAIN_AFTER, SWEPT_DURING_BATCH_EVERY, SWEPT_EVERY
from workflows.ports.store import Store

SWEPT_AT: Final = "swept_at"
"""The name of the mark with the time when the last sweep began; an earlier time when the next one is due sooner."""
_AUTHORS_ASKED_AT: Final = "drift_authors_asked_at"

_Reason = Callable[[datetime, datetime], Awaitable[bool]]

StartInBackground = Callable[[Coroutine[Any, Any, None]], None]


@dataclass(slots=True, kw_only=True)
class WatchCheck:
    """Runs the watch at each tick. A clock that was set back or forward does not stop it."""

    store: Store
    sweeper: Sweeper
    reported_drift: ReportedDrift
    start: StartInBackground
    """Starts work that may take long, and logs its errors."""
    after_sweep: Callable[[], Awaitable[None]] | None = None
    """Called after each sweep, when what it found is stored."""
    own_log: Callable[[], Awaitable[None]] | None = None
    """Called after each sweep, at the end: it compares our writes with Entra's audit log."""
    _is_running: bool = field(default=False, init=False)

    async def check(self) -> None:
        """Do what is due. The sweep and the log are only started here."""
        if self._is_running:
            return
        now = self.reported_drift.drifts.clock.now()
        await self.reported_drift.ask_again()
        is_sweep_due = await self._is_due(SWEPT_AT, SWEPT_EVERY, now, or_if=self._is_rewritten)
        are_authors_due = await self._is_due(
            _AUTHORS_ASKED_AT, AUTHORS_ASKED_EVERY, now, only_if=self.store.drifts_without_author
        )
        if is_sweep_due or are_authors_due:
            self._is_running = True
            self.start(self._watch(sweeps=is_sweep_due))

    async def _watch(self, *, sweeps: bool) -> None:
        try:
            if sweeps:
                await self._sweep()
            await self.reported_drift.end_alarms_of_accepted()
            await self.reported_drift.find_authors(also_accepted=sweeps)
            if sweeps and self.after_sweep is not None:
                await self.after_sweep()
            if sweeps and self.own_log is not None:
                await self.own_log()
        finally:
            self._is_running = False

    async def _sweep(self) -> None:
        """Sweep, and let the next sweep be due soon when this one is not complete."""
        is_complete = False
        try:
            is_complete = (await self.sweeper.sweep()).is_complete
        finally:
            if not is_complete:
                began_at = self.reported_drift.drifts.clock.now() - SWEPT_EVERY + SWEPT_AGAIN_AFTER
                await self.store.save_mark(SWEPT_AT, began_at.isoformat())

    async def _is_rewritten(self, last: datetime, now: datetime) -> bool:
        """Return whether Gatehouse wrote a partner with drift since the last sweep, so that it may be over.

        While the members of a batch are recorded, every few seconds there are more of them. So a sweep waits for them.
        """
        if now - last < SWEPT_DURING_BATCH_EVERY and await self.store.is_batch_applying():
            return False
        return await self.store.has_rewritten_drift(last, now)

    async def _is_due(
        self,
        mark: str,
        interval: timedelta,
        now: datetime,
        *,
        or_if: _Reason | None = None,
        only_if: Callable[[], Awaitable[object]] | None = None,
    ) -> bool:
        """Return whether it is time, and store that it is done now. The conditions read more than the mark.

        :param or_if: whether there is a reason before its time.
        :param only_if: returns something true when there is anything to do. It is called only when it is time.
        """
        last = await time_of_mark(self.store, mark)
        if last is not None and abs(now - last) < interval and not (or_if is not None and await or_if(last, now)):
            return False
        if only_if is not None and not await only_if():
            return False
        await self.store.save_mark(mark, now.isoformat())
        return True

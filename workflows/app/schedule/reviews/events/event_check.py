"""The scheduled check for events that make a review due before its time."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from workflows.app.schedule.reviews.events.moved_domains import MovedDomains
from workflows.app.schedule.reviews.events.rule_changes import RuleChanges
from workflows.app.schedule.reviews.events.silences import Silences
from workflows.app.watch.sweep import time_of_mark
from workflows.intervals import DOMAINS_PAUSE, REVIEW_EVENTS_LOOKED_FOR_EVERY

LOOKED_FOR_AT: Final = "review_events_looked_for"
"""The name of the mark with when the last daily check began."""

_log = structlog.get_logger()

StartInBackground = Callable[[Coroutine[Any, Any, None]], None]


@dataclass(slots=True, kw_only=True)
class ReviewEventCheck:
    """Looks for events once a day, in the background and one at a time."""

    rules: RuleChanges
    silences: Silences
    domains: MovedDomains
    start: StartInBackground
    """Starts work that may take long, and logs its errors."""
    _is_running: bool = field(default=False, init=False)
    _looked_at: datetime | None = field(default=None, init=False)
    """When it was last asked whether anything is due."""

    async def check(self) -> None:
        """Start what is due. The store is asked once a minute, because this is called every few seconds."""
        now = self.rules.reviews.clock.now()
        if self._is_running or (self._looked_at is not None and timedelta(0) <= now - self._looked_at < DOMAINS_PAUSE):
            return
        self._looked_at = now
        self._is_running = True
        self.start(self._run(now))

    async def _run(self, now: datetime) -> None:
        try:
            if await self._is_day_over(now):
                await self._look_for_events()
                await self.rules.reviews.store.save_mark(LOOKED_FOR_AT, now.isoformat())
            await self._each(self.silences.compare, self.domains.step)
        finally:
            self._is_running = False

    async def _look_for_events(self) -> None:
        """Do every daily check. One that fails is repeated on the next day."""
        await self._each(self.rules.compare_templates, self.rules.compare_risk, self.silences.ask_for_scan)

    async def _each(self, *looks: Callable[[], Awaitable[object]]) -> None:
        """Do each check. A failure of one does not stop the others."""
        for look in looks:
            try:
                await look()
            except Exception:
                _log.exception("review_events_not_looked_for", check=getattr(look, "__name__", ""))

    async def _is_day_over(self, now: datetime) -> bool:
        # NB. the mark is stored after the checks, so that a check that was killed is repeated.
        last = await time_of_mark(self.rules.reviews.store, LOOKED_FOR_AT)
        return last is None or abs(now - last) >= REVIEW_EVENTS_LOOKED_FOR_EVERY

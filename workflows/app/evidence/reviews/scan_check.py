"""The scheduled check: scan sign-ins and guests when reviews need it, and forget what is old.

A thousand reviews that are due at once need one scan. It takes minutes, so it runs in the background, one at a time.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from workflows.app.evidence.reviews.scan import UsageScanner
from workflows.app.evidence.wanted_scan import WANTED_AT
from workflows.core.checks.tenant_facts import UnreadableReason
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.reviewing.evidence.usage import UsageScan
from workflows.intervals import (
    USAGE_KEPT_FOR,
    USAGE_NEED_CHECKED_EVERY,
    USAGE_READ_AGAIN_AFTER,
    USAGE_READ_AHEAD,
    USAGE_READ_EVERY,
)
from workflows.ports.clock import Clock
from workflows.ports.store import Store

SCANNED_AT: Final = "usage_scanned_at"
"""The name of the mark with the time when the last scan began; an earlier time when the next one is due sooner."""
_PASSING: Final = (UnreadableReason.THROTTLED, UnreadableReason.UNREACHABLE)
"""Why something was not read that may be readable soon."""

StartInBackground = Callable[[Coroutine[Any, Any, None]], None]


@dataclass(slots=True, kw_only=True)
class UsageCheck:
    """Starts scans at the ticks. A clock that was set back or forward does not stop it."""

    store: Store
    scanner: UsageScanner
    clock: Clock
    start: StartInBackground
    """Starts work that may take long, and logs its errors."""
    _is_running: bool = field(default=False, init=False)
    _looked_at: datetime | None = field(default=None, init=False)
    """When it was last checked whether a scan is needed. Only a repeated look is saved by it."""

    async def check(self) -> None:
        """Do what is due. A scan is only started here."""
        now = self.clock.now()
        looked = self._looked_at
        if self._is_running or (looked is not None and abs(now - looked) < USAGE_NEED_CHECKED_EVERY):
            return
        self._looked_at = now
        scanned_at = await self._time_of(SCANNED_AT)
        if scanned_at is not None and abs(now - scanned_at) < USAGE_READ_EVERY:
            return
        await self._forget(now)
        if await self._is_wanted(scanned_at, now):
            await self.store.save_mark(SCANNED_AT, now.isoformat())
            self._is_running = True
            self.start(self._scan(now))

    async def _is_wanted(self, scanned_at: datetime | None, now: datetime) -> bool:
        """Return whether a review is open or due soon, or somebody asked for a scan since the last one."""
        wanted_at = await self._time_of(WANTED_AT)
        if wanted_at is not None and (scanned_at is None or wanted_at > scanned_at):
            return True

        def needs_evidence(partnership: Partnership) -> bool:
            if partnership.state is PartnershipState.REVOKED:
                return False
            due_at = partnership.review_due_at
            is_soon = due_at is not None and due_at < now + USAGE_READ_AHEAD
            return partnership.state is PartnershipState.REVIEW_DUE or is_soon

        return any(await self.store.partnerships(needs_evidence))

    async def _scan(self, now: datetime) -> None:
        """Scan, and let the next scan be due soon when this one failed for a reason that may pass."""
        is_done = False
        try:
            is_done = _is_final(await self.scanner.scan(due_before=now + USAGE_READ_AHEAD))
        finally:
            self._is_running = False
            if not is_done:
                again_at = self.clock.now() - USAGE_READ_EVERY + USAGE_READ_AGAIN_AFTER
                await self.store.save_mark(SCANNED_AT, again_at.isoformat())

    async def _forget(self, now: datetime) -> None:
        """Remove what an old scan found: it contains ids of people."""
        scan = await self.store.usage_scan()
        if scan is not None and now - scan.taken_at >= USAGE_KEPT_FOR:
            await self.store.forget_usage()

    async def _time_of(self, mark: str) -> datetime | None:
        text = await self.store.mark(mark)
        return datetime.fromisoformat(text) if text else None


def _is_final(scan: UsageScan) -> bool:
    """Return whether nothing more would be read if it was tried again soon."""
    return not any(source.unread in _PASSING for source in (scan.sign_ins, scan.guests))

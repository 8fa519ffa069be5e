"""Let a review be due for a partner whose people have not signed in for 30 days, once a silence.

A boundary: the only event that depends on the scan of sign-ins. What a scan could not read is no silence.
"""

from dataclasses import dataclass
from functools import partial
from typing import Final

from workflows.app.evidence.reviews.gathering import gather_evidence
from workflows.app.evidence.wanted_scan import want_scan
from workflows.app.schedule.reviews.events.starting import EventReviews, LivePartner
from workflows.core.partners.reviewing.evidence.partner_evidence import UseState
from workflows.core.partners.reviewing.evidence.usage import WINDOW, UsageScan
from workflows.core.requests.commands.review_event import ReviewReasonCode, StartReview
from workflows.intervals import SILENCES_LOOKED_FOR_EVERY

SCAN_COMPARED: Final = "review_silences_compared"
"""The name of the mark with the time of the last scan that was compared."""
_SILENCE: Final = StartReview(reason=ReviewReasonCode.NO_SIGN_IN, event="silence", values={"days": str(WINDOW.days)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Silences:
    """Compares each new scan with the live partners. Reads the store only."""

    reviews: EventReviews

    async def ask_for_scan(self) -> None:
        """Ask for a scan when a partner is old enough to be silent, and the last scan is a week old."""
        now, scan = self.reviews.clock.now(), await self.reviews.store.usage_scan()
        if scan is not None and abs(now - scan.taken_at) < SILENCES_LOOKED_FOR_EVERY:
            return
        if any(now - partner.since >= WINDOW for partner in await self.reviews.live_partners()):
            await want_scan(self.reviews.store, now)

    async def compare(self) -> None:
        """Start a review for each silence that the newest scan shows, and record where people sign in again."""
        store = self.reviews.store
        scan = await store.usage_scan()
        if scan is None or await store.mark(SCAN_COMPARED) == scan.taken_at.isoformat():
            return
        if await self.reviews.compare_each(partial(self._compare, scan)):
            await store.save_mark(SCAN_COMPARED, scan.taken_at.isoformat())

    async def _compare(self, scan: UsageScan, partner: LivePartner) -> bool:
        is_known = ReviewReasonCode.NO_SIGN_IN in partner.events
        if partner.since > scan.since and not is_known:
            return True  # the access is younger than what was read
        record = await self.reviews.store.partnership(partner.tenant_id)
        if record is None:
            return True
        evidence = await gather_evidence(record, store=self.reviews.store, now=self.reviews.clock.now())
        if is_known and evidence.use.state is UseState.USED:
            return await self.reviews.end(partner.tenant_id, ReviewReasonCode.NO_SIGN_IN)
        if evidence.is_unused and not is_known:
            return await self.reviews.start(partner.tenant_id, _SILENCE)
        return True

"""Let a review be due while a partner is not as approved, once for each drift.

A boundary: nothing else of the watch knows about reviews. The alarm has told the same people, so no second message is
sent: the review is in the App Home at once, and its first question comes with the next reminder.
"""

from dataclasses import dataclass

from workflows.app.schedule.reviews.events.starting import EventReviews
from workflows.core.posture.watch.acceptance import is_accepted
from workflows.core.posture.watch.drift import Drift
from workflows.core.requests.commands.review_event import ReviewReasonCode, StartReview


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReviews:
    """Compares the stored drift with the reviews. Reads the store only."""

    reviews: EventReviews

    async def update(self) -> None:
        """Start a review for each drift that nobody accepted, and end the reason where it is over or accepted."""
        now = self.reviews.clock.now()
        drifts = {
            drift.tenant_id: drift
            for drift in await self.reviews.store.open_drifts()
            if drift.tenant_id is not None and not is_accepted(drift, now)
        }
        for partner in await self.reviews.live_partners():
            if (drift := drifts.get(partner.tenant_id)) is not None:
                await self.reviews.start(partner.tenant_id, _review_of(drift))
            elif ReviewReasonCode.DRIFT in partner.events:
                await self.reviews.end(partner.tenant_id, ReviewReasonCode.DRIFT)


def _review_of(drift: Drift) -> StartReview:
    return StartReview(
        reason=ReviewReasonCode.DRIFT,
        # NB. when an acceptance has ended, the admins are asked again, and the review is due again.
        event=f"{drift.found.fingerprint}:{drift.asked_again}",
        values={"drift": drift.found.code.value},
        is_told=True,
    )

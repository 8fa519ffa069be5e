"""Let a review be due while a partner is not as approved, once for each drift.

A boundary: nothing else of the watch knows about reviews. The alarm has told the same people, so no second message is
sent: the review is in the App Home at once, and its first question comes with the next reminder.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from workflows.app.schedule.reviews.events.starting import AT_ONCE, EventReviews
from workflows.core.posture.watch.acceptance import is_accepted
from workflows.core.posture.watch.drift import Drift
from workflows.core.requests.commands.review_event import ReviewReasonCode, StartReview
from workflows.core.settings.model import TenantId
from workflows.intervals import DRIFT_REVIEWS_STARTED_EVERY


@dataclass(slots=True, kw_only=True)
class DriftReviews:
    """Compares the stored drift with the reviews. Reads the store only.

    When thousands of partners differ at once, their reviews are started a few at a time. What a restart leaves undone,
    the next sweep finds again.
    """

    reviews: EventReviews
    _left: dict[TenantId, StartReview | None] = field(default_factory=dict, init=False)
    """What is to be recorded of each partner: a drift; None where it is over."""
    _next_step_at: datetime | None = field(default=None, init=False)

    async def update(self) -> None:
        """Find each drift that nobody accepted, and where it is over or accepted; and record the first few."""
        now = self.reviews.clock.now()
        drifts = {
            drift.tenant_id: _review_of(drift)
            for drift in await self.reviews.store.open_drifts()
            if drift.tenant_id is not None and not is_accepted(drift, now)
        }
        left: dict[TenantId, StartReview | None] = {}
        for partner in await self.reviews.live_partners():
            command = drifts.get(partner.tenant_id)
            is_over = command is None and ReviewReasonCode.DRIFT in partner.events
            if is_over or (command is not None and not partner.knows(command)):
                left[partner.tenant_id] = command
        self._left, self._next_step_at = left, None
        await self.step()

    async def forget(self) -> None:
        """Leave out what is left: another process does it, and until this one leads again it may be over."""
        self._left = {}

    async def step(self) -> None:
        """Start or end the next few reviews, when it is time."""
        now = self.reviews.clock.now()
        # NB. a clock that was set back stops nothing.
        at = self._next_step_at
        if not self._left or (at is not None and timedelta(0) < at - now <= DRIFT_REVIEWS_STARTED_EVERY):
            return
        self._next_step_at = now + DRIFT_REVIEWS_STARTED_EVERY
        taken = {tenant_id: self._left.pop(tenant_id) for tenant_id in list(self._left)[:AT_ONCE]}
        for tenant_id, command in taken.items():
            if command is not None:
                await self.reviews.start(tenant_id, command)
            else:
                await self.reviews.end(tenant_id, ReviewReasonCode.DRIFT)


def _review_of(drift: Drift) -> StartReview:
    return StartReview(
        reason=ReviewReasonCode.DRIFT,
        # NB. when an acceptance has ended, the admins are asked again, and the review is due again.
        event=f"{drift.found.fingerprint}:{drift.asked_again}",
        values={"drift": drift.found.code.value},
        is_told=True,
    )

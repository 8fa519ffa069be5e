"""Look up each partner's domain once a day, a few in a minute. A domain of another tenant makes a review due."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog

from workflows.app.schedule.reviews.events.starting import EventReviews, LivePartner
from workflows.core.requests.commands.review_event import ReviewReasonCode, StartReview
from workflows.core.settings.model import TenantId
from workflows.intervals import DOMAINS_LOOKED_UP_EVERY, DOMAINS_PAUSE
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

ROUND_BEGAN: Final = "domains_round_began"
"""The name of the mark with when the present round of look-ups began."""
LOOKED_UP: Final = "domains_looked_up"
"""The name of the mark with the tenant id of the last partner whose domain was looked up; empty after a round."""
AT_ONCE: Final = 5
"""How many domains are looked up in one step. The next step comes after `DOMAINS_PAUSE`."""

_log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class MovedDomains:
    """Looks up domains in rounds, in the order of tenant ids. A restart goes on where the round was."""

    reviews: EventReviews
    tenant: Tenant
    _left: list[LivePartner] | None = field(default=None, init=False)
    """The rest of the present round; None when it must be read."""
    _next_step_at: datetime | None = field(default=None, init=False)

    async def step(self) -> None:
        """Look up the next few domains, when it is time. An answer that cannot be read proves nothing."""
        now = self.reviews.clock.now()
        # NB. a clock that was set back does not stop the look-ups.
        if self._next_step_at is not None and now < self._next_step_at <= now + DOMAINS_PAUSE:
            return
        self._next_step_at = now + DOMAINS_PAUSE
        if self._left is None and not await self._begin(now):
            return
        left = self._left or []
        for partner in left[:AT_ONCE]:
            is_answered = await self._is_answered(partner)
            left.remove(partner)
            await self.reviews.store.save_mark(LOOKED_UP, partner.tenant_id)
            if not is_answered:
                break  # nothing answers now; this partner is looked up in the next round
        if not left:
            self._left = None
            await self.reviews.store.save_mark(LOOKED_UP, "")

    async def _begin(self, now: datetime) -> bool:
        """Read what is left of the round, or begin the next one when the last is a day old.

        :returns: whether there is anything to look up.
        """
        store = self.reviews.store
        began, after = await store.mark(ROUND_BEGAN), await store.mark(LOOKED_UP) or ""
        is_new = not after
        if is_new:
            if began and abs(now - datetime.fromisoformat(began)) < DOMAINS_LOOKED_UP_EVERY:
                return False
            await store.save_mark(ROUND_BEGAN, now.isoformat())
        partners = sorted(await self.reviews.live_partners(), key=lambda partner: partner.tenant_id)
        self._left = [partner for partner in partners if partner.tenant_id > after and _is_due(partner, now)]
        return True

    async def _is_answered(self, partner: LivePartner) -> bool:
        """Look one domain up, and start a review when another tenant has it.

        :returns: False when nothing answers now.
        """
        try:
            found = await self.tenant.find(partner.domain, fresh=True)
        except TenantUnavailable as error:
            _log.warning("domain_not_looked_up", domain=partner.domain, reason=str(error))
            return False
        except TenantRefused as error:
            _log.warning("domain_not_looked_up", domain=partner.domain, reason=str(error))
            return True
        if found is not None and found.is_resolved:
            await self._compare(partner, found.tenant_id)
        return True

    async def _compare(self, partner: LivePartner, tenant_id: TenantId) -> None:
        if tenant_id != partner.tenant_id:
            values = {"domain": partner.domain, "tenant_id": tenant_id}
            command = StartReview(reason=ReviewReasonCode.DOMAIN_MOVED, event=tenant_id, values=values)
            await self.reviews.start(partner.tenant_id, command)
        elif ReviewReasonCode.DOMAIN_MOVED in partner.events:
            await self.reviews.end(partner.tenant_id, ReviewReasonCode.DOMAIN_MOVED)


def _is_due(partner: LivePartner, now: datetime) -> bool:
    # What was approved within the last day was looked up then.
    return partner.is_resolved and now - partner.since >= DOMAINS_LOOKED_UP_EVERY

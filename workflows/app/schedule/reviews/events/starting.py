"""Start reviews because of events, and end what is over. Every method may be repeated safely."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import structlog

from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.reviewing.review_events import has_event
from workflows.core.requests.commands.review_event import EndReviewReason, ReviewReasonCode, StartReview
from workflows.core.requests.request import RequestId
from workflows.core.settings.model import TenantId
from workflows.ports.clock import Clock
from workflows.ports.store import Store

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePartner:
    """What the checks need of a live partner. There may be thousands."""

    tenant_id: TenantId
    domain: str
    """The domain by which it was asked for, or its default domain."""
    is_resolved: bool
    """Whether the tenant is in our own cloud, so that its domain can be looked up."""
    request_id: RequestId
    since: datetime
    events: frozenset[ReviewReasonCode]
    """The kinds of events that are recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventReviews:
    """Starts and ends reviews of live partners. A failure with one partner does not stop the others."""

    service: Service
    store: Store
    clock: Clock

    async def live_partners(self) -> Sequence[LivePartner]:
        """List every live partner, by default domain."""
        return [partner for partner in await self.store.partnerships(_live_partner) if partner is not None]

    async def compare_each(self, compare: Callable[[LivePartner], Awaitable[bool]]) -> bool:
        """Compare each live partner. A failure with one, as with an unreadable record, does not stop others.

        :param compare: returns whether what was found is recorded.
        :returns: whether that is so of every partner; otherwise all must be compared again.
        """
        is_whole = True
        for partner in await self.live_partners():
            try:
                is_whole = await compare(partner) and is_whole
            except Exception:
                _log.exception("partner_not_compared", tenant_id=partner.tenant_id)
                is_whole = False
        return is_whole

    async def start(self, tenant_id: TenantId, command: StartReview) -> bool:
        """Start a review, or add a reason to the open one. An event that is known changes nothing.

        :returns: whether it is recorded.
        """
        return await self._advance(tenant_id, command)

    async def end(self, tenant_id: TenantId, reason: ReviewReasonCode) -> bool:
        """Record that events of this kind are over; return whether it is recorded."""
        return await self._advance(tenant_id, EndReviewReason(reason=reason))

    async def _advance(self, tenant_id: TenantId, command: StartReview | EndReviewReason) -> bool:
        try:
            with suppress(Refused):  # known already, or revoked in the meantime
                await self.service.advance_review(tenant_id, command)
        except Exception:
            _log.exception("review_event_not_recorded", tenant_id=tenant_id, reason=command.reason.value)
            return False
        return True


def _live_partner(partnership: Partnership) -> LivePartner | None:
    if partnership.state not in (PartnershipState.ACTIVE, PartnershipState.REVIEW_DUE):
        return None
    identity = partnership.identity
    typed = identity.typed_name
    return LivePartner(
        tenant_id=identity.tenant_id,
        domain=typed if "." in typed else identity.default_domain,
        is_resolved=identity.is_resolved,
        request_id=partnership.request_id,
        since=partnership.since,
        events=frozenset(code for code in ReviewReasonCode if has_event(partnership, code)),
    )

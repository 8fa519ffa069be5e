"""Start reviews because of events, and end what is over. Every method may be repeated safely."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog

from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.reviewing.review_events import event_name, has_event
from workflows.core.requests.commands.review_event import EndReviewReason, ReviewReasonCode, StartReview
from workflows.core.requests.request import RequestId
from workflows.core.settings.model import TenantId
from workflows.intervals import USUAL_PAUSES
from workflows.ports.clock import Clock
from workflows.ports.store import Store

AT_ONCE: Final = 25
"""How many partners are compared, or get a review, before everything else has its turn. There may be thousands."""

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
    recorded: tuple[str, ...]
    """Every event that is recorded."""

    def knows(self, command: StartReview) -> bool:
        """Return whether this event is recorded, so that it starts nothing."""
        return event_name(command.reason, command.event) in self.recorded


@dataclass(slots=True, kw_only=True)
class EventReviews:
    """Starts and ends reviews of live partners. A failure with one partner does not stop the others."""

    service: Service
    store: Store
    clock: Clock
    rest: Callable[[float], Awaitable[None]] = asyncio.sleep
    """Waits for seconds, in real time."""
    pause: float = USUAL_PAUSES.partners_compared
    """The pause in seconds after each few partners that were compared."""
    _passes: int = field(default=0, init=False)
    _is_asking: bool = field(default=False, init=False)
    """Whether a review was started since the first of the passes that run now began."""

    @property
    def is_asking(self) -> bool:
        """Return whether partners are being compared, and reviews that are due at once were started already."""
        return self._passes > 0 and self._is_asking

    async def live_partners(self) -> Sequence[LivePartner]:
        """List every live partner, by default domain."""
        return [partner for partner in await self.store.partnerships(_live_partner) if partner is not None]

    async def compare_each(self, compare: Callable[[LivePartner], Awaitable[bool]]) -> bool:
        """Compare each live partner, a few at a time. A failure with one does not stop others.

        :param compare: returns whether what was found is recorded.
        :returns: whether that is so of every partner; otherwise all must be compared again.
        """
        is_whole, partners = True, await self.live_partners()
        self._is_asking = self.is_asking
        self._passes += 1
        try:
            for number, partner in enumerate(partners):
                if number and number % AT_ONCE == 0:
                    await self.rest(self.pause)
                is_whole = await self._is_compared(compare, partner) and is_whole
        finally:
            self._passes -= 1
        return is_whole

    async def _is_compared(self, compare: Callable[[LivePartner], Awaitable[bool]], partner: LivePartner) -> bool:
        try:
            return await compare(partner)
        except Exception:
            _log.exception("partner_not_compared", tenant_id=partner.tenant_id)
            return False

    async def start(self, tenant_id: TenantId, command: StartReview) -> bool:
        """Start a review, or add a reason to the open one. An event that is known changes nothing.

        :returns: whether it is recorded.
        """
        is_recorded = await self._advance(tenant_id, command)
        self._is_asking = self._is_asking or (is_recorded and not command.is_told)
        return is_recorded

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
        recorded=partnership.review_events,
    )

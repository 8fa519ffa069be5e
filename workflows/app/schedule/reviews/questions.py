"""Ask the reviews that are due, or leave out those that would be pointless. One batch of messages follows.

After a downtime many reviews may be due at once. They belong to one batch, so that each person gets one message.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from workflows.app.service import Service
from workflows.app.storing.new_audit_entry import entry_of
from workflows.core.errors.raised import Refused
from workflows.core.partners.closing.revoking import running_revocation
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.pointless_reviews import ANSWERED_WITHIN, why_pointless
from workflows.core.plans.closing import only_reduces_access
from workflows.core.policy.reviews.silence import ASKED_EARLY
from workflows.core.requests.commands.partner_record import AskReview
from workflows.core.requests.commands.review_event import SkipReason, SkipReview
from workflows.core.requests.effects import SendReviewReminders
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.model import TenantId
from workflows.intervals import QUESTIONS_COLLECTED_FOR
from workflows.ports.clock import Clock
from workflows.ports.records import Commit, StaleVersion
from workflows.ports.store import Store

_BATCH: Final = "review_reminders"
"""The mark with the batch whose questions are being issued; empty when there is none."""
AT_ONCE: Final = 50
"""How many reviews are asked at one check, so that a thousand that are due at once delay nothing else."""

_log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class ReviewQuestions:
    """Issues the questions of reviews after each tick. Every step is stored before it has an effect.

    It may be repeated at any point.
    """

    service: Service
    store: Store
    clock: Clock
    wake: Callable[[], None]
    asks_more: Callable[[], Awaitable[bool]]
    """Returns whether more reviews are about to be due at once, so that one message can be about all of them."""
    _collected_since: datetime | None = field(default=None, init=False)
    """Since when the questions wait for others."""
    _looked_at: set[TenantId] = field(default_factory=set, init=False)
    """The partners that the present pass has done. A pass over many goes on at the next check."""

    async def check(self) -> None:
        """Ask the reviews that are due, a few at each check, and request the messages about all of them together.

        When one is due, those that are due soon after it are asked with it.
        """
        now = self.clock.now()
        tenants = (await self.store.due(now))[1]
        # NB. asked at each check: the pass of another process may have ended before its messages were requested.
        batch = await self._unsent_batch()
        if not (tenants or batch):
            self._collected_since = None
            self._looked_at.clear()
            return
        if await self._is_collecting(now):
            return
        open_requests = await self.store.open_requests() if tenants else ()
        batch, is_done = await self._ask_next(batch, open_requests, now)
        if not is_done:
            return
        if batch:
            await self._send(batch, now)
        self._looked_at.clear()

    async def _is_collecting(self, now: datetime) -> bool:
        """Return whether the questions wait for reviews that are being started now."""
        if not await self.asks_more():
            self._collected_since = None
            return False
        since = self._collected_since = self._collected_since or now
        # NB. whatever keeps starting reviews, or a clock that was set back, stops no question for longer.
        return timedelta(0) <= now - since < QUESTIONS_COLLECTED_FOR

    async def _ask_next(self, batch: str, open_requests: Sequence[AccessRequest], now: datetime) -> tuple[str, bool]:
        """Ask the next few reviews that are due, and when one is, those that are due soon.

        :returns: the batch of this pass, and whether nothing is left to ask.
        """
        room = AT_ONCE
        for until in (now, now + ASKED_EARLY):
            if until > now and not batch:
                break
            left = [one for one in (await self.store.due(until))[1] if one not in self._looked_at]
            for tenant_id in left[:room]:
                self._looked_at.add(tenant_id)
                batch = await self._check_one(tenant_id, batch, open_requests, now)
            if len(left) > room:
                return batch, False
            room -= len(left)
        return batch, True

    async def _unsent_batch(self) -> str:
        """Return the batch of a pass that ended before its messages were requested; empty when there is none."""
        batch = await self.store.mark(_BATCH) or ""
        if batch and await self.store.is_known(_key(batch)):
            # NB. a new question must not join it: who has its message would count as asked.
            await self.store.save_mark(_BATCH, "")
            return ""
        return batch

    async def _check_one(
        self, tenant_id: TenantId, batch: str, open_requests: Sequence[AccessRequest], now: datetime
    ) -> str:
        """Ask about one partner, if its review is due. A failure does not stop the work for other partners.

        :returns: the batch of this pass; empty while it has none.
        """
        try:
            record = await self.store.partnership(tenant_id)
            if record is None or record.is_closed:
                return batch
            if record.review_due_at is None or (now < record.review_due_at and _must_wait(record, batch, now)):
                return batch
            reason = await self._why_pointless(record, open_requests, now)
            if reason is not None:
                await self.service.advance_review(tenant_id, SkipReview(reason=reason))
                return batch
            if not batch:
                batch = now.isoformat()
                # NB. before the first question: after a crash, the others and the messages follow in the same batch.
                await self.store.save_mark(_BATCH, batch)
            await self.service.advance_review(tenant_id, AskReview(batch=batch))
        except (Refused, StaleVersion):
            pass  # it has changed in the meantime; the next check decides again
        except Exception:
            _log.exception("review_question_failed", tenant_id=tenant_id)
        return batch

    async def _why_pointless(
        self, record: Partnership, open_requests: Sequence[AccessRequest], now: datetime
    ) -> SkipReason | None:
        is_being_closed = running_revocation(open_requests, record.identity) is not None
        approved_at = None
        if now - record.since <= ANSWERED_WITHIN:
            request = await self.store.request(record.request_id)
            # NB. a reduction needs one approver, and approves nothing of what it leaves as it is.
            if request is not None and request.prepared is not None and not only_reduces_access(request.plan):
                approved_at = record.since
        return why_pointless(record, now, approved_at=approved_at, is_being_closed=is_being_closed)

    async def _send(self, batch: str, now: datetime) -> None:
        entry = entry_of(_key(batch), now, None, "send_review_reminders", {})
        await self.store.commit(Commit(entry=entry, effects=(SendReviewReminders(batch=batch),)))
        await self.store.save_mark(_BATCH, "")
        self.wake()


def _must_wait(record: Partnership, batch: str, now: datetime) -> bool:
    """Return whether a review that is not due yet is not asked with the others."""
    ends_soon = record.ends_at is not None and now < record.ends_at <= now + ASKED_EARLY  # that is another question
    return not batch or ends_soon


def _key(batch: str) -> str:
    """Return the key of the audit entry that says that the messages of a batch were requested."""
    return f"send_review_reminders:{batch}"

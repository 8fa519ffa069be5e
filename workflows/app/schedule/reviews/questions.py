"""Ask the reviews that are due, or leave out those that would be pointless. One batch of messages follows.

After a downtime many reviews may be due at once. They belong to one batch, so that each person gets one message.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog

from workflows.app.service import Service
from workflows.app.storing.new_audit_entry import entry_of
from workflows.core.errors.raised import Refused
from workflows.core.partners.closing.revoking import running_revocation
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.pointless_reviews import ANSWERED_WITHIN, why_pointless
from workflows.core.plans.closing import only_reduces_access
from workflows.core.requests.commands.partner_record import AskReview
from workflows.core.requests.commands.review_event import SkipReason, SkipReview
from workflows.core.requests.effects import SendReviewReminders
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.model import TenantId
from workflows.ports.clock import Clock
from workflows.ports.records import Commit, StaleVersion
from workflows.ports.store import Store

_BATCH: Final = "review_reminders"
"""The mark with the batch whose questions are being issued; empty when there is none."""

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
    _may_be_interrupted: bool = field(default=True)
    """Whether a pass may have ended before the messages of its batch were requested."""

    async def check(self) -> None:
        """Ask every review that is due, and request the messages about them."""
        now = self.clock.now()
        tenants = (await self.store.due(now))[1]
        if not (tenants or self._may_be_interrupted):
            return
        self._may_be_interrupted = True
        batch = await self._unsent_batch()
        open_requests = await self.store.open_requests() if tenants else ()
        for tenant_id in tenants:
            batch = await self._check_one(tenant_id, batch, open_requests, now)
        if batch:
            await self._send(batch, now)
        self._may_be_interrupted = False

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
            if record.review_due_at is None or now < record.review_due_at:
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


def _key(batch: str) -> str:
    """Return the key of the audit entry that says that the messages of a batch were requested."""
    return f"send_review_reminders:{batch}"

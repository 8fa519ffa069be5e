"""Do what is due about the ends of accesses: issue notices, block partners, and have people asked."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog

from workflows.app.alarms import Alarms
from workflows.app.schedule.downtime import gaps, is_after_tick
from workflows.app.service import Service
from workflows.app.storing.identifiers import derived_request_id
from workflows.app.storing.new_audit_entry import entry_of
from workflows.app.storing.own_closing import closings_left, stop_open_requests, store_own_closing
from workflows.core.errors.raised import Refused
from workflows.core.partners.access_end.decision import (
    EndSituation,
    EndStep,
    end_step,
    open_extension,
)
from workflows.core.partners.access_end.notices import AT_THE_END, due_notice, is_nobody_told, must_ask_again
from workflows.core.partners.closing.revoking import requests_for_more_access, running_revocation
from workflows.core.partners.partnership import Partnership
from workflows.core.people import GATEHOUSE
from workflows.core.plans.plan import REVOCATION_TEMPLATE, AtEnd
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.commands.partner_record import BlockAtEnd, IssueEndNotice
from workflows.core.requests.delays.downtime import Gap
from workflows.core.requests.effects import SendEndNotices
from workflows.core.requests.request import AccessRequest, RequestFields, RequestKind
from workflows.core.settings.model import TenantId
from workflows.intervals import ENDED_ACCESS_CHECKED_EVERY
from workflows.ports.clock import Clock
from workflows.ports.records import Commit, StaleVersion
from workflows.ports.store import Store

_BATCH: Final = "end_notices"
"""The mark with the batch whose notices are being issued; empty when there is none."""
_MAX_NAMED: Final = 10

_log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class _CheckState:
    """What one pass knows, and what it has done so far."""

    now: datetime
    gaps: Sequence[Gap]
    open_requests: Sequence[AccessRequest]
    blocks_left: int
    batch: str
    """The batch of its notices; empty while it has none."""
    blocked: int = 0
    not_reached: list[str] = field(default_factory=list)
    """The partners that stay open because no notice was delivered."""
    not_blocked: dict[str, dict[str, str]] = field(default_factory=dict)
    """The partners whose block ended without closing them: the values of their alarms, by tenant id."""


class AccessEnds:
    """Looks for ends of accesses after each tick. Every step is stored before it has an effect, and may be repeated."""

    def __init__(
        self,
        *,
        service: Service,
        store: Store,
        clock: Clock,
        alarms: Alarms,
        wake: Callable[[], None],
        max_blocks_a_day: int,
    ) -> None:
        """Create the check.

        :param max_blocks_a_day: how many partners are closed within 24 hours without an admin, here or for silence.
        """
        self._service = service
        self._store = store
        self._clock = clock
        self._alarms = alarms
        self._wake = wake
        self._max_blocks_a_day = max_blocks_a_day
        self._ended_checked_at: datetime | None = None
        self._may_be_interrupted = True
        """Whether a pass may have ended before the messages of its batch were requested."""

    async def check(self) -> None:
        """Issue the notices that are due, and do what each end asks for. One batch of messages follows."""
        now = self._clock.now()
        due_partners = list((await self._store.due(now))[1])
        is_whole = self._ended_checked_at is None or abs(now - self._ended_checked_at) >= ENDED_ACCESS_CHECKED_EVERY
        ended = await self._store.ended_partners(now) if is_whole else ()
        tenants = list(dict.fromkeys([*ended, *due_partners]))
        if not (tenants or is_whole or self._may_be_interrupted):
            return
        # NB. the clock may have jumped since the tick. The next tick stores the gap, which the decisions need.
        if not await is_after_tick(store=self._store, now=now):
            return
        self._ended_checked_at = now if is_whole else self._ended_checked_at
        state = await self._new_pass(now, any_partner=bool(tenants))
        self._may_be_interrupted = True
        for tenant_id in tenants:
            await self._check_one(tenant_id, state)
        if state.batch:
            await self._send(state)
        self._may_be_interrupted = False
        if is_whole:
            await self._update_alarms(state)

    async def _new_pass(self, now: datetime, *, any_partner: bool) -> _CheckState:
        batch = await self._unsent_batch()
        if not any_partner:
            return _CheckState(now=now, gaps=(), open_requests=(), blocks_left=0, batch=batch)
        return _CheckState(
            now=now,
            gaps=await gaps(store=self._store, now=now),
            open_requests=await self._store.open_requests(),
            blocks_left=await closings_left(self._store, self._max_blocks_a_day, now),
            batch=batch,
        )

    async def _unsent_batch(self) -> str:
        """Return the batch of a pass that ended before its messages were requested; empty when there is none."""
        batch = await self._store.mark(_BATCH) or ""
        if batch and await self._store.is_known(_batch_key(batch)):
            # NB. a new notice must not join it: who has its message would count as told.
            await self._store.save_mark(_BATCH, "")
            return ""
        return batch

    async def _check_one(self, tenant_id: TenantId, state: _CheckState) -> None:
        """Do the step that is due for one partner. A failure does not stop the work for other partners."""
        try:
            record = await self._store.partnership(tenant_id)
            if record is not None and not record.is_closed and record.is_as_approved:
                await self._step(record, state)
        except (Refused, StaleVersion):
            return  # it has changed in the meantime; the next check decides again
        except Exception:
            _log.exception("end_of_access_failed", tenant_id=tenant_id)

    async def _step(self, record: Partnership, state: _CheckState) -> None:
        if record.ends_at is None:
            return
        if state.now < record.ends_at:
            days = due_notice(record.since, record.ends_at, record.end_notices, state.now)
            if days is not None:
                await self._issue(record, record.ends_at, days, state)
        elif record.at_end is AtEnd.ASK:
            if record.end_step_at is not None:
                await self._issue(record, record.ends_at, AT_THE_END, state, is_too_late=True)  # the review asks
        elif running_revocation(state.open_requests, record.identity) is None:
            if record.blocked_by is None:
                await self._end(record, record.ends_at, state)
            else:
                values = {"partner": record.identity.tenant_id, "request": record.blocked_by}
                state.not_blocked[record.identity.tenant_id] = values

    async def _end(self, record: Partnership, ends_at: datetime, state: _CheckState) -> None:
        """Block a partner at the end of its access, wait, or have people asked."""
        step = _step_at_end(record, ends_at, state)
        if step is EndStep.BLOCK:
            # NB. read again: somebody may have requested an extension, or revoked the partner, during this pass.
            state.open_requests = await self._store.open_requests()
            if running_revocation(state.open_requests, record.identity) is not None:
                return
            step = _step_at_end(record, ends_at, state)
        if step is EndStep.NOBODY_REACHED and is_nobody_told(ends_at, record.end_notices, state.now):
            state.not_reached.append(record.identity.name)
        is_asked = record.is_end_handled and not must_ask_again(ends_at, record.end_notices, state.now)
        if step is EndStep.BLOCK:
            await self._block(record, ends_at, state)
        elif step is not EndStep.WAIT and not is_asked:
            await self._issue(record, ends_at, AT_THE_END, state)

    async def _issue(
        self, record: Partnership, ends_at: datetime, days: int, state: _CheckState, *, is_too_late: bool = False
    ) -> None:
        if not state.batch and not is_too_late:
            state.batch = state.now.isoformat()
            # NB. before the first notice: after a crash, the others and the messages follow in the same batch.
            await self._store.save_mark(_BATCH, state.batch)
        notice = IssueEndNotice(days=days, batch=state.batch, ends_at=ends_at, is_too_late=is_too_late)
        await self._service.advance_review(record.identity.tenant_id, notice)

    async def _block(self, record: Partnership, ends_at: datetime, state: _CheckState) -> None:
        """Create the revocation, which goes the usual way: plan, write, read-back."""
        tenant_id = record.identity.tenant_id
        key = f"end:{tenant_id}:{record.request_id}:{ends_at.isoformat()}"
        block = BlockAtEnd(request_id=derived_request_id(key), ends_at=ends_at)
        fields = _fields(record, ends_at)
        if not await store_own_closing(record, block, fields, key=key, store=self._store, now=state.now):
            return  # this end was blocked before
        self._wake()
        state.blocked += 1
        state.blocks_left -= 1
        await stop_open_requests(record, self._store, self._service.advance)

    async def _send(self, state: _CheckState) -> None:
        entry = entry_of(_batch_key(state.batch), state.now, None, "send_end_notices", {})
        effect = SendEndNotices(batch=state.batch, blocked=state.blocked)
        await self._store.commit(Commit(entry=entry, effects=(effect,)))
        await self._store.save_mark(_BATCH, "")
        self._wake()

    async def _update_alarms(self, state: _CheckState) -> None:
        not_reached = state.not_reached
        values = {"partners": list(not_reached[:_MAX_NAMED]), "count": len(not_reached)}
        await self._alarms.update_alarms(AlarmCode.END_NOT_ANNOUNCED, {"": values} if not_reached else {})
        await self._alarms.update_alarms(AlarmCode.END_NOT_BLOCKED, state.not_blocked)


def _batch_key(batch: str) -> str:
    """Return the key of the audit entry that says that the messages of a batch were requested."""
    return f"send_end_notices:{batch}"


def _step_at_end(record: Partnership, ends_at: datetime, state: _CheckState) -> EndStep:
    situation = EndSituation(
        now=state.now,
        gaps=state.gaps,
        blocks_left=state.blocks_left,
        extension=extension_about(record, ends_at, state.open_requests),
        sponsor=record.sponsor,
    )
    return end_step(ends_at, record.end_notices, situation)


def extension_about(
    record: Partnership, ends_at: datetime, open_requests: Iterable[AccessRequest]
) -> AccessRequest | None:
    """Return the open request that would extend the access of a partner; None when there is none."""
    return open_extension(requests_for_more_access(open_requests, record.identity), ends_at, record.sponsor)


def _fields(record: Partnership, ends_at: datetime) -> RequestFields:
    return RequestFields(
        kind=RequestKind.REVOCATION,
        requester=GATEHOUSE.chat_id,
        sponsor=record.sponsor.chat_id,
        target=record.identity.tenant_id,
        template=REVOCATION_TEMPLATE,
        justification="",
        duration=None,
        period_ended_at=ends_at,
    )

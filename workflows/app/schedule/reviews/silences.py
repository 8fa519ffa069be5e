"""Suspend partners whose review nobody answers, as their templates say, and alarm the admins about the others."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import structlog

from workflows.app.alarms import Alarms
from workflows.app.schedule.downtime import gaps, is_after_tick
from workflows.app.service import Service
from workflows.app.storing.identifiers import derived_request_id
from workflows.app.storing.own_closing import closings_left, stop_open_requests, store_own_closing
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.partners.access_end.decision import extension_waited_until
from workflows.core.partners.closing.revoking import requests_for_more_access, running_revocation
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.reviewing.silence_decision import (
    WAITING_STEPS,
    SilenceSituation,
    SilenceStep,
    silence_step,
    suspension_from,
)
from workflows.core.people import GATEHOUSE
from workflows.core.requests.alarms import AlarmCode, EndingCode
from workflows.core.requests.commands.clicks import subject_of
from workflows.core.requests.commands.review_event import SuspendForSilence
from workflows.core.requests.delays.downtime import Gap
from workflows.core.requests.request import AccessRequest, Closing, RequestFields, RequestKind
from workflows.core.settings.model import TenantId
from workflows.intervals import SILENCE_ALARM_RENEWED_AFTER, SILENCES_CHECKED_EVERY
from workflows.ports.clock import Clock
from workflows.ports.records import StaleVersion
from workflows.ports.store import Store

_MAX_NAMED: Final = 10

_log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class _Pass:
    """What one pass knows, and what it has found so far."""

    now: datetime
    gaps: Sequence[Gap] = ()
    open_requests: Sequence[AccessRequest] = ()
    answered: Collection[TenantId | None] = ()
    """The partners about which a click is stored and not checked yet."""
    closings_left: int = 0
    open: dict[SilenceStep, list[str]] = field(default_factory=lambda: defaultdict(list))
    """The partners that stay open without an answer, by the reason."""


@dataclass(slots=True, kw_only=True)
class Silences:
    """Looks every minute for reviews that nobody has answered. Every step is stored before it has an effect."""

    service: Service
    store: Store
    clock: Clock
    alarms: Alarms
    wake: Callable[[], None]
    max_closings_a_day: int
    """How many partners are closed within 24 hours without an admin, at the end of their access or for silence."""
    _checked_at: datetime | None = field(default=None)

    async def check(self) -> None:
        """Do what is due for each partner whose last reminder was sent three days ago."""
        now = self.clock.now()
        if self._checked_at is not None and abs(now - self._checked_at) < SILENCES_CHECKED_EVERY:
            return
        # NB. the clock may have jumped since the tick. The next tick stores the gap, which the decisions need.
        if not await is_after_tick(store=self.store, now=now):
            return
        self._checked_at = now
        tenants = await self.store.silent_partners(now)
        state = await self._new_pass(now) if tenants else _Pass(now=now)
        for tenant_id in tenants:
            await self._check_one(tenant_id, state)
        await self._update_alarms(state)

    async def _new_pass(self, now: datetime) -> _Pass:
        clicks = await self.store.unchecked_clicks()
        return _Pass(
            now=now,
            gaps=await gaps(store=self.store, now=now),
            open_requests=await self.store.open_requests(),
            answered={subject_of(one.command).tenant_id for one in clicks},
            closings_left=await closings_left(self.store, self.max_closings_a_day, now),
        )

    async def _check_one(self, tenant_id: TenantId, state: _Pass) -> None:
        """Do the step that is due for one partner. A failure does not stop the work for other partners."""
        try:
            record = await self.store.partnership(tenant_id)
            if record is not None and record.state is PartnershipState.REVIEW_DUE:
                await self._step(record, state)
        except (Refused, StaleVersion):
            return  # it was answered in the meantime; the next check decides again
        except Exception:
            _log.exception("silence_check_failed", tenant_id=tenant_id)

    async def _step(self, record: Partnership, state: _Pass) -> None:
        if running_revocation(state.open_requests, record.identity) is not None:
            return
        step = silence_step(record, _situation(record, state))
        if step is SilenceStep.SUSPEND:
            # NB. read again: somebody may have answered or requested something during this pass.
            again = await self._new_pass(state.now)
            state.closings_left = again.closings_left
            if running_revocation(again.open_requests, record.identity) is not None:
                return
            step = silence_step(record, _situation(record, again))
        if step is SilenceStep.SUSPEND:
            await self._suspend(record, state.now)
        elif step not in WAITING_STEPS:
            state.open[step].append(record.identity.name)

    async def _suspend(self, record: Partnership, now: datetime) -> None:
        last = record.review_reminders[-1]
        key = f"silence:{record.identity.tenant_id}:{record.request_id}:{last.batch}:{last.number}"
        command = SuspendForSilence(request_id=derived_request_id(key))
        if not await store_own_closing(record, command, _fields(record), key=key, store=self.store, now=now):
            return  # it was requested before
        self.wake()
        await stop_open_requests(record, self.store, self.service.advance)

    async def _update_alarms(self, state: _Pass) -> None:
        """Keep one alarm open for each reason. It is renewed once a day when its partners change."""
        found: Mapping[str, Mapping[str, Any]] = {
            step.value: {"partners": names[:_MAX_NAMED], "count": len(names)} for step, names in state.open.items()
        }
        for alarm in await self.store.open_alarms():
            if alarm.code is not AlarmCode.REVIEW_SILENT or alarm.subject not in found:
                continue
            is_old = state.now - alarm.raised_at >= SILENCE_ALARM_RENEWED_AFTER
            if is_old and dict(alarm.values) != dict(found[alarm.subject]):
                await self.alarms.clear_alarm(AlarmCode.REVIEW_SILENT, alarm.subject, Fact(EndingCode.PARTNERS_CHANGED))
        await self.alarms.update_alarms(AlarmCode.REVIEW_SILENT, found)


def _situation(record: Partnership, state: _Pass) -> SilenceSituation:
    # NB. not from the first of the last reminders: silence may have become longer since then.
    possible_from = suspension_from(record, state.gaps, state.now)
    due_at = state.now if isinstance(possible_from, SilenceStep) else possible_from
    waited_until = [
        extension_waited_until(due_at, request, record.sponsor)
        for request in requests_for_more_access(state.open_requests, record.identity)
        if request.fields.account_change is None
    ]
    return SilenceSituation(
        now=state.now,
        gaps=state.gaps,
        closings_left=state.closings_left,
        is_answered=record.identity.tenant_id in state.answered,
        is_request_waited_for=any(state.now < until for until in waited_until),
    )


def _fields(record: Partnership) -> RequestFields:
    return RequestFields(
        kind=RequestKind.REVOCATION,
        closing=Closing.SUSPEND,
        requester=GATEHOUSE.chat_id,
        sponsor=record.sponsor.chat_id,
        target=record.identity.tenant_id,
        template=Closing.SUSPEND.value,
        justification="",
        duration=None,
        silent_since=record.review_reminders[0].issued_at,
    )

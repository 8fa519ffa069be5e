"""End the open requests from before a held start, once two admins have released it. Each requester is told once.

The same for the open requests that something other than Gatehouse changed, once two admins have ended the freeze about
that: nobody can decide on them any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from workflows.app.alarms import Alarms
from workflows.app.batches.batch_service import BatchService
from workflows.app.reads.known_freeze import UNREADABLE, last_freeze
from workflows.app.schedule.revocation_alarms import values_of
from workflows.app.service import Service
from workflows.core.batches.commands import ExpireBatch
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.plans.plan import count_written
from workflows.core.policy.stops.freeze import Freeze, is_over_about_records
from workflows.core.requests.alarms import AlarmCode, EndingCode
from workflows.core.requests.commands.automatic import Stop
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, BatchId
from workflows.core.requests.transitions.freezing import is_void
from workflows.core.requests.transitions.transition import partner_of
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

_VOIDED: Final = "voided_before"
"""The name of the mark with the hold whose older requests are all ended."""
_ENDED_UNPROVEN: Final = "unproven_ended_after"
"""The name of the mark with the freeze about changed records after which requests were ended."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Voiding:
    """Ends requests and batches that no decision can be trusted for any more. May be repeated safely."""

    service: Service
    batches: BatchService
    store: Store
    tenant: Tenant
    alarms: Alarms

    async def check(self) -> None:
        """End what is void after a release, or not believed after a freeze. What cannot be read now is ended later."""
        freeze = await last_freeze(self.store)
        if freeze is None or freeze is UNREADABLE:
            return
        if is_over_about_records(freeze):
            await self._end_unproven(freeze)
        if freeze.voids_before is None:
            return
        before = freeze.voids_before.isoformat()
        if (freeze.is_frozen and freeze.hold is not None) or await self.store.mark(_VOIDED) == before:
            return
        await self._end_batches(freeze)
        reason = (Fact(NoteCode.VOID_AFTER_RESTORE),)
        left = [await self._end(request, reason) for request in await self._void(freeze)]
        if all(left):
            await self.store.save_mark(_VOIDED, before)

    async def _void(self, freeze: Freeze) -> Sequence[AccessRequest]:
        return [request for request in await self.store.open_requests() if is_void(request, freeze)]

    async def _end_batches(self, freeze: Freeze) -> None:
        for batch in await self.store.open_batches():
            if freeze.voids_before is not None and batch.created_at < freeze.voids_before:
                try:
                    await self.batches.advance(ExpireBatch(batch_id=batch.id, is_void=True))
                except Refused:
                    _log.info("batch_ends_with_its_requests", batch=batch.id)

    async def _end_unproven(self, freeze: Freeze) -> None:
        """End the requests and batches that are not believed, once after each freeze.

        What is forged later is a freeze again. The members of such a batch end too: they were approved with it.
        """
        since = freeze.since.isoformat()
        if await self.store.mark(_ENDED_UNPROVEN) == since:
            return
        for alarm in await self.store.open_alarms():
            if alarm.code is AlarmCode.AUDIT_CHAIN:
                await self.alarms.clear_alarm(alarm.code, alarm.subject, Fact(EndingCode.ADMINS_ENDED_FREEZE))
        batches = await self._end_unproven_batches()
        waiting = {request.id: request for request in await self.store.open_requests()}
        reasons = {
            request_id: NoteCode.BATCH_NOT_BELIEVED
            for request_id, request in waiting.items()
            if request.batch in batches
        }
        reasons |= dict.fromkeys(await self.store.unproven_requests(list(waiting)), NoteCode.ENDED_NOT_BELIEVED)
        left = [
            await self._end(waiting[one], (Fact(code, {"was_sent": waiting[one].was_sent}),))
            for one, code in sorted(reasons.items())
        ]
        if all(left):
            await self.store.save_mark(_ENDED_UNPROVEN, since)

    async def _end_unproven_batches(self) -> frozenset[BatchId]:
        """End the batches that are not believed; returns them. One that ended meanwhile stays as it is."""
        unproven = await self.store.unproven_batches([batch.id for batch in await self.store.open_batches()])
        for batch_id in sorted(unproven):
            try:
                await self.batches.advance(ExpireBatch(batch_id=batch_id, is_unproven=True))
            except Refused as error:
                _log.warning("batch_not_ended", batch=batch_id, reason=str(error))
        return unproven

    async def _end(self, request: AccessRequest, reason: tuple[Fact, ...]) -> bool:
        """End one request; returns whether it is ended.

        Of one that was being written, what is in the tenant is read first. A part of it is recorded, and the admins are
        told of it. If all of it is there, nothing is left to write: it is confirmed as every other request.
        """
        try:
            configuration, part = None, 0
            if request.was_sent:
                configuration = await self.tenant.read_partner(request.plan.tenant_id)
                part = 0 if configuration is None else count_written(request.plan, configuration) or 0
                if part == len(request.plan.required_operations):
                    return False
            if part:
                values = values_of(request.id, partner_of(request), reason)
                await self.alarms.raise_alarm(AlarmCode.PARTLY_APPLIED, request.id, values)
            await self.service.advance(request.id, Stop(reason=reason, configuration=configuration))
        except (Refused, TenantUnavailable, TenantRefused) as error:
            _log.warning("request_not_voided", request=request.id, reason=str(error))
            return False
        return True

"""Tell the admins once where our settings deny sign-ins to people of tenants without an entry.

The scan of sign-ins for reviews counts them in the same reading. What could not be read is never "nobody": then nothing
is told, and nothing ends.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import structlog

from workflows.app.evidence.denied.notice_records import NoticeRecords
from workflows.app.evidence.wanted_scan import want_scan
from workflows.app.watch.sweep import time_of_mark
from workflows.core.checks.partner_rules import MICROSOFT_SUPPORT
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import CurrentRoles, Person
from workflows.core.posture.watch.denied_notice import MANY, DeniedNotice, DeniedTenant, NoticeSubject
from workflows.core.posture.watch.denied_sign_ins.counting import MAX_TENANTS, DenialCount, Thresholds
from workflows.core.posture.watch.denied_sign_ins.notices import (
    ChangeKind,
    LogFindings,
    NoticeChange,
    counted_from,
    decide,
    dismiss,
    end_with_entry,
)
from workflows.core.posture.watch.drift import DriftSubject
from workflows.core.requests.alarms import AlarmId
from workflows.core.requests.commands.watch import DismissDenied
from workflows.core.settings.model import TenantId
from workflows.intervals import DENIED_LOOKED_FOR_EVERY, DENIED_NOTICES_CHECKED_EVERY
from workflows.partner_lookup.target import CONSUMER_TENANTS
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

LOOKED_FOR_AT: Final = "denied_sign_ins_looked_for"
"""The name of the mark with the time when a scan was last asked for."""
TOO_MANY_TENANTS_AT: Final = "denied_sign_ins_of_too_many_tenants"
"""The name of the mark with the time of the last reading, when it had more tenants than are told apart; else empty."""
_TRIES: Final = 5
"""How often a dismissal is decided again because another change was stored first."""

_log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class DeniedSignIns:
    """Counts with a scan, tells, and stores what admins dismiss. Every method may be repeated safely."""

    records: NoticeRecords
    tenant: Tenant
    thresholds: Thresholds
    days_offered: int
    """For how many days an admin can dismiss a notice."""
    _looked_at: datetime | None = field(default=None, init=False)

    @property
    def is_on(self) -> bool:
        """Return whether denied sign-ins are looked for at all."""
        return self.thresholds.sign_ins > 0

    async def new_count(self, *, since: datetime, until: datetime) -> DenialCount:
        """Return the count of a scan. Recorded partners, our own tenant and consumer accounts are not counted."""
        store = self.records.store
        recorded = await store.partnerships(lambda one: one.identity.tenant_id)
        home = await self.tenant.home()
        of_others, by_tenant = counted_from(await store.denied_notices(), since)
        not_counted = {home, TenantId(MICROSOFT_SUPPORT), *CONSUMER_TENANTS, *recorded}
        return DenialCount(not_counted, since=of_others, until=until, counted_from=by_tenant)

    async def report(self, count: DenialCount, *, is_complete: bool) -> None:
        """Tell, update or end notices by what a scan has counted.

        :param is_complete: whether the log was read to its end.
        """
        await self._note_too_many(count)
        found, notices = count.found(self.thresholds), await self.records.store.denied_notices()
        open_ones = [TenantId(one.subject) for one in notices if one.is_open and one.subject != MANY]
        if not found and not any(one.is_open for one in notices):
            return
        try:
            with_entry = await self._with_entry({*open_ones, *(one.tenant_id for one in found)})
            with_entry |= {one for one in open_ones if await self._is_known(one)}
        except (TenantRefused, TenantUnavailable) as error:
            _log.warning("denied_sign_ins_not_told", reason=str(error))  # any of them may have an entry
            return
        findings = LogFindings(
            tenants=tuple(one for one in found if one.tenant_id not in with_entry),
            with_entry=frozenset(with_entry),
            is_complete=is_complete and not count.is_partial,
        )
        by_subject = {one.subject: one for one in notices}
        for change in list(decide(by_subject, findings, self.records.clock.now(), days_offered=self.days_offered)):
            await self.records.save(await self._with_names(change))

    async def _note_too_many(self, count: DenialCount) -> None:
        """Store for `gatehouse doctor` whether somebody may have been left out."""
        if count.has_too_many_tenants:
            _log.warning("denied_sign_ins_of_too_many_tenants", told_apart=MAX_TENANTS)
        moment = self.records.clock.now().isoformat() if count.has_too_many_tenants else ""
        if moment or await self.records.store.mark(TOO_MANY_TENANTS_AT):
            await self.records.store.save_mark(TOO_MANY_TENANTS_AT, moment)

    async def check(self) -> None:
        """Ask for a scan once a day, and end notices whose tenant has an entry now. Called every few seconds."""
        now = self.records.clock.now()
        if self._looked_at is not None and abs(now - self._looked_at) < DENIED_NOTICES_CHECKED_EVERY:
            return
        self._looked_at = now
        if self.is_on:
            await self._ask_for_scan(now)
        for notice in await self.records.store.denied_notices(only_open=True):
            if notice.subject != MANY and await self._is_known(TenantId(notice.subject)):
                await self.records.save(end_with_entry(notice, now))

    async def dismiss(self, click: DismissDenied, actor: Person, *, key: str, current_roles: CurrentRoles) -> None:
        """Dismiss a notice for the offered time.

        :raises Refused: when the person may not, or the notice is over or another one; nothing is stored.
        """
        for _ in range(_TRIES):
            stored = await self.records.store.denied_notice(NoticeSubject(click.subject))
            alarm_id, now = AlarmId(click.alarm_id), self.records.clock.now()
            after = dismiss(stored, alarm_id, actor, current_roles=current_roles, now=now)
            is_new = await self.records.save_dismissed(after, click.name, key=key, actor=actor)
            if is_new or await self.records.store.is_known(key):
                return
        raise Refused(RefusalCode.NOTICE_OVER)

    async def _ask_for_scan(self, now: datetime) -> None:
        """Ask for a scan when the last one is a day old. The first is asked for a day after the first start."""
        store = self.records.store
        last = await time_of_mark(store, LOOKED_FOR_AT)
        if last is not None and abs(now - last) < DENIED_LOOKED_FOR_EVERY:
            return
        await store.save_mark(LOOKED_FOR_AT, now.isoformat())
        scan = await store.usage_scan()
        if last is not None and (scan is None or abs(now - scan.taken_at) >= DENIED_LOOKED_FOR_EVERY / 2):
            await want_scan(store, now)

    async def _with_entry(self, tenant_ids: Collection[TenantId]) -> set[TenantId]:
        """Return those of these tenants that have an entry in our cross-tenant access settings."""
        wanted, found = frozenset(tenant_ids), set[TenantId]()
        async for page in self.tenant.partner_pages():
            found |= {TenantId(str(row["tenantId"]).lower()) for row in page} & wanted
        return found

    async def _is_known(self, tenant_id: TenantId) -> bool:
        """Return whether Gatehouse has a record of a tenant, or a sweep found an entry."""
        store = self.records.store
        if await store.partnership(tenant_id) is not None:
            return True
        drift = await store.drift(DriftSubject(tenant_id))
        return drift is not None and drift.is_open

    async def _with_names(self, change: NoticeChange) -> NoticeChange:
        """Return the change with the domains of the listed tenants, as far as Microsoft names them."""
        if change.kind not in (ChangeKind.TELL, ChangeKind.UPDATE):
            return change
        tenants = [one if one.domain else await self._named(one) for one in change.notice.tenants]
        notice: DeniedNotice = replace(change.notice, tenants=tuple(tenants))
        return replace(change, notice=notice)

    async def _named(self, tenant: DeniedTenant) -> DeniedTenant:
        try:
            identity = await self.tenant.find(tenant.tenant_id)
        except (TenantRefused, TenantUnavailable) as error:
            _log.warning("denied_tenant_not_named", tenant_id=tenant.tenant_id, reason=str(error))
            return tenant
        if identity is None:
            return tenant
        return replace(tenant, domain=identity.default_domain, display_name=identity.display_name)

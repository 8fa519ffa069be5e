"""After a held start, compare the records with the tenant and with Entra's audit log, and tell the admins once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from workflows.app.alarms import Alarms
from workflows.app.reads.known_freeze import UNREADABLE, last_freeze
from workflows.app.reads.posture import read_posture
from workflows.core.errors.facts import Fact
from workflows.core.partners.records import Records
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.posture.watch.held_report import HeldReport, changes_since, differences_of, void_requests
from workflows.core.requests.alarms import AlarmCode, EndingCode
from workflows.core.requests.request import AccessRequest
from workflows.core.requests.transitions.freezing import is_void
from workflows.intervals import HELD_REPORT_AWAITED_FOR
from workflows.ports.clock import Clock
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

ReadRecords = Callable[[], Awaitable[Records | None]]

_log = structlog.get_logger()


async def read_held_report(
    freeze: Freeze,
    *,
    tenant: Tenant,
    records: ReadRecords,
    open_requests: list[AccessRequest],
    clock: Clock,
) -> HeldReport:
    """Read the tenant and its log, and compare. What cannot be read is None in the report.

    :param freeze: a freeze with a hold.
    """
    since = None if freeze.hold is None else freeze.hold.last_ran_at
    differences, changes, names = None, None, {}
    try:
        posture = await read_posture(tenant=tenant, records=records, clock=clock, looks_up_names=True)
        differences = differences_of(posture)
        names = {partner.tenant_id: partner.name for partner in posture.partners}
    except (TenantUnavailable, TenantRefused) as error:
        _log.warning("held_report_without_tenant", reason=str(error))
    try:
        if since is not None:
            changes = changes_since(await tenant.tenant_settings.read_access_changes(since), since, names)
    except (TenantUnavailable, TenantRefused) as error:
        _log.warning("held_report_without_log", reason=str(error))
    void = void_requests(request for request in open_requests if is_void(request, freeze))
    return HeldReport(differences=differences, changes=changes, requests=void)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldReports:
    """Tells the admins what older records lack, in one alarm that ends with the hold."""

    store: Store
    tenant: Tenant
    clock: Clock
    alarms: Alarms

    async def check(self) -> None:
        """Raise the alarm with the report while the bot is held, and clear it afterwards. May be repeated safely."""
        freeze = await last_freeze(self.store)
        is_held = freeze is not None and freeze is not UNREADABLE and freeze.is_frozen and freeze.hold is not None
        told = [alarm for alarm in await self.store.open_alarms() if alarm.code is AlarmCode.HELD_REPORT]
        subject = freeze.since.isoformat() if is_held and freeze is not None else ""
        for alarm in told:
            if alarm.subject != subject:
                await self.alarms.clear_alarm(AlarmCode.HELD_REPORT, alarm.subject, Fact(EndingCode.HOLD_ENDED))
        if freeze is None or not subject or any(alarm.subject == subject for alarm in told):
            return
        report = await self._read(freeze)
        if self._is_whole(report, freeze) or self.clock.now() - freeze.since >= HELD_REPORT_AWAITED_FOR:
            await self.alarms.raise_alarm(
                AlarmCode.HELD_REPORT, subject, {**report.as_values(), **when_records_end(freeze)}
            )

    async def _read(self, freeze: Freeze) -> HeldReport:
        return await read_held_report(
            freeze,
            tenant=self.tenant,
            records=self.store.records,
            open_requests=list(await self.store.open_requests()),
            clock=self.clock,
        )

    def _is_whole(self, report: HeldReport, freeze: Freeze) -> bool:
        has_end = freeze.hold is not None and freeze.hold.last_ran_at is not None
        return report.differences is not None and (report.changes is not None or not has_end)


def when_records_end(freeze: Freeze) -> dict[str, str]:
    """Return when the records end, as a value of the alarm; empty when they do not say it."""
    ran_at: datetime | None = None if freeze.hold is None else freeze.hold.last_ran_at
    return {"last_ran_at": "" if ran_at is None else ran_at.isoformat()}

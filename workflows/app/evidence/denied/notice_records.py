"""Store notices about denied sign-ins, each with its alarm in one transaction, so that each is told once."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from workflows.app.alarms import alarm_id_of, new_alarm
from workflows.app.storing.new_audit_entry import GATEHOUSE, entry_of
from workflows.core.errors.facts import Fact
from workflows.core.people import Person
from workflows.core.posture.watch.denied_notice import MANY, DeniedNotice, DeniedTenant
from workflows.core.posture.watch.denied_sign_ins.notices import ChangeKind, NoticeChange
from workflows.core.requests.alarms import ENDED, Alarm, AlarmCode, EndingCode
from workflows.core.requests.effects import ShowAlarm
from workflows.core.settings.model import TenantId
from workflows.ports.clock import Clock
from workflows.ports.records import Commit, StaleVersion
from workflows.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRecords:
    """Stores changes of notices. Every method may be repeated safely."""

    store: Store
    clock: Clock
    wake: Callable[[], None]

    async def save(self, change: NoticeChange) -> bool:
        """Store a change that a reading of the log causes, with its alarm.

        :returns: False when another process stored a newer version; nothing was stored then.
        """
        notice = change.notice
        if change.kind is ChangeKind.TELL:
            code = AlarmCode.SIGN_INS_DENIED_TO_MANY if notice.subject == MANY else AlarmCode.SIGN_INS_DENIED
            notice = replace(notice, alarm_id=alarm_id_of(code, notice.subject, notice.told_at))
            alarm: Alarm | None = new_alarm(code, notice.subject, alarm_values(notice), notice.told_at)
        else:
            alarm = _after(await self.store.alarm(notice.alarm_id), notice, _ending(change.kind))
        return await self._commit(notice, alarm, change.kind.value, "", None)

    async def save_dismissed(self, notice: DeniedNotice, command: str, *, key: str, actor: Person) -> bool:
        """Store that an admin dismissed a notice. Its alarm ends.

        :returns: False when another process stored a newer version, or the key is known; nothing was stored then.
        """
        values = {} if (one := notice.dismissal) is None else {"by": one.person.name, "until": one.until.isoformat()}
        alarm = _after(await self.store.alarm(notice.alarm_id), notice, Fact(EndingCode.DISMISSED, values))
        if alarm is not None:
            alarm = replace(alarm, cleared_at=self.clock.now())
        return await self._commit(notice, alarm, command, key, actor)

    async def _commit(
        self, notice: DeniedNotice, alarm: Alarm | None, command: str, key: str, actor: Person | None
    ) -> bool:
        entry = entry_of(
            key or f"{command}:{notice.subject}:{notice.version}",
            self.clock.now(),
            GATEHOUSE if actor is None else actor,
            command,
            notice_details(notice),
            tenant_id=None if notice.subject == MANY else TenantId(notice.subject),
        )
        effects = () if alarm is None else (ShowAlarm(alarm_id=alarm.id),)
        try:
            is_new = await self.store.commit(Commit(entry=entry, denied=notice, alarm=alarm, effects=effects))
        except StaleVersion:
            return False
        self.wake()
        return is_new


def _ending(kind: ChangeKind) -> Fact | None:
    match kind:
        case ChangeKind.END_WITH_ENTRY:
            return Fact(EndingCode.ENTRY_ADDED)
        case ChangeKind.END:
            return Fact(EndingCode.NOT_REPEATED)
        case _:
            return None


def _after(alarm: Alarm | None, notice: DeniedNotice, ended: Fact | None) -> Alarm | None:
    """Return the open alarm with the numbers of now, or ended; None when it has ended, or cannot be read."""
    if alarm is None or not alarm.is_open:
        return None
    values = alarm_values(notice)
    if ended is None:
        return replace(alarm, values=values)
    return replace(alarm, values={**values, ENDED: asdict(ended)}, cleared_at=notice.ended_at)


def alarm_values(notice: DeniedNotice) -> Mapping[str, Any]:
    """Return the values of the alarm. The name that a tenant has chosen for itself is not among them."""
    return {
        "count": notice.count,
        "sign_ins": notice.sign_ins,
        "at_least": notice.is_at_least,
        "since": notice.since.isoformat(),
        "dismiss_days": notice.days_offered,
        "tenants": [_tenant_values(one) for one in notice.tenants],
    }


def _tenant_values(tenant: DeniedTenant) -> Mapping[str, Any]:
    return {
        "tenant": tenant.tenant_id,
        "domain": tenant.domain,
        "sign_ins": tenant.sign_ins,
        "people": tenant.people,
        "more_people": tenant.has_more_people,
        "codes": list(tenant.codes),
    }


def notice_details(notice: DeniedNotice) -> Mapping[str, Any]:
    """Return the details of a notice for the audit log."""
    until: datetime | None = None if notice.dismissal is None else notice.dismissal.until
    return {
        "tenants": [one.tenant_id for one in notice.tenants],
        "count": notice.count,
        "sign_ins": notice.sign_ins,
        "at_least": notice.is_at_least,
        "alarm": notice.alarm_id,
        **({} if until is None else {"until": until.isoformat()}),
    }

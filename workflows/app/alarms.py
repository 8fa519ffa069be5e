"""Raise and clear alarms. Each is stored once, sent to the admins once, and cleared when its cause is repaired."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from workflows.app.storing.new_audit_entry import GATEHOUSE, entry_of
from workflows.core.errors.facts import Fact
from workflows.core.requests.alarms import ENDED, Alarm, AlarmCode, AlarmId
from workflows.core.requests.effects import ShowAlarm
from workflows.core.settings.model import TenantId
from workflows.ports.clock import Clock
from workflows.ports.records import Commit
from workflows.ports.store import Store


class Alarms:
    """The stored list of alarms. Every method may be repeated safely."""

    def __init__(self, *, store: Store, clock: Clock, wake: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake

    async def raise_alarm(self, code: AlarmCode, subject: str = "", values: Mapping[str, Any] | None = None) -> None:
        """Store an alarm and notify the admins; do nothing when it is open already.

        :param values: when `partner` is a tenant id, the domain on record replaces it.
        """
        if await self._store.open_alarm(code, subject) is not None:
            return
        values_with_domain = await self._with_domain(values or {})
        await self.store_alarm(new_alarm(code, subject, values_with_domain, self._clock.now()))

    async def store_alarm(self, alarm: Alarm) -> None:
        """Store an open alarm that was created before, and notify the admins who have not got it yet."""
        await self._commit(alarm, "raise_alarm", alarm.raised_at)

    async def clear_alarm(self, code: AlarmCode, subject: str = "", ended: Fact | None = None) -> None:
        """Record that the cause of an alarm is repaired; do nothing when there is no such alarm.

        :param ended: why it ended although nothing was repaired, see `EndingCode`; None when it was repaired.
        """
        alarm = await self._store.open_alarm(code, subject)
        if alarm is not None:
            now = self._clock.now()
            values = alarm.values if ended is None else {**alarm.values, ENDED: asdict(ended)}
            await self._commit(replace(alarm, cleared_at=now, values=values), "clear_alarm", now)

    async def update_alarms(self, code: AlarmCode, values_by_subject: Mapping[str, Mapping[str, Any]]) -> None:
        """Make the open alarms of one code equal to `values_by_subject`: raise what is missing, clear what is repaired.

        :param values_by_subject: the values of each alarm, by its subject.
        """
        open_subjects = {alarm.subject for alarm in await self._store.open_alarms() if alarm.code is code}
        for subject in sorted(open_subjects - values_by_subject.keys()):
            await self.clear_alarm(code, subject)
        for subject, values in values_by_subject.items():
            if subject not in open_subjects:
                await self.raise_alarm(code, subject, values)

    async def _with_domain(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        partner = values.get("partner")
        record = None if partner is None else await self._store.partnership(TenantId(partner))
        return values if record is None else {**values, "partner": record.identity.name}

    async def _commit(self, alarm: Alarm, command: str, now: datetime) -> None:
        details = {"alarm": alarm.id, "code": alarm.code.value, "subject": alarm.subject, **alarm.values}
        entry = entry_of(f"{command}:{alarm.id}", now, GATEHOUSE, command, details)
        await self._store.commit(Commit(entry=entry, alarm=alarm, effects=(ShowAlarm(alarm_id=alarm.id),)))
        self._wake()


def new_alarm(code: AlarmCode, subject: str, values: Mapping[str, Any], now: datetime) -> Alarm:
    """Return a new alarm with the given time."""
    return Alarm(id=alarm_id_of(code, subject, now), code=code, subject=subject, values=dict(values), raised_at=now)


def alarm_id_of(code: AlarmCode, subject: str, now: datetime) -> AlarmId:
    """Return the id of an alarm. It is the same for the same code, subject and time."""
    text = f"{code.value}\n{subject}\n{now.isoformat()}"
    return AlarmId(f"A-{hashlib.sha256(text.encode()).hexdigest()[:12]}")

"""Raises and clears alarms: each is stored once, sent to the admins once, and cleared when what it names is mended."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from workflows.app.service import GATEHOUSE
from workflows.core.requests.alarms import ENDED, Alarm, AlarmCode, AlarmId
from workflows.core.requests.effects import ShowAlarm
from workflows.ports.clock import Clock
from workflows.ports.records import AuditEntry, Commit
from workflows.ports.store import Store


class Alarms:
    """The stored list of alarms. Every method may be repeated."""

    def __init__(self, *, store: Store, clock: Clock, wake: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake

    async def raise_alarm(self, code: AlarmCode, subject: str = "", values: Mapping[str, str] | None = None) -> None:
        """Store an alarm and have the admins told; nothing where it is open already."""
        if await self._store.open_alarm(code, subject) is not None:
            return
        await self.store_alarm(new_alarm(code, subject, values or {}, self._clock.now()))

    async def store_alarm(self, alarm: Alarm) -> None:
        """Store an open alarm that was made before, and have those told who do not have it yet."""
        await self._commit(alarm, "raise_alarm", alarm.raised_at)

    async def clear_alarm(self, code: AlarmCode, subject: str = "", ended: str = "") -> None:
        """Note that what an alarm names is mended; nothing where there is no such alarm.

        :param ended: why it is over although nothing was mended, as "replaced by R-…"; empty where it was mended.
        """
        known = await self._store.open_alarm(code, subject)
        if known is not None:
            now = self._clock.now()
            values = {**known.values, ENDED: ended} if ended else known.values
            await self._commit(replace(known, cleared_at=now, values=values), "clear_alarm", now)

    async def keep_alarms(self, code: AlarmCode, wanted: Mapping[str, Mapping[str, str]]) -> None:
        """Make the open alarms of one code exactly those in `wanted`: raise what is missing, clear what is mended.

        :param wanted: the values of each alarm, by its subject.
        """
        known = {alarm.subject for alarm in await self._store.open_alarms() if alarm.code is code}
        for subject in sorted(known - wanted.keys()):
            await self.clear_alarm(code, subject)
        for subject, values in wanted.items():
            if subject not in known:
                await self.raise_alarm(code, subject, values)

    async def _commit(self, alarm: Alarm, command: str, now: datetime) -> None:
        entry = AuditEntry(
            key=f"{command}:{alarm.id}",
            at=now,
            actor=GATEHOUSE,
            command=command,
            outcome="accepted",
            details={"alarm": alarm.id, "code": alarm.code.value, "subject": alarm.subject, **alarm.values},
        )
        await self._store.commit(Commit(entry=entry, alarm=alarm, effects=(ShowAlarm(alarm_id=alarm.id),)))
        self._wake()


def new_alarm(code: AlarmCode, subject: str, values: Mapping[str, str], now: datetime) -> Alarm:
    """Make an alarm that is raised now."""
    return Alarm(id=_alarm_id(code, subject, now), code=code, subject=subject, values=dict(values), raised_at=now)


def _alarm_id(code: AlarmCode, subject: str, now: datetime) -> AlarmId:
    text = f"{code.value}\n{subject}\n{now.isoformat()}"
    return AlarmId(f"A-{hashlib.sha256(text.encode()).hexdigest()[:12]}")

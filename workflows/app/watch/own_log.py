"""Compare our writes with Entra's audit log after each sweep: a missing write, and an entry that nobody here wrote.

A log that cannot be read completely proves nothing: nothing is concluded, and the same is judged after the next sweep.
An entry of our application that led to drift is left to the watch, which has an alarm for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog

from workflows.app.alarms import Alarms, new_alarm
from workflows.app.storing.new_audit_entry import GATEHOUSE, entry_of
from workflows.app.watch.sweep import time_of_mark
from workflows.app.watch.telling import records_end
from workflows.core.errors.facts import Fact
from workflows.core.partners.history.outside_changes import FOUND_IN_LOG
from workflows.core.partners.partnership import tenant_of
from workflows.core.plans.plan import SentWrite
from workflows.core.posture.watch.drift import DEFAULT, LAST_COMPLETE, DriftSubject
from workflows.core.posture.watch.own_writes import (
    JUDGED_UP_TO,
    LOG_SHOWS_WITHIN,
    MATCHED_WITHIN,
    entry_of_write,
    is_logged,
    not_explained,
    writing_times,
)
from workflows.core.requests.alarms import AlarmCode, EndingCode
from workflows.core.settings.model import TenantId
from workflows.core.settings.partner_changes import LoggedChange
from workflows.intervals import OWN_LOG_ALARM_SHOWN_FOR
from workflows.ports.audit_log import NumberedEntry
from workflows.ports.clock import Clock
from workflows.ports.records import Commit
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

WRITES_JUDGED: Final = "own_writes_judged"
"""The name of the mark with the number of the last audit entry whose writes were compared with Entra's log."""
JUDGED_SINCE: Final = "own_entries_judged_since"
"""The name of the mark with the time from which on entries of our application must have a write of ours."""
ENTRY_NOTED: Final = "note_own_entry"
"""The stored name of the audit entry about an entry that no write explains. Details: `activity`, `at`, `id`, …"""
_PAGE: Final = 500
_REQUESTS: Final = 100
_NAMED: Final = 5
_ALARMS: Final = (AlarmCode.WRITE_NOT_IN_LOG, AlarmCode.OWN_ENTRY_NOT_EXPLAINED)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writes:
    """The writes that one audit entry of a request has."""

    numbered: NumberedEntry
    tenant_id: TenantId
    sent: tuple[SentWrite, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLogCheck:
    """Compares our writes with Entra's audit log. It may be repeated, and killed at any time."""

    store: Store
    tenant: Tenant
    alarms: Alarms
    clock: Clock

    async def check(self) -> None:
        """Judge every write that is old enough, and every entry of our application from before the last sweep."""
        now = self.clock.now()
        await self._end_old_alarms(now)
        judged = await self.store.mark(WRITES_JUDGED)
        since = await time_of_mark(self.store, JUDGED_SINCE)
        if not judged or since is None:
            # Writes of before the first check are not judged: the log may not go back so far.
            await self.store.save_mark(JUDGED_SINCE, now.isoformat())
            await self.store.save_mark(WRITES_JUDGED, str((await self.store.chain_end()).seq))
            return
        last, writes = await self._writes_after(int(judged), now)
        oldest = min([since, *(one.at for found in writes for one in found.sent)]) - MATCHED_WITHIN
        try:
            logged = await self.tenant.tenant_settings.read_access_changes(max(oldest, now - JUDGED_UP_TO))
        except (TenantUnavailable, TenantRefused) as error:
            _log.info("own_writes_not_compared", reason=str(error))
            return
        await self._judge_writes(writes, logged)
        await self.store.save_mark(WRITES_JUDGED, str(last))
        await self._judge_entries(logged, since, now)

    async def _writes_after(self, seq: int, now: datetime) -> tuple[int, list[_Writes]]:
        """Return the writes that a log must show by now, and the number of the last audit entry that was looked at."""
        found: list[_Writes] = []
        while entries := await self.store.entries_after(seq, limit=_PAGE):
            for numbered in entries:
                if now - numbered.entry.at < LOG_SHOWS_WITHIN:
                    return seq, found
                if "sent" in numbered.entry.details and (writes := await self._writes_of(numbered, now)) is not None:
                    found.append(writes)
                seq = numbered.seq
        return seq, found

    async def _writes_of(self, numbered: NumberedEntry, now: datetime) -> _Writes | None:
        """Return the logged writes of an entry that are new enough to be judged; None without any."""
        request_id = numbered.entry.request_id
        request = None if request_id is None else await self.store.request(request_id)
        tenant_id = None if request is None else tenant_of(request)
        if request is None or tenant_id is None:
            return None
        ids = {one.get("client_request_id") or one.get("request_id") for one in numbered.entry.details["sent"]}
        sent = tuple(
            one
            for one in request.sent
            if (one.ids.client_request_id or one.ids.request_id) in ids
            and is_logged(one)
            and now - one.at < JUDGED_UP_TO - MATCHED_WITHIN
        )
        return _Writes(numbered=numbered, tenant_id=tenant_id, sent=sent) if sent else None

    async def _judge_writes(self, writes: Sequence[_Writes], logged: Sequence[LoggedChange]) -> None:
        """Store the correlation ids of what the log shows, and raise one alarm about everything that it does not."""
        missing: list[tuple[_Writes, SentWrite]] = []
        for found in writes:
            shown = []
            for write in found.sent:
                entry = entry_of_write(write, found.tenant_id, logged)
                if entry is None:
                    missing.append((found, write))
                else:
                    shown.append(_shown(write, entry))
            if shown:
                await self._store_shown(found, shown)
        if missing:
            first, write = missing[0]
            names = [await self._name(found.tenant_id) for found, _ in missing]
            values = _values(names, min(write.at for _, write in missing))
            await self._alarm(AlarmCode.WRITE_NOT_IN_LOG, str(first.numbered.seq), values, write.at)

    async def _store_shown(self, found: _Writes, shown: list[Mapping[str, Any]]) -> None:
        entry = entry_of(
            f"{FOUND_IN_LOG}:{found.numbered.entry.key}",
            self.clock.now(),
            GATEHOUSE,
            FOUND_IN_LOG,
            {"writes": shown},
            request_id=found.numbered.entry.request_id,
            tenant_id=found.tenant_id,
        )
        await self.store.commit(Commit(entry=entry))

    async def _judge_entries(self, logged: Sequence[LoggedChange], since: datetime, now: datetime) -> None:
        """Raise one alarm about the entries of our application that nothing explains. Each entry is told once."""
        swept_at = await time_of_mark(self.store, LAST_COMPLETE)
        if swept_at is None:
            return
        # NB. later ones may be drift that no sweep has seen yet: then the watch tells of them.
        own = [one for one in logged if one.change.is_ours and one.id and since <= one.change.at < swept_at]
        by_subject: dict[str, list[LoggedChange]] = {}
        for one in own:
            for subject in [DEFAULT] if one.is_default else sorted(one.partners):
                by_subject.setdefault(subject, []).append(one)
        told: list[tuple[str, LoggedChange]] = []
        for subject, entries in by_subject.items():
            told += [(subject, one) for one in await self._not_explained(subject, entries)]
        if told:
            told.sort(key=lambda pair: pair[1].change.at)
            names = [await self._name(TenantId(subject)) for subject, _ in told]
            first = told[0][1]
            values = {**_values(names, first.change.at), **await records_end(self.store)}
            await self._alarm(AlarmCode.OWN_ENTRY_NOT_EXPLAINED, first.id, values, first.change.at)
            for subject, one in told:
                await self._note(subject, one, "alarm")
        await self._forget_before(swept_at, now)

    async def _not_explained(self, subject: str, entries: Sequence[LoggedChange]) -> Sequence[LoggedChange]:
        """Return the entries about one partner, or the default, that need an alarm of this check."""
        requests = [] if subject == DEFAULT else await self.store.requests_for(TenantId(subject), _REQUESTS)
        found = [
            one
            for one in not_explained(entries, writing_times(requests))
            if not await self.store.is_known(_note_key(subject, one))
        ]
        drift = await self.store.drift(DriftSubject(subject)) if found else None
        if drift is None or drift.found_at < min(one.change.at for one in found):
            return found
        if not drift.is_open or await self.store.open_alarm(AlarmCode.OWN_CHANGE, subject) is not None:
            for one in found:
                await self._note(subject, one, "drift")
        return ()

    async def _note(self, subject: str, one: LoggedChange, told_by: str) -> None:
        """Record an entry that no write explains, so that it is never told again."""
        details = {
            "activity": one.change.activity,
            "at": one.change.at.isoformat(),
            "id": one.id,
            "correlation_id": one.correlation_id,
            "told_by": told_by,
        }
        tenant_id = None if subject == DEFAULT else TenantId(subject)
        now, key = self.clock.now(), _note_key(subject, one)
        await self.store.commit(Commit(entry=entry_of(key, now, GATEHOUSE, ENTRY_NOTED, details, tenant_id=tenant_id)))

    async def _forget_before(self, swept_at: datetime, now: datetime) -> None:
        """Let the next check begin a day before this sweep: Entra's log is late, and what was told is known."""
        since = await time_of_mark(self.store, JUDGED_SINCE)
        begin = min(swept_at, now) - LOG_SHOWS_WITHIN
        if since is not None and begin > since:
            await self.store.save_mark(JUDGED_SINCE, begin.isoformat())

    async def _alarm(self, code: AlarmCode, subject: str, values: Mapping[str, Any], at: datetime) -> None:
        # NB. with the time of the first one, so that the same alarm is stored once, also after a kill.
        if not await self.store.is_known(f"raise_alarm:{new_alarm(code, subject, values, at).id}"):
            await self.alarms.store_alarm(new_alarm(code, subject, values, at))

    async def _end_old_alarms(self, now: datetime) -> None:
        for alarm in await self.store.open_alarms():
            if alarm.code in _ALARMS and now - alarm.raised_at >= OWN_LOG_ALARM_SHOWN_FOR:
                await self.alarms.clear_alarm(alarm.code, alarm.subject, Fact(EndingCode.LOG_TOO_OLD))

    async def _name(self, tenant_id: TenantId) -> str:
        record = None if str(tenant_id) == str(DEFAULT) else await self.store.partnership(tenant_id)
        return str(tenant_id) if record is None else record.identity.name


def _shown(write: SentWrite, entry: LoggedChange) -> Mapping[str, Any]:
    return {
        "path": write.path,
        "client_request_id": write.ids.client_request_id,
        "correlation_id": entry.correlation_id,
        "entra_entry": entry.id,
        "entra_at": entry.change.at.isoformat(),
    }


def _values(names: Sequence[str], since: datetime) -> Mapping[str, Any]:
    return {"count": len(names), "partners": list(dict.fromkeys(names))[:_NAMED], "since": since.isoformat()}


def _note_key(subject: str, one: LoggedChange) -> str:
    return f"{ENTRY_NOTED}:{subject}:{one.id}"

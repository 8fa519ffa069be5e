"""Sweep: compare every partner and the default with what was approved, store what differs, and tell of it.

A sweep that could not read everything stores what it found, and concludes nothing about the rest.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Final

import structlog

from workflows.app.alarms import Alarms, alarm_id_of
from workflows.app.watch.comparing import SweepFindings, TenantComparison
from workflows.app.watch.not_adopted import save_not_adopted
from workflows.app.watch.telling import DriftRecords
from workflows.core.errors.facts import Fact, Facts, as_values
from workflows.core.plans.plan import Plan
from workflows.core.posture.concern_codes import NO_RECORD_CODES, may_be_adopted
from workflows.core.posture.watch.comparison import default_drift_of
from workflows.core.posture.watch.drift import DEFAULT, INCOMPLETE, LAST_COMPLETE, Drift, DriftSubject, FoundDrift
from workflows.core.posture.watch.reconciliation import (
    DIGEST_ABOVE,
    end_drift,
    is_stored_as_open,
    with_found,
    with_last_known,
    with_same_found,
)
from workflows.core.requests.alarms import AlarmCode, AlarmId, EndingCode
from workflows.core.requests.notes import NoteCode
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId
from workflows.intervals import SWEEP_MISSED_AFTER
from workflows.ports.records import StoreNotWritable
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant

DEFAULT_SEEN: Final = "default_seen"
"""The name of the mark with the tenant's default as it was first read, as JSON."""
LAST_SWEEP: Final = "last_sweep"
"""The name of the mark with the last sweep's result, as JSON."""
INCOMPLETE_SINCE: Final = "sweeps_incomplete_since"
"""The name of the mark with when the first of these began; empty after a complete sweep."""

_log = structlog.get_logger()

_Change = tuple[Drift | None, Drift]
"""The stored record of a partner's drift, if there is one, and its next version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepResult:
    """What one sweep read and found."""

    began_at: datetime
    is_complete: bool
    """Whether the whole list and the default were read, and each partner that had to be read again."""
    partners: int
    not_compared: int
    """Partners that Gatehouse is changing, or whose record or settings cannot be read now."""
    drifts: int
    """Everything that differs now, also what earlier sweeps found."""
    told: int
    """How many changes were found for the first time."""
    reasons: Facts = ()
    """Why something could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweeper:
    """Sweeps the tenant. Several sweeps may run at once, also in several processes."""

    tenant: Tenant
    alarms: Alarms
    drifts: DriftRecords

    async def sweep(self) -> SweepResult:
        """Compare everything once, store what is found, and tell of it. May be repeated safely.

        An error in Gatehouse makes the sweep incomplete: it is counted and alarmed like one that could not read all.
        """
        began_at = self.drifts.clock.now()
        try:
            return await self._swept(began_at)
        except StoreNotWritable:
            raise  # nothing can be counted either
        except Exception:
            reasons = (Fact(NoteCode.WENT_WRONG),)
            failed = SweepResult(
                began_at=began_at,
                is_complete=False,
                partners=0,
                not_compared=0,
                drifts=0,
                told=0,
                reasons=reasons,
            )
            await self._record(failed)
            raise

    async def _swept(self, began_at: datetime) -> SweepResult:
        store = self.drifts.store
        last_complete = await time_of_mark(store, LAST_COMPLETE)
        findings = SweepFindings(
            records=await store.records(),
            stored={drift.subject: drift for drift in await store.open_drifts()},
            default=None,
            began_at=began_at,
        )
        is_listed = await TenantComparison(tenant=self.tenant, store=store).compare(findings)
        message_count = await self._store(findings, is_listed=is_listed, last_complete=last_complete)
        result = SweepResult(
            began_at=began_at,
            is_complete=not findings.reasons and not findings.failed,
            partners=len(findings.seen),
            not_compared=len(findings.unclear),
            drifts=await store.count_open_drifts(),
            told=message_count,
            reasons=tuple(findings.reasons),
        )
        await self._record(result)
        if result.is_complete:
            await save_not_adopted(_not_adopted(findings), began_at, store=store)
        return result

    async def _store(self, findings: SweepFindings, *, is_listed: bool, last_complete: datetime | None) -> int:
        """Store new, changed and ended drift, each once.

        :returns: how many changes were told.
        """
        new: list[_Change] = []
        for tenant_id, drift in findings.drifts.items():
            await self._store_drift(DriftSubject(tenant_id), drift, findings, new, last_complete)
        if findings.default is not None:
            await self._compare_default(findings.default, findings, new, last_complete)
        message_count = await self._tell(new, findings)
        for subject, stored in findings.stored.items():
            is_known = TenantId(subject) in findings.seen or is_listed
            is_over = TenantId(subject) not in findings.drifts and TenantId(subject) not in findings.unclear
            if subject != DEFAULT and is_known and is_over:
                await self._end(stored)
        await self.drifts.end_answered_digests()
        return message_count

    async def _store_drift(
        self,
        subject: DriftSubject,
        drift: FoundDrift,
        findings: SweepFindings,
        new: list[_Change],
        last_complete: datetime | None,
    ) -> None:
        # NB. read now: another sweep may have stored it since. If one does so later, this record is refused.
        stored = await self.drifts.store.drift(subject)
        if stored is not None and is_stored_as_open(stored, drift):
            if stored.alarm_id is not None:
                findings.told_by.add(stored.alarm_id)
            if (same := with_same_found(stored, drift)) is not None:
                await self.drifts.save(same, "record_drift")
            return
        name = "" if subject == DEFAULT else _name_of(TenantId(subject), findings)
        updated_drift = with_found(
            stored, subject, drift, partner=name, unchanged_at=last_complete, now=findings.began_at
        )
        new.append((stored, updated_drift))

    async def _compare_default(
        self, default: JsonObject, findings: SweepFindings, new: list[_Change], last_complete: datetime | None
    ) -> None:
        """Compare the default with the one that was read first, and name the partners that a change touches."""
        store = self.drifts.store
        stored_default = await store.mark(DEFAULT_SEEN)
        if stored_default is None:
            await store.save_mark(DEFAULT_SEEN, json.dumps(default, sort_keys=True))
            return
        drift = default_drift_of(json.loads(stored_default), default, approved_plans=_approved_plans(findings))
        stored = findings.stored.get(DEFAULT)
        drift = with_last_known(stored, drift, default)
        if drift is not None:
            await self._store_drift(DEFAULT, drift, findings, new, last_complete)
        elif stored is not None:
            await self._end(stored)

    async def _tell(self, new: list[_Change], findings: SweepFindings) -> int:
        """Store new drift with its alarms: one for each change, or one digest when there are many."""
        telling = {
            drift.subject
            for earlier, drift in new
            if not (drift.found.is_told and (earlier is None or not earlier.is_open))
        }
        began_at = findings.began_at
        digest_id = await self.drifts.unraised_digest(findings.told_by) if telling else None
        is_own = digest_id is None and len(telling) > DIGEST_ABOVE
        if is_own:
            digest_id = alarm_id_of(AlarmCode.DRIFT_DIGEST, began_at.isoformat(), began_at)
        # Sweeps at once begin with the same record. Who does not store it joins the digest of the sweep that did.
        for earlier, drift in sorted(new, key=lambda change: change[1].subject):
            is_told = drift.subject not in telling
            is_stored = await self._tell_one(earlier, drift, digest_id, is_told=is_told)
            if is_own and not is_told:
                joined = None if is_stored else await self._digest_of_others(drift.subject)
                digest_id, is_own = joined or digest_id, not is_stored and joined is None
        await self.drifts.raise_digests(digest_id)
        return len(telling)

    async def _digest_of_others(self, subject: DriftSubject) -> AlarmId | None:
        """Return the digest of the sweep that has stored this drift, where it is not raised yet."""
        stored = await self.drifts.store.drift(subject)
        alarm_id = None if stored is None else stored.alarm_id
        return None if alarm_id is None else await self.drifts.unraised_digest([alarm_id])

    async def _tell_one(self, earlier: Drift | None, drift: Drift, digest_id: AlarmId | None, *, is_told: bool) -> bool:
        """Store one new drift with its alarm. The alarm of an earlier change of this partner ends first.

        :returns: False when another sweep has stored it.
        """
        if earlier is not None and (alarm := await self.drifts.alarm_of(earlier)) is not None:
            await self.drifts.end_alarm(alarm.id, Fact(EndingCode.OTHER_CHANGE))
        if digest_id is not None or is_told:
            return await self.drifts.save(replace(drift, alarm_id=None if is_told else digest_id), "record_drift")
        alarm = await self.drifts.alarm_about(drift, drift.found_at)
        return await self.drifts.save(replace(drift, alarm_id=alarm.id), "record_drift", alarm=alarm)

    async def _end(self, stored: Drift) -> None:
        """Record that settings are as approved again. The alarm ends first, so that a crash repeats both."""
        alarm = await self.drifts.alarm_of(stored)
        await self.drifts.end_alarm(None if alarm is None else alarm.id)
        await self.alarms.clear_alarm(AlarmCode.OWN_CHANGE, stored.subject)
        await self.drifts.save(end_drift(stored, self.drifts.clock.now()), "end_drift")

    async def _record(self, result: SweepResult) -> None:
        """Store the sweep's result, and alarm when no sweep was complete for long."""
        store = self.drifts.store
        if result.is_complete:
            await store.save_mark(LAST_COMPLETE, result.began_at.isoformat())
            await store.save_mark(INCOMPLETE, "0")
            await self.alarms.clear_alarm(AlarmCode.SWEEP_INCOMPLETE)
            await store.save_mark(INCOMPLETE_SINCE, "")
        else:
            _log.warning("sweep_incomplete", reasons=as_values(result.reasons))
            await store.save_mark(INCOMPLETE, str(int(await store.mark(INCOMPLETE) or 0) + 1))
            since = await time_of_mark(store, INCOMPLETE_SINCE)
            if since is None:
                await store.save_mark(INCOMPLETE_SINCE, result.began_at.isoformat())
            elif result.began_at - since >= SWEEP_MISSED_AFTER:
                values = {"reason": as_values(result.reasons), "since": since.isoformat()}
                await self.alarms.raise_alarm(AlarmCode.SWEEP_INCOMPLETE, values=values)
        await store.save_mark(LAST_SWEEP, json.dumps(asdict(result), default=str))


async def time_of_mark(store: Store, name: str) -> datetime | None:
    """Return the time in a mark; None when there is none."""
    text = await store.mark(name)
    return datetime.fromisoformat(text) if text else None


def _name_of(tenant_id: TenantId, findings: SweepFindings) -> str:
    """Return the domain of a partner, as its record or an open request has it from Entra; otherwise its ID."""
    records = findings.records
    record = records.partnerships.get(tenant_id)
    if record is not None:
        return record.identity.name
    seen = [one.observation if one.prepared is None else one.prepared.observation for one in records.open_requests()]
    names = [one.identity.name for one in seen if one is not None and one.identity.tenant_id == tenant_id]
    return next((name for name in names if name != tenant_id), tenant_id)


def _not_adopted(findings: SweepFindings) -> list[TenantId]:
    """Return the partners that have no record and can be adopted."""
    return [
        tenant_id
        for tenant_id, drift in findings.drifts.items()
        if drift.code in NO_RECORD_CODES and may_be_adopted([drift.code, *drift.writers])
    ]


def _approved_plans(findings: SweepFindings) -> Mapping[str, Plan]:
    """Return the plans of the live partners by their names."""
    return {
        record.identity.name: plan
        for record in findings.records.partnerships.values()
        if not record.is_closed and (plan := findings.approved(record)) is not None
    }

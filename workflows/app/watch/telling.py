"""Store drift together with the alarm that tells of it, and end that alarm when it is answered."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from workflows.app.alarms import new_alarm
from workflows.app.storing.new_audit_entry import GATEHOUSE, entry_of
from workflows.core.errors.facts import Fact
from workflows.core.partners.partnership import PartnershipState
from workflows.core.people import ChatId, Person
from workflows.core.posture.watch.acceptance import accepted_until, is_accepted, needed_admins
from workflows.core.posture.watch.drift import Drift, FoundDrift
from workflows.core.requests.alarms import ENDED, Alarm, AlarmCode, AlarmId, EndingCode
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.effects import Effect, MessageCode, SendMessage, ShowAlarm, ShowRequest, ShowReview
from workflows.core.settings.model import M365_CAPABILITIES, is_guid
from workflows.intervals import SWEPT_AGAIN_AFTER
from workflows.ports.audit_log import AuditEntry
from workflows.ports.clock import Clock
from workflows.ports.records import Commit, FreezeUnreadable, StaleVersion
from workflows.ports.store import Store

MAX_NAMED: Final = 20
"""How many partners an alarm names."""


async def records_end(store: Store) -> dict[str, str]:
    """Return until when the records of a held start tell what Gatehouse did, as a value of an alarm; empty without one.

    Value: `records_end`, an ISO time; empty when it is not known.
    """
    try:
        freeze = await store.freeze()
    except FreezeUnreadable:  # its own alarm says so
        return {}
    if freeze is None or not freeze.is_frozen or freeze.hold is None:
        return {}
    ran_at = freeze.hold.last_ran_at
    return {"records_end": "" if ran_at is None else ran_at.isoformat()}


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftRecords:
    """Stores drift with its alarm in one transaction. Every method may be repeated safely."""

    store: Store
    clock: Clock
    wake: Callable[[], None]
    actor: str = GATEHOUSE
    """Who swept: the bot itself, or the user of the command line."""

    async def save(
        self, drift: Drift, command: str, *, key: str = "", alarm: Alarm | None = None, actor: Person | None = None
    ) -> bool:
        """Store drift, and the alarm about it if it changes.

        :returns: False when another process stored a newer version, or the key is known; nothing was stored then.
        """
        entry = entry_of(
            key or f"{command}:{drift.subject}:{drift.version}:{drift.found.fingerprint}",
            self.clock.now(),
            self.actor if actor is None else actor.chat_id,
            command,
            drift_details(drift),
            tenant_id=drift.tenant_id,
            account=None if actor is None else actor.id,
        )
        effects: tuple[Effect, ...] = () if alarm is None else (ShowAlarm(alarm_id=alarm.id),)
        effects += await self._shown_cards(drift)
        try:
            is_new = await self.store.commit(Commit(entry=entry, drift=drift, alarm=alarm, effects=effects))
        except StaleVersion:
            return False
        self.wake()
        return is_new

    async def _shown_cards(self, drift: Drift) -> tuple[Effect, ...]:
        """Return the effects that update what says that the partner is as approved.

        These are the card of the request that is in force, and an open review: a drifted partner cannot be kept.
        """
        record = None if drift.tenant_id is None else await self.store.partnership(drift.tenant_id)
        if record is None:
            return ()
        card: tuple[Effect, ...] = (ShowRequest(request_id=record.request_id),)
        if record.state is not PartnershipState.REVIEW_DUE:
            return card
        return (*card, ShowReview(tenant_id=record.identity.tenant_id))

    async def alarm_about(self, drift: Drift, now: datetime) -> Alarm:
        """Return a new alarm about one partner or the default, to the admins and the partner's sponsor."""
        alarm = new_alarm(AlarmCode.DRIFT, drift.subject, await self.values_of(drift), now)
        return replace(alarm, also_to=await self.sponsors_of([drift]))

    async def values_of(self, drift: Drift) -> Mapping[str, Any]:
        """Return the values of an alarm about drift; while held also when the records end, see `records_end`."""
        return {**alarm_values(drift), **await records_end(self.store)}

    async def sponsors_of(self, drifts: Sequence[Drift]) -> tuple[ChatId, ...]:
        """Return the sponsors of the partners, without those who have no account any more."""
        people: dict[ChatId, None] = {}
        for drift in drifts:
            record = None if drift.tenant_id is None else await self.store.partnership(drift.tenant_id)
            if record is not None and record.sponsor_gone_at is None:
                people[record.sponsor.chat_id] = None
        return tuple(people)

    async def alarm_of(self, drift: Drift) -> Alarm | None:
        """Return the open alarm about this drift alone; None when there is none, or a digest tells of it."""
        alarm = None if drift.alarm_id is None else await self.store.alarm(drift.alarm_id)
        return alarm if alarm is not None and alarm.is_open and alarm.code is AlarmCode.DRIFT else None

    async def end_alarm(self, alarm_id: AlarmId | None, ended: Fact | None = None) -> None:
        """End exactly this alarm; do nothing when it has ended.

        :param ended: why it ended although nothing was repaired, see `EndingCode`; None when it was repaired.
        """
        alarm = None if alarm_id is None else await self.store.alarm(alarm_id)
        if alarm is None or not alarm.is_open:
            return
        now = self.clock.now()
        values = alarm.values if ended is None else {**alarm.values, ENDED: asdict(ended)}
        await self._store_alarm(replace(alarm, cleared_at=now, values=values), "clear_alarm", f"clear_alarm:{alarm.id}")

    async def raise_alarm(self, alarm: Alarm) -> None:
        """Store an alarm that is not stored with a record of drift."""
        await self._store_alarm(alarm, "raise_alarm", f"raise_alarm:{alarm.id}")

    async def _store_alarm(self, alarm: Alarm, command: str, key: str) -> None:
        details = {"alarm": alarm.id, "code": alarm.code.value, "subject": alarm.subject, **alarm.values}
        entry: AuditEntry = entry_of(key, self.clock.now(), self.actor, command, details)
        await self.store.commit(Commit(entry=entry, alarm=alarm, effects=(ShowAlarm(alarm_id=alarm.id),)))
        self.wake()

    async def unraised_digest(self, alarm_ids: Collection[AlarmId]) -> AlarmId | None:
        """Return the digest of a sweep that stores its records now, or was killed while it did; None without one.

        :param alarm_ids: alarms that stored drift names.
        """
        raised = {alarm.id for alarm in await self.store.open_alarms()} if alarm_ids else set()
        for alarm_id in sorted(set(alarm_ids) - raised):
            if await self.store.alarm(alarm_id) is None:
                return alarm_id
        return None

    async def raise_digests(self, own: AlarmId | None) -> None:
        """Raise each digest alarm that stored drift names and that is not stored, and complete the own one.

        The digest of another sweep, which may still be storing its records, is left to that sweep for ten minutes.
        Then it counts as killed.

        :param own: the digest of this sweep, which has stored its last record; None when it has none. Sweeps at once
            have the same one. So it is raised by the first that ends, and completed by the others.
        """
        now = self.clock.now()
        groups = await self._told_together()
        for alarm_id, drifts in groups.items():
            if alarm_id == own or abs(now - _began_at(drifts)) >= SWEPT_AGAIN_AFTER:
                await self._raise_digest(alarm_id, drifts)
        if own is not None and own in groups:
            # Another sweep may have stored more of it meanwhile, and have looked before it was raised.
            alarm_ids = await self.store.picked_drifts(lambda drift: drift.alarm_id)
            if list(alarm_ids).count(own) > len(groups[own]):
                await self._raise_digest(own, (await self._told_together())[own])

    async def _told_together(self) -> Mapping[AlarmId, Sequence[Drift]]:
        """Return the open drift by the alarm that tells of it."""
        groups: dict[AlarmId, list[Drift]] = {}
        for one in await self.store.open_drifts():
            if one.alarm_id is not None:
                groups.setdefault(one.alarm_id, []).append(one)
        return groups

    async def _raise_digest(self, alarm_id: AlarmId, drifts: Sequence[Drift]) -> None:
        """Raise a digest, or complete it, as sweeps may have stored more of it since. Do nothing when all is told."""
        known = await self.store.alarm(alarm_id)
        known_count = 0 if known is None else known.values.get("count", len(drifts))
        if known_count >= len(drifts):
            return
        at, values = _began_at(drifts), digest_values(drifts)
        raised = Alarm(id=alarm_id, code=AlarmCode.DRIFT_DIGEST, subject=at.isoformat(), values=values, raised_at=at)
        await self._tell_sponsors(drifts, alarm_id)
        await self._store_alarm(raised, "raise_alarm", f"raise_alarm:{alarm_id}:{known_count}:{len(drifts)}")

    async def _tell_sponsors(self, drifts: Sequence[Drift], alarm_id: AlarmId) -> None:
        """Tell each sponsor of the partners in a digest, once for each number of the sponsor's partners."""
        by_sponsor: dict[ChatId, list[str]] = {}
        for drift in drifts:
            for sponsor in await self.sponsors_of([drift]):
                by_sponsor.setdefault(sponsor, []).append(drift.partner)
        for sponsor, partners in by_sponsor.items():
            fact = Fact(MessageCode.DRIFT_FOUND, {"partners": partners[:MAX_NAMED], "count": len(partners)})
            details = {"to": sponsor, "said": asdict(fact)}
            key = f"drift:{alarm_id}:{sponsor}:{len(partners)}"
            entry = entry_of(key, self.clock.now(), GATEHOUSE, "tell", details)
            message = SendMessage(person=sponsor, subject=CommandSubject(), fact=fact)
            await self.store.commit(Commit(entry=entry, effects=(message,)))

    async def end_answered_digests(self) -> None:
        """End each digest alarm whose drift has all ended or was accepted."""
        now = self.clock.now()
        digests = [alarm for alarm in await self.store.open_alarms() if alarm.code is AlarmCode.DRIFT_DIGEST]
        if not digests:
            return
        open_alarm_ids = set(
            await self.store.picked_drifts(lambda drift: None if is_accepted(drift, now) else drift.alarm_id)
        )
        for alarm in digests:
            if alarm.id not in open_alarm_ids:
                await self.end_alarm(alarm.id, Fact(EndingCode.ALL_ANSWERED))


def _began_at(drifts: Sequence[Drift]) -> datetime:
    """Return when the sweep began that found the first of these."""
    return min(drift.found_at for drift in drifts)


def accepted_fact(drift: Drift) -> Fact:
    """Return why the alarm of accepted drift ends."""
    until = accepted_until(drift)
    people = [acceptance.person.name for acceptance in drift.acceptances]
    return Fact(EndingCode.DRIFT_ACCEPTED, {"until": "" if until is None else until.isoformat(), "people": people})


def alarm_values(drift: Drift) -> Mapping[str, Any]:
    """Return the values of the alarm about drift: what differs, who did it, and who has accepted it."""
    found, author = drift.found, drift.author
    return {
        **({"partner": drift.partner} if drift.partner else {}),
        **({} if drift.tenant_id in (None, drift.partner) else {"tenant_id": drift.tenant_id}),
        "drift": found.code.value,
        "settings": list(found.settings),
        "opens": found.opens,
        "fingerprint": found.fingerprint,
        "writers": [writer.value for writer in found.writers],
        "touches": list(found.touches[:MAX_NAMED]),
        "touched": len(found.touches),
        "author": {
            "state": author.state.value,
            "name": author.name,
            "at": None if author.at is None else author.at.isoformat(),
            "is_own_application": author.is_own_application,
        },
        "voided": [one.person.name for one in drift.voided],
        "accepted_by": [one.person.name for one in drift.acceptances],
        "needed": needed_admins(drift),
        "asked_again": drift.asked_again,
        "can_be_restored": drift.can_be_restored,
        "was_approved": found.was_approved,
        **({"is_suspended": True} if found.is_suspended else {}),
        **_capability_values(found),
    }


def _capability_values(found: FoundDrift) -> Mapping[str, Any]:
    """Return the capabilities that differ, as they were approved and as they are now; nothing where none do."""
    both = [list(one.get(M365_CAPABILITIES, ())) for one in (found.approved_values, found.current_values)]
    return {"capabilities": dict(zip(("approved", "current"), both, strict=True))} if any(both) else {}


def digest_values(drifts: Sequence[Drift]) -> Mapping[str, Any]:
    """Return the values of an alarm about many changes of one sweep."""
    counts: dict[str, int] = {}
    for drift in drifts:
        counts[drift.found.code.value] = counts.get(drift.found.code.value, 0) + 1
    # NB. those with a domain first: of a partner without a record only its ID is known.
    ordered_drifts = sorted(drifts, key=lambda drift: (is_guid(drift.partner), not drift.found.opens, drift.partner))
    return {
        "count": len(drifts),
        "opening": sum(drift.found.opens for drift in drifts),
        "counts": counts,
        "partners": [drift.partner for drift in ordered_drifts[:MAX_NAMED] if drift.partner],
    }


def drift_details(drift: Drift) -> Mapping[str, Any]:
    """Return the details of drift for the audit log."""
    return {
        "drift": drift.found.code.value,
        "settings": list(drift.found.settings),
        "opens": drift.found.opens,
        "fingerprint": drift.found.fingerprint,
        "found_at": drift.found_at.isoformat(),
        "author": drift.author.name,
        "author_state": drift.author.state.value,
        "author_at": None if drift.author.at is None else drift.author.at.isoformat(),
        "acceptances": [
            {
                "account": acceptance.person.id,
                "name": acceptance.person.name,
                "until": acceptance.until.isoformat(),
                "reason": acceptance.reason,
            }
            for acceptance in drift.acceptances
        ],
        **({"voided": [one.person.id for one in drift.voided]} if drift.voided else {}),
    }

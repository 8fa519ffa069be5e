"""What follows after drift was told: an admin accepts it, its author becomes known, an acceptance ends."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog

from workflows.app.alarms import new_alarm
from workflows.app.watch.telling import DriftRecords, accepted_fact
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import CurrentRoles, Person
from workflows.core.posture.watch.acceptance import (
    accept,
    end_acceptance,
    is_accepted,
    is_author_looked_for,
    with_author,
)
from workflows.core.posture.watch.authors import author_of, log_needed_since
from workflows.core.posture.watch.drift import DEFAULT, Author, AuthorState, Drift, DriftSubject
from workflows.core.requests.alarms import AlarmCode, EndingCode
from workflows.core.requests.commands.watch import AcceptDrift
from workflows.core.settings.partner_changes import ChangesByPartner, PartnerChange
from workflows.ports.audit_log import RestsOn
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

_TRIES: Final = 5
"""How often an answer is decided again because another one was stored first."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedDrift:
    """Stores answers to drift, and updates or ends its alarm. Every method may be repeated safely."""

    drifts: DriftRecords
    tenant: Tenant

    async def accept(self, click: AcceptDrift, actor: Person, *, key: str, current_roles: CurrentRoles) -> None:
        """Accept drift until a date, as one admin. The alarm ends when enough admins have accepted it.

        :raises Refused: when the person may not accept it, or it is not the drift that was shown; nothing is stored.
        """
        store = self.drifts.store
        for _ in range(_TRIES):
            now = self.drifts.clock.now()
            stored = await store.drift(DriftSubject(click.subject))
            after = accept(stored, click, actor, current_roles=current_roles, now=now)
            alarm = await self.drifts.alarm_of(after)
            updated = None if alarm is None else replace(alarm, values=await self.drifts.values_of(after))
            is_new = await self.drifts.save(after, click.name, key=key, alarm=updated, actor=actor)
            if is_new or await store.is_known(key):
                await self.end_alarms_of_accepted()
                return
        raise Refused(RefusalCode.DRIFT_CHANGED)

    async def end_alarms_of_accepted(self) -> None:
        """End the alarm of each drift that is accepted. Also done at each check, in case of a crash in between."""
        now = self.drifts.clock.now()
        # NB. only what is accepted is kept in memory: after an incident there may be thousands.
        picked = await self.drifts.store.picked_drifts(lambda drift: drift if is_accepted(drift, now) else None)
        for drift in filter(None, picked):
            if (alarm := await self.drifts.alarm_of(drift)) is not None:
                about = RestsOn(drift=drift.subject, freeze=False, absences=False, whole_log=False)
                if await self.drifts.store.unproven(about):
                    continue  # something other than Gatehouse stored an acceptance: that ends nothing
                await self.drifts.end_alarm(alarm.id, accepted_fact(drift))
        await self.drifts.end_answered_digests()

    async def ask_again(self) -> None:
        """Ask the admins again about drift whose acceptance has ended."""
        now = self.drifts.clock.now()
        for drift in await self.drifts.store.drifts_to_ask_again(now):
            await self._alarm_again(end_acceptance(drift), "ask_drift_again")

    async def _alarm_again(self, drift: Drift, command: str) -> None:
        """Store drift with a new alarm. Earlier alarms about it alone end first."""
        alarm = await self.drifts.alarm_of(drift)
        await self.drifts.end_alarm(None if alarm is None else alarm.id, Fact(EndingCode.ASKED_AGAIN))
        again = await self.drifts.alarm_about(drift, self.drifts.clock.now())
        await self.drifts.save(replace(drift, alarm_id=again.id), command, alarm=again)

    async def find_authors(self, *, also_accepted: bool = False) -> None:
        """Ask Entra's audit log who made the changes whose author is not known yet: one read for all of them.

        :param also_accepted: whether to look again for authors that the log did not name in time, when somebody has
            accepted the change, who may be its author.
        """
        waiting = list(await self.drifts.store.drifts_without_author())
        if also_accepted:
            picked = await self.drifts.store.picked_drifts(lambda drift: drift if is_author_looked_for(drift) else None)
            waiting += filter(None, picked)
        if not waiting:
            return
        try:
            logged = await self.tenant.tenant_settings.read_access_changes(min(map(log_needed_since, waiting)))
        except (TenantUnavailable, TenantRefused) as error:
            _log.warning("authors_not_read", reason=str(error))
            logged = None
        by_partner = None if logged is None else ChangesByPartner(logged)
        for drift in waiting:
            changes = None
            if logged is not None and by_partner is not None:
                about = by_partner.about(drift.subject)
                if drift.subject == DEFAULT:
                    about = tuple(entry.change for entry in logged if entry.is_default)
                changes = [change for change in about if change.at >= log_needed_since(drift)]
            await self._find_author(drift, changes)

    async def _find_author(self, drift: Drift, changes: list[PartnerChange] | None) -> None:
        now = self.drifts.clock.now()
        own_until = await self._own_writes_until(drift)
        author = author_of(drift, changes, own_until=own_until, now=now)
        is_late = drift.author.state is not AuthorState.PENDING
        if author == drift.author or (is_late and author.state is not AuthorState.KNOWN):
            return
        after = with_author(drift, author)
        # NB. first: once the author is stored, nobody looks for one again. It may be repeated.
        await self._alarm_if_own(after, author)
        if len(after.acceptances) < len(drift.acceptances) and is_accepted(drift, now):
            await self._alarm_again(after, "record_drift_author")  # the author had accepted it
        else:
            alarm = await self.drifts.alarm_of(after)
            updated = None if alarm is None else replace(alarm, values=await self.drifts.values_of(after))
            await self.drifts.save(after, "record_drift_author", alarm=updated)

    async def _alarm_if_own(self, drift: Drift, author: Author) -> None:
        """Raise a critical alarm when Gatehouse's own application made a change that no plan holds."""
        if author.state is not AuthorState.KNOWN or not author.is_own_application:
            return
        if await self.drifts.store.open_alarm(AlarmCode.OWN_CHANGE, drift.subject) is None:
            values = await self.drifts.values_of(drift)
            alarm = new_alarm(AlarmCode.OWN_CHANGE, drift.subject, values, self.drifts.clock.now())
            await self.drifts.raise_alarm(alarm)

    async def _own_writes_until(self, drift: Drift) -> datetime | None:
        """Return when Gatehouse last wrote this partner by a plan; None when it never did."""
        if drift.tenant_id is None:
            return None
        record = await self.drifts.store.partnership(drift.tenant_id)
        requests = await self.drifts.store.requests_for(drift.tenant_id, 100)
        moments = [request.changed_at for request in requests if request.was_sent] + (
            [] if record is None else [record.since]
        )
        return max(moments, default=None)

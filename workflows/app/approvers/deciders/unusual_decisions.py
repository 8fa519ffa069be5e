"""Look for unusual approvals in the audit log, and tell the admins: what one check finds is one alarm."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from workflows.app.alarms import Alarms
from workflows.app.limits import is_high_risk
from workflows.core.errors.facts import Fact, as_values
from workflows.core.people import ChatId, PersonId
from workflows.core.policy.approval import Choice, Decision
from workflows.core.policy.delegation.deciders.unusual import DAY, USUAL_OVER, Approval, unusual
from workflows.core.policy.working_time import WorkingCalendar
from workflows.core.requests.alarms import AlarmCode, EndingCode
from workflows.core.requests.request import AccessRequest
from workflows.core.requests.transitions.transition import partner_of
from workflows.intervals import FAST_APPROVAL_WITHIN, UNUSUAL_CHECKED_EVERY, UNUSUAL_LEFT_FOR, UNUSUAL_SHOWN_FOR
from workflows.ports.audit_log import AuditEntry
from workflows.ports.clock import Clock
from workflows.ports.store import Store

MARK: Final = "unusual_decisions_checked_until"
APPROVALS: Final = ("approve", "approve_batch")
"""The commands that are judged, by their names in the audit log."""
_MAX_LISTED: Final = 20


async def zone_of(store: Store, chat_id: ChatId, account: PersonId) -> tzinfo | None:
    """Return the time zone of a person as last read; None when it is not known."""
    for known in await store.known_profiles(chat_id, account):
        try:
            return ZoneInfo(known.profile.zone) if known.profile.zone else None
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return None
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusualDecisions:
    """Looks for unusual approvals, and ends the alarms about old ones."""

    store: Store
    alarms: Alarms
    clock: Clock
    calendar: WorkingCalendar
    fast_within: timedelta = FAST_APPROVAL_WITHIN

    async def check(self) -> None:
        """Judge the approvals since the last check, every few minutes. The first check only notes the time."""
        now, mark = self.clock.now(), await self.store.mark(MARK)
        until = now - UNUSUAL_LEFT_FOR
        if mark is None:
            await self.store.save_mark(MARK, until.isoformat())
            return
        since = datetime.fromisoformat(mark)
        if since <= until < since + UNUSUAL_CHECKED_EVERY:
            return
        rows = []
        for entry in await self.store.decisions_between(APPROVALS, since, until):
            if (row := await self._judged(entry)) is not None:
                rows.append(row)
        if rows:
            values = {"decisions": rows[:_MAX_LISTED], "others": len(rows) - len(rows[:_MAX_LISTED])}
            # NB. the subject is the same when the process ends before the mark is stored, so it is told once.
            await self.alarms.raise_alarm(AlarmCode.UNUSUAL_DECISIONS, mark, values)
        await self._end_old_alarms(now)
        await self.store.save_mark(MARK, until.isoformat())

    async def _end_old_alarms(self, now: datetime) -> None:
        for alarm in await self.store.open_alarms():
            if alarm.code is AlarmCode.UNUSUAL_DECISIONS and now - alarm.raised_at >= UNUSUAL_SHOWN_FOR:
                await self.alarms.clear_alarm(alarm.code, alarm.subject, Fact(EndingCode.SHOWN_A_WEEK))

    async def _judged(self, entry: AuditEntry) -> Mapping[str, Any] | None:
        """Return a row for the alarm; None when the approval is usual, or its account is not known."""
        if entry.account is None:
            return None
        request = None if entry.request_id is None else await self.store.request(entry.request_id)
        decision = None if request is None else _decision_of(request, entry)
        at, chat_id = entry.at if decision is None else decision.at, ChatId(entry.actor)
        times = await self.store.times_of(chat_id, entry.account, APPROVALS, at - USUAL_OVER - DAY)
        found = unusual(
            Approval(
                at=at,
                is_high_risk=request is not None and is_high_risk(request),
                asked_at=None if decision is None else decision.asked_at,
                zone=await zone_of(self.store, chat_id, entry.account),
                earlier=[min(time, at) for time in times if time < entry.at],
            ),
            self.calendar,
            self.fast_within,
        )
        if not found:
            return None
        subject = str(entry.details.get("batch", "")) if request is None else request.id
        return {
            "person": await self._name(entry, decision),
            "partner": subject if request is None else partner_of(request),
            "request": subject,
            "unusual": as_values(found),
        }

    async def _name(self, entry: AuditEntry, decision: Decision | None) -> str:
        if decision is not None:
            return decision.person.name
        known = await self.store.known_profiles(ChatId(entry.actor), PersonId(entry.account or ""))
        return known[0].profile.account_name if known else entry.actor


def _decision_of(request: AccessRequest, entry: AuditEntry) -> Decision | None:
    """Return the newest approval of a person that is not later than its entry."""
    decisions = (*request.void_decisions, *request.decisions)
    own = [one for one in decisions if one.person.id == entry.account and one.choice is Choice.APPROVE]
    return max((one for one in own if one.at <= entry.at), key=lambda one: one.at, default=None)

"""Tell each approver once a week what was decided in their name, so that they notice what they did not decide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from workflows.app.approvers.deciders.unusual_decisions import zone_of
from workflows.app.service import Service
from workflows.core.errors.facts import Fact
from workflows.core.people import ChatId, PersonId
from workflows.core.policy.delegation.deciders.weeks import Week, last_week, told_at
from workflows.core.policy.working_time import WorkingCalendar
from workflows.core.requests.effects import MessageCode
from workflows.core.requests.notes import state_to_display
from workflows.core.requests.transitions.transition import partner_of
from workflows.intervals import WEEKLY_LISTS_CHECKED_EVERY, WEEKLY_LISTS_LOOK_BACK_FOR
from workflows.ports.audit_log import AuditEntry
from workflows.ports.clock import Clock
from workflows.ports.store import Store

MARK: Final = "weekly_lists_checked_at"
DECISIONS: Final = ("approve", "reject", "approve_batch", "reject_batch")
"""The commands that are listed, by their names in the audit log."""
_MAX_LISTED: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyLists:
    """Sends each approver the decisions of their last week, on their first working morning after it."""

    service: Service
    store: Store
    clock: Clock
    calendar: WorkingCalendar

    async def check(self) -> None:
        """Send what is due, looked for every ten minutes. A list that was sent is not sent again."""
        now, mark = self.clock.now(), await self.store.mark(MARK)
        if mark is not None and timedelta(0) <= now - datetime.fromisoformat(mark) < WEEKLY_LISTS_CHECKED_EVERY:
            return
        by_account: dict[PersonId, list[AuditEntry]] = {}
        for entry in await self.store.decisions_between(DECISIONS, now - WEEKLY_LISTS_LOOK_BACK_FOR, now):
            if entry.account is not None:
                by_account.setdefault(entry.account, []).append(entry)
        for account, entries in by_account.items():
            await self._send(account, entries, now)
        await self.store.save_mark(MARK, now.isoformat())

    async def _send(self, account: PersonId, entries: Sequence[AuditEntry], now: datetime) -> None:
        person = ChatId(entries[-1].actor)
        zone = await zone_of(self.store, person, account) or UTC
        week = last_week(now, zone)
        listed = [entry for entry in entries if week.begins <= entry.at < week.ends]
        key = f"week:{account}:{week.name}"
        if not listed or now < told_at(week, zone, self.calendar) or await self.store.is_known(key):
            return
        await self.service.send_message(await self._message(week, listed), key=key, person=person)

    async def _message(self, week: Week, entries: Sequence[AuditEntry]) -> Fact:
        """Return the message; of several decisions of the person on one request only the last is listed."""
        newest = {entry.request_id or entry.details.get("batch"): entry for entry in entries}
        rows = [await self._row(entry) for entry in list(newest.values())[:_MAX_LISTED]]
        return Fact(
            MessageCode.DECIDED_IN_YOUR_NAME,
            {
                "first": week.first.isoformat(),
                "last": week.last.isoformat(),
                "decisions": rows,
                "others": len(newest) - len(rows),
            },
        )

    async def _row(self, entry: AuditEntry) -> Mapping[str, Any]:
        """Return one decision, with the present state of what was decided."""
        row = {
            "choice": entry.command.removesuffix("_batch"),
            "at": entry.at.isoformat(),
            "partner": "",
            "template": "",
            "state": "",
            "digest": "",
            "is_batch": False,
        }
        if entry.request_id is None:
            batch_id = str(entry.details.get("batch", ""))
            return {**row, "request": batch_id, "is_batch": True}
        request = await self.store.request(entry.request_id)
        if request is None:
            return {**row, "request": entry.request_id}
        prepared = request.prepared
        return {
            **row,
            "partner": partner_of(request),
            "template": "" if prepared is None else prepared.template_title,
            "request": request.id,
            "state": state_to_display(request).value,
            "digest": "" if prepared is None else prepared.plan.digest,
        }

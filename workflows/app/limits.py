"""The limits of one person, counted from the stored records. A person is warned; admins are told once.

Closing access is never limited and never counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from workflows.app.alarms import Alarms
from workflows.app.storing.recorder import IMPORT, IMPORT_ROWS, LOOK_UP, SEARCH
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, Person, PersonId
from workflows.core.policy.risk import RiskLevel, risk_for_approval
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.deadlines.next_due import UNDECIDED
from workflows.core.requests.effects import MessageCode
from workflows.core.requests.request import AccessRequest
from workflows.core.requests.transitions.transition import partner_of
from workflows.intervals import SECOND_LOOK_WITHIN
from workflows.ports.clock import Clock
from workflows.ports.store import Store

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
MINUTE: Final = timedelta(minutes=1)
_MAX_NAMED: Final = 20
"""Approvals that the message about a second look names."""
_WARNED_FROM: Final = 0.8
"""From this part of a limit on, the person is told how much is left."""


class LimitedAction(StrEnum):
    """What is limited. The values are stored in alarms and shown to people."""

    REQUESTS = "requests"
    APPROVALS = "approvals"
    DAILY_APPROVALS = "daily approvals"
    """Approvals within 24 hours."""
    LOOK_UPS = "look-ups"
    SEARCHES = "searches"


_COMMANDS: Final[Mapping[LimitedAction, tuple[str, ...]]] = {
    LimitedAction.REQUESTS: ("submit", "edit", "confirm_draft", "support"),
    LimitedAction.APPROVALS: ("approve", "approve_batch"),
    LimitedAction.DAILY_APPROVALS: ("approve", "approve_batch"),
    LimitedAction.LOOK_UPS: (LOOK_UP, IMPORT, IMPORT_ROWS),
    LimitedAction.SEARCHES: (SEARCH,),
}
"""The commands that count, by their names in the audit log."""


def period_of(action: LimitedAction) -> timedelta:
    """Return in which time the actions are counted."""
    return DAY if action is LimitedAction.DAILY_APPROVALS else HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """One more action that is within a limit."""

    action: LimitedAction
    actor: ChatId
    account: PersonId | None
    maximum: int
    remaining: int
    """How many actions are left after this one."""
    more_at: datetime
    """When the oldest action stops counting."""

    @property
    def used_count(self) -> int:
        """Return how many actions are used, including this one."""
        return self.maximum - self.remaining

    @property
    def is_first_warning(self) -> bool:
        """Return whether this is the first action close to the limit.

        For small actions, the warning is shown only then.
        """
        return self.warning is not None and self.used_count - 1 < _WARNED_FROM * self.maximum

    @property
    def warning(self) -> Fact | None:
        """Return how many actions are left, for a message; None while many are left."""
        if self.used_count < _WARNED_FROM * self.maximum:
            return None
        values = {"what": self.action.value, "left": self.remaining, "maximum": self.maximum}
        return Fact(MessageCode.LIMIT_NEAR, {**values, "more_at": self.more_at.isoformat()})


class SecondLookNeeded(Refused):
    """An approval must be confirmed, because the person approved several high-risk requests within minutes."""

    def __init__(self, message: Fact) -> None:
        is_first = {} if message.values["approved"] else {"is_first": True}
        super().__init__(RefusalCode.SECOND_LOOK_NEEDED, minutes=message.values["minutes"], **is_first)
        self.message = message
        """The message for the person. Code: `MessageCode.SECOND_LOOK`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of an hour and of a day, of open requests, and of high-risk approvals within minutes.

    Approvals are counted in the order in which the clicks were received, also by several bots. Clicks at the same
    moment of two chat users with one account are not counted for each other, nor are other actions at the same moment.
    """

    store: Store
    alarms: Alarms
    clock: Clock
    maximums: Mapping[LimitedAction, int]
    open_requests: int = 50
    """How many requests of one person may be open."""
    second_look_from: int = 3
    """From which high-risk approval on within `SECOND_LOOK_WITHIN` it must be confirmed; 1: each of them."""

    async def require_few_open(self, requester: ChatId, account: PersonId | None = None) -> None:
        """Check that the person may have one more open request.

        :raises Refused: `open_requests_reached`, with the time when the first of those that wait for approval expires.
        """
        opened = await self.store.requests_of(requester, self.open_requests, account, is_open=True)
        if len(opened) >= self.open_requests:
            # NB. what is approved does not expire, so its time is left out: it may have passed.
            ends = [request.expires_at for request in opened if request.state in UNDECIDED]
            ends_at = min(ends).isoformat() if ends else None
            raise Refused(RefusalCode.OPEN_REQUESTS_REACHED, limit=self.open_requests, ends_at=ends_at)

    async def require_no_second_look(self, request: AccessRequest, actor: Person, *, click: str) -> None:
        """Check that this is not one of several high-risk approvals of one person within minutes.

        Approvals count that were received before and are not refused, also while they are being checked. A batch
        contains no high risk.

        :param click: the idempotency key of the click.
        :raises SecondLookNeeded: when the person must confirm it.
        """
        if not is_high_risk(request) or actor.id in [decision.person.id for decision in request.decisions]:
            return  # who has approved it already is told so
        since = self.clock.now() - SECOND_LOOK_WITHIN
        ids = await self.store.approved_before(click, actor.chat_id, actor.id, since)
        others = [await self.store.request(request_id) for request_id in ids if request_id != request.id]
        approved = [other for other in others if other is not None and is_high_risk(other)]
        if len(approved) + 1 >= self.second_look_from:
            values = {
                "partner": partner_of(request),
                "request": request.id,
                "digest": request.plan.digest,
                "minutes": SECOND_LOOK_WITHIN // MINUTE,
                "approved": [{"partner": partner_of(other), "request": other.id} for other in approved[:_MAX_NAMED]],
            }
            raise SecondLookNeeded(Fact(MessageCode.SECOND_LOOK, values))

    async def require(
        self,
        action: LimitedAction,
        actor: ChatId,
        account: PersonId | None = None,
        *,
        count: int = 1,
        click: str | None = None,
    ) -> Allowance:
        """Check that the person may do more of an action in this hour, or on this day.

        :param count: as how many actions it counts, at most the maximum.
        :param click: the idempotency key of the click that is checked, where the action is a click. Then clicks that
            were received before it and are being checked count too.
        :raises Refused: `limit_reached`, with the time from which on it is possible again.
        """
        maximum, now, period = self.maximums[action], self.clock.now(), period_of(action)
        times = await self.store.times_of(actor, account, _COMMANDS[action], now - period, unchecked_before=click)
        if len(times) + count > maximum:
            again = times[len(times) + count - maximum - 1] + period
            raise Refused(RefusalCode.LIMIT_REACHED, limit=maximum, what=action.value, again_at=again.isoformat())
        actions_left = maximum - len(times) - count
        return Allowance(
            action=action,
            actor=actor,
            account=account,
            maximum=maximum,
            remaining=actions_left,
            more_at=(times[0] if times else now) + period,
        )

    async def require_approval(self, actor: ChatId, account: PersonId, *, click: str) -> Allowance:
        """Check that the person may give one more approval in this hour, and on this day where that is limited.

        :param click: the idempotency key of the click.
        :returns: the limit that leaves fewer approvals.
        :raises Refused: `limit_reached`, as `require` does.
        """
        hourly = await self.require(LimitedAction.APPROVALS, actor, account, click=click)
        if LimitedAction.DAILY_APPROVALS not in self.maximums:
            return hourly
        daily = await self.require(LimitedAction.DAILY_APPROVALS, actor, account, click=click)
        return min(daily, hourly, key=lambda allowance: allowance.remaining)

    async def alarm_when_used_up(self, allowance: Allowance, name: str) -> None:
        """Raise an alarm once, when the last action of an hour or day was just used."""
        if allowance.remaining > 0:
            return
        subject = f"{allowance.action.value}:{allowance.account or ''}:{allowance.actor}"
        values = {"person": name, "limit": str(allowance.maximum), "what": allowance.action.value}
        await self.alarms.raise_alarm(AlarmCode.LIMIT_REACHED, subject, values)

    async def clear_ended_alarms(self) -> None:
        """Clear the alarms about people who may act again."""
        for alarm in await self.store.open_alarms():
            if alarm.code is not AlarmCode.LIMIT_REACHED:
                continue
            what, account, actor = alarm.subject.split(":", 2)
            limited = LimitedAction(what)
            since = self.clock.now() - period_of(limited)
            person = PersonId(account) if account else None
            times = await self.store.times_of(ChatId(actor), person, _COMMANDS[limited], since)
            if len(times) < self.maximums[limited]:
                await self.alarms.clear_alarm(AlarmCode.LIMIT_REACHED, alarm.subject)


def is_high_risk(request: AccessRequest) -> bool:
    """Return whether the plan of a request is high risk; also when there is no plan now, which can be planned again."""
    prepared = request.prepared
    if prepared is None:
        return True
    return risk_for_approval(prepared.plan, prepared.observation.default).level is RiskLevel.HIGH

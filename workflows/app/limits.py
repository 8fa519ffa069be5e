"""The limits of one person per hour, counted from the stored audit log. A person is warned; admins are told once.

Closing access is never limited and never counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from workflows.app.alarms import Alarms
from workflows.app.service import LOOK_UP, SEARCH
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, PersonId
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.effects import MessageCode
from workflows.ports.clock import Clock
from workflows.ports.store import Store

HOUR: Final = timedelta(hours=1)
_WARNED_FROM: Final = 0.8
"""From this part of a limit on, the person is told how much is left."""


class LimitedAction(StrEnum):
    """What is limited. The values are stored in alarms and shown to people."""

    REQUESTS = "requests"
    APPROVALS = "approvals"
    LOOK_UPS = "look-ups"
    SEARCHES = "searches"


_COMMANDS: Final[Mapping[LimitedAction, tuple[str, ...]]] = {
    LimitedAction.REQUESTS: ("submit", "edit", "confirm_draft"),
    LimitedAction.APPROVALS: ("approve", "approve_batch"),
    LimitedAction.LOOK_UPS: (LOOK_UP,),
    LimitedAction.SEARCHES: (SEARCH,),
}
"""The commands that count, by their names in the audit log."""


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
    """When the oldest action of the hour stops counting."""

    @property
    def used_count(self) -> int:
        """Return how many actions of the hour are used, including this one."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of an hour. Two actions at the same moment may exceed a limit by one."""

    store: Store
    alarms: Alarms
    clock: Clock
    maximums: Mapping[LimitedAction, int]

    async def require(self, action: LimitedAction, actor: ChatId, account: PersonId | None = None) -> Allowance:
        """Check that the person may do one more action in this hour.

        :raises Refused: `limit_reached`, with the time from which on it is possible again.
        """
        maximum, now = self.maximums[action], self.clock.now()
        times = await self.store.times_of(actor, account, _COMMANDS[action], now - HOUR)
        if len(times) >= maximum:
            again = times[len(times) - maximum] + HOUR
            raise Refused(RefusalCode.LIMIT_REACHED, limit=maximum, what=action.value, again_at=again.isoformat())
        actions_left = maximum - len(times) - 1
        return Allowance(
            action=action,
            actor=actor,
            account=account,
            maximum=maximum,
            remaining=actions_left,
            more_at=(times[0] if times else now) + HOUR,
        )

    async def alarm_when_used_up(self, allowance: Allowance, name: str) -> None:
        """Raise an alarm once, when the last action of an hour was just used."""
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
            limited, since = LimitedAction(what), self.clock.now() - HOUR
            person = PersonId(account) if account else None
            times = await self.store.times_of(ChatId(actor), person, _COMMANDS[limited], since)
            if len(times) < self.maximums[limited]:
                await self.alarms.clear_alarm(AlarmCode.LIMIT_REACHED, alarm.subject)

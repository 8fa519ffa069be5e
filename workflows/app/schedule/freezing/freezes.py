"""Begin and end the freeze, keep its alarms in step, and end what waits for it too long."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from workflows.app.alarms import Alarms
from workflows.app.reads.known_freeze import UNREADABLE, known_freeze, last_freeze
from workflows.app.storing.new_audit_entry import entry_of
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import GATEHOUSE, CurrentRoles, Person
from workflows.core.policy.stops.freeze import (
    Freeze,
    FreezeState,
    FreezeStep,
    advance,
    begin,
    name_of_admin,
    require_admin,
)
from workflows.core.requests.alarms import AlarmCode, EndingCode
from workflows.core.requests.commands.freeze import ChangeFreeze
from workflows.core.requests.deciding import is_too_late
from workflows.core.requests.effects import Apply, Effect, ShowFreeze
from workflows.core.requests.transitions.freezing import is_held, is_stopped_by_freeze
from workflows.ports.audit_log import RestsOn
from workflows.ports.clock import Clock
from workflows.ports.records import Commit, FreezeUnreadable, StaleVersion
from workflows.ports.store import Store

_TRIES: Final = 5
"""How often a step is decided again because another one was stored first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Freezes:
    """Stores each step of the freeze with its audit entry and effects. Every method may be repeated safely."""

    store: Store
    clock: Clock
    alarms: Alarms
    wake: Callable[[], None]

    async def decide(self, click: ChangeFreeze, actor: Person, *, key: str, current_roles: CurrentRoles) -> None:
        """Store the step of an admin.

        :raises Refused: when the person may not do that, or it is not the freeze that was shown; nothing is stored.
        """
        if click.step is FreezeStep.FREEZE:
            require_admin(actor, current_roles)
            await self._begin(key, actor, by=name_of_admin(actor), reason=click.reason)
        else:
            await self._advance(click, actor, key, current_roles)
        await self.update_alarms()

    async def people_of(self, click: ChangeFreeze, actor: Person) -> list[Person]:
        """List the people whose roles decide about a step: the actor, and who asked to end the freeze."""
        freeze = await known_freeze(self.store) if click.step is FreezeStep.END else None
        asked = None if freeze is None else freeze.end_request
        return [actor] if asked is None or asked.person.id == actor.id else [actor, asked.person]

    async def freeze_without_person(self, *, key: str, user: str, reason: str) -> Freeze:
        """Begin a freeze from the command line.

        :param user: the operating system's user, as the audit log names it.
        :raises Refused: when it is frozen already, or there is no reason.
        """
        return await self._begin(key, user, by=user, reason=reason)

    async def freeze_by_itself(self, *, key: str, reason: str) -> None:
        """Begin a freeze that no person asked for.

        :raises Refused: when it is frozen already.
        """
        await self._begin(key, GATEHOUSE.chat_id, by=GATEHOUSE.name, reason=reason)
        await self.update_alarms()

    async def _begin(self, key: str, actor: Person | str, *, by: str, reason: str) -> Freeze:
        for _ in range(_TRIES):
            now, version = self.clock.now(), 1
            try:
                before = await self.store.freeze()
            except FreezeUnreadable as error:
                before, version = None, error.version + 1  # replaced by a record that can be read
            freeze = begin(before, by=by, reason=reason, now=now, version=version)
            details = {"reason": freeze.reason, "version": freeze.version}
            if await self._stored(freeze, key, now, actor, FreezeStep.FREEZE, details, (ShowFreeze(),)):
                return freeze
        raise Refused(RefusalCode.FREEZE_CHANGED)

    async def _advance(self, click: ChangeFreeze, actor: Person, key: str, current_roles: CurrentRoles) -> None:
        for _ in range(_TRIES):
            now, before = self.clock.now(), await last_freeze(self.store)
            if before is UNREADABLE:
                raise Refused(RefusalCode.FREEZE_CHANGED)  # the window says then that it cannot be read
            freeze = advance(before, click.step, actor, version=click.version, current_roles=current_roles, now=now)
            details = {"version": freeze.version, "since": freeze.since.isoformat()}
            effects = () if freeze.is_frozen else (ShowFreeze(),)
            if await self._stored(freeze, key, now, actor, click.step, details, effects):
                return
        raise Refused(RefusalCode.FREEZE_CHANGED)

    async def _stored(
        self,
        freeze: Freeze,
        key: str,
        now: datetime,
        actor: Person | str,
        step: FreezeStep,
        details: dict[str, object],
        effects: tuple[Effect, ...],
    ) -> bool:
        """Store a step in one transaction; return False when another step was stored first."""
        entry = entry_of(key, now, actor, step.value, details)
        try:
            await self.store.commit(Commit(entry=entry, freeze=freeze, effects=effects))
        except StaleVersion:
            return False
        self.wake()
        return True

    async def check(self) -> None:
        """Keep the alarms in step with the freeze, and end approved requests whose access ended while they waited."""
        await self.update_alarms()
        if await known_freeze(self.store) is not None:
            await self._end_what_is_too_late()

    async def update_alarms(self) -> None:
        """Raise and clear the alarms about the freeze, and about the request to end it."""
        freeze, now = await last_freeze(self.store), self.clock.now()
        hold = None if freeze is None or not freeze.is_frozen else freeze.hold
        subject, values = _frozen_subject(freeze), _frozen_values(freeze)
        await self._update(AlarmCode.FROZEN, "" if hold else subject, values, None)
        await self._update(AlarmCode.HELD, subject if hold else "", values, None)
        asked = None if freeze is None else freeze.valid_end_request(now)
        values = {} if asked is None or freeze is None else {"name": asked.person.name, **_frozen_values(freeze)}
        is_ended = freeze is not None and freeze.state is FreezeState.ENDED
        ended = None if is_ended else Fact(EndingCode.FREEZE_GOES_ON)
        subject = "" if asked is None else asked.at.isoformat()
        await self._update(AlarmCode.FREEZE_END_ASKED, subject, values, ended)

    async def _update(self, code: AlarmCode, subject: str, values: dict[str, str], ended: Fact | None) -> None:
        """Make the open alarms of one code equal to what is so now.

        :param subject: the subject of the only alarm; empty when there is to be none.
        :param ended: why an alarm ended although nothing was repaired.
        """
        known = {alarm.subject for alarm in await self.store.open_alarms() if alarm.code is code}
        others = sorted(known - {subject})
        if others and await self.store.unproven(RestsOn(absences=False, whole_log=False)):
            others = []  # the record was changed or removed in the file: that ends nothing
        for other in others:
            await self.alarms.clear_alarm(code, other, ended)
        if subject and subject not in known:
            await self.alarms.raise_alarm(code, subject, values)

    async def _end_what_is_too_late(self) -> None:
        """Have requests looked at whose access ended during the freeze. Nothing is written; they are ended."""
        now = self.clock.now()
        for request in await self.store.requests_to_apply():
            if not (is_held(request) and is_stopped_by_freeze(request) and is_too_late(request, now)):
                continue
            key = f"frozen_too_late:{request.id}:{request.version}"
            entry = entry_of(key, now, None, "look_at_frozen", {}, request_id=request.id)
            effect = Apply(request_id=request.id, tenant_id=request.plan.tenant_id)
            if await self.store.commit(Commit(entry=entry, effects=(effect,))):
                self.wake()


def _frozen_subject(freeze: Freeze | None) -> str:
    if freeze is None or not freeze.is_frozen:
        return ""
    return "unreadable" if freeze is UNREADABLE else freeze.since.isoformat()


def _frozen_values(freeze: Freeze | None) -> dict[str, str]:
    if freeze is None:
        return {}
    values = {"by": freeze.by, "why": freeze.reason}
    return values if freeze.hold is None else {**values, "cause": freeze.hold.cause.value}

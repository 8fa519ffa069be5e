"""Set and end absences, and find in whose place somebody decides."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from workflows.app.approvers.enough_asked import waiting_for
from workflows.app.approvers.relation_check import request_relation_check
from workflows.app.storing.new_audit_entry import entry_of
from workflows.core.batches.batch import Batch, BatchState
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, CurrentRoles, Person, PersonId, Role
from workflows.core.policy.approval import holds_stage
from workflows.core.policy.delegation.absence import (
    Absence,
    absence_id,
    active_absences,
    end_absence,
    represented_people,
    require_absence,
    require_times,
    roles_that_decide,
    stand_in_of,
)
from workflows.core.requests.commands.people import AbsenceClick, EndAbsence, SetAbsence
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.effects import Effect, MessageCode, SendMessage, ShowBatch, ShowRequest
from workflows.core.requests.eligibility import Eligibility
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.requests.transitions.transition import partner_of
from workflows.ports.clock import Clock
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryRefused
from workflows.ports.records import Commit, StaleVersion
from workflows.ports.store import Store

RolesOf: TypeAlias = Callable[[Sequence[Person]], Awaitable[CurrentRoles]]
"""Reads which roles people have now."""

_MAX_SHOWN: Final = 100
"""The most waiting requests whose cards are updated at once; the others are with their next reminder."""
_MAX_NAMED: Final = 5
"""The most waiting requests that need the absent person and are named in the message."""
_TRIES: Final = 5
"""How often a step is decided again because another one was stored first."""


def _nothing_waits() -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absences:
    """Stores each absence with its audit entry and messages. Every method may be repeated safely."""

    store: Store
    directory: PeopleDirectory
    clock: Clock
    wake: Callable[[], None] = _nothing_waits
    """Wakes what performs effects; not needed to check an absence."""

    async def carry_out(self, click: AbsenceClick, actor: Person, *, key: str) -> None:
        """Set or end an absence.

        :raises Refused: when this person may not do that, or a rule forbids it; nothing is stored.
        :raises TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable: when something cannot be read now.
        """
        for _ in range(_TRIES):
            try:
                if isinstance(click, SetAbsence):
                    await self._set(click, actor, key)
                else:
                    await self._end(click, actor, key)
            except StaleVersion:
                continue
            self.wake()
            return
        raise Refused(RefusalCode.ABSENCE_HAS_ENDED)

    async def checked(self, click: SetAbsence, actor: Person) -> Absence:
        """Return the absence of a click, when every rule allows it now.

        :raises Refused: as `carry_out`; the codes `DELEGATE_REFUSED` and `ABSENT_PERSON_REFUSED` say about whom.
        """
        now = self.clock.now()
        require_times(click.from_, click.until, now)
        person = await self._named(click.person, actor, RefusalCode.ABSENT_PERSON_REFUSED)
        delegate = await self._named(click.delegate, actor, RefusalCode.DELEGATE_REFUSED)
        number = await self.store.count_absences(person.id) + 1
        absence = Absence(
            id=absence_id(person.id, number),
            version=1,
            person=person,
            delegate=delegate,
            from_=max(click.from_, now),
            until=click.until,
            set_by=actor,
            set_at=now,
            note=click.note.strip(),
        )
        current_roles = await self.directory.current_roles([actor, person, delegate])
        manager, known = await self._manager_of(person.id), await self.store.absences(now)
        try:
            require_absence(absence, known, current_roles=current_roles, next_manager=manager, now=now)
        except Refused as refused:
            roles = roles_that_decide(person.id, current_roles)
            if refused.code == RefusalCode.DELEGATE_WITHOUT_ROLE and roles and not await self._others(person, roles):
                raise Refused(RefusalCode.NO_DELEGATE_HOLDS_ROLE, name=person.name, roles=sorted(roles)) from refused
            raise
        return absence

    async def _others(self, person: Person, roles: Iterable[Role]) -> frozenset[ChatId]:
        """Return who holds one of the roles except a person."""
        holders = frozenset().union(*[await self.directory.holders(role) for role in roles])
        return holders - await self.directory.all_ids({person.chat_id})

    async def _set(self, click: SetAbsence, actor: Person, key: str) -> None:
        absence = await self.checked(click, actor)
        active = active_absences([*await self.store.absences(absence.from_), absence], absence.from_)
        stand_in = stand_in_of(absence.person.id, active)
        values = {**_values(absence), "by": actor.name, "note": absence.note}
        needed = await waiting_for(absence.person, store=self.store, directory=self.directory)
        named = [_named_values(one) for one in needed[:_MAX_NAMED]]
        own = {
            "is_own": not absence.is_set_by_admin,
            "stand_in": None if stand_in is None else stand_in.name,
            "needed": named,
            "needed_count": len(needed),
        }
        messages = [_message(absence.person, MessageCode.ABSENCE_SET, {**values, **own})]
        if absence.is_set_by_admin:
            messages.append(_message(actor, MessageCode.ABSENCE_SET, {**values, **own, "is_own": False}))
        messages.append(_message(absence.delegate, MessageCode.YOU_STAND_IN, values))
        await self._store(absence, actor, click, key, messages)

    async def _end(self, click: EndAbsence, actor: Person, key: str) -> None:
        known = await self.store.absence(click.absence_id)
        if known is None:
            raise Refused(RefusalCode.ABSENCE_HAS_ENDED)
        roles = await self.directory.current_roles([actor])
        absence = end_absence(known, actor, current_roles=roles, now=self.clock.now())
        values = {**_values(absence), "by": actor.name}
        told = {person.chat_id: person for person in (absence.person, absence.delegate, actor)}
        messages = [_message(person, MessageCode.ABSENCE_ENDED, values) for person in told.values()]
        await self._store(absence, actor, click, key, messages)

    async def _store(
        self, absence: Absence, actor: Person, click: AbsenceClick, key: str, messages: Sequence[Effect]
    ) -> None:
        details = {**click.audit_details(), "absence": absence.id, "person": absence.person.name}
        entry = entry_of(key, self.clock.now(), actor, click.name, {**details, "delegate": absence.delegate.name})
        effects = (*messages, *await self._shown_again(absence))
        await self.store.commit(Commit(entry=entry, absence=absence, effects=effects))
        await request_relation_check(self.store)

    async def _shown_again(self, absence: Absence) -> list[ShowRequest | ShowBatch]:
        """Have the cards that wait show who is asked: now, when the absence begins, and when it ends."""
        now, waiting = self.clock.now(), RequestState.AWAITING_APPROVAL
        times = [None, *(time for time in (absence.from_, absence.end) if time > now)]
        requests = [one for one in await self.store.open_requests_alone() if one.state is waiting][:_MAX_SHOWN]
        batches = [one for one in await self.store.open_batches() if one.state is BatchState.AWAITING_APPROVAL]
        return [
            *(ShowRequest(request_id=request.id, not_before=time) for request in requests for time in times),
            *(ShowBatch(batch_id=batch.id, not_before=time) for batch in batches[:_MAX_SHOWN] for time in times),
        ]

    async def _named(self, chat_id: ChatId, actor: Person, code: RefusalCode) -> Person:
        return actor if chat_id == actor.chat_id else await identified(chat_id, code, directory=self.directory)

    async def _manager_of(self, person: PersonId) -> PersonId | None:
        manager = (await self.directory.managers([person])).get(person)
        return manager.id if manager is not None and manager.is_enabled and manager.is_member else None


def _named_values(waits: AccessRequest | Batch) -> dict[str, str | int]:
    if isinstance(waits, AccessRequest):
        return {"partner": partner_of(waits), "request": waits.id}
    return {"partners": len(waits.members), "request": waits.id}


async def identified(chat_id: ChatId, code: RefusalCode, *, directory: PeopleDirectory) -> Person:
    """Identify a person who was named by somebody else.

    :param code: the refusal that says about whom it is.
    :raises Refused: for a guest, a bot, a deactivated or external user, and without exactly one account.
    """
    try:
        return await directory.identify(chat_id)
    except PeopleDirectoryRefused:
        raise
    except Refused as refused:
        raise Refused(code, refused=refused.fact.as_value()) from refused


async def in_whose_place(
    actor: Person, eligibility: Eligibility, at: datetime, *, store: Store, roles_of: RolesOf
) -> Person | None:
    """Return the absent person in whose place somebody decides; None when they decide for themselves.

    An absent person counts who holds the role of the open stage now and could decide. Of several the one who is away
    for the longest time.
    """
    if (index := eligibility.verdict.open_stage) is None:
        return None
    absences = represented_people(actor.id, active_absences(await store.absences(at), at))
    absent = [
        absence.person
        for absence in absences
        if eligibility.ineligible_reason(absence.person.chat_id, absence.person.id) is None
    ]
    if not absent:
        return None
    roles = await roles_of(absent)
    stages, escalated = eligibility.stages, eligibility.escalated
    return next((one for one in absent if holds_stage(one, index, stages, escalated, roles)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAbsences:
    """What an App Home shows of absences."""

    own: tuple[Absence, ...] = ()
    """The person's own that has not ended."""
    others: int = 0
    """For admins: how many other people are away now."""


NO_ABSENCES: Final = ShownAbsences()


async def read_absences(
    ids: frozenset[ChatId | PersonId], *, is_admin: bool, store: Store, now: datetime
) -> ShownAbsences:
    """Read what an App Home shows of absences.

    :param ids: all ids of the person.
    """
    known = await store.absences(now)
    own = tuple(absence for absence in known if ids & {absence.person.id, absence.person.chat_id})
    others = sum(absence.is_active(now) for absence in known if absence not in own) if is_admin else 0
    return ShownAbsences(own=own, others=others)


def _values(absence: Absence) -> dict[str, Any]:
    times = {"from": absence.from_.isoformat(), "until": absence.until.isoformat()}
    return {"person": absence.person.name, "delegate": absence.delegate.name, **times}


def _message(person: Person, code: MessageCode, values: dict[str, Any]) -> SendMessage:
    return SendMessage(person=person.chat_id, subject=CommandSubject(), fact=Fact(code, values))

"""An absence: who is away, from when until when, and who is asked in the meantime. Pure.

A delegate gets no right from it. Who stands in for somebody holds the role anyway, so an absence only chooses who is
asked and reminded, and what the record says. See docs/decisions/0033-delegation-asks.md.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, NewType

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN, READING_ROLES, CurrentRoles, Person, PersonId, Role

AbsenceId = NewType("AbsenceId", str)

MAX_ABSENCE: Final = timedelta(days=90)
"""The longest absence. Somebody who is away for longer leaves the role, or sets another absence."""
MAX_NOTE_CHARACTERS: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """One absence of one person. `version` increases with every stored change; an outdated write is refused."""

    id: AbsenceId
    version: int
    person: Person
    delegate: Person
    from_: datetime
    until: datetime
    """The first moment when the person is back."""
    set_by: Person
    """Who set it: the person, or an admin."""
    set_at: datetime
    note: str = ""
    ended_at: datetime | None = None
    """When somebody ended it before its time; None: nobody did."""
    ended_by: Person | None = None

    @property
    def end(self) -> datetime:
        """Return when it ends, or ended."""
        return self.until if self.ended_at is None else min(self.until, self.ended_at)

    def is_active(self, at: datetime) -> bool:
        """Return whether the person is away at a moment."""
        return self.from_ <= at < self.end

    @property
    def is_set_by_admin(self) -> bool:
        """Return whether somebody else set it, who was an admin then."""
        return self.set_by.id != self.person.id


def absence_id(person: PersonId, number: int) -> AbsenceId:
    """Return the id of a person's absence with this number, so that two cannot be stored at the same time."""
    return AbsenceId(f"{person}:{number}")


def active_absences(absences: Iterable[Absence], at: datetime) -> tuple[Absence, ...]:
    """Return the absences at a moment: at most one of each person, the earliest."""
    found: dict[PersonId, Absence] = {}
    for absence in sorted(absences, key=lambda one: (one.from_, one.id)):
        if absence.is_active(at):
            found.setdefault(absence.person.id, absence)
    return tuple(found.values())


def chain_of(person: PersonId, active: Sequence[Absence]) -> Iterator[Absence]:
    """Yield the absences from a person along the delegates who are away too.

    It ends before somebody comes a second time. The last one's delegate is there, or the delegates go in a circle.
    """
    by_person = {absence.person.id: absence for absence in active}
    seen: set[PersonId] = set()
    while person in by_person and person not in seen:
        seen.add(person)
        yield by_person[person]
        person = by_person[person].delegate.id


def stand_in_of(person: PersonId, active: Sequence[Absence]) -> Person | None:
    """Return the first delegate who is there; None when nobody stands in, or the person is not away."""
    chain = list(chain_of(person, active))
    away = {absence.person.id for absence in chain}
    return chain[-1].delegate if chain and chain[-1].delegate.id not in away else None


def represented_people(delegate: PersonId, active: Sequence[Absence]) -> tuple[Absence, ...]:
    """Return the absences of everybody for whom a person stands in now, the longest first."""
    found = [absence for absence in active if (one := stand_in_of(absence.person.id, active)) and one.id == delegate]
    return tuple(sorted(found, key=lambda absence: (absence.from_, absence.id)))


def roles_that_decide(person: PersonId, current_roles: CurrentRoles) -> frozenset[Role]:
    """Return the roles of a person that somebody may be asked for. Auditors decide nothing."""
    return current_roles.roles.get(person, frozenset()) - READING_ROLES


def require_absence(
    absence: Absence,
    known: Sequence[Absence],
    *,
    current_roles: CurrentRoles,
    next_manager: PersonId | None,
    now: datetime,
) -> None:
    """Check an absence before it is stored.

    :param known: every absence that has not ended.
    :param current_roles: the roles of the person, of the delegate, and of who sets it.
    :param next_manager: the account of the person's manager; None when there is none.
    :raises Refused: when it breaks a rule.
    """
    require_times(absence.from_, absence.until, now)
    if len(absence.note) > MAX_NOTE_CHARACTERS:
        raise Refused(RefusalCode.ABSENCE_NOTE_TOO_LONG, length=len(absence.note), limit=MAX_NOTE_CHARACTERS)
    if absence.is_set_by_admin and not current_roles.holds(absence.set_by.id, ADMIN):
        raise Refused(RefusalCode.ONLY_ADMINS_SET_ABSENCES)
    others = [other for other in known if other.id != absence.id and other.end > now]
    own = next((other for other in others if other.person.id == absence.person.id), None)
    if own is not None:
        raise Refused(RefusalCode.ALREADY_AWAY, until=own.end.isoformat())
    _require_delegate(absence, current_roles, next_manager)
    _require_no_circle(absence, others)


def require_times(from_: datetime, until: datetime, now: datetime) -> None:
    """Check the times of an absence.

    :raises Refused: when it ends before it begins, is over, or is too long.
    """
    if until <= from_:
        raise Refused(RefusalCode.ABSENCE_ENDS_BEFORE_START)
    if until <= now:
        raise Refused(RefusalCode.ABSENCE_OVER)
    if until - max(from_, now) > MAX_ABSENCE:
        raise Refused(RefusalCode.ABSENCE_TOO_LONG, days=MAX_ABSENCE.days)


def _require_delegate(absence: Absence, current_roles: CurrentRoles, next_manager: PersonId | None) -> None:
    """Check that the delegate holds one of the person's roles; of a manager: is the next manager, or an admin says so.

    :raises Refused: for anybody else.
    """
    person, delegate = absence.person, absence.delegate
    if person.id == delegate.id:
        raise Refused(RefusalCode.DELEGATE_IS_SELF)
    roles = roles_that_decide(person.id, current_roles)
    if roles & roles_that_decide(delegate.id, current_roles):
        return
    if not roles and (absence.is_set_by_admin or delegate.id == next_manager):
        return
    raise Refused(RefusalCode.DELEGATE_WITHOUT_ROLE, name=delegate.name, roles=sorted(roles))


def _require_no_circle(absence: Absence, others: Sequence[Absence]) -> None:
    """Check that delegates do not lead back to the person at any time of the absence.

    :raises Refused: when they do: then nobody would stand in.
    """
    ways = [(absence.delegate, absence.from_, absence.end, frozenset({absence.person.id}))]
    while ways:
        delegate, begin, end, seen = ways.pop()
        for other in (other for other in others if other.person.id == delegate.id):
            from_, until = max(begin, other.from_), min(end, other.end)
            if from_ >= until:
                continue
            if other.delegate.id in seen:
                raise Refused(RefusalCode.DELEGATES_IN_A_CIRCLE, name=absence.delegate.name, by=other.person.name)
            ways.append((other.delegate, from_, until, seen | {delegate.id}))


def end_absence(absence: Absence, actor: Person, *, current_roles: CurrentRoles, now: datetime) -> Absence:
    """Return an absence that its person, or an admin, ends now.

    :raises Refused: for anybody else, and when it has ended.
    """
    if actor.id != absence.person.id and not current_roles.holds(actor.id, ADMIN):
        raise Refused(RefusalCode.ONLY_ADMINS_SET_ABSENCES)
    if absence.end <= now:
        raise Refused(RefusalCode.ABSENCE_HAS_ENDED)
    return replace(absence, version=absence.version + 1, ended_at=now, ended_by=actor)

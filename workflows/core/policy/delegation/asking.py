"""Find out who is asked to decide when somebody is away, or an admin reassigned an approval. Pure.

Nobody gets or loses a right by it: everybody who is asked may decide anyway, and who is not asked still may.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from workflows.core.people import ChatId, Person


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """Somebody is asked in place of somebody else."""

    person: ChatId
    name: str
    """The name of the person."""
    delegate: ChatId
    is_away: bool = True
    """Whether the person is away; otherwise an admin reassigned their approval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reassignment:
    """In one stage of a request somebody is asked in place of somebody else. Both hold the role of the stage."""

    stage: int
    from_person: Person
    to_person: Person
    by: Person
    """The admin, who may not decide on the request any more."""
    at: datetime
    reason: str
    round: int = 0
    """The round of approval that it was made in. In another round everybody is asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who is asked."""

    people: frozenset[ChatId]
    stand_in_for: Mapping[ChatId, tuple[str, ...]] = field(default_factory=dict)
    """For each delegate the names of the absent people in whose place they are asked."""
    away: frozenset[ChatId] = frozenset()
    """Who is asked although they are away, because nobody can stand in for them."""


def who_is_asked(able: frozenset[ChatId], stand_ins: Iterable[StandIn], *, missing: int) -> Asked:
    """Choose among the people who may decide.

    A delegate who may not decide on it, or has decided, stands in for nobody: then the person is asked after all. The
    same when fewer people would be asked than must approve.

    :param able: everybody who may decide, also who is away.
    :param missing: how many approvals are missing.
    """
    by_person = {stand_in.person: stand_in for stand_in in stand_ins}
    valid = _valid(able, by_person)
    people = able - valid.keys()
    if len(people) < missing:
        people, valid = able, {}  # nobody stands in: each decides for themselves
    names: dict[ChatId, tuple[str, ...]] = {}
    for person in sorted(valid, key=lambda one: by_person[one].name):
        if by_person[person].is_away:
            delegate = valid[person]
            names[delegate] = (*names.get(delegate, ()), by_person[person].name)
    away = frozenset(person for person in people if person in by_person and by_person[person].is_away)
    return Asked(people=people, stand_in_for=names, away=away)


def people_left_asked(able: frozenset[ChatId], stand_ins: Iterable[StandIn]) -> frozenset[ChatId]:
    """Return the people who may decide without those in whose place somebody is asked, however few are left."""
    return able - _valid(able, {stand_in.person: stand_in for stand_in in stand_ins}).keys()


def _valid(able: frozenset[ChatId], by_person: Mapping[ChatId, StandIn]) -> dict[ChatId, ChatId]:
    """Return who can stand in for whom: people who may decide."""
    found = {person: _last(person, by_person) for person in able if person in by_person}
    return {person: delegate for person, delegate in found.items() if delegate is not None and delegate in able}


def stand_ins_of(reassignments: Iterable[Reassignment], *, stage: int | None, round: int) -> tuple[StandIn, ...]:
    """Return who is asked in place of whom in a stage. A later reassignment to somebody has them asked again."""
    found: dict[ChatId, StandIn] = {}
    for one in reassignments:
        if (one.stage, one.round) != (stage, round):
            continue
        person, delegate = one.from_person.chat_id, one.to_person.chat_id
        found.pop(delegate, None)
        found[person] = StandIn(person=person, name=one.from_person.name, delegate=delegate, is_away=False)
    return tuple(found.values())


def _last(person: ChatId, by_person: Mapping[ChatId, StandIn]) -> ChatId | None:
    """Return the first delegate along the chain who is asked for themselves; None when it goes in a circle."""
    seen: set[ChatId] = set()
    while person in by_person:
        if person in seen:
            return None
        seen.add(person)
        person = by_person[person].delegate
    return person

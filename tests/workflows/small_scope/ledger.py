"""What happened so far as a second reader of the rules writes it down, and what follows from it.

Nothing that counts approvals in `workflows.core` is used here, so that a fault there is not repeated. The rule is the
first invariant of the product: a plan that opens access is written only after its whole chain decided, distinct people
who held the role, none of them the requester, the sender, the sponsor, a supporter, an editor or an admin who chose
approvers; all after the last edit, before expiry, on exactly that plan.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from workflows.core.people import PersonId, Role
from workflows.core.policy.template import Stage

RolesNow = Mapping[PersonId, frozenset[Role]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One approval that the lifecycle accepted."""

    person: PersonId
    digest: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The approvals since the last edit, who may never decide, and what opened a stage to more people."""

    barred: frozenset[PersonId]
    asked_until: datetime
    """Until when the approvers were asked to decide."""
    stopped: timedelta = timedelta(0)
    """How long the clock may have been stopped; an edit gives no more of it."""
    given: frozenset[Given] = frozenset()
    opened_to_alternates: frozenset[int] = frozenset()

    @property
    def deadline(self) -> datetime:
        """Return the moment after which no decision counts."""
        return self.asked_until + self.stopped

    def approved(self, person: PersonId, digest: str, at: datetime) -> Self:
        """Write an accepted approval down."""
        return replace(self, given=self.given | {Given(person=person, digest=digest, at=at)})

    def edited(self, person: PersonId, deadline: datetime) -> Self:
        """Write an edit down: everybody decides again, but not the editor."""
        return replace(
            self,
            given=frozenset(),
            barred=self.barred | {person},
            asked_until=deadline,
            opened_to_alternates=frozenset(),
        )

    def asked_again(self, deadline: datetime) -> Self:
        """Write down that everybody is asked again about a new plan."""
        return replace(self, given=frozenset(), asked_until=deadline, opened_to_alternates=frozenset())

    def reopened(self, roles: RolesNow) -> Self:
        """Write down that approvals of people who lost every role are void: they may approve again later."""
        return replace(self, given=frozenset(given for given in self.given if roles.get(given.person)))

    def with_barred(self, person: PersonId) -> Self:
        """Write down that somebody may not decide any more."""
        return replace(self, barred=self.barred | {person})

    def is_whole(self, stages: tuple[Stage, ...], digest: str, roles: RolesNow) -> bool:
        """Return whether distinct people fill every place of the chain with their approvals of this plan."""
        places = [(index, stage) for index, stage in enumerate(stages) for _ in range(stage.quorum)]
        people = {
            given.person
            for given in self.given
            if given.digest == digest and given.person not in self.barred and given.at < self.deadline
        }
        fits = [[person for person in sorted(people) if self._may_fill(person, place, roles)] for place in places]
        return _can_fill_all(fits)

    def _may_fill(self, person: PersonId, place: tuple[int, Stage], roles: RolesNow) -> bool:
        index, stage = place
        wanted = {stage.role}
        alternates: Role | None = getattr(stage, "alternates", None)
        if alternates is not None and index in self.opened_to_alternates:
            wanted.add(alternates)
        return bool(wanted & roles.get(person, frozenset()))


def _can_fill_all(fits: Iterable[list[PersonId]]) -> bool:
    """Return whether each place gets a person of its own: augmenting paths in a bipartite graph."""
    places = list(fits)
    taken: dict[PersonId, int] = {}

    def place_one(index: int, seen: set[PersonId]) -> bool:
        for person in places[index]:
            if person in seen:
                continue
            seen.add(person)
            if person not in taken or place_one(taken[person], seen):
                taken[person] = index
                return True
        return False

    return all(place_one(index, set()) for index in range(len(places)))

"""A reassignment: an admin has somebody else of the same role asked for an approval. Data, and whom it concerns.

A boundary: requests keep their reassignments, and who is asked is chosen without knowing requests.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from workflows.core.delegation.asking import StandIn
from workflows.core.people import ChatId, Person


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

"""Read-only lists for a person, from the store and the current roles.

The boundary between a person and the store's lists.
"""

from dataclasses import dataclass, field

from workflows.app.approvers.stage_holders import waited_roles_of
from workflows.core.batches.batch import Batch
from workflows.core.people import ChatId, Person, PersonId
from workflows.core.requests.request import AccessRequest
from workflows.ports.pages import EMPTY, Page
from workflows.ports.people_directory import PeopleDirectory
from workflows.ports.records import LimitedList
from workflows.ports.store import Store

MAX_BATCHES: int = 3
"""The most batches that are read for it."""
MAX_RECORDS: int = 50
"""The most records that are read for one person's list; the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingDecisions:
    """What waits for the decision of one person."""

    requests: LimitedList[AccessRequest] = field(default_factory=lambda: LimitedList(items=(), count=0))
    """Oldest first."""
    batches: Page[Batch] = EMPTY
    """By deadline."""

    @property
    def count(self) -> int:
        """Return how many decisions wait."""
        return self.requests.count + self.batches.count


async def waiting_for(
    person: ChatId,
    *,
    store: Store,
    directory: PeopleDirectory,
    limit: int = MAX_RECORDS,
    identified_person: Person | None = None,
) -> WaitingDecisions:
    """List the requests and batches whose open stage this person could decide on now.

    :param identified_person: the person, if their account could be read. Records may contain another chat id of the
        same person.
    """
    ids = ids_of(person, identified_person)
    roles = await waited_roles_of(ids, await store.roles_waited_for(), directory)
    every_id = every_id_of(person, identified_person)
    if not roles:
        return WaitingDecisions()
    return WaitingDecisions(
        requests=await store.requests_waiting(roles, every_id, limit),
        batches=await store.batches_waiting(roles, every_id, MAX_BATCHES),
    )


def ids_of(person: ChatId, identified_person: Person | None) -> frozenset[ChatId]:
    """Return the given chat id, and the identified person's own chat id, which may be different."""
    return frozenset({person} if identified_person is None else {person, identified_person.chat_id})


def every_id_of(person: ChatId, identified_person: Person | None) -> frozenset[ChatId | PersonId]:
    """Return the chat ids of a person, and the account if it is known."""
    ids = ids_of(person, identified_person)
    return ids if identified_person is None else ids | {identified_person.id}

"""The batches that concern a person: those that wait for them, and those that they asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from workflows.app.reads.waiting_requests import every_id_of
from workflows.core.batches.batch import Batch
from workflows.core.people import ChatId, Person, Role
from workflows.ports.records import LimitedList
from workflows.ports.store import Store

SHOWN: Final = 3
"""Batches of each list; the others that wait are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeBatches:
    """The batches of one person's App Home. They are not searched."""

    waiting: LimitedList[Batch]
    """Batches that this person can decide on, by deadline."""
    own: Sequence[Batch] = ()
    """The newest batches that this person asked for."""

    @property
    def is_empty(self) -> bool:
        """Return whether no batch concerns the person."""
        return not self.waiting.count and not self.own


NO_BATCHES: Final = HomeBatches(waiting=LimitedList(items=(), count=0))


async def read_batches(
    person: ChatId, identified_person: Person | None, roles: Sequence[Role], *, store: Store
) -> HomeBatches:
    """Read the batches that concern a person.

    :param roles: the roles of the person for which something waits.
    """
    account = None if identified_person is None else identified_person.id
    return HomeBatches(
        waiting=await store.batches_waiting(roles, every_id_of(person, identified_person), SHOWN),
        own=await store.batches_of(person, account, SHOWN),
    )

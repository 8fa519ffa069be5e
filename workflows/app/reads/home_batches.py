"""The batches that concern a person: those that wait for them, and those that they asked for.

Every surface reads here a batch as it may be shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from workflows.app.reads.waiting_requests import every_id_of
from workflows.core.batches.batch import Batch
from workflows.core.batches.deciding import batch_as_not_believed, is_batch_believed
from workflows.core.people import ChatId, Person, Role
from workflows.core.requests.request import BatchId
from workflows.ports.pages import EMPTY, Page, PagePosition
from workflows.ports.store import Store

SHOWN: Final = 3
"""Batches of each list on a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeBatches:
    """The batches of one person's App Home. They are not searched."""

    waiting: Page[Batch] = EMPTY
    """Batches that this person can decide on, by deadline."""
    own: Page[Batch] = EMPTY
    """Batches that this person asked for, the newest first."""

    @property
    def is_empty(self) -> bool:
        """Return whether no batch concerns the person."""
        return not self.waiting.count and not self.own.count


NO_BATCHES: Final = HomeBatches()


async def read_batches(
    person: ChatId,
    identified_person: Person | None,
    roles: Sequence[Role],
    pages: Sequence[PagePosition],
    store: Store,
) -> HomeBatches:
    """Read the batches that concern a person.

    :param roles: the roles of the person for which something waits.
    :param pages: the page of the batches that wait for the person, and that of those that they asked for.
    """
    account = None if identified_person is None else identified_person.id
    return HomeBatches(
        waiting=await _as_believed(
            await store.batches_waiting(roles, every_id_of(person, identified_person), SHOWN, pages[0]), store
        ),
        own=await _as_believed(await store.batches_of(person, account, SHOWN, pages[1]), store),
    )


async def batch_as_believed(batch: Batch, store: Store) -> Batch:
    """Return a batch as it may be shown: without its decisions when something other than Gatehouse changed it."""
    [shown] = await _all_as_believed([batch], store)
    return shown


async def _as_believed(page: Page[Batch], store: Store) -> Page[Batch]:
    return replace(page, items=await _all_as_believed(page.items, store))


async def _all_as_believed(batches: Sequence[Batch], store: Store) -> Sequence[Batch]:
    """Return batches as they may be shown. They are compared at once."""
    unproven = await store.unproven_batches([batch.id for batch in batches]) if batches else frozenset[BatchId]()
    return tuple(
        batch if batch.id not in unproven and is_batch_believed(batch) else batch_as_not_believed(batch)
        for batch in batches
    )

"""The interface to the complete store: all interfaces to stored data in one. And what is known outside of it."""

from typing import TYPE_CHECKING, Protocol

from workflows.ports.audit_log import PersonalData
from workflows.ports.effects_queue import EffectsQueue
from workflows.ports.measuring import NumbersReader
from workflows.ports.message_copies import MessageCopies
from workflows.ports.pages import PagedLists
from workflows.ports.records import RecordStore

if TYPE_CHECKING:
    from workflows.core.policy.stops.generation import OutsideGeneration


class Store(RecordStore, PagedLists, EffectsQueue, MessageCopies, NumbersReader, Protocol):
    """Records, effects queue and message copies in one database, so that they can be changed in one transaction."""

    @property
    def personal_data(self) -> PersonalData:
        """Return what finds and erases the texts of people."""


class GenerationPlace(Protocol):
    """What is known about the records outside of them, so that an older backup or a copy is noticed."""

    @property
    def name(self) -> str:
        """Return how people call this place."""

    async def read(self, installation: str) -> "OutsideGeneration | None":
        """Return what is known; None when there is nothing.

        :param installation: that of the records; empty when they have none.
        :raises OSError: when the place cannot be read.
        """

    async def save(self, outside: "OutsideGeneration") -> None:
        """Replace what is known, all of it or nothing. Its `database` is always that of these records.

        :raises OSError: when it cannot be written.
        """

    async def require_writable(self) -> None:
        """Check that it can be written, without waiting for the disk.

        :raises OSError: when it cannot.
        """

    async def has_other_records(self, outside: "OutsideGeneration") -> bool:
        """Return whether the place where the records were still has records, which are not these."""

"""The interface to the complete store: all interfaces to stored data in one, with counts, and what is known outside."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from workflows.ports.audit_log import PersonalData
from workflows.ports.effects_queue import EffectsQueue
from workflows.ports.message_copies import MessageCopies
from workflows.ports.pages import PagedLists
from workflows.ports.records import RecordStore

if TYPE_CHECKING:
    from workflows.core.policy.stops.generation import OutsideGeneration
    from workflows.core.requests.effects import Priority
    from workflows.core.requests.request import AccessRequest, RequestState


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredNumbers:
    """What is stored at one moment, counted."""

    requests: "Mapping[RequestState, int]" = field(default_factory=dict)
    """How many requests have each state, also those that have ended."""
    reviews_due: int = 0
    """For how many partners a review is due and not answered."""
    effects: "Mapping[Priority, int]" = field(default_factory=dict)
    """How many effects of each kind are not performed yet, without those that were given up."""
    overdue_since: "Mapping[Priority, datetime]" = field(default_factory=dict)
    """Since when the effect of each kind is due that has been due the longest. Nothing for a kind without a due one."""


class NumbersReader(Protocol):
    """Counts what is stored. Every `Store` implements it."""

    async def numbers(self, now: datetime) -> StoredNumbers:
        """Count what is stored now. Unreadable records count too."""


class Measurements(Protocol):
    """Is told what happens to requests. It must not fail, and not wait."""

    def advanced(self, before: "AccessRequest", after: "AccessRequest") -> None:
        """Record that a request has changed and that this is stored.

        :param before: the request with the version before.
        """


class SharedNotes(Protocol):
    """Notes that several processes leave for each other, for some minutes or hours. Nothing depends on keeping one."""

    async def put(self, name: str, text: str, *, kept_for: timedelta) -> None:
        """Store a note, in the place of one with the same name, and have every process hear of it."""

    async def read(self, start: str) -> Mapping[str, str]:
        """Return the notes whose names start so, by name."""

    async def forget(self, name: str) -> None:
        """Remove a note; do nothing when there is none."""


class Store(RecordStore, PagedLists, EffectsQueue, MessageCopies, NumbersReader, Protocol):
    """Records, effects queue and message copies in one database, so that they can be changed in one transaction."""

    @property
    def shared_notes(self) -> SharedNotes | None:
        """Return the notes of the processes that share the store; None when one process uses it."""

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

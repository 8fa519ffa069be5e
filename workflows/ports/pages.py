"""Pages of long lists: where a page begins, what it shows, and how many records come before and after it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar

from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.people import ChatId, PersonId, Role
from workflows.core.requests.request import AccessRequest

Item = TypeVar("Item")

Cursor = tuple[str, ...]
"""The sort values of one record. A page begins beside it, whatever the list gained or lost since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page begins: after the record of the cursor, or before it; without a cursor at the start."""

    cursor: Cursor = ()
    is_before: bool = False


START: Final = Place()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """One page of a list."""

    shown: Sequence[Item] = ()
    count: int = 0
    """How many records the whole list has."""
    skipped: int = 0
    """How many of them come before this page."""
    first: Cursor = ()
    last: Cursor = ()
    size: int = 0
    """How many records of the list this page covers: those shown, and those that could not be read."""

    @property
    def left(self) -> int:
        """Return how many records come after this page."""
        return self.count - self.skipped - self.size


EMPTY: Final[Page[Any]] = Page()


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerFilter:
    """Which partners a list contains. Every condition that is set must hold."""

    states: frozenset[PartnershipState] = frozenset()
    """Empty: every state."""
    sponsors: Collection[ChatId | PersonId] | None = None
    """Every id of one sponsor."""
    sponsor_text: str = ""
    """A part of the sponsor's name."""
    template: str = ""
    """A part of the template's name or title."""
    overdue_at: datetime | None = None
    """Only partners that are not revoked, and whose review is due or whose access period ended by this time."""
    ends_after: datetime | None = None
    ends_by: datetime | None = None
    text: str = ""
    """A part of a domain, a display name or a tenant id."""


class PagedLists(Protocol):
    """The lists that people look through, filtered and cut where they are stored."""

    async def waiting_page(
        self, roles: Sequence[Role], ids: Collection[ChatId | PersonId], *, text: str, limit: int, place: Place
    ) -> Page[AccessRequest]:
        """List the requests that wait for one of these roles and that this person may decide on, by deadline."""

    async def own_page(
        self, ids: Collection[ChatId | PersonId], *, text: str, limit: int, place: Place
    ) -> Page[AccessRequest]:
        """List the requests of one person, who may have several ids: the open ones first, each part newest first."""

    async def partners_page(
        self, wanted: PartnerFilter, *, limit: int, place: Place, by_end: bool = False
    ) -> Page[Partnership]:
        """List partners by default domain, or by the end of their access."""

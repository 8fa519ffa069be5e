"""Pages of long lists, and the interface that reads them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar

from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.people import ChatId, PersonId, Role
from workflows.core.requests.request import AccessRequest, RequestState

Item = TypeVar("Item")

Cursor = tuple[str, ...]
"""The sort values of one record. A page begins after it or ends before it, also when the record no longer exists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePosition:
    """Where a page is in a list: after the cursor, or before it. Without a cursor it is the first page."""

    cursor: Cursor = ()
    is_before: bool = False
    """Whether the page ends right before the cursor, as after the button Previous. The name is stored."""


START: Final = PagePosition()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """One page of a list."""

    items: Sequence[Item] = ()
    count: int = 0
    """The number of records in the whole list."""
    count_before: int = 0
    """The number of records before this page."""
    first_cursor: Cursor = ()
    """The cursor of the first record of this page."""
    last_cursor: Cursor = ()
    """The cursor of the last record of this page."""
    size: int = 0
    """The number of records on this page, including those that could not be read."""

    @property
    def count_after(self) -> int:
        """Return the number of records after this page."""
        return self.count - self.count_before - self.size


EMPTY: Final[Page[Any]] = Page()


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerFilter:
    """The conditions for the partners in a list. All conditions that are set must be met."""

    states: frozenset[PartnershipState] = frozenset()
    """The allowed states; empty for every state."""
    sponsors: Collection[ChatId | PersonId] | None = None
    """Every id of one sponsor; None for every sponsor."""
    asked: Collection[ChatId | PersonId] | None = None
    """Every id of one person: only partners that this person sponsors, or is asked about as the sponsor's manager."""
    sponsor_text: str = ""
    """A part of the sponsor's name."""
    template: str = ""
    """A part of the template's name or title."""
    overdue_at: datetime | None = None
    """Only partners that are not revoked, and whose review is due or whose access has ended at this time."""
    ends_after: datetime | None = None
    ends_by: datetime | None = None
    text: str = ""
    """A part of a domain, a display name or a tenant id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFilter:
    """The conditions for the requests in a search. All conditions that are set must be met."""

    text: str = ""
    """A part of the request's id, or of the partner's domain, display name or tenant id, or of the template."""
    requester: str = ""
    """A part of the requester's recorded name, or of their chat id or account."""
    approver: str = ""
    """The same for somebody who approved or rejected it, also if that no longer counts."""
    template: str = ""
    """A part of the template's name or title."""
    states: frozenset[RequestState] = frozenset()
    """The allowed states; empty for every state."""
    is_partly_applied: bool = False
    """Whether to find only requests that ended with only a part of the plan in the tenant."""
    sent_from: datetime | None = None
    """Only requests that were sent at this time or later."""
    sent_before: datetime | None = None
    """Only requests that were sent before this time."""


class PagedLists(Protocol):
    """Reads single pages of the lists that people look through."""

    async def waiting_page(
        self,
        roles: Sequence[Role],
        ids: Collection[ChatId | PersonId],
        *,
        text: str,
        limit: int,
        position: PagePosition,
    ) -> Page[AccessRequest]:
        """List the requests that wait for one of these roles and that this person may decide on, by deadline.

        :param ids: every id of that person.
        :param text: a text that the requests must contain; empty for all requests.
        """

    async def own_page(
        self, ids: Collection[ChatId | PersonId], *, text: str, limit: int, position: PagePosition
    ) -> Page[AccessRequest]:
        """List the requests of one person: first the open ones, then the others, each part newest first.

        Those that they sent for somebody else are theirs, too. Members of a batch are left out:
        `RecordStore.batches_of` lists the batch.

        :param ids: every id of that person.
        :param text: a text that the requests must contain; empty for all requests.
        """

    async def partners_page(
        self,
        partner_filter: PartnerFilter,
        *,
        limit: int,
        position: PagePosition,
        by_end: bool = False,
        is_counted: bool = True,
    ) -> Page[Partnership]:
        """List partners, sorted by default domain, or with `by_end` by the end of their access.

        :param is_counted: whether the whole list is counted. To read all pages of a long list it need not be: then the
            counts are 0, and the last page has less rows than the limit.
        """

    async def requests_page(
        self, request_filter: RequestFilter, *, limit: int, position: PagePosition, is_counted: bool = True
    ) -> Page[AccessRequest]:
        """List requests, open and closed ones, the newest first.

        :param is_counted: see `partners_page`.
        """

"""Keep for an hour how far somebody has paged through a list of guests: in this process only, and a bounded number.

A kept list belongs to one person and one partner. After a restart, and in another process, it is not known.
"""

import asyncio
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from workflows.app.evidence.guests.places import ListPlaces
from workflows.core.partners.reviewing.evidence.guest_listing import GuestFilter
from workflows.core.people import ChatId
from workflows.core.settings.model import TenantId
from workflows.intervals import GUEST_LIST_KEPT_FOR
from workflows.ports.clock import Clock

MAX_LISTS: Final = 20
"""Lists that are kept at most. One of 50,000 guests takes 1.2 MB, and the places of its pages."""
MAX_LISTS_OF_ONE: Final = 3
"""Lists of one person that are kept at most."""


@dataclass(slots=True, kw_only=True)
class KeptList:
    """One list, and where its pages begin."""

    id: str
    owner: ChatId
    tenant_id: TenantId
    only: GuestFilter
    used_at: datetime
    places: ListPlaces = field(default_factory=ListPlaces)
    begins: list[int] = field(default_factory=lambda: [0])
    """The place at which each page begins that can be shown."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Two clicks on the same list are answered one after the other."""

    def end_of(self, page: int) -> int | None:
        """Return the place at which the page after this one begins; None when it was not reached."""
        return self.begins[page + 1] if page + 1 < len(self.begins) else None


class KeptLists:
    """The lists that are kept."""

    def __init__(self, clock: Clock) -> None:
        """Create it, empty."""
        self._clock = clock
        self._lists: dict[str, KeptList] = {}

    def start(self, owner: ChatId, tenant_id: TenantId, only: GuestFilter) -> KeptList:
        """Keep a new list. The list that was not used for the longest time is given up when there are too many."""
        now = self._clock.now()
        self._forget_old(now)
        for lists, most in ((self._of(owner), MAX_LISTS_OF_ONE), (self._lists.values(), MAX_LISTS)):
            by_age = sorted(lists, key=lambda one: one.used_at)
            for one in by_age[: max(0, len(by_age) - most + 1)]:
                del self._lists[one.id]
        new = KeptList(id=secrets.token_hex(8), owner=owner, tenant_id=tenant_id, only=only, used_at=now)
        self._lists[new.id] = new
        return new

    def find(self, list_id: str, owner: ChatId, tenant_id: TenantId) -> KeptList | None:
        """Return a list of this person and partner; None when it is not kept any more, or somebody else's."""
        now = self._clock.now()
        self._forget_old(now)
        found = self._lists.get(list_id)
        if found is None or (found.owner, found.tenant_id) != (owner, tenant_id):
            return None
        found.used_at = now
        return found

    def _of(self, owner: ChatId) -> Iterator[KeptList]:
        return (one for one in self._lists.values() if one.owner == owner)

    def _forget_old(self, now: datetime) -> None:
        for one in [one for one in self._lists.values() if now - one.used_at >= GUEST_LIST_KEPT_FOR]:
            del self._lists[one.id]

"""The interfaces of what is measured: what is stored now, counted, and what happens to requests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from workflows.core.requests.effects import Priority
from workflows.core.requests.request import AccessRequest, RequestState


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredNumbers:
    """What is stored at one moment, counted."""

    requests: Mapping[RequestState, int] = field(default_factory=dict)
    """How many requests have each state, also those that have ended."""
    reviews_due: int = 0
    """For how many partners a review is due and not answered."""
    effects: Mapping[Priority, int] = field(default_factory=dict)
    """How many effects of each kind are not performed yet, without those that were given up."""
    overdue_since: Mapping[Priority, datetime] = field(default_factory=dict)
    """Since when the effect of each kind is due that has been due the longest. Nothing for a kind without a due one."""


class NumbersReader(Protocol):
    """Counts what is stored. Every `Store` implements it."""

    async def numbers(self, now: datetime) -> StoredNumbers:
        """Count what is stored now. Unreadable records count too."""


class Measurements(Protocol):
    """Is told what happens to requests. It must not fail, and not wait."""

    def advanced(self, before: AccessRequest, after: AccessRequest) -> None:
        """Record that a request has changed and that this is stored.

        :param before: the request with the version before.
        """

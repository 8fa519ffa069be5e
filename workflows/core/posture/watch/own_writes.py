"""Compare our own writes with the entries of our application in Entra's audit log, in both directions."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from workflows.core.plans.plan import SentWrite
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.settings.partner_changes import LoggedChange

LOG_SHOWS_WITHIN: Final = timedelta(hours=24)
"""A write that a complete log does not show after this time is missing in it."""
MATCHED_WITHIN: Final = timedelta(minutes=5)
"""The largest difference between Graph's answer to a write and the time of its entry."""
JUDGED_UP_TO: Final = timedelta(days=6)
"""Older writes are not judged: Entra keeps the log for seven days without a P1 licence."""
_LOGGED: Final = re.compile(
    r"/?policies/crosstenantaccesspolicy/partners(?:/(?P<id>[^/]+)(?:/identitysynchronization)?)?"
)
"""The writes that have entries: a partner, and its identity synchronization. Capabilities have none."""
_STILL_WRITING: Final = frozenset({RequestState.APPLYING, RequestState.UNCONFIRMED})


@dataclass(frozen=True, slots=True)
class WritingTime:
    """When a request may have written: between its first write and what was recorded last about its writes."""

    first: datetime
    last: datetime | None
    """None while it may still write."""

    def explains(self, at: datetime) -> bool:
        """Return whether an entry of this time may be one of its writes."""
        is_begun = self.first - MATCHED_WITHIN <= at
        return is_begun and (self.last is None or at <= self.last + MATCHED_WITHIN)


def is_logged(write: SentWrite) -> bool:
    """Return whether Entra's audit log has entries for writes of this kind."""
    return _LOGGED.fullmatch(write.path.lower()) is not None


def entry_of_write(write: SentWrite, tenant_id: str, logged: Sequence[LoggedChange]) -> LoggedChange | None:
    """Return our own entry about the partner that is nearest to a write; None when the log shows none.

    One entry may be that of several writes: Entra may join writes that follow each other.
    """
    near = [
        one
        for one in logged
        if one.change.is_ours and tenant_id.lower() in one.partners and abs(one.change.at - write.at) <= MATCHED_WITHIN
    ]
    return min(near, key=lambda one: abs(one.change.at - write.at), default=None)


def writing_times(requests: Iterable[AccessRequest]) -> tuple[WritingTime, ...]:
    """Return when requests may have written: rather too long than too short, as a crash may hide a write."""
    found = []
    for request in requests:
        if request.was_sent:
            begun = [one for one in (request.writing_since, request.earlier_write_at) if one is not None]
            last = None if request.state in _STILL_WRITING else request.changed_at
            found.append(WritingTime(min(begun), last))
    return tuple(found)


def not_explained(logged: Iterable[LoggedChange], times: Sequence[WritingTime]) -> tuple[LoggedChange, ...]:
    """Return our own entries that none of these writing times explains."""
    return tuple(
        one for one in logged if one.change.is_ours and not any(time.explains(one.change.at) for time in times)
    )

"""The later request of a person that stands where an earlier one of theirs could be requested again.

The App Home and the requester's message show it instead of Request again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from workflows.core.partners.partnership import Partnership, is_over, newer_request, tenant_of
from workflows.core.requests.request import AccessRequest
from workflows.ports.store import Store

MAX_OWN_REQUESTS: Final = 50
"""The most requests of one requester that are read, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterEnd:
    """What a requester can do about a request of theirs."""

    can_request_again: bool = False
    newer: AccessRequest | None = None
    """The later request that waits or is in force, so that this one cannot be requested again."""

    @property
    def is_over(self) -> bool:
        """Return whether the request is closed and nothing of it is active as approved."""
        return self.can_request_again or self.newer is not None


NOT_OVER: Final = AfterEnd()


async def read_after_end(
    request: AccessRequest,
    record: Partnership | None,
    own_requests: Iterable[AccessRequest] | None,
    *,
    store: Store,
    now: datetime,
) -> AfterEnd:
    """Read whether a request can be requested again, and the newer request that takes its place, if any.

    :param record: the record of the request's partner; None when there is none.
    :param own_requests: at least the open requests of the same person; None reads the person's newest requests.
    """
    if not is_over(request, record, now):
        return NOT_OVER
    if own_requests is None:
        requester = request.fields.requester
        # The one that is in force is in the record.
        own_requests = await store.requests_of(
            requester,
            MAX_OWN_REQUESTS,
            request.requester_account,
            is_open=True,
            may_be_about=tenant_of(request),
        )
    present = None if record is None or record.request_id == request.id else await store.request(record.request_id)
    newer = newer_request(request, [*own_requests, *([] if present is None else [present])], record, now)
    return AfterEnd(can_request_again=newer is None, newer=newer)

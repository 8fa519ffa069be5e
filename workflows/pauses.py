"""The pauses that keep a limit of Microsoft's, or give its replicas time.

Whoever makes such a pause is told how long it is: tests make all of them short.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Pauses:
    """How long Gatehouse waits. All in seconds."""

    due_work_read_every: float = 0.5
    """The longest wait before the queue is read again. The clock may jump, for example after a suspended machine."""
    read_back_after: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0, 4.0)
    """Before each read-back of a write. The directory is replicated; a write can take some time to be shown."""
    further_read_back_after: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0)
    """The same for writes that may be refused."""
    further_sent_again_after: float = 1.0
    """Before such a write without an answer is sent a second time. Two equal writes have the result of one."""
    conditional_access: tuple[int, float] = (1, 1.0)
    """Conditional Access's limit: the number of requests in a number of seconds, for a whole tenant.

    Source: "Microsoft Graph service-specific throttling limits". The service does not say how long to wait, so a
    throttled request is not repeated.
    """
    reports: tuple[int, float] = (5, 10.0)
    """The limit of reports: the number of requests in a number of seconds (same source)."""


USUAL_PAUSES: Final = Pauses()
"""Those of production."""

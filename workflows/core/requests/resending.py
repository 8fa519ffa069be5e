"""When what Graph took and does not show is sent again, and when it is asked again instead.

A revocation is sent again as often as it takes, and planned again, after a growing pause, as often as somebody changes
the partner before it holds. What opens is sent again once, soon after the first time, and only where Entra's audit log
shows that nobody else has written since: an administrator may have undone it on purpose. An empty log is no proof of
that while it may be behind.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from workflows.core.audit.partner_changes import PartnerChange, names_another
from workflows.core.requests.request import AccessRequest, RequestKind

READ_FOR: Final = timedelta(minutes=1)
"""How long an unchanged partner is read before anything is sent again: the directory is replicated."""
LONGEST_BETWEEN: Final = timedelta(minutes=5)
"""A revocation is sent again at least this often."""
OPENING_WITHIN: Final = timedelta(minutes=15)
"""How long after its first write an opening may be sent again; it is asked again after that."""

LONGEST_PAUSE: Final = timedelta(minutes=1)
"""A revocation whose partner is changed before each try is tried again at least this often."""
ALARMING_REPLANS: Final = 3
"""So often may a revocation be planned again before the admins are told."""

AUDITED_AFTER: Final = timedelta(minutes=10)
"""Entra writes its audit log some minutes late: one that does not show our own write is trusted only after this."""


class Step(Enum):
    """What to do with a write that was taken and does not show."""

    READ = auto()
    """Go on reading."""
    SEND_AGAIN = auto()
    ASK_AGAIN = auto()
    """Plan and ask again: what was approved is too long ago, or may have been undone on purpose."""


def needs_the_audit_log(request: AccessRequest, now: datetime) -> bool:
    """Return whether the next step hangs on who else has written."""
    return not _is_revocation(request) and _is_read_long_enough(request, now) and may_be_resent(request, now)


def next_step(request: AccessRequest, now: datetime, changes: Sequence[PartnerChange] | None) -> Step:
    """Decide what follows while the partner shows exactly an image from before the last write.

    :param changes: what the audit log says since the first write; None where it was not, or could not be, read.
    """
    if not _is_read_long_enough(request, now):
        return Step.READ
    if _is_revocation(request):
        return Step.SEND_AGAIN
    if changes is not None and names_another(changes):
        return Step.ASK_AGAIN
    if now - first_sent(request) > OPENING_WITHIN:
        return Step.ASK_AGAIN
    if changes is None or request.resent_at is not None or not _tells_of_our_write(request, now, changes):
        return Step.READ
    return Step.SEND_AGAIN


def pause_before(replans: int) -> timedelta:
    """Give how long a revocation rests that was planned again so often: at first not at all, then longer each time."""
    return timedelta() if replans < 2 else min(timedelta(seconds=2 ** min(replans - 2, 20)), LONGEST_PAUSE)


def rest_of_pause(request: AccessRequest, now: datetime) -> timedelta | None:
    """Return how long a revocation that was planned again still rests; None where it is due."""
    if request.not_before is None:
        return None
    rest = request.not_before - now
    # NB. a clock that was put back must not hold up a revocation.
    return rest if timedelta() < rest <= LONGEST_PAUSE else None


def may_be_resent(request: AccessRequest, now: datetime) -> bool:
    """Return whether it may be stored that a request is sent again: an opening once, and only for a while."""
    if _is_revocation(request):
        return True
    return request.resent_at is None and now - first_sent(request) <= OPENING_WITHIN


def first_sent(request: AccessRequest) -> datetime:
    """Return the moment before which nothing of the plan was sent."""
    return request.writing_since or request.unseen_since or request.changed_at


def _tells_of_our_write(request: AccessRequest, now: datetime, changes: Sequence[PartnerChange]) -> bool:
    """Return whether the log has come as far as our own write: before that, what it does not show proves nothing."""
    sent = first_sent(request)
    # The log may name its moments without fractions of a second.
    if any(change.is_ours and change.at >= sent.replace(microsecond=0) for change in changes):
        return True
    return now - (request.unseen_since or sent) >= AUDITED_AFTER


def _is_read_long_enough(request: AccessRequest, now: datetime) -> bool:
    unseen = request.unseen_since or first_sent(request)
    if request.resent_at is None:
        return now - unseen >= READ_FOR
    # Each rest is as long as all that went before it: one minute, two, four, and then five.
    rest = min(max(request.resent_at - unseen, READ_FOR), LONGEST_BETWEEN)
    return now - request.resent_at >= rest


def _is_revocation(request: AccessRequest) -> bool:
    return request.particulars.kind is RequestKind.REVOCATION

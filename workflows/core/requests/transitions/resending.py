"""Decide whether a write that Graph accepted but does not show is sent again, or approval is requested again.

A revocation is sent again as often as needed. It is planned again when somebody changes the partner before it takes
effect. The pause before that becomes longer each time.

A plan that opens access is sent again only once, soon after the first time. Entra's audit log must then show that
nobody else has written since: an administrator may have undone the change. The log is written some minutes late, so an
empty log is not trusted at first.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from workflows.core.requests.request import AccessRequest, RequestKind
from workflows.core.settings.partner_changes import PartnerChange, has_other_authors

READ_ONLY_FOR: Final = timedelta(minutes=1)
"""How long an unchanged partner is read before anything is sent again: Entra needs time to replicate a write."""
MAX_BETWEEN_SENDINGS: Final = timedelta(minutes=5)
"""The longest time between two sendings of a revocation."""
RESEND_WITHIN: Final = timedelta(minutes=15)
"""How long after its first write a plan that opens access may be sent again. Later, approval is requested again."""

MAX_PAUSE: Final = timedelta(minutes=1)
"""The longest pause between two tries of a revocation whose partner changes before each try."""
REPLANS_BEFORE_ALARM: Final = 3
"""After this many new plans of one revocation an alarm is raised."""

AUDIT_LOG_TRUSTED_AFTER: Final = timedelta(minutes=10)
"""Entra writes its audit log some minutes late. A log without our own write is trusted only after this time."""


class ResendStep(Enum):
    """What to do with a write that was accepted but is not shown."""

    READ = auto()
    """Read again later."""
    SEND_AGAIN = auto()
    ASK_AGAIN = auto()
    """Plan again and request approval again: it is too late to send, or somebody may have undone the change."""


def needs_the_audit_log(request: AccessRequest, now: datetime) -> bool:
    """Return whether the next step depends on the entries of Entra's audit log."""
    return not _is_revocation(request) and _is_read_long_enough(request, now) and may_be_resent(request, now)


def next_step(request: AccessRequest, now: datetime, changes: Sequence[PartnerChange] | None) -> ResendStep:
    """Decide the next step for a partner that still shows a state from before the last write.

    :param changes: the audit log's entries since the first write; None when they were not or could not be read.
    """
    if not _is_read_long_enough(request, now):
        return ResendStep.READ
    if _is_revocation(request):
        return ResendStep.SEND_AGAIN
    if changes is not None and has_other_authors(changes):
        return ResendStep.ASK_AGAIN
    if now - first_sent(request) > RESEND_WITHIN:
        return ResendStep.ASK_AGAIN
    if changes is None or request.resent_at is not None or not _is_log_trusted(request, now, changes):
        return ResendStep.READ
    return ResendStep.SEND_AGAIN


def pause_before_replan(replans: int) -> timedelta:
    """Return the pause before a revocation is tried that was planned again `replans` times: at first none."""
    return timedelta() if replans < 2 else min(timedelta(seconds=2 ** min(replans - 2, 20)), MAX_PAUSE)


def remaining_pause(request: AccessRequest, now: datetime) -> timedelta | None:
    """Return the remaining pause of a revocation that was planned again; None when it is due."""
    if request.not_before is None:
        return None
    rest = request.not_before - now
    # NB. a clock that was set back must not delay a revocation.
    return rest if timedelta() < rest <= MAX_PAUSE else None


def may_be_resent(request: AccessRequest, now: datetime) -> bool:
    """Return whether a request may be sent again: a revocation always, any other plan once within `RESEND_WITHIN`."""
    if _is_revocation(request):
        return True
    return request.resent_at is None and now - first_sent(request) <= RESEND_WITHIN


def first_sent(request: AccessRequest) -> datetime:
    """Return when the first write of the plan was about to be sent."""
    return request.writing_since or request.unconfirmed_since or request.changed_at


def _is_log_trusted(request: AccessRequest, now: datetime, changes: Sequence[PartnerChange]) -> bool:
    """Return whether the log can be trusted: it contains our own write, or it is old enough."""
    sent = first_sent(request)
    # The log may give times without fractions of a second.
    if any(change.is_ours and change.at >= sent.replace(microsecond=0) for change in changes):
        return True
    return now - (request.unconfirmed_since or sent) >= AUDIT_LOG_TRUSTED_AFTER


def _is_read_long_enough(request: AccessRequest, now: datetime) -> bool:
    unseen = request.unconfirmed_since or first_sent(request)
    if request.resent_at is None:
        return now - unseen >= READ_ONLY_FOR
    # The time between two sendings doubles: one minute, two, four, and then always five.
    rest = min(max(request.resent_at - unseen, READ_ONLY_FOR), MAX_BETWEEN_SENDINGS)
    return now - request.resent_at >= rest


def _is_revocation(request: AccessRequest) -> bool:
    return request.fields.kind is RequestKind.REVOCATION

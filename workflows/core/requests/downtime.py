"""A gap in which the bot did not run. The database may be an older backup, and the tenant may have changed since.

What was approved before such a gap may have been written, revoked and deleted in it. A restored database does not know
that. So a plan that opens access is written only after a check of the tenant's own audit log. The log must show no
change of the partner since.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from workflows.core.requests.request import AccessRequest, RequestKind

LONGEST_REST: Final = timedelta(minutes=15)
"""A restart or an outage up to this length is no gap."""
BEFORE_A_TICK: Final = timedelta(minutes=1)
"""How long the clock may have run again before a tick notices the pause."""
AUDIT_KEPT_FOR: Final = timedelta(days=7)
"""Entra keeps its audit log for 30 days, and for 7 without a P1 licence ("Microsoft Entra data retention")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A period in which the bot is not known to have run."""

    since: datetime | None
    """The last tick in the database; None when there is none."""
    until: datetime
    """When the bot started again, or continued."""


def gap_at_start(last_tick: datetime | None, *, has_records: bool, now: datetime) -> Gap | None:
    """Return the gap before a start, if there is one. A database without records contains nothing outdated."""
    if last_tick is None:
        return Gap(since=None, until=now) if has_records else None
    return Gap(since=last_tick, until=now) if now - last_tick > LONGEST_REST else None


def gap_at_tick(last_tick: datetime | None, *, now: datetime) -> Gap | None:
    """Return the gap between two ticks of one process: the machine was suspended, or restored from a snapshot.

    The gap ends where time continued, shortly before this tick. So later decisions count as made after it.
    """
    if last_tick is None or now - last_tick <= LONGEST_REST:
        return None
    return Gap(since=last_tick, until=now - BEFORE_A_TICK)


def unsure_since(request: AccessRequest, gap: Gap | None) -> datetime | None:
    """Return the time since which a partner must be unchanged before anything is opened; None: no check needed.

    Closing never waits. Decisions all made after the gap were made on the current settings, so they need no check.
    Otherwise the time is the earliest of these: the plan's partner was read, the first approver decided, the gap began.
    """
    if gap is None or request.particulars.kind is RequestKind.REVOCATION:
        return None
    decided = min((decision.at for decision in request.decisions), default=request.created_at)
    if decided >= gap.until:
        return None
    moments = [decided, gap.since]
    if request.prepared is not None:
        moments.append(request.prepared.observation.at)
    return min(one for one in moments if one is not None)

"""A gap in which the bot did not run: the database may be an older backup, and the tenant may have moved on since.

What was approved before such a gap may have been written, revoked and deleted meanwhile, of which a restored database
knows nothing. So what opens is not written before the tenant's own audit log shows no change of the partner since.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from workflows.core.requests.request import AccessRequest, RequestKind

LONGEST_REST: Final = timedelta(minutes=15)
"""A restart or a short outage leaves no gap."""
BEFORE_A_TICK: Final = timedelta(minutes=1)
"""How long time may have gone on again before a tick notices that it had not."""
AUDIT_KEPT_FOR: Final = timedelta(days=7)
"""Entra keeps its audit log for 30 days, and for 7 without a P1 licence ("Microsoft Entra data retention")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time in which nothing is known to have run."""

    since: datetime | None
    """The last tick that the database knows of; None where it knows of none."""
    until: datetime
    """When the bot started again, or went on."""


def gap_at_start(last_tick: datetime | None, *, has_records: bool, now: datetime) -> Gap | None:
    """Return whether a start follows a gap. A database without records holds nothing that could be outdated."""
    if last_tick is None:
        return Gap(since=None, until=now) if has_records else None
    return Gap(since=last_tick, until=now) if now - last_tick > LONGEST_REST else None


def gap_at_tick(last_tick: datetime | None, *, now: datetime) -> Gap | None:
    """Tell whether time passed between two ticks of one process: the machine was suspended, or is a snapshot of before.

    It ends where time went on, a moment before this tick: what is decided from there on was decided after it.
    """
    if last_tick is None or now - last_tick <= LONGEST_REST:
        return None
    return Gap(since=last_tick, until=now - BEFORE_A_TICK)


def unsure_since(request: AccessRequest, gap: Gap | None) -> datetime | None:
    """Return the moment from which on a partner must be shown to be unchanged before anything is opened; None: no need.

    Closing is never held, and what was decided after the gap by everybody was decided on what stood after it. Otherwise
    it is the earliest of all: when the plan's partner was read, when the first decided, when the gap began.
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

"""What is unusual about a decision: its hour, its speed, and how many there are. Pure.

Nothing of it proves anything, and nothing is blocked: the admins are told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Final

from workflows.core.errors.facts import Fact
from workflows.core.policy.working_time import WorkingCalendar, next_working_moment

DAY: Final = timedelta(days=1)
USUAL_OVER: Final = 30 * DAY
"""From how long before what is usual for a person is counted."""
_MANY_FROM: Final = 5
"""Fewer approvals than this within a day are never many."""
_TIMES_USUAL: Final = 3
"""From how many times the usual number on approvals are many."""


class UnusualCode(StrEnum):
    """What is unusual about a decision. The values are stored in alarms."""

    OUTSIDE_HOURS = "outside_hours"
    """High risk, approved outside the person's working hours. Values: `local` (their time), `zone`."""
    FAST = "fast"
    """Approved within seconds after the approvers were asked. Values: `seconds`."""
    MANY = "many"
    """Far more approvals within a day than usual for the person. Values: `count`, `usual` (on their busiest day)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One approval, with what is needed to judge it."""

    at: datetime
    is_high_risk: bool
    asked_at: datetime | None
    """When the approvers of its stage were asked; None when that is not known."""
    zone: tzinfo | None
    """The time zone of the person; None when it is not known, so that their hours are not judged."""
    earlier: Sequence[datetime]
    """The earlier approvals of the person, at least those of `USUAL_OVER` and a day before."""


def unusual(approval: Approval, calendar: WorkingCalendar, fast_within: timedelta) -> tuple[Fact, ...]:
    """Return what is unusual about an approval; empty when nothing is.

    :param fast_within: an approval within this time after its approvers were asked is fast.
    """
    facts: list[Fact] = []
    if approval.is_high_risk and approval.zone is not None:
        local = approval.at.astimezone(approval.zone)
        if next_working_moment(approval.at, approval.zone, calendar) != approval.at:
            values = {"local": local.strftime("%Y-%m-%d %H:%M"), "zone": str(approval.zone)}
            facts.append(Fact(UnusualCode.OUTSIDE_HOURS, values))
    took = None if approval.asked_at is None else approval.at - approval.asked_at
    if took is not None and took < fast_within:
        facts.append(Fact(UnusualCode.FAST, {"seconds": max(0, int(took.total_seconds()))}))
    return (*facts, *_many(approval))


def _many(approval: Approval) -> tuple[Fact, ...]:
    """Return that there are far more approvals than usual, only with the approval that makes them many."""
    since = approval.at - DAY
    count = 1 + sum(since < at <= approval.at for at in approval.earlier)
    usual = _busiest_day([at for at in approval.earlier if since - USUAL_OVER < at <= since], since)
    is_first = count == max(_MANY_FROM, usual * _TIMES_USUAL)
    return (Fact(UnusualCode.MANY, {"count": count, "usual": usual}),) if is_first else ()


def _busiest_day(moments: Sequence[datetime], until: datetime) -> int:
    """Return the greatest number of moments in one of the days, each of 24 hours, that end at `until` or before."""
    days = [(until - at) // DAY for at in moments]
    return max((days.count(day) for day in set(days)), default=0)

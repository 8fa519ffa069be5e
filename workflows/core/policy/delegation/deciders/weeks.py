"""The week whose decisions a person is told, and when. Pure.

A week begins on Monday at midnight of the person's own time zone.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from workflows.core.policy.working_time import WorkingCalendar, next_working_moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """One week of a person: from `begins` until `ends`, which does not belong to it. Both are in UTC."""

    name: str
    """As ISO 8601 names it: `2026-W48`."""
    begins: datetime
    ends: datetime
    first: date
    last: date


def last_week(now: datetime, zone: tzinfo) -> Week:
    """Return the last week of a person that is over."""
    today = now.astimezone(zone).date()
    end = today - timedelta(days=today.weekday())
    begin = end - timedelta(weeks=1)
    year, number, _ = begin.isocalendar()
    return Week(
        name=f"{year}-W{number:02}",
        begins=datetime.combine(begin, time(0), zone).astimezone(UTC),
        ends=datetime.combine(end, time(0), zone).astimezone(UTC),
        first=begin,
        last=end - timedelta(days=1),
    )


def told_at(week: Week, zone: tzinfo, calendar: WorkingCalendar) -> datetime:
    """Return when a person is told about a week: on the first morning on which they work after it."""
    return next_working_moment(week.ends, zone, calendar)

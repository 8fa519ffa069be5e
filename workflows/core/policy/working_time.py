"""Working time: which days are working days, and when a person works. Pure.

Time limits of the organization count working days in UTC, each with its 24 hours: a day after Friday at 15:00 is Monday
at 15:00. A person's working hours are those of their own time zone.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingCalendar:
    """The organization's working days, and the hours in which people are reminded."""

    weekdays: frozenset[int] = frozenset(range(5))
    """The working days of a week: 0 is Monday. At least one."""
    begins: time = time(9)
    """The first working hour, in each person's own time zone."""
    ends: time = time(17)
    """The end of the working hours. The hour itself does not belong to them."""
    holidays: frozenset[date] = frozenset()

    def is_working_day(self, day: date) -> bool:
        """Return whether people work on a day."""
        return day.weekday() in self.weekdays and day not in self.holidays


def add_working_time(start: datetime, duration: timedelta, calendar: WorkingCalendar) -> datetime:
    """Return when working days have lasted for `duration` since a moment. Other days do not count."""
    moment, left = start.astimezone(UTC), duration
    while left > timedelta(0):
        midnight = _next_midnight(moment)
        if calendar.is_working_day(moment.date()):
            if left <= midnight - moment:
                return moment + left
            left -= midnight - moment
        moment = midnight
    return moment


def add_working_days(start: datetime, days: int, calendar: WorkingCalendar) -> datetime:
    """Return the moment a number of working days after another moment."""
    return add_working_time(start, days * _DAY, calendar)


def subtract_working_time(end: datetime, duration: timedelta, calendar: WorkingCalendar) -> datetime:
    """Return since when working days last for `duration` until a moment. Other days do not count."""
    moment, left = end.astimezone(UTC), duration
    while left > timedelta(0):
        midnight = _midnight_before(moment)
        if calendar.is_working_day(midnight.date()):
            if left <= moment - midnight:
                return moment - left
            left -= moment - midnight
        moment = midnight
    return moment


def working_time_between(start: datetime, end: datetime, calendar: WorkingCalendar) -> timedelta:
    """Return how long working days lasted between two moments; nothing when the end is before the start."""
    moment, until, worked = start.astimezone(UTC), end.astimezone(UTC), timedelta(0)
    while moment < until:
        part_end = min(_next_midnight(moment), until)
        if calendar.is_working_day(moment.date()):
            worked += part_end - moment
        moment = part_end
    return worked


def working_days_between(start: datetime, end: datetime, calendar: WorkingCalendar) -> int:
    """Return how many whole working days lie between two moments."""
    return working_time_between(start, end, calendar) // _DAY


def next_working_moment(at: datetime, zone: tzinfo, calendar: WorkingCalendar) -> datetime:
    """Return when a person in a time zone works next: the moment itself in their working hours, in UTC."""
    local = at.astimezone(zone)
    if calendar.is_working_day(local.date()) and calendar.begins <= local.time() < calendar.ends:
        return at.astimezone(UTC)
    day = local.date() if local.time() < calendar.begins else local.date() + _DAY
    while not calendar.is_working_day(day):
        day += _DAY
    return datetime.combine(day, calendar.begins, zone).astimezone(UTC)


def _next_midnight(moment: datetime) -> datetime:
    return datetime.combine(moment.date() + _DAY, time(0), UTC)


def _midnight_before(moment: datetime) -> datetime:
    """Return the midnight at which the day began that ends at a moment, or that contains it."""
    day = moment.date() if moment.time() != time(0) else moment.date() - _DAY
    return datetime.combine(day, time(0), UTC)

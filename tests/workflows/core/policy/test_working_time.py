"""Working time: days without weekends and holidays, and the working hours of a person's own time zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from workflows.core.policy.working_time import (
    WorkingCalendar,
    add_working_days,
    add_working_time,
    next_working_moment,
    subtract_working_time,
    working_days_between,
    working_time_between,
)

CALENDAR = WorkingCalendar(holidays=frozenset({date(2026, 12, 25)}))
"""25 December 2026 is a Friday."""
DAY = timedelta(days=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-12-21 15:00", 0, "2026-12-21 15:00"),
        ("2026-12-21 15:00", 1, "2026-12-22 15:00"),
        ("2026-12-18 15:00", 1, "2026-12-21 15:00"),
        ("2026-12-24 15:00", 1, "2026-12-28 15:00"),
        ("2026-12-24 15:00", 6, "2027-01-04 15:00"),
        ("2026-12-19 10:00", 1, "2026-12-22 00:00"),
        ("2026-12-25 10:00", 0, "2026-12-25 10:00"),
    ],
)
def test_working_days_leave_out_weekends_and_holidays(start: str, days: int, end: str) -> None:
    reached = add_working_days(utc(start), days, CALENDAR)
    assert reached == utc(end)
    assert working_days_between(utc(start), reached, CALENDAR) == days


def test_a_part_of_a_day_counts_as_that_part() -> None:
    start, half = utc("2026-12-24 18:00"), timedelta(hours=12)
    assert add_working_time(start, half, CALENDAR) == utc("2026-12-28 06:00")
    assert working_time_between(start, utc("2026-12-28 06:00"), CALENDAR) == half
    assert working_time_between(utc("2026-12-28 06:00"), start, CALENDAR) == timedelta(0)


def test_a_moment_before_another_counts_back_over_weekends_and_holidays() -> None:
    assert subtract_working_time(utc("2026-12-24 18:00"), timedelta(hours=6), CALENDAR) == utc("2026-12-24 12:00")
    assert subtract_working_time(utc("2026-12-28 06:00"), timedelta(hours=12), CALENDAR) == utc("2026-12-24 18:00")
    assert subtract_working_time(utc("2026-12-26 10:00"), timedelta(0), CALENDAR) == utc("2026-12-26 10:00")


@pytest.mark.parametrize(
    ("at", "zone", "moment"),
    [
        ("2026-12-21 15:00", "Europe/Berlin", "2026-12-21 15:00"),
        ("2026-12-21 16:00", "Europe/Berlin", "2026-12-22 08:00"),
        ("2026-12-21 07:59", "Europe/Berlin", "2026-12-21 08:00"),
        ("2026-12-21 15:00", "America/New_York", "2026-12-21 15:00"),
        ("2026-12-21 15:00", "Asia/Tokyo", "2026-12-22 00:00"),
        ("2026-12-24 15:00", "Asia/Tokyo", "2026-12-28 00:00"),
        ("2026-12-24 23:00", "America/New_York", "2026-12-28 14:00"),
        ("2027-03-27 12:00", "Europe/Berlin", "2027-03-29 07:00"),
    ],
    ids=["in-hours", "evening", "morning", "other-zone", "their-night", "holiday-there", "holiday-here", "summer-time"],
)
def test_a_person_is_reminded_in_the_working_hours_of_their_own_time_zone(at: str, zone: str, moment: str) -> None:
    assert next_working_moment(utc(at), ZoneInfo(zone), CALENDAR) == utc(moment)


@pytest.mark.threats("G12")
@pytest.mark.parametrize(
    "around",
    ["2027-03-28 00:00", "2027-10-31 00:00", "2028-02-29 00:00", "2027-08-31 00:00"],
    ids=["to-summer-time", "from-summer-time", "leap-day", "month-end"],
)
def test_around_a_change_of_the_clocks_each_slot_comes_once_and_later_moments_have_later_slots(around: str) -> None:
    """A reminder falls into working time, so that it is not put off again; an hour is never skipped."""
    zone, begin = ZoneInfo("Europe/Berlin"), utc(around) - 4 * DAY
    moments = [begin + timedelta(minutes=20 * number) for number in range(8 * 24 * 3)]
    slots = [next_working_moment(moment, zone, CALENDAR) for moment in moments]
    assert slots == sorted(slots)
    assert all(slot >= moment for slot, moment in zip(slots, moments, strict=True))
    assert [next_working_moment(slot, zone, CALENDAR) for slot in slots] == slots
    mornings = {slot for slot, moment in zip(slots, moments, strict=True) if slot != moment}
    assert len({slot.astimezone(zone).date() for slot in mornings}) == len(mornings), "one a day"
    days = {slot.astimezone(zone).date() for slot in slots}
    assert len(days) >= 5, "each working day has its slot"


def test_other_working_days_are_those_of_the_calendar() -> None:
    sunday_to_thursday = WorkingCalendar(weekdays=frozenset({6, 0, 1, 2, 3}))
    assert add_working_days(utc("2026-12-17 15:00"), 1, sunday_to_thursday) == utc("2026-12-20 15:00")

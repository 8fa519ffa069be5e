"""The week whose decisions a person is told, and the morning on which they are told."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from workflows.core.policy.delegation.deciders.weeks import last_week, told_at
from workflows.core.policy.working_time import WorkingCalendar

TOKYO = ZoneInfo("Asia/Tokyo")


def test_the_last_week_ends_on_monday_at_midnight_of_the_persons_zone() -> None:
    week = last_week(datetime(2026, 11, 29, 16, tzinfo=UTC), TOKYO)  # Monday, 01:00 in Tokyo
    assert (week.name, week.first, week.last) == ("2026-W48", date(2026, 11, 23), date(2026, 11, 29))
    assert (week.begins, week.ends) == (
        datetime(2026, 11, 22, 15, tzinfo=UTC),
        datetime(2026, 11, 29, 15, tzinfo=UTC),
    )
    assert last_week(datetime(2026, 11, 29, 14, tzinfo=UTC), TOKYO).name == "2026-W47"


def test_a_week_is_named_by_the_year_of_its_number() -> None:
    assert last_week(datetime(2027, 1, 4, 9, tzinfo=UTC), UTC).name == "2026-W53"


def test_it_is_told_on_the_first_working_morning_after_it() -> None:
    week = last_week(datetime(2026, 12, 1, tzinfo=UTC), TOKYO)
    assert told_at(week, TOKYO, WorkingCalendar()) == datetime(2026, 11, 30, 0, tzinfo=UTC)
    holiday = WorkingCalendar(holidays=frozenset({date(2026, 11, 30)}))
    assert told_at(week, TOKYO, holiday) == datetime(2026, 12, 1, 0, tzinfo=UTC)

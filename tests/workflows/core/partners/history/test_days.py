"""The days of a report: ISO days in UTC, the last one included; anything else is refused with the field."""

from datetime import UTC, date, datetime

import pytest

from workflows.core.partners.history.days import DayProblem, Days, WrongDay, parse_days


def test_both_days_are_included_in_utc() -> None:
    days = parse_days("2028-02-28", "2028-02-29")
    assert days == Days(first=date(2028, 2, 28), last=date(2028, 2, 29))
    assert days.since == datetime(2028, 2, 28, tzinfo=UTC)
    assert days.before == datetime(2028, 3, 1, tzinfo=UTC)


def test_a_day_that_is_not_given_is_no_limit() -> None:
    days = parse_days(None, None)
    assert (days, days.since, days.before) == (Days(), None, None)


@pytest.mark.parametrize(
    "text",
    [
        *("", "today", "2026-13-01", "2026-02-30", "20261127", "2026-W01-1", "2026-11-27T10:00", "27.11.2026"),
        *(" 2026-11-27", "9999-12-31", "２０２６-11-27"),
    ],
)
@pytest.mark.parametrize("is_last", [False, True])
def test_what_is_no_day_is_refused_with_its_field(text: str, is_last: bool) -> None:
    with pytest.raises(WrongDay) as refused:
        parse_days(*((None, text) if is_last else (text, None)))
    assert (refused.value.problem, refused.value.is_last) == (DayProblem.NO_DAY, is_last)


def test_the_last_day_is_not_before_the_first() -> None:
    assert parse_days("2026-11-27", "2026-11-27").first == date(2026, 11, 27)
    with pytest.raises(WrongDay) as refused:
        parse_days("2026-11-27", "2026-11-26")
    assert (refused.value.problem, refused.value.is_last) == (DayProblem.LAST_BEFORE_FIRST, True)

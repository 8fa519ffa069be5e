"""Read the organization's holidays from holidays.toml, beside the templates: the dates on which nobody is reminded."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

from workflows.core.policy.working_time import WorkingCalendar

HOLIDAYS_FILE: Final = "holidays.toml"
MAX_DATES: Final = 2000
MAX_DAYS_WITHOUT_WORK: Final = 31
"""More days in a row on which nobody works stop every wait, so such a file is refused."""
_CURE: Final = "write dates without quotation marks, as in dates = [2026-12-25, 2026-12-26]"


def read_holidays(document: dict[str, Any], problems: list[str]) -> WorkingCalendar:
    """Return the calendar of the organization; add every problem of the file to `problems`.

    :param document: the content of holidays.toml; empty when there is no such file.
    """
    problems += [f"{HOLIDAYS_FILE}: {key}: no such key; {_CURE}" for key in document if key != "dates"]
    listed = document.get("dates", [])
    if not isinstance(listed, list):
        problems.append(f"{HOLIDAYS_FILE}: dates: not a list; {_CURE}")
        return WorkingCalendar()
    if len(listed) > MAX_DATES:
        problems.append(f"{HOLIDAYS_FILE}: dates: {len(listed)} dates; list at most {MAX_DATES}")
        return WorkingCalendar()
    problems += [
        f"{HOLIDAYS_FILE}: dates.{place}: {value!r} is not a date; {_CURE}"
        for place, value in enumerate(listed)
        if type(value) is not date  # NB. a time of a day is a kind of date in Python
    ]
    calendar = WorkingCalendar(holidays=frozenset(value for value in listed if type(value) is date))
    problems += _too_long_pauses(calendar)
    return calendar


def _too_long_pauses(calendar: WorkingCalendar) -> Iterator[str]:
    """Return the problem of a calendar in which nobody works for too long; at most one."""
    for holiday in sorted(calendar.holidays):
        try:
            days = [holiday + timedelta(days=ahead) for ahead in range(MAX_DAYS_WITHOUT_WORK)]
        except OverflowError:
            yield f"{HOLIDAYS_FILE}: dates: {holiday} is too late; remove it"
            return
        if not any(map(calendar.is_working_day, days)):
            yield (
                f"{HOLIDAYS_FILE}: dates: no working day for {MAX_DAYS_WITHOUT_WORK} days from {holiday}; "
                "remove some dates, or every wait would stop"
            )
            return

"""The days of a report: the first and the last one, which is included. All days are in UTC."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class DayProblem(StrEnum):
    """Why days cannot be used."""

    NO_DAY = "no_day"
    LAST_BEFORE_FIRST = "last_before_first"


class WrongDay(Exception):
    """A typed day cannot be used. `is_last` names the field: the last day, or the first one."""

    def __init__(self, problem: DayProblem, *, is_last: bool) -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.is_last = is_last


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """The days of a report. None: without a beginning, or without an end."""

    first: date | None = None
    last: date | None = None
    """The last day. It is included."""

    @property
    def since(self) -> datetime | None:
        """Return the beginning of the first day."""
        return None if self.first is None else datetime.combine(self.first, time(), UTC)

    @property
    def before(self) -> datetime | None:
        """Return the end of the last day: the first moment that is not included."""
        return None if self.last is None else datetime.combine(self.last + timedelta(days=1), time(), UTC)


def parse_days(first: str | None, last: str | None) -> Days:
    """Read two days as ISO text, as in "2026-11-27"; None for a day that was not given.

    :raises WrongDay: when a text is no day, or the last day is before the first.
    """
    days = Days(first=_day(first, is_last=False), last=_day(last, is_last=True))
    if days.first is not None and days.last is not None and days.last < days.first:
        raise WrongDay(DayProblem.LAST_BEFORE_FIRST, is_last=True)
    return days


def _day(text: str | None, *, is_last: bool) -> date | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    # The end of the calendar's last day cannot be computed.
    if day is None or day == date.max:
        raise WrongDay(DayProblem.NO_DAY, is_last=is_last)
    return day

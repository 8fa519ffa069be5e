"""What is unusual about a decision: its hour, its speed, its number. Nothing else is."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest

from workflows.core.policy.delegation.deciders.unusual import Approval, UnusualCode, unusual
from workflows.core.policy.working_time import WorkingCalendar

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
"""A Tuesday."""
FAST = timedelta(seconds=10)
HOUR = timedelta(hours=1)


def codes(
    at: datetime = NOON,
    *,
    high: bool = True,
    asked: timedelta | None = HOUR,
    zone: tzinfo | None = UTC,
    earlier: Sequence[datetime] = (),
) -> list[str]:
    approval = Approval(
        at=at, is_high_risk=high, asked_at=None if asked is None else at - asked, zone=zone, earlier=earlier
    )
    return [fact.code for fact in unusual(approval, WorkingCalendar(), FAST)]


def test_an_approval_in_working_hours_an_hour_after_the_message_is_usual() -> None:
    assert codes() == []


@pytest.mark.parametrize(
    ("at", "zone", "expected"),
    [
        ("2026-11-24T03:12:00+00:00", "UTC", [UnusualCode.OUTSIDE_HOURS]),
        ("2026-11-24T09:00:00+00:00", "UTC", []),
        ("2026-11-24T17:00:00+00:00", "UTC", [UnusualCode.OUTSIDE_HOURS]),
        ("2026-11-24T03:12:00+00:00", "Asia/Tokyo", []),
        ("2026-11-28T12:00:00+00:00", "UTC", [UnusualCode.OUTSIDE_HOURS]),
    ],
)
def test_the_hours_are_those_of_the_persons_own_time_zone_and_working_days(
    at: str, zone: str, expected: list[str]
) -> None:
    assert codes(datetime.fromisoformat(at), zone=ZoneInfo(zone)) == expected


def test_only_high_risk_is_judged_by_the_hour_and_only_when_the_zone_is_known() -> None:
    night = NOON - 9 * HOUR
    assert codes(night, high=False) == []
    assert codes(night, zone=None) == []


def test_the_local_time_is_named() -> None:
    approval = Approval(at=NOON, is_high_risk=True, asked_at=None, zone=ZoneInfo("America/Los_Angeles"), earlier=())
    (fact,) = unusual(approval, WorkingCalendar(), FAST)
    assert fact.values == {"local": "2026-11-24 04:00", "zone": "America/Los_Angeles"}


@pytest.mark.parametrize(("seconds", "expected"), [(9, [UnusualCode.FAST]), (10, []), (-1, [UnusualCode.FAST])])
def test_an_approval_within_seconds_is_fast_at_any_risk(seconds: int, expected: list[str]) -> None:
    assert codes(asked=timedelta(seconds=seconds), high=False) == expected


def test_when_it_is_not_known_when_the_approvers_were_asked_nothing_is_fast() -> None:
    assert codes(asked=None) == []


def test_five_within_a_day_are_many_for_somebody_who_never_approves_and_it_is_said_once() -> None:
    def earlier(count: int) -> list[datetime]:
        return [NOON - number * timedelta(minutes=20) for number in range(1, count + 1)]

    assert [codes(earlier=earlier(count)) for count in range(3, 6)] == [[], [UnusualCode.MANY], []]


def test_what_is_many_depends_on_the_busiest_of_the_last_thirty_days() -> None:
    two_a_day = [NOON - day * 24 * HOUR - part * HOUR for day in range(2, 12) for part in (1, 2)]
    today = [NOON - number * timedelta(minutes=20) for number in range(1, 5)]
    assert codes(earlier=[*two_a_day, *today]) == []
    assert codes(earlier=[*two_a_day, *today, NOON - 2 * HOUR]) == [UnusualCode.MANY]


def test_an_approval_of_long_ago_makes_nothing_usual() -> None:
    long_ago = [NOON - timedelta(days=40)] * 9
    today = [NOON - number * timedelta(minutes=20) for number in range(1, 5)]
    assert codes(earlier=[*long_ago, *today]) == [UnusualCode.MANY]

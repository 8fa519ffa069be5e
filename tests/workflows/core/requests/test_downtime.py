"""After an outage, an earlier approval is applied only when the partner is unchanged."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.workflows.core.builders import AMARA, NOW, accounts_plan, approval, prepared, request
from workflows.core.plans.accounts import AccountChange
from workflows.core.requests.delays.downtime import (
    AUDIT_KEPT_FOR,
    BEFORE_A_TICK,
    MAX_PAUSE_WITHOUT_GAP,
    STARTS_WAIT_FOR,
    Gap,
    gap_at_start,
    gap_at_tick,
    gaps_began_at,
    gaps_in_the_log,
    gaps_until,
    is_told_of_gap,
    must_starts_wait,
    time_of_oldest_read,
)
from workflows.core.requests.request import RequestKind, RequestState

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
TOO_LONG = MAX_PAUSE_WITHOUT_GAP + SECOND
GAP = Gap(since=NOW + HOUR, until=NOW + 2 * HOUR)


@pytest.mark.parametrize(
    ("last_tick", "has_records", "gap"),
    [
        (NOW - MAX_PAUSE_WITHOUT_GAP, True, None),
        (NOW - TOO_LONG, True, Gap(since=NOW - TOO_LONG, until=NOW)),
        (NOW - TOO_LONG, False, Gap(since=NOW - TOO_LONG, until=NOW)),
        (None, True, Gap(since=None, until=NOW)),
        (None, False, None),
    ],
)
def test_a_start_ends_a_gap_unless_it_was_short_or_nothing_is_stored(
    last_tick: datetime | None, has_records: bool, gap: Gap | None
) -> None:
    assert gap_at_start(last_tick, has_records=has_records, now=NOW) == gap


@pytest.mark.parametrize(
    ("last_tick", "gap"),
    [
        (None, None),
        (NOW - MAX_PAUSE_WITHOUT_GAP, None),
        (NOW - TOO_LONG, Gap(since=NOW - TOO_LONG, until=NOW - BEFORE_A_TICK)),
    ],
)
def test_a_tick_ends_a_gap_shortly_before_it(last_tick: datetime | None, gap: Gap | None) -> None:
    assert gap_at_tick(last_tick, now=NOW) == gap


def test_without_a_gap_nothing_is_checked() -> None:
    assert time_of_oldest_read(request(RequestState.APPLYING), None) is None


def test_closing_never_waits_for_a_check() -> None:
    assert time_of_oldest_read(request(RequestState.APPLYING, RequestKind.REVOCATION), GAP) is None


@pytest.mark.parametrize("kind", [RequestKind.ACCESS, RequestKind.RESTORATION])
def test_decisions_from_before_the_end_of_the_gap_are_checked(kind: RequestKind) -> None:
    last = GAP.until - SECOND
    before, after = approval(AMARA, 0, at=last), approval(AMARA, 0, at=GAP.until)
    late = prepared(kind, observation=replace(prepared(kind).observation, at=GAP.until))
    assert GAP.since is not None
    for decisions, since in (((before,), GAP.since), ((after, before), GAP.since), ((after,), None)):
        known = request(RequestState.APPLYING, kind, decisions=decisions, prepared=late)
        assert time_of_oldest_read(known, GAP) == since


def test_the_check_begins_at_the_earliest_of_reading_deciding_and_the_gap() -> None:
    minute = timedelta(minutes=1)
    seen = prepared(observation=replace(prepared().observation, at=NOW + 2 * minute))
    known = request(RequestState.APPLYING, decisions=(approval(AMARA, 0, at=NOW + 3 * minute),), prepared=seen)
    assert time_of_oldest_read(known, replace(GAP, since=NOW + minute)) == NOW + minute
    assert time_of_oldest_read(known, GAP) == NOW + 2 * minute
    assert time_of_oldest_read(known, replace(GAP, since=None)) == NOW + 2 * minute
    earlier = replace(known, decisions=(approval(AMARA, 0, at=NOW),))
    assert time_of_oldest_read(earlier, GAP) == NOW


def test_what_nobody_decided_and_nothing_was_read_for_counts_from_its_filing() -> None:
    known = request(RequestState.PREPARING)
    assert time_of_oldest_read(known, GAP) == NOW
    assert time_of_oldest_read(replace(known, created_at=GAP.until), GAP) is None


def test_for_a_later_start_only_the_gaps_after_its_decisions_and_after_the_last_check_matter() -> None:
    known = request(RequestState.SCHEDULED, decisions=(approval(AMARA, 0, at=NOW), approval(AMARA, 1, at=NOW + HOUR)))
    earlier = Gap(since=NOW - HOUR, until=NOW)
    first, second = (Gap(since=NOW + n * HOUR, until=NOW + n * HOUR + TOO_LONG) for n in (5, 9))
    gaps = (earlier, first, second)
    assert gaps_began_at(known, gaps, checked_until=None) == first.since
    assert gaps_began_at(known, gaps, checked_until=first.until) == second.since
    assert gaps_began_at(known, gaps, checked_until=second.until) is None
    assert gaps_began_at(known, (earlier,), checked_until=None) is None
    assert gaps_began_at(known, (*gaps, Gap(since=None, until=second.until)), checked_until=None) is None, "not known"
    assert gaps_began_at(replace(known, decisions=()), gaps, checked_until=NOW - HOUR) == first.since


def test_who_confirms_an_undo_after_a_gap_is_not_asked_for_ever() -> None:
    """No approver decides, and the request is older than the gap: what counts is when the accounts were shown."""
    kind = RequestKind.ENABLE_GUESTS
    shown = prepared(kind, plan=accounts_plan(AccountChange.ENABLE), stages=())
    asked = request(RequestState.APPLYING, kind, prepared=shown, decisions=(), created_at=NOW - HOUR)
    assert time_of_oldest_read(asked, Gap(since=NOW - HOUR / 2, until=NOW + HOUR)) == NOW - HOUR / 2
    later = replace(shown, observation=replace(shown.observation, at=GAP.until))
    assert time_of_oldest_read(replace(asked, prepared=later), GAP) is None


def test_no_access_starts_for_a_quarter_of_an_hour_after_a_gap() -> None:
    first, last = (Gap(since=NOW - n * HOUR, until=NOW - n * HOUR + TOO_LONG) for n in (5, 1))
    for gap in (first, last):
        assert must_starts_wait((first, last), gap.until)
        assert must_starts_wait((first, last), gap.until + STARTS_WAIT_FOR - SECOND)
        assert not must_starts_wait((first, last), gap.until + STARTS_WAIT_FOR)
        assert not must_starts_wait((first, last), gap.until - SECOND), "the clock was set back"
    assert not must_starts_wait((), NOW)


def test_the_log_is_read_again_from_the_first_gap_that_it_still_shows() -> None:
    known = request(RequestState.SCHEDULED, decisions=(approval(AMARA, 0, at=NOW),))
    first, second = (Gap(since=NOW + n * HOUR, until=NOW + n * HOUR + TOO_LONG) for n in (5, 9))
    assert first.since is not None
    assert second.since is not None
    gaps = (Gap(since=NOW - HOUR, until=NOW), Gap(since=None, until=NOW + HOUR), first, second)
    assert gaps_in_the_log(known, gaps, first.since + AUDIT_KEPT_FOR) == first.since
    assert gaps_in_the_log(known, gaps, first.since + AUDIT_KEPT_FOR + SECOND) == second.since
    assert gaps_in_the_log(known, gaps, second.since + AUDIT_KEPT_FOR + SECOND) is None


def test_people_are_told_of_a_gap_in_which_they_could_take_back_a_later_start() -> None:
    decided = (approval(AMARA, 0, at=GAP.until - SECOND),)
    known = request(RequestState.SCHEDULED, decisions=decided)
    assert is_told_of_gap(known, GAP)
    assert not is_told_of_gap(known, replace(GAP, until=GAP.until - SECOND)), "it was approved after that gap"
    assert not is_told_of_gap(replace(known, state=RequestState.AWAITING_APPROVAL), GAP), "people decide on it anyway"


def test_of_a_gap_that_reaches_beyond_a_clock_that_was_set_back_the_part_before_now_is_left() -> None:
    """The clock jumped from one hour to ten, and is set back to five: until five the bot did not run."""
    early, late = Gap(since=None, until=NOW), Gap(since=NOW + HOUR, until=NOW + 10 * HOUR)
    assert gaps_until((early, late), NOW + 5 * HOUR) == (early, replace(late, until=NOW + 5 * HOUR))
    assert gaps_until((early, late), NOW + HOUR) == (early,), "set back to before it, nothing of it happened"
    assert gaps_until((early, late), NOW + 11 * HOUR) == (early, late)

"""Which notice is due when, and from when on an end may block."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from workflows.core.partners.access_end.notices import (
    ADMINS_DECIDE_WITHIN,
    ASKED_AGAIN_EVERY,
    AT_THE_END,
    SENDING_TAKES,
    EndNotice,
    block_from,
    due_notice,
    is_nobody_told,
    lowest_issued,
    must_ask_again,
    newest_notice,
    next_notice_at,
    with_result,
)
from workflows.core.requests.delays.downtime import Gap, known_gaps

END: Final = datetime(2028, 3, 1, tzinfo=UTC)
"""A day after a leap day."""
DAY: Final = timedelta(days=1)
START: Final = END - 180 * DAY


def notice(days: int, *, delivered: datetime | None = None, ends_at: datetime = END, batch: str = "b") -> EndNotice:
    at = ends_at - timedelta(days=days)
    return EndNotice(
        ends_at=ends_at, days=days, issued_at=at, batch=batch, is_sent=delivered is not None, delivered_at=delivered
    )


def announced(days: int) -> EndNotice:
    """A notice that was delivered when it was due."""
    return notice(days, delivered=END - timedelta(days=days))


def test_notices_come_thirty_fourteen_three_and_one_days_before() -> None:
    issued: list[EndNotice] = []
    moments = []
    while (at := next_notice_at(START, END, issued)) is not None:
        assert due_notice(START, END, issued, at - timedelta(seconds=1)) is None
        days = due_notice(START, END, issued, at)
        assert days is not None
        moments.append(at)
        issued.append(notice(days))
    assert moments == [datetime(2028, 1, 31, tzinfo=UTC), datetime(2028, 2, 16, tzinfo=UTC), END - 3 * DAY, END - DAY]
    assert lowest_issued(END, issued) == 1


def test_a_short_period_has_only_the_notices_that_fit() -> None:
    """Access for 14 days gets the notices of 3 and 1 days; that of 14 days would come with the approval."""
    assert next_notice_at(END - 14 * DAY, END, ()) == END - 3 * DAY
    assert next_notice_at(END - DAY, END, ()) is None
    assert due_notice(END - DAY, END, (), END - timedelta(hours=1)) is None


def test_after_a_downtime_only_the_newest_notice_is_due() -> None:
    assert due_notice(START, END, (), END - 2 * DAY) == 3
    assert due_notice(START, END, [notice(3)], END - 2 * DAY) is None, "the earlier ones are left out for good"
    assert due_notice(START, END, [notice(30)], END) is None, "the end has come"


def test_a_clock_that_is_set_back_repeats_no_notice() -> None:
    issued = [notice(3)]
    assert due_notice(START, END, issued, END - 20 * DAY) is None
    assert next_notice_at(START, END, issued) == END - DAY


def test_another_end_has_notices_of_its_own() -> None:
    extended = END + 180 * DAY
    assert due_notice(END - 5 * DAY, extended, [notice(1)], extended - 30 * DAY) == 30
    assert block_from(extended, [announced(30)], ()) is None


def test_a_result_is_recorded_once() -> None:
    first = with_result([notice(30)], "b", delivered_at=END)
    assert (first[0].is_sent, first[0].delivered_at) == (True, END)
    assert with_result(first, "b", delivered_at=None) == first
    assert with_result([notice(30)], "other", delivered_at=END) == (notice(30),)


@pytest.mark.parametrize("days", [30, 14, 3])
def test_a_delivered_notice_lets_the_end_block_at_its_moment(days: int) -> None:
    assert block_from(END, [announced(days)], ()) == END


def test_without_a_delivered_notice_nothing_blocks() -> None:
    assert block_from(END, [], ()) is None
    assert block_from(END, [notice(30), notice(3)], ()) is None


def test_a_notice_of_the_last_day_is_too_late_so_the_admins_have_a_week() -> None:
    assert block_from(END, [announced(1)], ()) == END + ADMINS_DECIDE_WITHIN


def test_the_question_at_the_end_counts_as_a_notice_once_it_is_three_days_old() -> None:
    asked = notice(AT_THE_END, delivered=END + timedelta(hours=1))
    assert block_from(END, [asked], ()) == END + ADMINS_DECIDE_WITHIN
    late = notice(AT_THE_END, delivered=END + 6 * DAY)
    assert block_from(END, [late], ()) == END + 9 * DAY


def test_a_clock_that_jumps_never_brings_a_block_forward() -> None:
    """The bot must have run from the notice until the end, however old the notice looks."""
    jump = Gap(since=END - 20 * DAY, until=END + 10 * DAY)
    assert block_from(END, [announced(30)], [jump]) == END + 30 * DAY


def test_a_short_downtime_moves_the_block_by_its_own_length() -> None:
    pause = Gap(since=END - 2 * DAY, until=END - 2 * DAY + timedelta(minutes=20))
    assert block_from(END, [announced(3)], [pause]) == END + timedelta(minutes=20)
    before = Gap(since=END - 40 * DAY, until=END - 35 * DAY)
    assert block_from(END, [announced(30)], [before]) == END, "before the notice it does not matter"
    unknown = Gap(since=None, until=END - 2 * DAY)
    assert block_from(END, [announced(3)], [unknown]) == END + DAY, "nothing is known of the time before it"


def test_the_newest_notice_replaces_earlier_ones_about_the_same_end() -> None:
    assert newest_notice(END, ()) is None
    assert newest_notice(END, [notice(3, ends_at=END + DAY)]) is None
    assert newest_notice(END, [notice(3), notice(1)]) == notice(1)


def test_only_a_question_that_nobody_got_is_asked_again_and_only_after_a_day() -> None:
    missed = replace(notice(AT_THE_END), is_sent=True)
    assert must_ask_again(END, [notice(30), missed], END + ASKED_AGAIN_EVERY)
    assert not must_ask_again(END, [missed], END + ASKED_AGAIN_EVERY - timedelta(seconds=1))
    for other in ([], [replace(notice(1), is_sent=True)], [notice(AT_THE_END)], [notice(AT_THE_END, delivered=END)]):
        assert not must_ask_again(END, other, END + 5 * DAY)


def test_nobody_is_told_when_the_question_was_sent_in_vain_or_cannot_be_sent() -> None:
    missed, waiting = replace(notice(AT_THE_END), is_sent=True), notice(AT_THE_END)
    assert is_nobody_told(END, [notice(1), missed], END)
    assert not is_nobody_told(END, [waiting], END + SENDING_TAKES - timedelta(seconds=1)), "it is on its way"
    assert is_nobody_told(END, [waiting], END + SENDING_TAKES)
    assert not is_nobody_told(END, [announced(30), missed], END + DAY)
    assert not is_nobody_told(END, [], END + DAY)
    assert not is_nobody_told(END, [notice(1)], END + DAY)
    assert is_nobody_told(END, [replace(announced(30), ends_at=START), missed], END), "of another end"


def test_gaps_are_kept_for_weeks_and_not_when_the_clock_was_set_back() -> None:
    old, new = Gap(since=None, until=START), Gap(since=START, until=END)
    assert known_gaps([old, new], END) == (new,)
    assert known_gaps([new], END - DAY) == (), "that time was no downtime"

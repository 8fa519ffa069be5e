"""Members that are tried in vain: whose turn it is, and when one is not tried any more."""

from dataclasses import replace
from datetime import timedelta

from tests.workflows.core.batches.examples import batch, row, tenant
from tests.workflows.core.builders import NOW, noted
from workflows.core.batches.batch import BatchState, RowCode, RowState
from workflows.core.batches.running.retries import (
    MAX_FAILURES,
    MEMBER_READ_FOR,
    UNTRIED_FOR,
    after_failure,
    after_pause,
    after_progress,
    after_wait,
    due,
    in_turn,
    seconds_until_due,
    why_given_up,
)

WAITING = row(1, RowState.WAITING)


def test_rows_after_the_last_that_was_tried_come_first() -> None:
    known = batch(BatchState.PREPARING, *(row(number, RowState.WAITING) for number in (1, 2, 3)))

    def order(last: int | None) -> list[int]:
        rows = in_turn(known, known.rows, None if last is None else tenant(last))
        return [[tenant(number) for number in range(9)].index(one.tenant_id) for one in rows]

    assert [order(last) for last in (None, 1, 2, 3, 8)] == [[1, 2, 3], [2, 3, 1], [3, 1, 2], [1, 2, 3], [1, 2, 3]]


def test_it_waits_since_the_first_time_until_it_is_in_another_state() -> None:
    waits = after_wait(after_wait(WAITING, NOW), NOW + UNTRIED_FOR)
    assert (waits.waits_since, waits.tried_at) == (NOW, NOW + UNTRIED_FOR)
    assert after_progress(WAITING, waits) is waits
    planned = after_progress(WAITING, replace(after_failure(waits), state=RowState.PLANNED))
    assert (planned.waits_since, planned.tried_at, planned.failures) == (None, None, 0)


def test_the_time_begins_again_after_an_outage_and_after_a_time_without_a_try() -> None:
    """Only tries in vain while the rest of the tenant answers say something about one partner."""
    waits = after_wait(WAITING, NOW)
    assert after_wait(waits, NOW + timedelta(minutes=1), is_outage=True).waits_since is None
    much_later = NOW + UNTRIED_FOR + timedelta(seconds=1)
    assert after_wait(waits, much_later).waits_since == much_later


def test_it_is_given_up_after_hours_or_after_some_errors() -> None:
    waits, answer = after_wait(WAITING, NOW), noted("no answer")
    assert why_given_up(waits, NOW + MEMBER_READ_FOR - timedelta(seconds=1), answer) == ()
    (fact,) = why_given_up(waits, NOW + MEMBER_READ_FOR, answer)
    assert (fact.code, fact.values["answer"]) == (RowCode.NOT_READ, [one.as_value() for one in answer])
    failed = WAITING
    for _ in range(MAX_FAILURES):
        assert why_given_up(failed, NOW, ()) == ()
        failed = after_failure(failed)
    assert [fact.code for fact in why_given_up(failed, NOW, ())] == [RowCode.KEEPS_FAILING]


def test_a_row_is_not_tried_before_the_pause_that_was_asked_for() -> None:
    paused = after_pause(WAITING, NOW, 30.0)
    soon = after_pause(row(2, RowState.WAITING), NOW, 10.0)
    assert due([paused, soon, row(3)], NOW) == [row(3)]
    assert due([paused, soon], NOW + timedelta(seconds=10)) == [soon]
    assert (seconds_until_due([paused, soon], NOW), seconds_until_due([paused, row(3)], NOW)) == (10.0, 0.0)
    assert after_pause(paused, NOW, None).not_before is None
    assert after_progress(paused, replace(paused, state=RowState.PLANNED)).not_before is None

"""How far a batch is, as every surface shows it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.workflows.core.batches.examples import batch, row
from tests.workflows.core.builders import NOW
from workflows.core.batches.batch import BatchState, RowState, Run
from workflows.core.batches.running.facts import NextStep, run_facts
from workflows.core.requests.request import RequestKind

LATER = NOW + timedelta(seconds=30)
MIXED = (
    row(1, RowState.APPLIED),
    row(2, RowState.SCHEDULED, plan_digest=row(2).plan_digest),
    row(3, RowState.LEFT, plan_digest=row(3).plan_digest),
    row(4, RowState.ENDED, plan_digest=row(4).plan_digest),
    row(5, not_before=LATER),
    row(6, waits_since=NOW),
    row(7),
    row(8, RowState.NOT_ASKED),
    row(9, RowState.ALONE),
)


def test_every_member_is_counted_once_and_rows_that_are_none_are_not() -> None:
    known = batch(BatchState.APPLYING, *MIXED, kind=RequestKind.ACCESS, runs=(Run(since=NOW, tried=4, failed=2),))
    facts = run_facts(known, NOW)
    counts = facts.counts
    assert (counts.members, counts.applied, counts.scheduled, counts.left, counts.ended) == (7, 1, 1, 1, 1)
    assert (counts.open, facts.waiting, counts.done) == (3, 2, 4)
    assert (facts.tried, facts.failed, facts.since) == (4, 2, NOW)
    assert (facts.next_step, facts.next_at) == (NextStep.WRITE, None)


def test_when_all_that_are_left_wait_it_says_until_when() -> None:
    rows = (row(1, not_before=LATER), row(2, not_before=LATER + timedelta(seconds=1)))
    known = batch(BatchState.APPLYING, *rows, kind=RequestKind.ACCESS)
    facts = run_facts(known, NOW)
    assert (facts.next_step, facts.next_at, facts.since) == (NextStep.WAIT, LATER, None)
    assert run_facts(known, LATER).next_step is NextStep.WRITE


def test_a_freeze_holds_what_writes() -> None:
    known = batch(BatchState.APPLYING, kind=RequestKind.ACCESS)
    assert run_facts(known, NOW, is_frozen=True).next_step is NextStep.FROZEN
    adoptions = replace(known, kind=RequestKind.ADOPTION)
    assert run_facts(adoptions, NOW, is_frozen=True).next_step is NextStep.WRITE


@pytest.mark.parametrize(
    ("state", "step"),
    [
        (BatchState.DRAFT, NextStep.CONFIRM),
        (BatchState.PREPARING, NextStep.PLAN),
        (BatchState.AWAITING_APPROVAL, NextStep.DECIDE),
        (BatchState.HALTED, NextStep.ANSWER),
        (BatchState.DONE, NextStep.NOTHING),
        (BatchState.STOPPED, NextStep.NOTHING),
        (BatchState.REJECTED, NextStep.NOTHING),
    ],
)
def test_each_state_has_a_next_step(state: BatchState, step: NextStep) -> None:
    assert run_facts(batch(state), NOW, is_frozen=True).next_step is step

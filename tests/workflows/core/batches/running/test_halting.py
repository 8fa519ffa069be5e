"""When a run halts by itself, what counts as a failure, and who answers."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.workflows.core.batches.examples import batch, row, tenant
from tests.workflows.core.builders import AMARA, BATCH, DANA, EXPIRY, NOW, RILEY, situation
from workflows.core.batches.batch import Batch, BatchRow, BatchState, HaltRule, RowCode, RowState, Run
from workflows.core.batches.commands import ExpireBatch, HaltBatch, RecordRows
from workflows.core.batches.lifecycle import advance_batch
from workflows.core.batches.running.halting import counted
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import Person
from workflows.core.requests.commands.batch import AnswerHalt
from workflows.core.requests.effects import AdvanceBatch, MessageCode, SendMessage, ShowBatch
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import RequestKind, RequestState


def ended(number: int, state: RequestState) -> BatchRow:
    """A member whose request ended in a state."""
    return row(number, RowState.ENDED, reason=(Fact(RowCode.STOPPED, {"state": state.value, "note": []}),))


def running(state: BatchState = BatchState.APPLYING, *, tried: int = 20, failed: int = 3, size: int = 3) -> Batch:
    """A batch of access whose members are being written."""
    rows = tuple(row(number) for number in range(1, size + 1))
    return batch(state, *rows, kind=RequestKind.ACCESS, runs=(Run(since=NOW, tried=tried, failed=failed),))


def stopped(code: NoteCode) -> BatchRow:
    """A row whose request was stopped for a reason."""
    values = {"state": RequestState.STOPPED.value, "note": [Fact(code).as_value()]}
    return row(1, RowState.ENDED, reason=(Fact(RowCode.STOPPED, values),))


@pytest.mark.parametrize(
    ("tried", "failed", "halts"),
    [
        (20, 2, False),
        (3, 3, True),
        (20, 3, True),
        (30, 3, False),
        (31, 3, False),
        (1000, 100, False),
        (1000, 101, True),
    ],
)
def test_a_run_halts_over_a_tenth_and_from_three_failures_on(tried: int, failed: int, *, halts: bool) -> None:
    assert HaltRule().is_met(Run(since=NOW, tried=tried, failed=failed)) is halts


def test_a_hundred_percent_never_halts_and_zero_halts_at_the_least_number() -> None:
    assert not HaltRule(percent=100).is_met(Run(since=NOW, tried=9, failed=9))
    assert HaltRule(percent=0).is_met(Run(since=NOW, tried=900, failed=3))


@pytest.mark.parametrize(
    ("after", "failed"),
    [
        (row(1, RowState.APPLIED), 0),
        (row(1, RowState.SCHEDULED), 0),
        (stopped(NoteCode.REVOKED_MEANWHILE), 0),
        (stopped(NoteCode.LEADS_ELSEWHERE), 1),
        (ended(1, RequestState.STOPPED), 1),
        (ended(1, RequestState.WITHDRAWN), 0),
        (ended(1, RequestState.FAILED), 1),
        (ended(1, RequestState.OVERWRITTEN), 1),
        (row(1, RowState.LEFT), 1),
        (row(1, RowState.LEFT, reason=(Fact(RowCode.FINISHED_ALONE),)), 0),
    ],
)
def test_what_people_ended_is_no_failure_and_what_could_not_be_applied_as_approved_is(
    after: BatchRow, failed: int
) -> None:
    run = counted(Run(since=NOW, tried=4, failed=1), (row(1), row(2)), (after, row(2)))
    is_known = Fact(RowCode.FINISHED_ALONE) not in after.reason
    assert (run.tried, run.failed) == (4 + is_known, 1 + failed)


@pytest.mark.parametrize("state", [RowState.PLANNED, RowState.WAITING])
def test_who_is_not_tried_or_planned_again_does_not_count(state: RowState) -> None:
    assert counted(Run(since=NOW), (row(1),), (row(1, state),)) == Run(since=NOW)
    assert counted(Run(since=NOW), (row(1, RowState.APPLIED),), (row(1, RowState.APPLIED),)) == Run(since=NOW)


def test_each_wave_is_counted_and_the_next_follows() -> None:
    rows = {tenant(1): row(1, RowState.APPLIED), tenant(2): ended(2, RequestState.FAILED)}
    after = advance_batch(running(tried=0, failed=0), RecordRows(batch_id=BATCH, rows=rows), situation())
    assert [(run.tried, run.failed) for run in after.batch.runs] == [(2, 1)]
    assert after.effects == (ShowBatch(batch_id=BATCH), AdvanceBatch(batch_id=BATCH))


def test_a_batch_of_an_earlier_version_has_no_run_to_count() -> None:
    rows = {tenant(1): row(1, RowState.APPLIED)}
    after = advance_batch(replace(running(), runs=()), RecordRows(batch_id=BATCH, rows=rows), situation())
    assert after.batch.runs == ()


def test_nothing_follows_a_halt_and_the_requester_is_told() -> None:
    after = advance_batch(running(), HaltBatch(batch_id=BATCH, rule=HaltRule()), situation())
    assert (after.batch.state, after.batch.runs[-1].halted_at) == (BatchState.HALTED, NOW)
    assert (after.batch.may_expire, after.batch.expires_at) == (True, EXPIRY)
    show, told = after.effects
    assert isinstance(show, ShowBatch)
    assert isinstance(told, SendMessage)
    assert (told.person, told.fact.code) == (RILEY.chat_id, MessageCode.BATCH_HALTED)
    assert told.fact.values == {
        "batch": BATCH,
        "tried": 20,
        "failed": 3,
        "applied": 0,
        "left": 3,
        "expires_at": EXPIRY.isoformat(),
    }


def test_a_halt_is_answered_within_the_usual_time_of_the_batch() -> None:
    known = replace(running(), lifetime=timedelta(days=14), expires_at=NOW - timedelta(days=1))
    after = advance_batch(known, HaltBatch(batch_id=BATCH, rule=HaltRule()), situation()).batch
    assert after.expires_at == NOW + timedelta(days=14)
    ended = advance_batch(after, ExpireBatch(batch_id=BATCH), situation(after.expires_at))
    assert (ended.batch.state, ended.batch.note) == (BatchState.STOPPED, (Fact(NoteCode.BATCH_HALT_UNANSWERED),))
    assert [type(effect) for effect in ended.effects] == [ShowBatch, SendMessage, AdvanceBatch]


def test_after_that_time_it_can_only_be_ended() -> None:
    late = situation(EXPIRY)
    command = AnswerHalt(actor=DANA, batch_id=BATCH, halt=1, goes_on=True, reason="Repaired")
    with pytest.raises(Refused) as refused:
        advance_batch(running(BatchState.HALTED), command, late)
    assert refused.value.code is RefusalCode.EXPIRED
    ended = advance_batch(running(BatchState.HALTED), replace(command, goes_on=False), late).batch
    assert ended.state is BatchState.STOPPED


@pytest.mark.parametrize(
    "known",
    [running(failed=2), replace(running(), runs=()), replace(running(), kind=RequestKind.ADOPTION)],
    ids=["too_few", "no_run", "writes_nothing"],
)
def test_only_a_run_that_writes_and_fails_halts(known: Batch) -> None:
    with pytest.raises(Refused) as refused:
        advance_batch(known, HaltBatch(batch_id=BATCH, rule=HaltRule()), situation())
    assert refused.value.code is RefusalCode.BATCH_NOT_POSSIBLE_NOW


def answered(person: Person = DANA, *, goes_on: bool = True, halt: int = 1, reason: str = "Repaired") -> Batch:
    """The batch after an answer to its halt."""
    command = AnswerHalt(actor=person, batch_id=BATCH, halt=halt, goes_on=goes_on, reason=reason)
    return advance_batch(running(BatchState.HALTED), command, situation()).batch


def test_a_continued_run_counts_from_the_beginning_and_keeps_the_approvals() -> None:
    after = answered()
    first, second = after.runs
    assert (after.state, after.decisions, after.digest) == (BatchState.APPLYING, (), running().digest)
    assert (first.answered_by, first.answered_at, first.goes_on) == (DANA, NOW, True)
    assert (second.since, second.tried, second.failed) == (NOW, 0, 0)


def test_an_ended_batch_says_who_ended_it_and_why() -> None:
    after = answered(goes_on=False)
    assert (after.state, after.has_ended, after.runs[-1].goes_on) == (BatchState.STOPPED, True, False)
    assert after.note == (Fact(NoteCode.BATCH_ENDED_AFTER_HALT, {"name": DANA.name, "reason": "Repaired"}),)


def test_only_admins_answer_with_a_reason_the_halt_that_was_shown() -> None:
    codes = []
    for wrong in ({"person": AMARA}, {"halt": 2}, {"reason": " "}):
        with pytest.raises(Refused) as refused:
            answered(**wrong)
        codes.append(refused.value.code)
    R = RefusalCode
    assert codes == [R.ONLY_ADMINS_ANSWER_HALT, R.HALT_ANSWERED, R.HALT_REASON_MISSING]

"""The approvers of a batch are reminded as those of a request are."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.workflows.core.batches.examples import batch, decided
from tests.workflows.core.builders import AMARA, BATCH, EXPIRY, NOW, situation
from workflows.core.batches.batch import BatchState
from workflows.core.batches.commands import RecordBatchPrepared, RemindBatchApprovers
from workflows.core.batches.lifecycle import advance_batch
from workflows.core.batches.reminding import (
    next_batch_due_at,
    next_batch_reminder_at,
    strictest_cadence,
    with_reminder_times,
)
from workflows.core.errors.raised import Refused
from workflows.core.policy.working_time import WorkingCalendar
from workflows.core.requests.deadlines.reminder_times import APPROVERS_REMINDED_AFTER
from workflows.core.requests.effects import MessageCode, SendMessage, ShowBatch

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
FIRST, SECOND = (NOW + after for after in APPROVERS_REMINDED_AFTER[:2])


def test_a_reminder_is_sent_at_its_time_and_once() -> None:
    command = RemindBatchApprovers(batch_id=BATCH)
    assert next_batch_reminder_at(batch()) == FIRST == next_batch_due_at(batch())
    with pytest.raises(Refused):
        advance_batch(batch(), command, situation(FIRST - timedelta(seconds=1)))
    reminded = advance_batch(batch(), command, situation(FIRST))
    assert reminded.effects == (ShowBatch(batch_id=BATCH, remind=True),)
    assert next_batch_reminder_at(reminded.batch) == SECOND
    with pytest.raises(Refused):
        advance_batch(reminded.batch, command, situation(FIRST))


def test_a_batch_is_reminded_on_the_working_days_that_the_strictest_template_says() -> None:
    """Each reminder comes when the first of any of its templates would. NOW is a Monday; Tuesday is a holiday."""
    assert NOW.weekday() == 0
    calendar = WorkingCalendar(holidays=frozenset({NOW.date() + DAY}))
    begun = batch(BatchState.PREPARING, lifetime=14 * DAY, expires_at=NOW + 14 * DAY)
    cadence = strictest_cadence([(1, 3), (2, 3, 5), (1, 4)])
    command = RecordBatchPrepared(batch_id=BATCH, stages=begun.stages, roles={}, templates={}, remind_after=cadence)
    asked = advance_batch(begun, command, replace(situation(NOW), calendar=calendar)).batch
    assert cadence == (1, 3, 5)
    assert asked.reminders == (NOW + 2 * DAY, NOW + 4 * DAY, NOW + 8 * DAY, asked.notice_at)
    assert asked.notice_at == NOW + 10 * DAY, "two working days before it expires; Saturday and Sunday do not count"
    uploaded = replace(asked, list_file=batch().list_file)
    assert next_batch_reminder_at(replace(uploaded, digest=batch().digest)) == NOW + 2 * DAY


def test_a_stage_that_is_asked_later_has_its_own_times_and_they_stay() -> None:
    known = batch(remind_after=(1, 2))
    later = NOW + timedelta(hours=30)
    approved = decided(AMARA, 0, known.digest)  # type: ignore[arg-type]
    next_stage = with_reminder_times(replace(known, decisions=(replace(approved, at=later),)), WorkingCalendar())
    assert next_stage.reminders[:2] == (later + DAY, later + 2 * DAY)
    closed = WorkingCalendar(holidays=frozenset({(later + DAY).date()}))
    assert with_reminder_times(next_stage, closed) == next_stage


def test_the_last_reminder_is_the_notice_that_it_expires_and_tells_its_requester() -> None:
    known = with_reminder_times(batch(remind_after=(1, 2), lifetime=EXPIRY - NOW), WorkingCalendar())
    assert known.notice_at is not None
    before, notice = (
        advance_batch(replace(known, reminded_at=moment), RemindBatchApprovers(batch_id=BATCH), situation(at))
        for moment, at in ((None, known.reminders[0]), (known.reminders[-2], known.notice_at))
    )
    assert (before.batch.is_expiry_told, notice.batch.is_expiry_told) == (False, True)
    assert before.effects == (ShowBatch(batch_id=BATCH, remind=True),)
    shown, message = notice.effects
    assert shown == ShowBatch(batch_id=BATCH, remind=True)
    assert isinstance(message, SendMessage)
    assert message.fact.code is MessageCode.BATCH_EXPIRES_SOON
    assert message.fact.values == {"batch": BATCH, "expires_at": EXPIRY.isoformat()}
    assert next_batch_reminder_at(notice.batch) is None


def test_a_very_short_time_to_decide_has_no_notice() -> None:
    short = batch(remind_after=(1,), lifetime=4 * HOUR, expires_at=NOW + 4 * HOUR)
    assert with_reminder_times(short, WorkingCalendar()).notice_at is None


def test_nobody_is_reminded_after_the_deadline() -> None:
    """The bot was stopped when the reminder was due. Nobody can decide any more."""
    with pytest.raises(Refused):
        advance_batch(batch(), RemindBatchApprovers(batch_id=BATCH), situation(EXPIRY))


def test_the_next_stage_is_reminded_from_when_it_was_asked() -> None:
    known = batch()
    later = NOW + timedelta(hours=30)
    approved = decided(AMARA, 0, known.digest)  # type: ignore[arg-type]
    waiting = batch(decisions=(replace(approved, at=later),))
    assert next_batch_reminder_at(waiting) == later + APPROVERS_REMINDED_AFTER[0]


def test_a_later_round_is_reminded_from_its_own_beginning() -> None:
    lifetime = timedelta(days=5)
    again = batch(lifetime=lifetime, expires_at=NOW + timedelta(days=9), reminded_at=NOW)
    assert next_batch_reminder_at(again) == NOW + timedelta(days=4) + APPROVERS_REMINDED_AFTER[0]


def test_nobody_is_reminded_of_what_nobody_can_approve() -> None:
    assert next_batch_reminder_at(batch(list_file=None)) is None
    assert next_batch_due_at(batch(list_file=None)) == EXPIRY
    assert next_batch_reminder_at(batch(BatchState.PREPARING)) is None
    assert next_batch_due_at(batch(BatchState.APPLYING)) is None
    with pytest.raises(Refused):
        advance_batch(batch(list_file=None), RemindBatchApprovers(batch_id=BATCH), situation(FIRST))

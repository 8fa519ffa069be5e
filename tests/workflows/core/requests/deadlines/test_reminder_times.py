"""Reminders of approvers: after 1, 3 and 7 days, at half of a short time, and when the requester asks for one."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.workflows.core.builders import AMARA, NOW, RILEY, approval, particulars, prepared, request, situation
from workflows.core.errors.raised import Refused
from workflows.core.requests.commands.automatic import RecordPrepared, Replan
from workflows.core.requests.commands.request import RemindApprovers, Submit
from workflows.core.requests.deadlines.commands import AnnounceExpiry
from workflows.core.requests.deadlines.next_due import next_due_at
from workflows.core.requests.deadlines.reminder_times import (
    MIN_BETWEEN_APPROVER_REMINDERS,
    asked_at,
    may_be_reminded,
    next_reminder_at,
)
from workflows.core.requests.effects import SendReminders, ShowRequest
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.request import AccessRequest, EditRecord, RequestId, RequestKind, RequestState

DAY = timedelta(days=1)


def waiting(lifetime: timedelta = 14 * DAY) -> AccessRequest:
    return request(expires_at=NOW + lifetime, lifetime=lifetime)


def reminded(asked: AccessRequest, at: datetime, actor: RemindApprovers | None = None) -> AccessRequest:
    return advance(asked, actor or RemindApprovers(), situation(at)).request


def test_approvers_are_reminded_after_1_3_and_7_days_and_then_no_more() -> None:
    asked, seen = waiting(), []
    while (due := next_reminder_at(asked)) is not None:
        seen.append((due - NOW).days)
        asked = reminded(asked, due)
    assert seen == [1, 3, 7]
    assert asked.reminders == 3


def test_a_reminder_reaches_whoever_can_decide_and_says_so_to_the_requester() -> None:
    transition = advance(waiting(), RemindApprovers(), situation(NOW + DAY))
    assert transition.effects[0] == SendReminders(
        request_id=transition.request.id, reminded_at=transition.request.reminded_at
    )
    assert transition.request.state is RequestState.AWAITING_APPROVAL


def test_the_card_is_shown_again_when_the_next_reminder_is_possible() -> None:
    first = advance(waiting(), RemindApprovers(), situation(NOW + DAY))
    shown = [one.not_before for one in first.effects if isinstance(one, ShowRequest)]
    assert shown == [None, NOW + 2 * DAY]
    last = advance(waiting(2 * DAY), RemindApprovers(), situation(NOW + DAY))
    assert [one.not_before for one in last.effects if isinstance(one, ShowRequest)] == [None], "it expires before"


def test_no_reminder_comes_too_early_or_after_the_end() -> None:
    with pytest.raises(Refused, match="due"):
        reminded(waiting(), NOW + DAY - timedelta(seconds=1))
    assert next_reminder_at(waiting(7 * DAY + timedelta(minutes=30))) == NOW + DAY
    last = replace(waiting(7 * DAY + timedelta(minutes=30)), reminded_at=NOW + 3 * DAY)
    assert next_reminder_at(last) is None, "half an hour before the end it helps nobody"


@pytest.mark.parametrize(
    ("time", "reminders"),
    [
        (timedelta(seconds=30), []),
        (timedelta(hours=1), []),
        (timedelta(hours=2), [timedelta(hours=1)]),
        (timedelta(hours=20), [timedelta(hours=10)]),
        (2 * DAY - timedelta(minutes=2), [DAY - timedelta(minutes=1)]),
        (2 * DAY, [DAY]),
        (4 * DAY, [DAY, 3 * DAY]),
    ],
)
def test_a_short_time_to_decide_has_one_reminder_at_half_time_and_a_very_short_one_has_none(
    time: timedelta, reminders: list[timedelta]
) -> None:
    asked, seen = waiting(time), []
    while (due := next_reminder_at(asked)) is not None:
        seen.append(due - NOW)
        asked = reminded(asked, due)
    assert seen == reminders


@pytest.mark.parametrize("is_edited", [False, True])
def test_with_a_near_end_of_the_access_the_time_counts_from_the_question_and_nobody_is_reminded_at_once(
    is_edited: bool,
) -> None:
    asked = replace(particulars(), ends_at=NOW + timedelta(hours=10))
    filed = Submit(request_id=RequestId("r-1"), fields=asked, lifetime=14 * DAY)
    waits = advance(None, filed, situation(NOW)).request
    assert (waits.expires_at, waits.lifetime) == (asked.ends_at, timedelta(hours=10))
    waits = advance(waits, RecordPrepared(prepared=prepared()), situation(NOW)).request
    at = NOW
    if is_edited:
        at = NOW + timedelta(hours=4)
        waits = advance(waits, Replan(reason=()), situation(at)).request
        waits = advance(waits, RecordPrepared(prepared=prepared()), situation(at)).request
    assert asked_at(waits) == at
    assert next_reminder_at(waits) == at + (waits.expires_at - at) / 2
    assert not may_be_reminded(waits, at + timedelta(seconds=1))


def test_a_request_of_an_earlier_version_with_a_near_end_is_not_reminded_at_once() -> None:
    """It stored the usual time to decide, which is longer than what is left."""
    stored = request(expires_at=NOW + timedelta(hours=10), lifetime=14 * DAY)
    assert asked_at(stored) == NOW
    assert next_reminder_at(stored) == NOW + timedelta(hours=5)
    edited = replace(stored, edits=(EditRecord(person=AMARA, at=NOW + timedelta(hours=4)),))
    assert next_reminder_at(edited) == NOW + timedelta(hours=7)


def test_after_a_pause_of_the_bot_one_reminder_is_sent_for_all_that_were_missed() -> None:
    asked = reminded(waiting(), NOW + 4 * DAY)
    assert next_reminder_at(asked) == NOW + 7 * DAY


def test_after_a_pause_past_the_time_to_decide_nobody_is_reminded_of_what_expires_now() -> None:
    asked = waiting()
    assert asked.expires_at is not None
    assert reminded(asked, asked.expires_at - timedelta(seconds=1)).reminders == 1
    with pytest.raises(Refused, match="approver_reminder"):
        reminded(asked, asked.expires_at)


def test_the_requester_reminds_once_a_day_and_nobody_else_does() -> None:
    by_riley = RemindApprovers(actor=RILEY.chat_id)
    asked, later = waiting(), NOW + MIN_BETWEEN_APPROVER_REMINDERS
    assert not may_be_reminded(asked, later - timedelta(seconds=1))
    once = reminded(asked, later, by_riley)
    assert not may_be_reminded(once, later + timedelta(hours=23))
    with pytest.raises(Refused) as refused:
        reminded(once, later + timedelta(hours=23), by_riley)
    assert refused.value.code == "reminded_lately"
    assert reminded(once, later + MIN_BETWEEN_APPROVER_REMINDERS, by_riley).reminders == 2
    with pytest.raises(Refused) as refused:
        reminded(asked, later, RemindApprovers(actor=AMARA.chat_id))
    assert refused.value.code == "not_the_requester"


@pytest.mark.parametrize("state", [state for state in RequestState if state is not RequestState.AWAITING_APPROVAL])
def test_only_what_waits_for_approval_is_reminded_of(state: RequestState) -> None:
    asked = replace(request(state), expires_at=NOW + 14 * DAY)
    assert next_reminder_at(asked) is None
    assert not may_be_reminded(asked, NOW + 2 * DAY)


def test_the_days_of_a_later_stage_count_from_when_it_was_asked() -> None:
    "Who is asked on the fifth day is not reminded at once, and not given up either."
    asked = replace(waiting(), decisions=(approval(AMARA, 0, at=NOW + 5 * DAY),), reminded_at=NOW + 3 * DAY)
    assert next_reminder_at(asked) == NOW + 6 * DAY


def test_a_request_is_due_at_its_next_reminder_and_then_when_it_expires() -> None:
    asked = waiting()
    assert next_due_at(asked) == NOW + DAY
    for day in (1, 3, 7):
        asked = reminded(asked, NOW + day * DAY)
    assert next_due_at(asked) == NOW + 10 * DAY, "the notice that it expires, two working days before"
    asked = advance(asked, AnnounceExpiry(), situation(NOW + 10 * DAY)).request
    assert next_due_at(asked) == asked.expires_at
    assert next_due_at(replace(asked, state=RequestState.PREPARING)) == asked.expires_at
    assert next_due_at(replace(asked, state=RequestState.REJECTED)) is None
    revocation = replace(asked.fields, kind=RequestKind.REVOCATION)
    assert next_due_at(replace(asked, fields=revocation)) is None

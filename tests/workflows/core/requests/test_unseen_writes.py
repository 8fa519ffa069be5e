"""When what was taken and does not show is sent again, and what alarms although nothing fails."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.workflows.core.builders import AMARA, DANA, NOW, REQUEST, TENANT, access_plan, noted, request
from workflows.core.requests.commands.automatic import RecordResent
from workflows.core.requests.commands.partner_record import Revoke
from workflows.core.requests.commands.request import Approve
from workflows.core.requests.delays.overdue import overdue_revocations, unchecked_revocations, unconfirmed_writes
from workflows.core.requests.effects import CheckPermission
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.requests.transitions.resending import (
    MAX_PAUSE,
    ResendStep,
    first_sent,
    may_be_resent,
    needs_the_audit_log,
    next_step,
    pause_before_replan,
    remaining_pause,
)
from workflows.core.requests.transitions.transition import Situation
from workflows.core.settings.partner_changes import PartnerChange, has_other_authors

S = RequestState
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
OURS = PartnerChange(at=NOW, activity="Update", changed_by="Gatehouse", is_ours=True)
THEIRS = PartnerChange(at=NOW, activity="Delete", changed_by="", is_ours=False)


def unseen(kind: RequestKind = RequestKind.ACCESS, *, resent: timedelta | None = None) -> AccessRequest:
    """A request whose write was taken now and does not show."""
    resent_at = None if resent is None else NOW + resent
    return request(S.UNCONFIRMED, kind, writing_since=NOW, unconfirmed_since=NOW, resent_at=resent_at)


def test_nobody_named_is_somebody_else() -> None:
    assert not has_other_authors([])
    assert not has_other_authors([OURS, OURS])
    assert has_other_authors([OURS, THEIRS])


@pytest.mark.parametrize(
    ("after", "resent", "changes", "step"),
    [
        (MINUTE - SECOND, None, [], ResendStep.READ),
        (-MINUTE, None, [], ResendStep.READ),
        (MINUTE, None, [], ResendStep.READ),
        (10 * MINUTE - SECOND, None, [], ResendStep.READ),
        (10 * MINUTE, None, [], ResendStep.SEND_AGAIN),
        (MINUTE, None, [replace(OURS, at=NOW - SECOND)], ResendStep.READ),
        (MINUTE, None, [OURS], ResendStep.SEND_AGAIN),
        (MINUTE, None, [OURS, THEIRS], ResendStep.ASK_AGAIN),
        (MINUTE, None, None, ResendStep.READ),
        (15 * MINUTE, None, None, ResendStep.READ),
        (15 * MINUTE, None, [], ResendStep.SEND_AGAIN),
        (15 * MINUTE + SECOND, None, [], ResendStep.ASK_AGAIN),
        (15 * MINUTE + SECOND, None, None, ResendStep.ASK_AGAIN),
        (3 * MINUTE, MINUTE, [], ResendStep.READ),
        (16 * MINUTE, MINUTE, None, ResendStep.ASK_AGAIN),
        (15 * MINUTE + SECOND, 15 * MINUTE, None, ResendStep.READ),
        (20 * MINUTE, 15 * MINUTE, None, ResendStep.ASK_AGAIN),
    ],
)
def test_an_opening_is_read_then_sent_again_once_or_asked_again(
    after: timedelta, resent: timedelta | None, changes: list[PartnerChange] | None, step: ResendStep
) -> None:
    for kind in (RequestKind.ACCESS, RequestKind.RESTORATION):
        assert next_step(unseen(kind, resent=resent), NOW + after, changes) is step


@pytest.mark.parametrize(
    ("after", "resent", "step"),
    [
        (MINUTE - SECOND, None, ResendStep.READ),
        (MINUTE, None, ResendStep.SEND_AGAIN),
        (2 * MINUTE - SECOND, MINUTE, ResendStep.READ),
        (2 * MINUTE, MINUTE, ResendStep.SEND_AGAIN),
        (4 * MINUTE, 2 * MINUTE, ResendStep.SEND_AGAIN),
        (65 * MINUTE - SECOND, 60 * MINUTE, ResendStep.READ),
        (65 * MINUTE, 60 * MINUTE, ResendStep.SEND_AGAIN),
        (400 * 24 * 60 * MINUTE, None, ResendStep.SEND_AGAIN),
    ],
)
def test_a_revocation_is_sent_again_as_often_as_it_takes(
    after: timedelta, resent: timedelta | None, step: ResendStep
) -> None:
    known = unseen(RequestKind.REVOCATION, resent=resent)
    assert next_step(known, NOW + after, None) is step
    assert may_be_resent(known, NOW + after)
    assert not needs_the_audit_log(known, NOW + after)


def test_the_audit_log_is_asked_only_where_it_decides() -> None:
    assert not needs_the_audit_log(unseen(), NOW)
    assert needs_the_audit_log(unseen(), NOW + MINUTE)
    assert not needs_the_audit_log(unseen(), NOW + 16 * MINUTE)
    assert not needs_the_audit_log(unseen(resent=MINUTE), NOW + 5 * MINUTE)


def test_records_from_before_the_moments_were_kept_are_counted_from_what_they_have() -> None:
    old = request(S.UNCONFIRMED, writing_since=NOW)
    assert next_step(old, NOW + 10 * MINUTE, []) is ResendStep.SEND_AGAIN
    older = request(S.UNCONFIRMED)
    assert first_sent(older) == older.changed_at
    assert next_step(older, older.changed_at + 10 * MINUTE, []) is ResendStep.SEND_AGAIN


def test_writes_that_are_not_confirmed_for_ten_minutes_are_given() -> None:
    sent = request(S.APPLYING, writing_since=NOW)
    others = [request(S.APPLYING), request(S.AWAITING_APPROVAL), request(S.PREPARING)]
    assert unconfirmed_writes([unseen(), sent, *others], NOW + 10 * MINUTE - SECOND) == ()
    assert unconfirmed_writes([unseen(), sent, *others], NOW + 10 * MINUTE) == (unseen(), sent)


def test_revocations_that_are_open_for_two_minutes_or_alarmed_of_are_given() -> None:
    revoked = request(S.PREPARING, RequestKind.REVOCATION)
    since = revoked.created_at
    assert overdue_revocations([revoked, request()], since + 2 * MINUTE - SECOND, frozenset()) == ()
    assert overdue_revocations([revoked, request()], since + 2 * MINUTE, frozenset()) == (revoked,)
    assert overdue_revocations([revoked, request()], since, frozenset({REQUEST})) == (revoked,)


def test_clicks_that_revoke_are_late_after_two_minutes_and_where_nobody_knows() -> None:
    revoke = Revoke(actor=DANA.chat_id, target=TENANT, reason="Ended")
    approve = Approve(actor=AMARA.chat_id, request_id=REQUEST, digest=access_plan().digest)
    clicks = [
        CheckPermission(command=revoke, key="now", received_at=NOW),
        CheckPermission(command=revoke, key="before", received_at=NOW - 2 * MINUTE),
        CheckPermission(command=revoke, key="old record"),
        CheckPermission(command=approve, key="approve", received_at=NOW - 60 * MINUTE),
    ]
    found = [(click.key, is_late) for click, _, is_late in unchecked_revocations(clicks, NOW)]
    assert found == [("now", False), ("before", True), ("old record", True)]


@pytest.mark.parametrize(
    ("not_before", "rest"),
    [
        (None, None),
        (NOW + SECOND, SECOND),
        (NOW + MAX_PAUSE, MAX_PAUSE),
        (NOW, None),
        (NOW - SECOND, None),
        (NOW + MAX_PAUSE + SECOND, None),
    ],
)
def test_a_revocation_that_was_planned_again_rests_but_never_longer_than_a_minute(
    not_before: datetime | None, rest: timedelta | None
) -> None:
    """A moment further away means that the clock was set back: that delays no revocation."""
    known = request(S.PREPARING, RequestKind.REVOCATION, not_before=not_before)
    assert remaining_pause(known, NOW) == rest


@pytest.mark.parametrize(
    ("replans", "seconds"), [(0, 0), (1, 0), (2, 1), (3, 2), (7, 32), (8, 60), (9, 60), (10_000, 60)]
)
def test_each_pause_before_planning_again_is_longer_up_to_a_minute(replans: int, seconds: int) -> None:
    assert pause_before_replan(replans) == seconds * SECOND


def test_a_revocation_that_is_sent_again_twice_in_one_moment_is_stored_once() -> None:
    again, later = RecordResent(reason=noted("It does not show.")), Situation(now=NOW + MINUTE)
    once = advance(unseen(RequestKind.REVOCATION), again, later).request
    assert once.resent_at == NOW + MINUTE
    twice = advance(once, again, later)
    assert (twice.request, twice.effects) == (once, ())

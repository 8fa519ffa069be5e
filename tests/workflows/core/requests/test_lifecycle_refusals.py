"""What a request refuses whoever asks: too late, too early, without a reason, by somebody else."""

from datetime import timedelta

import pytest

from tests.bot.words.refused import worded_refusal
from tests.workflows.core.builders import (
    AMARA,
    DANA,
    EXPIRY,
    MILLISECOND,
    REQUEST,
    SAM,
    access_plan,
    prepared,
    request,
    situation,
)
from workflows.core.errors.raised import Refused
from workflows.core.requests.commands.automatic import Expire, RecordPrepared
from workflows.core.requests.commands.request import Approve, Reject, Withdraw
from workflows.core.requests.effects import Apply
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.request import RequestKind, RequestState

DIGEST = access_plan().digest


def test_a_revocation_never_expires_and_carries_no_opening_plan() -> None:
    known = request(RequestState.PREPARING, RequestKind.REVOCATION)
    with pytest.raises(Refused) as refused:
        advance(known, Expire(), situation(known.expires_at))
    assert refused.value.code == "never_expires"
    with worded_refusal(Refused, match="more than block") as refused:
        advance(known, RecordPrepared(prepared=prepared(plan=access_plan())), situation())
    assert refused.value.code == "not_a_revocation"


@pytest.mark.parametrize("reason", ["", " ", "\n\t "])
def test_a_rejection_without_a_reason_is_refused(reason: str) -> None:
    with worded_refusal(Refused, match="Write a reason for the rejection") as refused:
        advance(request(), Reject(actor=AMARA, request_id=REQUEST, digest=DIGEST, reason=reason), situation())
    assert refused.value.code == "reason_missing"


def test_only_the_requester_withdraws() -> None:
    for actor in (SAM, AMARA, DANA):
        with worded_refusal(Refused, match="Only the requester can withdraw a request") as refused:
            advance(request(), Withdraw(actor=actor.chat_id, request_id=REQUEST), situation())
        assert refused.value.code == "not_the_requester"


@pytest.mark.threats("C8")
@pytest.mark.parametrize("state", [RequestState.PREPARING, RequestState.AWAITING_APPROVAL])
def test_a_request_expires_at_its_deadline_and_not_before(state: RequestState) -> None:
    with worded_refusal(Refused, match="has not expired yet") as refused:
        advance(request(state), Expire(), situation(EXPIRY - MILLISECOND))
    assert refused.value.code == "not_due"
    for late in (EXPIRY, EXPIRY + MILLISECOND, EXPIRY + timedelta(days=99)):
        assert advance(request(state), Expire(), situation(late)).request.state is RequestState.EXPIRED


@pytest.mark.threats("C8")
@pytest.mark.parametrize("back", [MILLISECOND, timedelta(hours=1), timedelta(days=9)])
def test_a_clock_that_is_set_back_revives_nothing_that_expired(back: timedelta) -> None:
    expired = advance(request(), Expire(), situation(EXPIRY)).request
    for command in (
        Approve(actor=AMARA, request_id=REQUEST, digest=DIGEST),
        Reject(actor=AMARA, request_id=REQUEST, digest=DIGEST, reason="No."),
    ):
        with pytest.raises(Refused) as refused:
            advance(expired, command, situation(EXPIRY - back))
        assert refused.value.code == "not_now"


@pytest.mark.threats("C7")
def test_a_request_for_access_with_an_empty_chain_is_never_approved() -> None:
    """No template with an empty chain loads; should one come from elsewhere, it waits until it expires."""
    moved = advance(request(RequestState.PREPARING), RecordPrepared(prepared=prepared(stages=())), situation())
    assert moved.request.state is RequestState.AWAITING_APPROVAL
    assert not any(isinstance(effect, Apply) for effect in moved.effects)
    for actor in (AMARA, SAM, DANA):
        with pytest.raises(Refused):
            advance(moved.request, Approve(actor=actor, request_id=REQUEST, digest=DIGEST), situation())


def test_a_request_without_a_plan_has_nothing_to_decide_on() -> None:
    with worded_refusal(Refused, match="no plan yet. Wait until it is prepared") as refused:
        request(RequestState.PREPARING).verdict()
    assert refused.value.code == "not_prepared"

"""Whoever asks for a partner that is requested already supports the open request, and never decides on it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    DANA,
    MALLORY,
    NOW,
    REQUEST,
    RILEY,
    approval,
    person,
    request,
    situation,
)
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, Person
from workflows.core.requests.commands.request import Approve, Reject, SupportRequest, Withdraw
from workflows.core.requests.effects import MessageCode, SendMessage, ShowRequest
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.request import AccessRequest, BatchId, RequestKind, RequestState, Support
from workflows.core.requests.transitions.taking_part.supporting import (
    MAX_REASON_CHARACTERS,
    MAX_SUPPORTERS,
    may_support,
)


def supported(known: AccessRequest, actor: Person = MALLORY, reason: str = "") -> AccessRequest:
    """Return a request after somebody supported it."""
    return advance(known, SupportRequest(actor=actor, request_id=REQUEST, reason=reason), situation()).request


def messages(effects: object) -> list[SendMessage]:
    """List the messages among some effects."""
    assert isinstance(effects, tuple)
    return [effect for effect in effects if isinstance(effect, SendMessage)]


def refusal(known: AccessRequest, actor: Person, reason: str = "") -> RefusalCode:
    """Return why somebody cannot support a request."""
    with pytest.raises(Refused) as refused:
        supported(known, actor, reason)
    return RefusalCode(refused.value.code)


def test_a_supporter_is_recorded_with_the_reason_and_told() -> None:
    command = SupportRequest(actor=MALLORY, request_id=REQUEST, reason="  Same project \n")
    transition = advance(request(), command, situation())
    assert transition.request.supports == (Support(person=MALLORY, at=NOW, reason="Same project"),)
    assert transition.request.state is RequestState.AWAITING_APPROVAL
    assert ShowRequest(request_id=REQUEST) in transition.effects
    [told] = messages(transition.effects)
    assert (told.person, told.fact.code) == (MALLORY.chat_id, MessageCode.SUPPORT_RECORDED)
    assert told.fact.values["requester"] == RILEY.name


def test_approvals_that_were_given_still_count() -> None:
    known = supported(request(decisions=(approval(AMARA, 0),)), BRUNO)
    assert known.verdict().open_stage == 1


def test_who_supports_never_decides_also_after_the_plan_was_made_again() -> None:
    known = replace(supported(request(), AMARA), round=3)
    with pytest.raises(Refused) as refused:
        advance(known, Approve(actor=AMARA, request_id=REQUEST, digest=known.plan.digest), situation())
    assert refused.value.code is RefusalCode.SUPPORTER_MAY_NOT_DECIDE


@pytest.mark.parametrize("state", [RequestState.PREPARING, RequestState.APPLYING, RequestState.REJECTED])
def test_only_what_waits_for_approvals_is_supported(state: RequestState) -> None:
    assert refusal(request(state), MALLORY) is RefusalCode.NOT_POSSIBLE_IN_THIS_STATE


def test_why_somebody_cannot_support() -> None:
    assert refusal(request(), RILEY) is RefusalCode.OWN_REQUEST_NOT_SUPPORTED
    sent_for_riley = replace(request(), fields=replace(request().fields, submitter=DANA.chat_id))
    assert refusal(sent_for_riley, DANA) is RefusalCode.OWN_REQUEST_NOT_SUPPORTED
    assert refusal(supported(request()), MALLORY) is RefusalCode.ALREADY_SUPPORTED
    assert refusal(request(decisions=(approval(AMARA, 0),)), AMARA) is RefusalCode.APPROVED_NOT_SUPPORTED
    assert refusal(request(), MALLORY, "x" * (MAX_REASON_CHARACTERS + 1)) is RefusalCode.SUPPORT_TOO_LONG
    assert refusal(request(expires_at=NOW), MALLORY) is RefusalCode.EXPIRED
    assert refusal(request(batch=BatchId("B-1")), MALLORY) is RefusalCode.IN_A_BATCH
    crowd = tuple(Support(person=person(f"P{number}"), at=NOW) for number in range(MAX_SUPPORTERS))
    assert refusal(request(supports=crowd), MALLORY) is RefusalCode.TOO_MANY_SUPPORTERS


def test_a_click_before_the_end_counts_when_it_is_checked_after_it() -> None:
    late = replace(situation(NOW + timedelta(days=30)), received_at=NOW)
    known = advance(request(), SupportRequest(actor=MALLORY, request_id=REQUEST), late).request
    assert known.supporters == (MALLORY,)


def test_supporters_are_told_the_end_once_each() -> None:
    known = supported(supported(request()), DANA)
    plan = known.plan.digest
    rejected = advance(known, Reject(actor=AMARA, request_id=REQUEST, digest=plan, reason="Too wide"), situation())
    told = [one for one in messages(rejected.effects) if one.fact.code == MessageCode.SUPPORTED_ENDED]
    assert [one.person for one in told] == [MALLORY.chat_id, DANA.chat_id]
    assert {one.fact.values["state"] for one in told} == {"rejected"}
    withdrawn = advance(known, Withdraw(actor=RILEY.chat_id, request_id=REQUEST), situation())
    assert {one.person for one in messages(withdrawn.effects)} == {MALLORY.chat_id, DANA.chat_id}
    approved = advance(known, Approve(actor=AMARA, request_id=REQUEST, digest=plan), situation())
    assert messages(approved.effects) == []


def test_who_is_offered_to_support() -> None:
    known = request()
    assert may_support(known, MALLORY.chat_id)
    assert not may_support(known, MALLORY.chat_id, is_closing=True)
    assert not may_support(known, RILEY.chat_id)
    assert not may_support(known, ChatId("U-OTHER"), RILEY.id)
    assert not may_support(supported(known), MALLORY.chat_id)
    assert not may_support(supported(known), ChatId("U-OTHER"), MALLORY.id)
    assert not may_support(request(batch=BatchId("B-1")), MALLORY.chat_id)
    assert not may_support(request(RequestState.PREPARING), MALLORY.chat_id)
    restores = replace(known, fields=replace(known.fields, kind=RequestKind.RESTORATION))
    assert not may_support(restores, MALLORY.chat_id)

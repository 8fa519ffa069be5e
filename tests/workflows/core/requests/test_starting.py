"""An approved request waits for the day on which its access starts; nothing of it is written before."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    CHIE,
    DANA,
    EXPIRY,
    LIFETIME,
    NOW,
    REQUEST,
    RILEY,
    SECURITY,
    TENANT,
    WHOLE_CHAIN,
    access_plan,
    noted,
    particulars,
    partnership,
    prepared,
    reduction_plan,
    request,
    situation,
)
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.access_end.decision import open_extension
from workflows.core.partners.extension import kept_end
from workflows.core.people import Person
from workflows.core.policy.approval import Choice
from workflows.core.policy.stops.freeze import FreezeState, begin
from workflows.core.requests.commands.automatic import Expire, RecordDelayed, RecordWriting, Reopen, Replan, Stop
from workflows.core.requests.commands.request import Approve, Reject, RequestCommand, Withdraw
from workflows.core.requests.deadlines.commands import Start
from workflows.core.requests.deadlines.next_due import next_due_at
from workflows.core.requests.deciding import access_ends_at, is_too_late
from workflows.core.requests.delays.downtime import STARTS_WAIT_FOR, Gap, messages_after_gap
from workflows.core.requests.effects import Apply, MessageCode, SendMessage, ShowRequest
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.notes import DisplayedState, state_to_display
from workflows.core.requests.proposals import ends_no_later
from workflows.core.requests.request import AccessRequest, ClockStop, RequestState, StopCause
from workflows.core.requests.transitions.freezing import effects_of_freeze
from workflows.core.requests.transitions.transition import Transition

DAY: Final = timedelta(days=1)
START: Final = NOW + 5 * DAY
PLAN: Final = replace(access_plan(), starts_at=START)
SHOW: Final = ShowRequest(request_id=REQUEST)
APPLY: Final = Apply(request_id=REQUEST, tenant_id=TENANT)


def decided(count: int = 3) -> Any:
    """The first decisions of the whole chain, on the plan with the start."""
    return tuple(replace(decision, digest=PLAN.digest) for decision in WHOLE_CHAIN[:count])


def waiting(**changes: Any) -> AccessRequest:
    """A request that is approved and waits for its day."""
    usual: dict[str, Any] = {
        "fields": replace(particulars(), starts_at=START),
        "prepared": prepared(plan=PLAN),
        "decisions": decided(),
    }
    return request(RequestState.SCHEDULED, **{**usual, **changes})


def test_the_start_is_part_of_what_is_approved() -> None:
    assert PLAN.digest != access_plan().digest
    assert replace(PLAN, starts_at=START + DAY).digest != PLAN.digest


def test_the_last_approval_before_the_day_lets_the_request_wait_and_writes_nothing() -> None:
    asked = request(prepared=prepared(plan=PLAN), decisions=decided(2))
    transition = advance(asked, Approve(actor=CHIE, request_id=REQUEST, digest=PLAN.digest), situation())
    assert (transition.request.state, transition.effects) == (RequestState.SCHEDULED, (SHOW,))
    assert state_to_display(transition.request) is DisplayedState.SCHEDULED
    assert next_due_at(transition.request) == START, "and nothing else is due: an approved request does not expire"


def test_a_chain_that_a_returned_role_completed_waits_as_well() -> None:
    asked = request(prepared=prepared(plan=PLAN), decisions=decided())
    transition = advance(asked, Approve(actor=BRUNO, request_id=REQUEST, digest=PLAN.digest), situation())
    assert transition.request.state is RequestState.SCHEDULED
    assert transition.request.decisions == asked.decisions


@pytest.mark.parametrize("after", [timedelta(0), DAY])
def test_what_is_approved_on_the_day_or_later_begins_at_the_next_tick(after: timedelta) -> None:
    """The last approval may come while the clock is wrong, which only a tick notices."""
    asked, now = request(prepared=prepared(plan=PLAN), decisions=decided(2)), situation(START + after)
    transition = advance(asked, Approve(actor=CHIE, request_id=REQUEST, digest=PLAN.digest), now)
    assert (transition.request.state, transition.effects) == (RequestState.SCHEDULED, (SHOW,))
    assert next_due_at(transition.request) == START, "it is due at once"
    begun = advance(transition.request, Start(), now)
    assert (begun.request.state, begun.effects) == (RequestState.APPLYING, (SHOW, APPLY))


def test_who_could_take_it_back_is_told_of_a_gap_once_and_when_it_starts_at_the_earliest() -> None:
    gap = Gap(since=NOW + DAY, until=NOW + 2 * DAY)
    messages = messages_after_gap(waiting(), gap)
    assert [one.person for one in messages] == [one.chat_id for one in (RILEY, AMARA, BRUNO, CHIE)]
    assert {one.fact.code for one in messages} == {MessageCode.START_AFTER_GAP}
    values = messages[0].fact.values
    assert (values["since"], values["until"]) == (str(gap.since and gap.since.isoformat()), gap.until.isoformat())
    assert values["starts_at"] == START.isoformat()
    late = Gap(since=None, until=START + DAY)
    values = messages_after_gap(waiting(), late)[0].fact.values
    assert (values["since"], values["starts_at"]) == (None, (late.until + STARTS_WAIT_FOR).isoformat())


def test_it_begins_once_at_its_moment_and_not_before() -> None:
    with pytest.raises(Refused) as refused:
        advance(waiting(), Start(), situation(START - timedelta(microseconds=1)))
    assert (refused.value.code, refused.value.fact.values["what"]) == (RefusalCode.NOT_DUE_YET, "start")
    begun = advance(waiting(), Start(), situation(START))
    assert (begun.request.state, begun.effects) == (RequestState.APPLYING, (SHOW, APPLY))
    assert next_due_at(begun.request) is None
    with pytest.raises(Refused):
        advance(begun.request, Start(), situation(START))


def test_the_days_of_waiting_are_no_time_to_decide() -> None:
    """Who is asked again on the day has the whole time to decide, however late the last approval came."""
    late = START + 300 * DAY
    begun = advance(waiting(), Start(), situation(late)).request
    assert begun.expires_at == EXPIRY + (late - NOW)
    again = advance(begun, Reopen(reason=noted("Amara left.")), situation(late, amara="")).request
    assert (again.state, again.expires_at) == (RequestState.AWAITING_APPROVAL, begun.expires_at)
    assert {decision.person for decision in again.void_decisions} == {AMARA}
    planned = advance(begun, Replan(reason=noted("It changed.")), situation(late)).request
    assert (planned.state, planned.decisions) == (RequestState.PREPARING, ())
    day = replace(particulars(), starts_at=START, ends_at=EXPIRY + DAY)
    last_minute = advance(
        waiting(expires_at=NOW + timedelta(minutes=1), lifetime=LIFETIME), Start(), situation(START)
    ).request
    assert last_minute.expires_at == START + LIFETIME
    limited = advance(waiting(fields=day), Start(), situation(late)).request
    assert limited.expires_at == EXPIRY + DAY, "never after the end of the access"


def test_a_clock_that_stood_still_at_the_last_approval_keeps_the_time_that_was_left() -> None:
    stop = ClockStop(cause=StopCause.QUESTION, began_at=NOW - DAY, ends_by=NOW + DAY, deadline=EXPIRY - DAY)
    asked = request(prepared=prepared(plan=PLAN), decisions=decided(2), clock_stops=(stop,))
    after = advance(asked, Approve(actor=CHIE, request_id=REQUEST, digest=PLAN.digest), situation()).request
    assert after.clock_stop is None
    assert after.expires_at == EXPIRY


@pytest.mark.parametrize(
    ("command", "state"),
    [
        (Withdraw(actor=RILEY.chat_id, request_id=REQUEST), RequestState.WITHDRAWN),
        (Stop(reason=noted("An admin revoked the partner.")), RequestState.STOPPED),
    ],
)
def test_a_withdrawal_and_an_admin_end_it_while_it_waits(command: RequestCommand, state: RequestState) -> None:
    after = advance(waiting(), command, situation(NOW + DAY))
    assert after.request.state is state
    assert APPLY not in after.effects
    with pytest.raises(Refused):
        advance(after.request, Start(), situation(START))


@pytest.mark.parametrize("command", [Expire(), RecordDelayed(reason=noted("Later.")), RecordWriting()])
def test_nothing_else_happens_to_it_while_it_waits(command: RequestCommand) -> None:
    with pytest.raises(Refused) as refused:
        advance(waiting(), command, situation(EXPIRY + 300 * DAY))
    assert refused.value.code is RefusalCode.NOT_POSSIBLE_IN_THIS_STATE


def test_a_freeze_is_shown_on_it_and_its_end_writes_nothing() -> None:
    frozen = begin(None, by="Dana", reason="An incident", now=NOW)
    for freeze in (frozen, replace(frozen, state=FreezeState.ENDED, ended_at=NOW)):
        assert effects_of_freeze(waiting(), freeze) == (SHOW,)


def test_the_length_that_was_approved_is_given_from_the_start() -> None:
    assert access_ends_at(waiting()) == START + 90 * DAY
    assert not is_too_late(waiting(), START + 90 * DAY - timedelta(seconds=1))
    assert is_too_late(waiting(), START + 90 * DAY)
    later = tuple(replace(decision, at=START + DAY) for decision in decided())
    assert access_ends_at(waiting(decisions=later)) == START + 91 * DAY, "approved after the start: from the approval"
    until = replace(PLAN, ends_at=START + 10 * DAY)
    assert until.end_if_approved(NOW) == START + 10 * DAY
    assert replace(PLAN, duration=None).end_if_approved(NOW) is None


def test_a_reduction_keeps_the_approved_end_as_long_as_it_would_end_later_from_its_start() -> None:
    record = partnership(ends_at=START + 90 * DAY)
    assert kept_end(replace(reduction_plan(), starts_at=START), record, NOW) == record.ends_at
    assert kept_end(reduction_plan(), record, NOW) is None


def rejected(request: AccessRequest, person: Person, reason: str = "Not in March", **roles: str) -> Transition:
    """Reject an approved request that waits."""
    command = Reject(actor=person, request_id=REQUEST, digest=request.plan.digest, reason=reason)
    return advance(request, command, situation(NOW + DAY, **roles))


@pytest.mark.parametrize(
    ("person", "stage", "roles"),
    [(AMARA, 0, {}), (CHIE, 1, {}), (DANA, 1, {"dana": "admin"})],
    ids=lambda one: str(one),
)
def test_who_approved_it_and_an_admin_can_reject_it_while_it_waits(
    person: Person, stage: int, roles: dict[str, str]
) -> None:
    after = rejected(waiting(), person, **roles)
    assert (after.request.state, after.request.decisions[:3]) == (RequestState.REJECTED, decided())
    last = after.request.decisions[-1]
    assert (last.person, last.choice, last.stage, last.reason) == (person, Choice.REJECT, stage, "Not in March")
    assert [type(effect) for effect in after.effects] == [ShowRequest, SendMessage]
    with pytest.raises(Refused):
        advance(after.request, Start(), situation(START))


def test_a_waiting_request_does_not_expire_so_it_is_rejected_after_its_deadline_as_well() -> None:
    late = waiting(expires_at=NOW)
    assert rejected(late, AMARA).request.state is RequestState.REJECTED


@pytest.mark.parametrize(
    ("person", "roles", "reason", "code"),
    [
        (DANA, {"dana": SECURITY}, "No", RefusalCode.MAY_NOT_REJECT_SCHEDULED),
        (RILEY, {"riley": SECURITY}, "No", RefusalCode.MAY_NOT_REJECT_SCHEDULED),
        (AMARA, {"amara": ""}, "No", RefusalCode.MAY_NOT_REJECT_SCHEDULED),
        (AMARA, {}, " ", RefusalCode.REASON_MISSING),
    ],
)
def test_nobody_else_rejects_it_and_not_without_a_reason(
    person: Person, roles: dict[str, str], reason: str, code: RefusalCode
) -> None:
    with pytest.raises(Refused) as refused:
        rejected(waiting(), person, reason, **roles)
    assert refused.value.code == code


def test_a_rejection_of_an_earlier_plan_does_not_end_it() -> None:
    command = Reject(actor=AMARA, request_id=REQUEST, digest=access_plan().digest, reason="No")
    with pytest.raises(Refused) as refused:
        advance(waiting(), command, situation())
    assert refused.value.code == RefusalCode.CARD_OUT_OF_DATE


def test_a_proposal_with_another_start_is_not_certainly_less() -> None:
    assert ends_no_later(PLAN, PLAN, NOW)
    assert not ends_no_later(PLAN, access_plan(), NOW)
    assert not ends_no_later(access_plan(), PLAN, NOW)
    assert ends_no_later(PLAN, replace(PLAN, ends_at=START + 90 * DAY), NOW)
    assert not ends_no_later(PLAN, replace(PLAN, ends_at=START + 91 * DAY), NOW)


def test_an_access_that_starts_only_after_the_end_of_the_present_one_extends_nothing() -> None:
    assert open_extension([waiting()], START) == waiting()
    assert open_extension([waiting()], START - DAY) is None

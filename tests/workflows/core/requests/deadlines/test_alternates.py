"""Alternates of a stage may approve only after they were asked, and only as the chains of a partner agree."""

from dataclasses import replace

import pytest

from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    DANA,
    NOW,
    REQUEST,
    RILEY,
    SECURITY,
    STAGES,
    access_plan,
    approval,
    noted,
    prepared,
    request,
    situation,
)
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.approval_policy import is_as_strict, stricter
from workflows.core.people import CurrentRoles, Person, Role
from workflows.core.policy.approval import Decision, evaluate
from workflows.core.requests.commands.automatic import Reopen
from workflows.core.requests.commands.request import Ask, Comment
from workflows.core.requests.deadlines.stage_times import next_escalation
from workflows.core.requests.deciding import require_may_decide, roles_as_decided
from workflows.core.requests.eligibility import eligibility
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.request import AccessRequest, Escalation, EscalationStep, RequestState

DEPUTY = Role("deputy")
ROLES = CurrentRoles(roles={DANA.id: frozenset({DEPUTY}), AMARA.id: frozenset({SECURITY})})
CHAIN = (replace(STAGES[0], alternates=DEPUTY, escalate_after=2), *STAGES[1:])
DIGEST = access_plan().digest


def waiting(*steps: EscalationStep) -> AccessRequest:
    escalations = tuple(Escalation(stage=0, step=step, at=NOW) for step in steps)
    return request(prepared=prepared(stages=CHAIN), escalations=escalations)


@pytest.mark.parametrize(("escalated", "counted"), [((), ()), ((1,), ()), ((0,), (DANA,))])
def test_an_alternate_counts_only_where_alternates_were_asked(escalated: tuple[int, ...], counted: object) -> None:
    verdict = evaluate(
        CHAIN, (approval(DANA, 0),), digest=DIGEST, excluded=frozenset(), current_roles=ROLES, escalated=escalated
    )
    assert verdict.counted_people[0] == counted
    assert bool(verdict.not_counted) is not bool(counted)


def test_being_told_gives_no_right_to_decide() -> None:
    for steps in ((), (EscalationStep.MANAGERS, EscalationStep.ADMINS)):
        assert waiting(*steps).escalated == ()
        with pytest.raises(Refused) as refused:
            require_may_decide(waiting(*steps), DANA, DIGEST, current_roles=ROLES, now=NOW)
        assert refused.value.code == RefusalCode.NOT_AN_APPROVER


def test_an_alternate_who_was_asked_may_decide_in_that_stage_alone() -> None:
    asked = waiting(EscalationStep.ALTERNATES)
    assert require_may_decide(asked, DANA, DIGEST, current_roles=ROLES, now=NOW) == 0
    assert [stage.roles for stage in eligibility(asked).open_stages] == [(SECURITY, DEPUTY), (STAGES[1].role,)]
    assumed = roles_as_decided(asked, DANA, ROLES)
    assert assumed is not None
    assert roles_as_decided(waiting(), DANA, ROLES) is None
    decided = replace(asked, decisions=(approval(AMARA, 0),))
    with pytest.raises(Refused):
        require_may_decide(decided, DANA, DIGEST, current_roles=ROLES, now=NOW)


def test_a_merged_chain_has_alternates_only_where_both_chains_name_them() -> None:
    assert stricter(CHAIN, CHAIN)[0].alternates == DEPUTY
    merged = stricter(STAGES, CHAIN)
    assert merged[0].alternates is None
    assert merged[0].escalate_after == 2, "being told earlier weakens nothing"
    assert is_as_strict(STAGES, CHAIN)
    assert not is_as_strict(CHAIN, STAGES)
    assert is_as_strict(CHAIN, CHAIN)


@pytest.mark.parametrize(
    "command",
    [
        Ask(actor=DANA, request_id=REQUEST, text="Which sites?", asked=(RILEY,)),
        Comment(actor=DANA, request_id=REQUEST, text="I agree."),
    ],
)
def test_an_alternate_asks_and_comments_once_asked_and_a_question_stops_the_clock(
    command: Ask[Person] | Comment[Person],
) -> None:
    moment = replace(situation(), current_roles=ROLES)
    with pytest.raises(Refused):
        advance(waiting(), command, moment)
    after = advance(waiting(EscalationStep.ALTERNATES), command, moment).request
    assert [one.person for one in after.remarks] == [DANA]
    assert (after.clock_stop is not None) is isinstance(command, Ask)


def reopened(*decisions: Decision, roles: CurrentRoles) -> AccessRequest:
    escalations = tuple(Escalation(stage=stage, step=step, at=NOW) for stage in (0, 1) for step in EscalationStep)
    approved = replace(
        request(RequestState.APPLYING, prepared=prepared(stages=CHAIN)),
        decisions=decisions,
        escalations=escalations,
        expiry_told_at=NOW,
    )
    moment = replace(situation(), current_roles=roles)
    return advance(approved, Reopen(reason=noted("A role was lost.")), moment).request


def test_a_stage_that_is_asked_again_escalates_again_and_announces_its_expiry_again() -> None:
    left = CurrentRoles(roles={AMARA.id: frozenset()})
    again = reopened(approval(AMARA, 0), approval(BRUNO, 1), roles=left)
    assert (again.round, again.decisions, again.escalations, again.expiry_told_at) == (1, (), (), None)
    due = next_escalation(again)
    assert due is not None
    assert due[0] is EscalationStep.ALTERNATES
    assert due[1] > NOW
    with pytest.raises(Refused):
        require_may_decide(again, DANA, DIGEST, current_roles=ROLES, now=NOW)


def test_the_approval_of_an_alternate_still_counts_when_a_later_stage_is_asked_again() -> None:
    again = reopened(approval(DANA, 0), approval(BRUNO, 1), roles=ROLES)
    assert (again.decisions, again.escalated) == ((approval(DANA, 0),), (0,))
    assert again.verdict(ROLES).counted_people[0] == (DANA,)


def test_where_only_members_of_the_role_approved_the_alternates_lose_the_right_again() -> None:
    again = reopened(approval(AMARA, 0), approval(BRUNO, 1), roles=ROLES)
    assert (again.decisions, again.escalations) == ((approval(AMARA, 0),), ())

"""Alternates of a stage may approve only after they were asked, and only as the chains of a partner agree."""

from dataclasses import replace

import pytest

from tests.workflows.core.builders import (
    AMARA,
    DANA,
    NOW,
    SECURITY,
    STAGES,
    access_plan,
    approval,
    prepared,
    request,
)
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.approval_policy import is_as_strict, stricter
from workflows.core.people import CurrentRoles, Role
from workflows.core.policy.approval import evaluate
from workflows.core.requests.deciding import require_may_decide, roles_as_decided
from workflows.core.requests.eligibility import eligibility
from workflows.core.requests.request import AccessRequest, Escalation, EscalationStep

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

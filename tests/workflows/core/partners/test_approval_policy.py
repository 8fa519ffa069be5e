"""The approval policy: never less strict than the partner's present one, and strict enough for the result."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.core.builders import DATA_OWNER, SECURITY, STAGES, TENANT, access_plan, closed_document
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.partners.approval_policy import (
    ApprovalChain,
    ApprovalPolicy,
    approval_chain_for,
    chain_rule,
    is_as_strict,
    merged_chain,
    stricter,
    strongest_chain,
)
from workflows.core.people import Role
from workflows.core.plans.plan import Plan
from workflows.core.plans.planning import plan_revocation
from workflows.core.policy.approval import ChainRule
from workflows.core.policy.risk import RiskLevel, RiskReason, requirement_of, risk_of_result, weakness_of
from workflows.core.policy.template import Stage

ROLES = frozenset({SECURITY, DATA_OWNER, Role("legal")})
ONE = (Stage(title="Security", role=SECURITY, quorum=1),)
FOUR = (
    Stage(title="Security", role=SECURITY, quorum=2),
    Stage(title="Legal", role=Role("legal"), quorum=1),
    Stage(title="Data owners", role=DATA_OWNER, quorum=1),
)

stages = st.builds(Stage, title=st.just("T"), role=st.sampled_from(sorted(ROLES)), quorum=st.integers(1, 5))
chains = st.lists(stages, min_size=1, max_size=4).map(tuple)


def opening() -> Plan:
    """A plan that opens something over settings that there are."""
    return access_plan(closed_document())


def policy(
    current: ApprovalChain = (), strongest: ApprovalChain = FOUR, roles: frozenset[Role] = ROLES
) -> ApprovalPolicy:
    return ApprovalPolicy(current=current, strongest=strongest, roles=roles)


@given(chains, chains)
def test_the_stricter_of_two_chains_is_as_strict_as_each(one: ApprovalChain, other: ApprovalChain) -> None:
    merged = stricter(one, other)
    assert is_as_strict(merged, one)
    assert is_as_strict(merged, other)
    for level in RiskLevel:
        if weakness_of(one, level) is None or weakness_of(other, level) is None:
            assert weakness_of(merged, level) is None


@given(chains, chains)
def test_merging_once_more_changes_nothing(one: ApprovalChain, other: ApprovalChain) -> None:
    merged = stricter(one, other)
    assert stricter(merged, one) == stricter(merged, other) == stricter(merged, merged) == merged
    assert merged_chain([one, other, one]) == stricter(stricter((), one), other)


def test_the_order_of_the_longer_chain_stays() -> None:
    assert [stage.role for stage in stricter(STAGES, FOUR)] == [SECURITY, "legal", DATA_OWNER]
    assert [stage.quorum for stage in stricter(STAGES, FOUR)] == [2, 1, 2]
    assert stricter((), ONE) == stricter(ONE, ()) == ONE


def test_a_partner_keeps_the_chain_under_which_it_stands() -> None:
    assert approval_chain_for(opening(), ONE, policy(STAGES), RiskLevel.LOW) == STAGES
    assert approval_chain_for(opening(), STAGES, policy(ONE), RiskLevel.LOW) == STAGES


def test_a_new_partner_needs_the_templates_chain() -> None:
    assert approval_chain_for(access_plan(), ONE, policy(), RiskLevel.LOW) == ONE


def test_what_only_closes_needs_one_approver_whatever_the_partner_stands_under() -> None:
    closing = plan_revocation(tenant_id=TENANT, before=access_plan().configuration_after())
    assert approval_chain_for(closing, STAGES, policy(FOUR), RiskLevel.HIGH) == ONE


@given(chains, chains, st.sampled_from(list(RiskLevel)))
def test_the_chain_is_enough_for_the_risk_of_the_result(
    template: ApprovalChain, current: ApprovalChain, level: RiskLevel
) -> None:
    """As long as the strongest chain there is suffices for it."""
    chain = approval_chain_for(opening(), template, policy(current), level)
    assert is_as_strict(chain, current)
    assert is_as_strict(chain, template)
    assert weakness_of(chain, level) is None


def test_settings_made_by_hand_count_like_approved_ones() -> None:
    need = requirement_of(RiskLevel.HIGH)
    chain = approval_chain_for(opening(), ONE, policy(), RiskLevel.HIGH)
    assert (sum(stage.quorum for stage in chain), len(chain)) >= (need.people, need.stages)
    assert approval_chain_for(opening(), ONE, policy(), RiskLevel.LOW) == ONE


def test_where_a_role_is_gone_the_strongest_chain_decides() -> None:
    gone = (Stage(title="Works council", role=Role("council"), quorum=1),)
    chain = approval_chain_for(opening(), ONE, policy(gone), RiskLevel.LOW)
    assert is_as_strict(chain, FOUR)
    assert "council" not in {stage.role for stage in chain}


def test_the_risk_of_the_result_weighs_what_the_plan_leaves_alone() -> None:
    """Existing synchronization is no change, but it is part of the result."""
    before = {"tenantId": TENANT, "identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}}}
    assert risk_of_result(access_plan(before), None).level is RiskLevel.HIGH


@pytest.mark.parametrize("days", [1, 400])
def test_the_duration_is_part_of_the_risk_of_the_result(days: int) -> None:
    plan = replace(opening(), duration=timedelta(days=days))
    said = RiskReason.LONG in risk_of_result(plan, None).reasons
    assert said is (days > 366)


def test_the_strongest_chain_has_the_most_people_then_the_most_stages() -> None:
    template = load_catalog(SHIPPED).templates["trusted-partner"]
    one, two = (replace(template, name="one", stages=ONE), replace(template, name="two", stages=STAGES))
    three = replace(template, name="three", stages=(replace(ONE[0], quorum=3),))
    assert strongest_chain([two, one]) == strongest_chain([one, two]) == STAGES
    assert strongest_chain([three, two]) == strongest_chain([two, three]) == STAGES, "as many people, more stages"
    assert strongest_chain([one, two, replace(template, name="four", stages=FOUR)]) == FOUR


def test_a_role_that_only_the_weaker_chain_has_is_added_and_a_shared_one_gets_the_larger_number() -> None:
    many = (Stage(title="Security", role=SECURITY, quorum=3),)
    legal = (Stage(title="Legal", role=Role("legal"), quorum=1),)
    assert stricter(STAGES, many) == stricter(many, STAGES) == (replace(STAGES[0], quorum=3), STAGES[1])
    assert stricter(STAGES, legal) == stricter(legal, STAGES) == (*STAGES, *legal)
    assert stricter(STAGES, ONE) == STAGES
    assert is_as_strict(STAGES, ONE)
    assert not is_as_strict(ONE, STAGES)
    assert not is_as_strict(many, STAGES), "enough people in too few stages"


def test_any_number_of_chains_is_merged() -> None:
    assert merged_chain([]) == ()
    assert merged_chain([ONE, STAGES]) == STAGES


def test_the_rule_that_asks_for_the_chain() -> None:
    assert chain_rule(opening(), STAGES, STAGES) is ChainRule.TEMPLATE
    kept = approval_chain_for(opening(), ONE, policy(current=STAGES), RiskLevel.LOW)
    assert chain_rule(opening(), kept, ONE) is ChainRule.STRICTER
    closing = plan_revocation(tenant_id=TENANT, before=None)
    assert (
        chain_rule(closing, approval_chain_for(closing, STAGES, policy(), RiskLevel.LOW), STAGES)
        is ChainRule.ONE_APPROVER
    )

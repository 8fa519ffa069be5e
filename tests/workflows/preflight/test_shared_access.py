"""Many partners and few questions: asked once for equal access, again after a pause, and never claimed when unread."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from tests.workflows.core.builders import access_plan
from tests.workflows.core.policies import external, policy
from tests.workflows.fakes import FakeTenant
from tests.workflows.preflight.test_access_check import DEFAULT
from workflows.core.checks.conditional_access.controls import PolicyEffect, VisitorType
from workflows.core.checks.conditional_access.findings import AccessBasis, basis_of
from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.plans.plan import Plan
from workflows.core.settings.model import TenantId
from workflows.ports.tenant import TenantRefused, TenantUnavailable
from workflows.preflight.shared_access import SharedAccess

EVALUATE: Final = "surroundings.evaluate_access"
READ: Final = "surroundings.read_conditional_access"
ONE: Final = 1
"""How many evaluations one plan needs here: its guests, without risk."""


def tenant_with(*policies: dict[str, Any]) -> FakeTenant:
    tenant = FakeTenant(partners={})
    tenant.tenant_settings.policies = list(policies)
    return tenant


def plans(count: int) -> list[Plan]:
    plan = access_plan()
    return [replace(plan, tenant_id=TenantId(f"00000000-0000-4000-8000-{one:012x}")) for one in range(count)]


def blocking(*tenants: TenantId) -> dict[str, Any]:
    return policy(
        "block", name="Named", users={"includeGuestsOrExternalUsers": external("b2bCollaborationGuest", *tenants)}
    )


class Rests:
    """Pauses without waiting."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def shared(tenant: FakeTenant, **more: Any) -> SharedAccess:
    return SharedAccess(tenant_settings=tenant.tenant_settings, rest=Rests(), **more)


async def reports(access: SharedAccess, some: Sequence[Plan]) -> list[AccessReport]:
    return [await access.report(plan, DEFAULT) for plan in some]


async def test_partners_with_equal_access_share_one_evaluation_and_a_named_one_has_its_own() -> None:
    some = plans(100)
    tenant = tenant_with(policy("mfa"), blocking(some[7].tenant_id, some[9].tenant_id))
    found = await reports(shared(tenant), some)
    asked = tenant.tenant_settings.evaluated
    assert {one.tenant_id for one in asked} == {some[0].tenant_id, some[7].tenant_id, some[9].tenant_id}
    assert len(asked) == len(set(asked)) == 3 * ONE
    assert tenant.tenant_settings.script.calls.count(READ) == 1
    out = [place for place, one in enumerate(found) if one.worst(VisitorType.GUEST) is PolicyEffect.LOCKED_OUT]
    assert out == [7, 9]
    assert {basis_of(one) for place, one in enumerate(found) if place not in out} == {AccessBasis.TEMPLATE}
    assert {basis_of(found[place]) for place in out} == {AccessBasis.TENANT}


async def test_an_answer_is_kept_for_the_next_partners_until_a_policy_is_changed() -> None:
    tenant, some = tenant_with(policy("mfa")), plans(3)
    first = shared(tenant)
    await reports(first, some)
    await reports(shared(tenant, kept=first.kept), some)
    assert len(tenant.tenant_settings.evaluated) == ONE
    tenant.tenant_settings.policies = [policy("block")]
    (found, *_) = await reports(shared(tenant, kept=first.kept), some)
    assert len(tenant.tenant_settings.evaluated) == 2 * ONE
    assert found.worst(VisitorType.GUEST) is PolicyEffect.LOCKED_OUT


async def test_without_an_answer_it_is_asked_again_after_longer_pauses() -> None:
    tenant, rest = tenant_with(policy("mfa")), Rests()
    tenant.tenant_settings.script.fail(EVALUATE, TenantUnavailable("", is_throttled=True), times=2)
    access = SharedAccess(tenant_settings=tenant.tenant_settings, rest=rest, again_after=(2.0, 4.0, 8.0))
    (found,) = await reports(access, plans(1))
    assert (rest.seconds, access.asked, basis_of(found)) == ([2.0, 4.0], 3, AccessBasis.TEMPLATE)


async def test_after_the_last_pause_nothing_more_is_asked_and_all_say_that_they_are_estimates() -> None:
    tenant = tenant_with(policy("block"), blocking(plans(2)[1].tenant_id))
    tenant.tenant_settings.script.fail(EVALUATE, TenantUnavailable("", is_throttled=True), times=4)
    access = shared(tenant)
    found = await reports(access, plans(3))
    assert access.asked == 4
    assert {basis_of(one) for one in found} == {AccessBasis.POLICIES}
    assert {one.worst(VisitorType.GUEST) for one in found} == {PolicyEffect.LOCKED_OUT}


async def test_a_refusal_is_about_its_application_and_is_not_asked_again() -> None:
    some = plans(2)
    tenant = tenant_with(policy("block"), blocking(some[1].tenant_id))
    tenant.tenant_settings.script.fail(EVALUATE, TenantRefused(400, "", ""))
    access = shared(tenant)
    found = await reports(access, some)
    assert (access.asked, {basis_of(one) for one in found}) == (1, {AccessBasis.POLICIES})


async def test_beyond_the_limit_the_policies_are_read_and_that_is_said() -> None:
    some = plans(10)
    tenant = tenant_with(blocking(*(one.tenant_id for one in some)))
    access = shared(tenant, limit=4)
    found = await reports(access, some)
    assert len(tenant.tenant_settings.evaluated) == 4
    assert [basis_of(one) for one in found] == [AccessBasis.TENANT] * 4 + [AccessBasis.POLICIES] * 6
    assert {one.worst(VisitorType.GUEST) for one in found} == {PolicyEffect.LOCKED_OUT}


async def test_policies_that_could_not_be_read_are_not_known_and_never_nothing() -> None:
    tenant = tenant_with(policy("block"))
    tenant.tenant_settings.script.fail(READ, TenantUnavailable("No."))
    found = await reports(shared(tenant), plans(3))
    assert {basis_of(one) for one in found} == {AccessBasis.NOT_READ}
    assert {one.worst(VisitorType.GUEST) for one in found} == {PolicyEffect.NOT_KNOWN}
    assert (tenant.tenant_settings.evaluated, tenant.tenant_settings.script.calls.count(READ)) == ([], 1)

"""Asking Entra's evaluation: within limits, once for several requests, and once for equal partners of the posture."""

import asyncio
from typing import Any, Final

import pytest

import workflows.preflight.current_access
from tests.waiting import LONGEST_WAIT
from tests.workflows.core.builders import TENANT
from tests.workflows.core.policies import external, policy
from tests.workflows.core.posture.test_posture import ALL
from tests.workflows.fakes import FakeTenant, FixedClock
from workflows.app.reads.posture import read_posture
from workflows.core.checks.conditional_access.controls import PolicyEffect, VisitorType
from workflows.core.checks.conditional_access.questions import Question
from workflows.core.checks.conditional_access.verdicts import AccessReport, Source
from workflows.core.checks.tenant_facts import UnreadableFact, UnreadableReason
from workflows.core.partners.records import Records
from workflows.core.posture.model import Posture
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.effective import effective_settings
from workflows.core.settings.model import TenantId
from workflows.ports.tenant import TenantRefused, TenantUnavailable
from workflows.preflight.access_check import AccessCheck

OPEN: Final = {"b2bCollaborationInbound": ALL}
SHUT: Final = {"accessType": "blocked", "targets": [{"target": "AllUsers", "targetType": "user"}]}
NOTHING: Final = {"accessType": "blocked", "targets": [{"target": "AllApplications", "targetType": "application"}]}
DEFAULT: Final[dict[str, Any]] = {
    "isServiceDefault": True,
    "b2bDirectConnectInbound": {"usersAndGroups": SHUT, "applications": NOTHING},
    "inboundTrust": {"isMfaAccepted": False},
}
TRUSTED: Final = {**OPEN, "inboundTrust": {"isMfaAccepted": True}}


async def report(tenant: FakeTenant, timeout_seconds: float = 5.0) -> AccessReport:
    """Ask about guests who may use everything."""
    check = AccessCheck(tenant_settings=tenant.tenant_settings, timeout_seconds=timeout_seconds)
    return await check.report(tenant.tenant_settings.policies, effective_settings(OPEN, DEFAULT), TENANT)


def tenant_with(*policies: dict[str, Any], partners: dict[str, dict[str, Any]] | None = None) -> FakeTenant:
    """A tenant with these policies."""
    tenant = FakeTenant(partners={TenantId(key): {"tenantId": key, **one} for key, one in (partners or {}).items()})
    tenant.tenant_settings.policies = list(policies)
    tenant.default = DEFAULT
    return tenant


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (TenantRefused(400, "Request_BadRequest", "No."), UnreadableReason.REFUSED),
        (TenantRefused(403, "Authorization_RequestDenied", "No."), UnreadableReason.FORBIDDEN),
        (TenantRefused(404, "ResourceNotFound", "No."), UnreadableReason.NOT_OFFERED),
        (TenantUnavailable("Slow down.", is_throttled=True), UnreadableReason.THROTTLED),
        (TenantUnavailable("No answer."), UnreadableReason.UNREACHABLE),
    ],
)
async def test_what_fails_is_said_and_the_policies_are_checked(error: Exception, why: UnreadableReason) -> None:
    tenant = tenant_with(policy("block"))
    tenant.tenant_settings.script.fail("surroundings.evaluate_access", error)
    found = await report(tenant)
    assert (found.unanswered_because, found.worst(VisitorType.GUEST)) == (
        UnreadableFact(reason=why),
        PolicyEffect.LOCKED_OUT,
    )
    assert {one.source for one in found.verdicts} == {Source.ESTIMATE}


async def test_asking_ends_with_the_first_failure_but_a_refusal_is_about_its_application() -> None:
    named = policy("block", name="Portal", applications={"includeApplications": ["portal-1"]})
    tenant = tenant_with(policy("mfa"), named)
    tenant.tenant_settings.script.fail("surroundings.evaluate_access", TenantUnavailable("", is_throttled=True))
    await report(tenant)
    assert len(tenant.tenant_settings.evaluated) == 1
    tenant.tenant_settings.evaluated.clear()
    tenant.tenant_settings.script.fail("surroundings.evaluate_access", TenantRefused(400, "", ""))
    found = await report(tenant)
    assert [one.application for one in tenant.tenant_settings.evaluated] == ["All", "portal-1"]
    assert found.unanswered_because == UnreadableFact(reason=UnreadableReason.REFUSED)
    assert {(one.policy, one.source) for one in found.verdicts} == {
        ("Policy", Source.ENTRA),
        ("Portal", Source.ENTRA),
    }


async def test_nobody_waits_longer_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = tenant_with(policy("block"))

    async def never(_: Question) -> list[JsonObject]:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(type(tenant.tenant_settings), "evaluate_access", lambda _, question, *, fresh: never(question))
    async with asyncio.timeout(LONGEST_WAIT):
        found = await report(tenant, timeout_seconds=0.05)
    assert found.unanswered_because == UnreadableFact(reason=UnreadableReason.OUT_OF_TIME)
    assert (await report(tenant, timeout_seconds=0.0)).unanswered_because == UnreadableFact(
        reason=UnreadableReason.OUT_OF_TIME
    )


# --- the posture ---


async def posture(tenant: FakeTenant) -> Posture:
    """Read the posture without records."""

    async def none() -> Records | None:
        return None

    return await read_posture(tenant=tenant, records=none, clock=FixedClock())


def ids(count: int) -> list[str]:
    """Tenants of one's own."""
    return [f"00000000-0000-4000-8000-{number:012x}" for number in range(count)]


async def test_the_posture_asks_once_for_all_partners_that_no_policy_tells_apart() -> None:
    """Trust tells partners apart in what a policy means, not in which applies."""
    settings = {key: TRUSTED if number % 2 else OPEN for number, key in enumerate(ids(100))}
    tenant = tenant_with(policy("mfa"), partners=settings)
    found = {one.tenant_id: one.access for one in (await posture(tenant)).partners}
    assert len(tenant.tenant_settings.evaluated) == 1
    meanings = {key: one.worst(VisitorType.GUEST) for key, one in found.items() if one is not None}
    assert set(meanings.values()) == {PolicyEffect.REQUIRED_IN_OUR_TENANT, PolicyEffect.REQUIRED_IN_PARTNER_TENANT}
    assert meanings[TenantId(ids(2)[1])] is PolicyEffect.REQUIRED_IN_PARTNER_TENANT


async def test_a_partner_that_a_policy_names_is_asked_about_by_itself() -> None:
    first, second, third = ids(3)
    block = policy("block", users={"includeGuestsOrExternalUsers": external("b2bCollaborationGuest", second)})
    tenant = tenant_with(block, partners=dict.fromkeys((first, second, third), OPEN))
    found = {one.tenant_id: one for one in (await posture(tenant)).partners}
    assert {one.tenant_id for one in tenant.tenant_settings.evaluated} == {first, second}
    codes = {key: [one.code for one in partner.concerns] for key, partner in found.items()}
    assert "ca_locked_out" in codes[TenantId(second)]
    assert "ca_locked_out" not in codes[TenantId(first)] + codes[TenantId(third)]


async def test_the_posture_asks_no_more_than_twelve_and_says_what_is_an_estimate() -> None:
    named = external("b2bCollaborationGuest", *ids(30))
    tenant = tenant_with(
        policy("block", users={"includeGuestsOrExternalUsers": named}), partners=dict.fromkeys(ids(30), OPEN)
    )
    found = (await posture(tenant)).partners
    assert len(tenant.tenant_settings.evaluated) == 12
    assert sum("ca_estimate" in [one.code for one in partner.concerns] for partner in found) == 18
    assert all("ca_locked_out" in [one.code for one in partner.concerns] for partner in found)


async def test_policies_that_could_not_be_read_are_no_clean_posture() -> None:
    tenant = tenant_with(policy("block"), partners={ids(1)[0]: OPEN})
    tenant.tenant_settings.script.fail("surroundings.read_conditional_access", TenantUnavailable("No."))
    (partner,) = (await posture(tenant)).partners
    assert "conditional_access_unread" in [one.code for one in partner.concerns]


async def test_a_tenant_without_partners_reads_no_policy() -> None:
    tenant = tenant_with(policy("block"))
    assert (await posture(tenant)).partners == ()
    assert "surroundings.read_conditional_access" not in tenant.tenant_settings.script.calls
    assert workflows.preflight.current_access.TIMEOUT_SECONDS < 10

"""A tenant of another Microsoft cloud is blocked until it is added: what a plan changes, and what is shown."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.words.plans.changes import describe_changes
from bot.words.plans.current_settings import describe_current, describe_staying_open
from tests.workflows.core.builders import TENANT, access_plan, closed_document
from tests.workflows.core.settings.test_effective import A1, ALL, G1, listed
from workflows.core.checks.application_access import Capability, Direction, application_access
from workflows.core.checks.consequences import Consequence, consequences
from workflows.core.errors.facts import Fact
from workflows.core.plans.changes import plan_access_change, setting_changes
from workflows.core.plans.plan import Plan
from workflows.core.plans.planning import plan_access, plan_revocation
from workflows.core.plans.renewal import plan_renewal
from workflows.core.policy.risk import Risk, RiskLevel, RiskReason, risk_for_approval, risk_of, risk_of_result
from workflows.core.posture.current_risk import current_risk
from workflows.core.settings.access_change import AccessChange, is_certainly_blocked
from workflows.core.settings.effective import Origin, effective_settings
from workflows.core.settings.model import B2B_PROPERTIES, FLAGS, TARGET_PROPERTIES, InboundTrust, Property

OPEN: dict[str, Any] = {
    **{name.value: ALL for name in B2B_PROPERTIES},
    "m365CollaborationInbound": {"users": listed("allowed", "AllUsers")},
    "tenantRestrictions": ALL,
    "inboundTrust": {
        "isMfaAccepted": True,
        "isCompliantDeviceAccepted": True,
        "isHybridAzureADJoinedDeviceAccepted": False,
    },
}


@pytest.mark.parametrize("default", [OPEN, {}, None])
def test_until_it_is_added_nobody_passes_for_certain_whatever_the_default_says(default: Any) -> None:
    effective = effective_settings(None, default, is_cross_cloud=True)
    for direction in Direction:
        for capability in Capability:
            found = application_access(
                effective, direction=direction, capability=capability, user=frozenset({G1}), application=A1
            )
            assert (found.allowed, found.is_certain, found.origin) == (False, True, Origin.NOT_ADDED)
    assert all(flag.value is False for flag in effective.flags.values())
    blocked = [name for name in TARGET_PROPERTIES if is_certainly_blocked(effective.targets[name].certain_setting)]
    assert set(blocked) == set(TARGET_PROPERTIES) - {Property.TENANT_RESTRICTIONS}


def test_once_it_is_added_the_default_applies_as_to_everybody() -> None:
    own = {"tenantId": TENANT}
    assert effective_settings(own, OPEN, is_cross_cloud=True) == effective_settings(own, OPEN)


def test_adding_it_opens_what_the_plan_does_not_write_too() -> None:
    """The usual plan writes trust and redemption; collaboration in both directions comes with the default."""
    plan = replace(access_plan(), is_cross_cloud=True)
    opened = {item.name for item in setting_changes(plan, OPEN) if item.access is AccessChange.OPENS}
    assert {
        Property.B2B_COLLABORATION_INBOUND,
        Property.B2B_COLLABORATION_OUTBOUND,
        Property.M365_COLLABORATION_INBOUND,
    } <= opened
    assert not opened & {Property.B2B_DIRECT_CONNECT_INBOUND, Property.B2B_DIRECT_CONNECT_OUTBOUND}, "not supported"
    assert plan_access_change(plan, OPEN) is AccessChange.OPENS
    assert plan_access_change(plan) is AccessChange.OPENS
    lines = describe_changes(plan, OPEN)
    line = next(one for one in lines if one.setting == "B2B collaboration, inbound")
    assert line.before == "blocked for everyone (a tenant of another cloud, not added here)"
    assert line.after.startswith("Default: everyone from the partner may use every application")
    assert line.access is AccessChange.OPENS
    assert not any("Default" in one.before for one in lines)


def test_a_default_that_blocks_opens_nothing_by_adding() -> None:
    closed = closed_document()
    plan = replace(access_plan(), is_cross_cloud=True)
    names = {item.name for item in setting_changes(plan, closed)}
    assert not names & set(B2B_PROPERTIES)


def test_the_risk_of_one_that_is_not_added_is_low_whatever_the_default_says() -> None:
    assert current_risk(None, OPEN, is_cross_cloud=True) == Risk(level=RiskLevel.LOW, reasons=())
    assert current_risk({"tenantId": TENANT}, OPEN, is_cross_cloud=True).level is RiskLevel.HIGH


def test_trust_that_only_the_default_gives_opens_as_well() -> None:
    """Whether the plan names none of the flags, or some of them."""
    blocks = {name.value: closed_document()[name.value] for name in B2B_PROPERTIES}
    for trust in ({}, {"inboundTrust": {"isHybridAzureADJoinedDeviceAccepted": False}}):
        plan = replace(access_plan(), is_cross_cloud=True)
        (post,) = plan.operations
        plan = replace(plan, operations=(replace(post, body={"tenantId": TENANT, **blocks, **trust}),))
        opened = {(item.name, item.key) for item in setting_changes(plan, OPEN) if item.access is AccessChange.OPENS}
        assert (Property.INBOUND_TRUST, "mfa") in opened
        assert (Property.INBOUND_TRUST, "compliant_device") in opened
        assert (Property.INBOUND_TRUST, "hybrid_joined_device") not in opened
        assert not [item for item in setting_changes(replace(plan, is_cross_cloud=False), OPEN) if item.key == "mfa"]


def test_a_plan_for_one_that_is_added_already_does_what_it_does_in_our_own_cloud() -> None:
    plan = access_plan({"tenantId": TENANT})
    assert setting_changes(replace(plan, is_cross_cloud=True), OPEN) == setting_changes(plan, OPEN)


def test_revoking_it_blocks_and_does_not_speak_of_defaults() -> None:
    for before in (None, {"tenantId": TENANT, **OPEN}):
        plan = plan_revocation(tenant_id=TENANT, before=before, is_cross_cloud=True)
        said = consequences(plan, OPEN)
        assert Fact(Consequence.NOT_DELETED_ELSEWHERE) in said
        unsure = consequences(plan, None)
        assert Fact(Consequence.KEPT_ELSEWHERE) in unsure, "what the default opens besides is not known"
        assert Fact(Consequence.NOT_DELETED_ELSEWHERE) not in unsure
        of_defaults = {Fact(Consequence.NOT_DELETED), Fact(Consequence.KEPT)}
        assert not of_defaults & {*said, *unsure}
        assert not any(line.opens for line in describe_changes(plan, {name: OPEN[name] for name in B2B_PROPERTIES}))
    assert Fact(Consequence.NOT_DELETED) in consequences(plan_revocation(tenant_id=TENANT, before=None), OPEN)


def test_the_current_settings_says_that_it_is_blocked_and_inherits_nothing() -> None:
    found = {one.setting: one for one in describe_current(None, OPEN, is_cross_cloud=True)}
    said = found["B2B collaboration, inbound"]
    assert (said.fact.may_allow_access, said.fact.inherits, said.fact.origin) == (False, False, Origin.NOT_ADDED)
    assert said.words == "blocked for everyone (a tenant of another cloud, not added here)"
    trust = found["Trust in the partner's MFA"]
    assert (trust.words, trust.fact.may_allow_access) == (
        "not trusted (a tenant of another cloud, not added here)",
        False,
    )
    assert not any(one.fact.may_allow_access for name, one in found.items() if name != "Tenant restrictions")


def test_the_digest_covers_the_cloud_only_where_it_is_another_one() -> None:
    plan = access_plan()
    assert replace(plan, is_cross_cloud=False).digest == plan.digest
    assert replace(plan, is_cross_cloud=True).digest != plan.digest


# --- What stands after a plan ---------------------------------------------------------------------------------------


def standing(**settings: Any) -> dict[str, Any]:
    return {"tenantId": TENANT, **settings}


SYNCHRONIZED = {"userSyncInbound": {"isSyncAllowed": True}}
CONSENT = {"inboundAllowed": True, "outboundAllowed": True}
SERVICE_DEFAULT: dict[str, Any] = {
    "isServiceDefault": True,
    "b2bCollaborationInbound": ALL,
    "b2bCollaborationOutbound": ALL,
    **{name: closed_document()[name] for name in ("b2bDirectConnectInbound", "b2bDirectConnectOutbound")},
    "inboundTrust": dict.fromkeys(FLAGS[Property.INBOUND_TRUST].values(), False),
}


def test_the_result_is_rated_by_everything_that_is_set_and_the_change_by_itself() -> None:
    before = standing(
        identitySynchronization=SYNCHRONIZED,
        b2bDirectConnectOutbound=ALL,
        automaticUserConsentSettings={"outboundAllowed": True},
    )
    plan = access_plan(before)
    change, result = risk_of(plan, SERVICE_DEFAULT), risk_of_result(plan, SERVICE_DEFAULT)
    assert change.level < result.level is RiskLevel.HIGH
    assert RiskReason.SYNCHRONIZATION in result.reasons
    assert RiskReason.DIRECT_CONNECT_OUTBOUND in result.reasons
    assert risk_for_approval(plan, SERVICE_DEFAULT) == result
    named = {one.setting for one in describe_staying_open(plan, SERVICE_DEFAULT)}
    assert {
        "Identity synchronization into this tenant",
        "B2B direct connect, outbound",
        "Automatic redemption, outbound",
    } == named


def test_what_everybody_has_by_default_does_not_raise_the_result() -> None:
    assert risk_of_result(access_plan(), SERVICE_DEFAULT) == risk_of(access_plan(), SERVICE_DEFAULT)
    own = standing(b2bCollaborationOutbound=ALL)
    assert risk_of_result(access_plan(own), SERVICE_DEFAULT).level is risk_of(access_plan(), SERVICE_DEFAULT).level


def test_closing_is_rated_by_itself_alone() -> None:
    """A proven reduction stays easy, whatever else stays open."""
    before = standing(identitySynchronization=SYNCHRONIZED, b2bCollaborationInbound=ALL)
    plan = replace(access_plan(before), duration=None)
    (patch,) = plan.operations
    narrowing = replace(
        plan,
        operations=(replace(patch, body={"b2bCollaborationInbound": closed_document()["b2bCollaborationInbound"]}),),
    )
    assert risk_for_approval(narrowing, SERVICE_DEFAULT).level is RiskLevel.LOW
    assert risk_of_result(narrowing, SERVICE_DEFAULT).level is RiskLevel.HIGH


def test_members_that_are_unknown_and_false_raise_nothing() -> None:
    """The service may show a new flag that is off for everybody."""
    known = dict.fromkeys(FLAGS[Property.INBOUND_TRUST].values(), False)
    for own in ({"inboundTrust": {**known, "isPasskeyAccepted": False}}, {"inboundTrust": known}):
        renewal: Plan = plan_renewal(
            tenant_id=TENANT, before=standing(**own), template="t", template_hash="h", duration=timedelta(days=90)
        )
        assert risk_of_result(renewal, SERVICE_DEFAULT).level is RiskLevel.LOW


@pytest.mark.parametrize("is_cross_cloud", [False, True])
def test_a_plan_remembers_whether_the_partner_is_in_another_cloud(is_cross_cloud: bool) -> None:
    made = plan_access(
        tenant_id=TENANT,
        before=None,
        settings={Property.INBOUND_TRUST: InboundTrust(mfa=True)},
        template="trusted-partner",
        template_hash="",
        duration=timedelta(days=90),
        is_cross_cloud=is_cross_cloud,
    )
    assert made.is_cross_cloud is is_cross_cloud

"""How much a plan lets in, and how many people that takes."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.core.builders import DATA_OWNER, SECURITY, STAGES, TENANT, closed_document
from tests.workflows.core.settings.test_effective import ALL as ALL_DOCUMENT
from workflows.core.plans.changes import plan_access_change
from workflows.core.plans.plan import Operation, Plan
from workflows.core.plans.planning import plan_access, plan_revocation
from workflows.core.policy.risk import (
    ChainRequirement,
    Risk,
    RiskLevel,
    RiskReason,
    requirement_of,
    risk_of,
    risk_of_settings,
    weakness_of,
)
from workflows.core.policy.template import Stage
from workflows.core.settings.access_change import AccessChange
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import (
    BLOCK_ALL,
    AccessType,
    AppServiceConnect,
    AutomaticRedemption,
    B2BSetting,
    IdentitySynchronization,
    InboundTrust,
    Property,
    Setting,
    Target,
    TargetConfiguration,
    TargetType,
)

P = Property
YEAR = timedelta(days=365)
EVERYBODY = TargetConfiguration(access=AccessType.ALLOWED, targets=(Target(type=TargetType.USER, id="AllUsers"),))


def applications(*ids: str) -> TargetConfiguration:
    targets = tuple(Target(type=TargetType.APPLICATION, id=target) for target in ids)
    return TargetConfiguration(access=AccessType.ALLOWED, targets=targets)


OFFICE = B2BSetting(users_and_groups=EVERYBODY, applications=applications("Office365"))
ALL = B2BSetting(users_and_groups=EVERYBODY, applications=applications("AllApplications"))
MICROSOFT = B2BSetting(users_and_groups=EVERYBODY, applications=applications("AllMicrosoftApps"))
SERVICE_DEFAULT = {
    "isServiceDefault": True,
    "b2bCollaborationInbound": ALL_DOCUMENT,
    "b2bCollaborationOutbound": ALL_DOCUMENT,
    "inboundTrust": {
        "isMfaAccepted": False,
        "isCompliantDeviceAccepted": False,
        "isHybridAzureADJoinedDeviceAccepted": False,
    },
}


def plan(settings: dict[Property, Setting], before: JsonObject | None = None, duration: timedelta = YEAR) -> Plan:
    return plan_access(
        tenant_id=TENANT, before=before, settings=settings, template="t", template_hash="h", duration=duration
    )


@pytest.mark.parametrize(
    ("settings", "level", "reason"),
    [
        ({P.B2B_COLLABORATION_INBOUND: OFFICE}, 1, None),
        ({P.B2B_COLLABORATION_INBOUND: BLOCK_ALL}, 1, None),
        ({P.B2B_COLLABORATION_INBOUND: ALL}, 2, RiskReason.ALL_APPLICATIONS),
        ({P.B2B_COLLABORATION_INBOUND: None}, 2, RiskReason.ALL_APPLICATIONS),
        ({P.B2B_COLLABORATION_OUTBOUND: OFFICE}, 2, RiskReason.OUTBOUND),
        ({P.B2B_COLLABORATION_OUTBOUND: ALL}, 2, RiskReason.OUTBOUND_ALL),
        ({P.B2B_DIRECT_CONNECT_INBOUND: OFFICE}, 2, RiskReason.DIRECT_CONNECT_INBOUND),
        ({P.B2B_DIRECT_CONNECT_OUTBOUND: OFFICE}, 2, RiskReason.DIRECT_CONNECT_OUTBOUND),
        ({P.B2B_DIRECT_CONNECT_INBOUND: ALL}, 3, RiskReason.DIRECT_CONNECT_ALL),
        (
            {P.INBOUND_TRUST: InboundTrust(mfa=True, compliant_device=False, hybrid_joined_device=False)},
            2,
            RiskReason.MFA,
        ),
        ({P.INBOUND_TRUST: InboundTrust(mfa=True)}, 3, RiskReason.ALL_TRUST),
        ({P.INBOUND_TRUST: InboundTrust(mfa=False, hybrid_joined_device=True)}, 2, RiskReason.HYBRID_JOINED_DEVICES),
        ({P.INBOUND_TRUST: InboundTrust(mfa=True, compliant_device=True)}, 3, RiskReason.ALL_TRUST),
        ({P.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=True)}, 2, RiskReason.NO_CONSENT_INBOUND),
        ({P.IDENTITY_SYNCHRONIZATION: IdentitySynchronization(is_allowed=True)}, 3, RiskReason.SYNCHRONIZATION),
        (
            {P.APP_SERVICE_CONNECT_INBOUND: AppServiceConnect(applications=applications("AllApplications"))},
            2,
            RiskReason.OTHER,
        ),
    ],
)
def test_the_most_that_a_template_lets_in(
    settings: dict[Property, Setting], level: int, reason: RiskReason | None
) -> None:
    risk = risk_of_settings(settings, YEAR)
    assert risk.level == level
    assert reason in risk.reasons if reason else risk.reasons == ()


@pytest.mark.parametrize(
    ("name", "level", "reason"),
    [
        (
            P.B2B_COLLABORATION_INBOUND,
            RiskLevel.ELEVATED,
            RiskReason.ALL_APPLICATIONS,
        ),
        (
            P.B2B_COLLABORATION_OUTBOUND,
            RiskLevel.ELEVATED,
            RiskReason.OUTBOUND_MICROSOFT,
        ),
        (P.B2B_DIRECT_CONNECT_INBOUND, RiskLevel.HIGH, RiskReason.DIRECT_CONNECT_ALL),
        (P.B2B_DIRECT_CONNECT_OUTBOUND, RiskLevel.HIGH, RiskReason.DIRECT_CONNECT_ALL),
    ],
)
def test_all_microsoft_apps_has_the_risk_of_what_is_not_limited(
    name: Property, level: RiskLevel, reason: RiskReason
) -> None:
    """It is one target but means every Microsoft application: its risk is that of all applications."""
    risk = risk_of_settings({name: MICROSOFT}, YEAR)
    assert (risk.level, reason in risk.reasons) == (level, True)
    assert risk.level == risk_of_settings({name: ALL}, YEAR).level
    named = B2BSetting(users_and_groups=EVERYBODY, applications=applications("AllMicrosoftApps", TENANT))
    assert risk_of_settings({name: named}, YEAR).level == level, "more names beside it change nothing"


def test_a_template_that_sets_what_a_closed_partner_has_lets_nothing_in() -> None:
    assert risk_of_settings({P.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=False)}, YEAR) == Risk(
        level=RiskLevel.LOW, reasons=()
    )


def test_long_access_and_another_cloud_weigh_only_where_something_opens() -> None:
    opening = plan({P.B2B_COLLABORATION_INBOUND: OFFICE}, closed_document(), duration=timedelta(days=730))
    risk = risk_of(replace(opening, is_cross_cloud=True))
    assert risk == Risk(
        level=RiskLevel.ELEVATED,
        reasons=(RiskReason.LONG, RiskReason.CROSS_CLOUD),
    )
    closing = plan({P.B2B_COLLABORATION_INBOUND: BLOCK_ALL}, {"tenantId": TENANT}, duration=timedelta(days=730))
    assert risk_of(replace(closing, is_cross_cloud=True)).level is RiskLevel.LOW
    assert risk_of(plan_revocation(tenant_id=TENANT, default={}, before=None)).reasons == ()


def test_adding_a_partner_of_another_cloud_opens_what_was_blocked_whatever_the_default_says() -> None:
    """Entra: "Configure Microsoft cloud settings": until it is added, a tenant of another cloud is blocked."""
    narrowing = plan({P.B2B_COLLABORATION_INBOUND: BLOCK_ALL})
    assert risk_of(narrowing).level is RiskLevel.LOW
    abroad = replace(narrowing, is_cross_cloud=True)
    assert risk_of(abroad, SERVICE_DEFAULT) == Risk(
        level=RiskLevel.ELEVATED,
        reasons=(
            RiskReason.OUTBOUND_ALL,
            RiskReason.CROSS_CLOUD,
        ),
    )
    assert risk_of(abroad).level is RiskLevel.HIGH, "what an unread default opens by adding it counts as open"
    assert plan_access_change(abroad, SERVICE_DEFAULT) is AccessChange.OPENS
    assert risk_of(plan_revocation(tenant_id=TENANT, default={}, before=None, is_cross_cloud=True)).reasons == ()


def test_what_is_open_by_default_already_is_no_news() -> None:
    """The effective change counts: an explicit "allowed" over a default that allows opens nothing."""
    opening = plan({P.B2B_COLLABORATION_INBOUND: ALL})
    assert risk_of(opening).level is RiskLevel.ELEVATED
    assert risk_of(opening, SERVICE_DEFAULT).level is RiskLevel.LOW
    assert plan_access_change(opening) is AccessChange.OPENS
    assert plan_access_change(opening, SERVICE_DEFAULT) is AccessChange.SAME


def test_a_value_that_cannot_be_read_is_a_high_risk() -> None:
    body = {"inboundTrust": {"isMfaAccepted": "perhaps"}}
    odd = Plan(
        tenant_id=TENANT,
        operations=(Operation(method="PATCH", path="/p", body=body),),
        before={"tenantId": TENANT},
        template="t",
        template_hash="",
        duration=None,
    )
    assert risk_of(odd).level is RiskLevel.HIGH


@pytest.mark.parametrize(
    ("settings", "before", "default", "access"),
    [
        ({P.B2B_COLLABORATION_INBOUND: OFFICE}, None, None, AccessChange.UNKNOWN),
        ({P.B2B_COLLABORATION_INBOUND: OFFICE}, None, SERVICE_DEFAULT, AccessChange.REDUCES),
        ({P.B2B_COLLABORATION_INBOUND: OFFICE}, closed_document(), None, AccessChange.OPENS),
        ({P.B2B_COLLABORATION_INBOUND: BLOCK_ALL}, None, None, AccessChange.REDUCES),
        ({P.INBOUND_TRUST: InboundTrust(mfa=False)}, None, SERVICE_DEFAULT, AccessChange.SAME),
        ({P.INBOUND_TRUST: InboundTrust(mfa=False)}, None, None, AccessChange.REDUCES),
        ({P.INBOUND_TRUST: None}, {"inboundTrust": {"isMfaAccepted": True}}, SERVICE_DEFAULT, AccessChange.REDUCES),
        (
            {P.B2B_COLLABORATION_INBOUND: BLOCK_ALL, P.INBOUND_TRUST: InboundTrust(mfa=True)},
            None,
            SERVICE_DEFAULT,
            AccessChange.OPENS,
        ),
    ],
)
def test_a_whole_plan_opens_when_any_part_does_and_narrows_only_when_no_part_may_open(
    settings: dict[Property, Setting], before: JsonObject | None, default: Any, access: AccessChange
) -> None:
    assert plan_access_change(plan(settings, before), default) is access


def test_the_riskier_the_more_people() -> None:
    assert [requirement_of(level) for level in RiskLevel] == [
        ChainRequirement(1, 1),
        ChainRequirement(2, 1),
        ChainRequirement(3, 2),
    ]
    assert [level.word for level in RiskLevel] == ["low", "elevated", "high"]


@pytest.mark.parametrize(
    ("stages", "level", "needs", "has"),
    [
        (STAGES, RiskLevel.HIGH, None, None),
        (STAGES[:1], RiskLevel.LOW, None, None),
        (STAGES[:1], RiskLevel.ELEVATED, (2, 1), (1, 1)),
        ((Stage(title="All", role=SECURITY, quorum=3),), RiskLevel.HIGH, (3, 2), (3, 1)),
        ((*STAGES[:1], Stage(title="Data", role=DATA_OWNER, quorum=1)), RiskLevel.HIGH, (3, 2), (2, 2)),
        ((), RiskLevel.LOW, (1, 1), (0, 0)),
    ],
)
def test_a_chain_that_is_too_weak_says_what_it_lacks(
    stages: tuple[Stage, ...], level: RiskLevel, needs: tuple[int, int] | None, has: tuple[int, int] | None
) -> None:
    found = weakness_of(stages, level)
    if found is None:
        assert needs is has is None
        return
    value = found.as_value()
    assert value["level"] == level.word
    assert (value["needs_people"], value["needs_stages"]) == needs
    assert (value["people"], value["stages"]) == has


def test_trust_in_mfa_takes_two_approvers_and_with_devices_three() -> None:
    alone = InboundTrust(mfa=True, compliant_device=False, hybrid_joined_device=False)
    with_devices = InboundTrust(mfa=True, compliant_device=True, hybrid_joined_device=False)
    needs = [requirement_of(risk_of_settings({P.INBOUND_TRUST: trust}, YEAR).level) for trust in (alone, with_devices)]
    assert needs == [ChainRequirement(2, 1), ChainRequirement(3, 2)]

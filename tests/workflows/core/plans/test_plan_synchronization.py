"""Synchronization, tenant restrictions and the newer settings in a plan: which writes, in which order, proven how."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from bot.words.plans.changes import describe_changes
from tests.workflows.core.builders import TENANT
from workflows.core.checks.consequences import Consequence, consequences
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import NothingToChange
from workflows.core.plans.plan import Plan, count_written, is_confirmed
from workflows.core.plans.planning import plan_access, plan_revocation
from workflows.core.settings.documents import parse_setting, to_document
from workflows.core.settings.model import (
    BLOCK_ALL,
    AppServiceConnect,
    AutomaticRedemption,
    IdentitySynchronization,
    M365CollaborationInbound,
    M365CollaborationOutbound,
    Property,
    Setting,
    TenantRestrictions,
)

P = Property
PARTNER = f"/policies/crossTenantAccessPolicy/partners/{TENANT}"
SYNC = f"{PARTNER}/identitySynchronization"
ON, OFF = {"userSyncInbound": {"isSyncAllowed": True}}, {"userSyncInbound": {"isSyncAllowed": False}}
WANT_ON: dict[Property, Setting] = {
    P.IDENTITY_SYNCHRONIZATION: IdentitySynchronization(is_allowed=True),
    P.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=True),
}
WANT_OFF: dict[Property, Setting] = {
    P.IDENTITY_SYNCHRONIZATION: IdentitySynchronization(is_allowed=False),
    P.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=False),
}


def plan(before: Mapping[str, Any] | None, settings: Mapping[Property, Setting]) -> Plan:
    return plan_access(
        tenant_id=TENANT,
        before=before,
        settings=settings,
        template="t",
        template_hash="h",
        duration=timedelta(days=90),
    )


def writes(made: Plan) -> list[tuple[str, str, Any]]:
    return [(o.method, o.path.removeprefix(PARTNER) or "partner", o.body) for o in made.operations]


def test_synchronization_is_created_after_the_redemption_that_it_requires() -> None:
    made = plan(None, WANT_ON)
    assert [(o.method, o.path) for o in made.operations] == [
        ("POST", "/policies/crossTenantAccessPolicy/partners"),
        ("PUT", SYNC),
    ]
    assert made.operations[1].body == ON
    existing = plan({"tenantId": TENANT, "identitySynchronization": None}, WANT_ON)
    assert writes(existing) == [
        ("PATCH", "partner", {"automaticUserConsentSettings": {"inboundAllowed": True}}),
        ("PUT", "/identitySynchronization", ON),
    ]


def test_a_policy_that_exists_is_changed_never_created_again() -> None:
    made = plan({"tenantId": TENANT, "identitySynchronization": {"displayName": "C", **OFF}}, WANT_ON)
    assert writes(made)[1] == ("PATCH", "/identitySynchronization", ON)
    after = made.configuration_after() or {}
    assert after["identitySynchronization"] == {"displayName": "C", **ON}


def test_closing_comes_first() -> None:
    before = {
        "tenantId": TENANT,
        "automaticUserConsentSettings": {"inboundAllowed": True},
        "identitySynchronization": ON,
    }
    assert writes(plan(before, WANT_OFF)) == [
        ("PATCH", "/identitySynchronization", OFF),
        ("PATCH", "partner", {"automaticUserConsentSettings": {"inboundAllowed": False}}),
    ]


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        ({"identitySynchronization": {"displayName": "C", **ON}}, IdentitySynchronization(is_allowed=True)),
        ({"identitySynchronization": OFF}, IdentitySynchronization(is_allowed=False)),
        ({}, IdentitySynchronization(is_allowed=False)),
        ({}, IdentitySynchronization()),
        ({}, None),
    ],
)
def test_what_synchronizes_or_does_not_already_needs_no_write(before: dict[str, Any], wanted: Setting) -> None:
    with pytest.raises(NothingToChange):
        plan({"tenantId": TENANT, **before}, {P.IDENTITY_SYNCHRONIZATION: wanted})


def test_a_new_partner_that_does_not_synchronize_gets_no_policy() -> None:
    assert [o.method for o in plan(None, WANT_OFF).operations] == ["POST"]


def test_a_policy_that_was_created_is_proven_by_its_flag_not_by_its_name() -> None:
    made = plan(None, WANT_ON)
    created = {**made.operations[0].body, "isServiceProvider": None}
    assert count_written(made, None) == 0
    assert count_written(made, created) == 1
    policy = {"tenantId": TENANT, "displayName": "Contoso", **ON}
    assert count_written(made, {**created, "identitySynchronization": policy}) == 2
    assert not is_confirmed(made, {**created, "identitySynchronization": {**policy, **OFF}})
    assert not is_confirmed(made, {**created, "identitySynchronization": "odd"})


def test_a_policy_of_the_partners_cannot_change_unseen_while_it_is_patched() -> None:
    made = plan({"tenantId": TENANT, "identitySynchronization": {"displayName": "C", **OFF}}, WANT_ON)
    after = made.configuration_after() or {}
    assert is_confirmed(made, after)
    assert not is_confirmed(made, {**after, "identitySynchronization": {"displayName": "D", **ON}})


def test_switching_it_on_and_off_is_said_with_what_the_partner_has_to_do() -> None:
    line = describe_changes(plan(None, WANT_ON))[-1]
    assert (line.setting, line.before, line.after, line.access) == (
        "Identity synchronization into this tenant",
        "not allowed (not set)",
        "allowed",
        "opens",
    )
    assert Fact(Consequence.SYNCHRONIZATION_THEIRS) in consequences(plan(None, WANT_ON))
    off = plan({"tenantId": TENANT, "identitySynchronization": ON}, WANT_OFF)
    assert {line.access for line in describe_changes(off)} == {"closes", "no change"}
    assert Fact(Consequence.SYNCHRONIZED_STAY) in consequences(off)


# --- Tenant restrictions --------------------------------------------------------------------------------------------

RESTRICTED = TenantRestrictions(users_and_groups=BLOCK_ALL.users_and_groups, applications=BLOCK_ALL.applications)
DEVICES = {"mode": "allowed", "rule": "x"}


def test_devices_of_tenant_restrictions_are_never_sent_and_never_lost() -> None:
    before = {"tenantId": TENANT, "tenantRestrictions": {"devices": DEVICES, "usersAndGroups": None}}
    made = plan(before, {P.TENANT_RESTRICTIONS: RESTRICTED})
    assert made.operations[0].body == {"tenantRestrictions": to_document(RESTRICTED)}
    after = made.configuration_after() or {}
    assert after["tenantRestrictions"]["devices"] == DEVICES
    assert is_confirmed(made, after)
    assert is_confirmed(made, {**after, "tenantRestrictions": to_document(RESTRICTED)})
    with pytest.raises(NothingToChange):
        plan(after, {P.TENANT_RESTRICTIONS: RESTRICTED})


def test_other_tenant_restrictions_than_the_written_ones_are_no_success() -> None:
    made = plan({"tenantId": TENANT}, {P.TENANT_RESTRICTIONS: RESTRICTED})
    after = made.configuration_after() or {}
    assert is_confirmed(made, after)
    open_ones = {**after["tenantRestrictions"], "applications": {"accessType": "allowed", "targets": []}}
    assert not is_confirmed(made, {**after, "tenantRestrictions": open_ones})


def test_devices_that_change_next_to_another_plan_are_seen() -> None:
    before = {"tenantId": TENANT, "tenantRestrictions": {"devices": DEVICES}}
    made = plan(before, {P.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=True)})
    after = {**(made.configuration_after() or {}), "tenantRestrictions": {"devices": {"mode": "blocked", "rule": "x"}}}
    assert not is_confirmed(made, after)


# --- The newer settings ---------------------------------------------------------------------------------------------

PEOPLE, APPLICATIONS = BLOCK_ALL.users_and_groups, BLOCK_ALL.applications


@pytest.mark.parametrize(
    ("name", "setting", "members"),
    [
        (P.TENANT_RESTRICTIONS, RESTRICTED, {"usersAndGroups", "applications"}),
        (P.M365_COLLABORATION_INBOUND, M365CollaborationInbound(users=PEOPLE), {"users"}),
        (P.M365_COLLABORATION_OUTBOUND, M365CollaborationOutbound(users_and_groups=PEOPLE), {"usersAndGroups"}),
        (P.APP_SERVICE_CONNECT_INBOUND, AppServiceConnect(applications=APPLICATIONS), {"applications"}),
    ],
)
def test_each_is_written_in_its_own_shape_and_said_in_words(
    name: Property, setting: Setting, members: set[str]
) -> None:
    document = to_document(setting)
    assert document is not None
    assert set(document) == members
    assert parse_setting(name, document) == setting
    (line,) = describe_changes(plan(None, {name: setting}))
    assert (line.after, line.access) == ("blocked for everyone", "closes")


def test_a_revocation_says_what_it_does_not_touch() -> None:
    before = {"tenantId": TENANT, "appServiceConnectInbound": to_document(AppServiceConnect(applications=APPLICATIONS))}
    said = consequences(plan_revocation(tenant_id=TENANT, default={}, before=before))
    assert Fact(Consequence.NOT_TOUCHED, {"settings": ["appServiceConnectInbound"]}) in said

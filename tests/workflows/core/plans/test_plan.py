"""The operations of a plan, the partner's settings after each, and what a plan never writes."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bot.words.refused import worded_refusal
from tests.workflows.core.builders import TENANT, closed_document
from tests.workflows.core.strategies import PROPERTY, SETTINGS, TENANT_IDS, partner_documents
from workflows.core.errors.raised import NothingToChange
from workflows.core.plans.plan import Change, Operation, Plan, changes, count_written, is_confirmed, written_capability
from workflows.core.plans.planning import plan_access, plan_revocation
from workflows.core.settings.block import is_synchronization_allowed
from workflows.core.settings.documents import is_equivalent, parse_setting, to_document
from workflows.core.settings.model import (
    BLOCK_ALL,
    CLOSED,
    NOBODY,
    TARGET_PROPERTIES,
    AutomaticRedemption,
    Capabilities,
    Capability,
    CapabilityName,
    IdentitySynchronization,
    InboundTrust,
    Property,
    Setting,
    TenantId,
)

PARTNERS = "/policies/crossTenantAccessPolicy/partners"
PARTNER = f"{PARTNERS}/{TENANT}"
SYNCHRONIZATION = f"{PARTNER}/identitySynchronization"
WRITABLE = re.compile(
    r"^/policies/crossTenantAccessPolicy/partners"
    r"(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    rf"(/identitySynchronization|/m365Capabilities(/({'|'.join(CapabilityName)}))?)?)?$"
)
TRUST_MFA = {Property.INBOUND_TRUST: InboundTrust(mfa=True)}
BLOCK = to_document(BLOCK_ALL)


def access(before: Mapping[str, Any] | None, wanted: Mapping[Property, Setting], tenant_id: TenantId = TENANT) -> Plan:
    return plan_access(
        tenant_id=tenant_id,
        before=before,
        settings=wanted,
        template="trusted-partner",
        template_hash="hash-1",
        duration=timedelta(days=90),
    )


def revocation(before: Mapping[str, Any] | None, tenant_id: TenantId = TENANT) -> Plan:
    return plan_revocation(tenant_id=tenant_id, default={}, before=before)


# --- Access ---------------------------------------------------------------------------------------------------------


def test_a_new_partner_is_created_with_exactly_the_settings_of_the_template() -> None:
    wanted: dict[Property, Setting] = {
        **TRUST_MFA,
        Property.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=True),
        Property.B2B_DIRECT_CONNECT_INBOUND: None,
    }
    assert access(None, wanted) == Plan(
        tenant_id=TENANT,
        operations=(
            Operation(
                method="POST",
                path=PARTNERS,
                body={
                    "tenantId": TENANT,
                    "inboundTrust": {"isMfaAccepted": True},
                    "automaticUserConsentSettings": {"inboundAllowed": True},
                },
            ),
        ),
        before=None,
        template="trusted-partner",
        template_hash="hash-1",
        duration=timedelta(days=90),
    )


def test_an_existing_partner_is_patched_in_what_differs_only() -> None:
    before = {
        "tenantId": TENANT,
        "inboundTrust": {"isMfaAccepted": True},
        "automaticUserConsentSettings": {"inboundAllowed": None, "outboundAllowed": None},
        "b2bCollaborationInbound": BLOCK,
    }
    wanted: dict[Property, Setting] = {
        **TRUST_MFA,
        Property.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=True),
    }
    plan = access(before, wanted)
    body = {"automaticUserConsentSettings": {"inboundAllowed": True, "outboundAllowed": None}}
    assert plan.operations == (Operation(method="PATCH", path=PARTNER, body=body),)
    assert plan.before == before


def test_flags_that_the_template_does_not_name_keep_their_value() -> None:
    before = {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": False, "isCompliantDeviceAccepted": True}}
    assert access(before, TRUST_MFA).operations[0].body == {
        "inboundTrust": {"isMfaAccepted": True, "isCompliantDeviceAccepted": True}
    }


def test_a_direction_is_replaced_whole_never_mixed_with_what_was_there() -> None:
    before = {"tenantId": TENANT, "b2bCollaborationInbound": {"usersAndGroups": None, "applications": None, "x": 1}}
    plan = access(before, {Property.B2B_COLLABORATION_INBOUND: BLOCK_ALL})
    assert plan.operations[0].body == {"b2bCollaborationInbound": BLOCK}


def test_inherit_is_written_as_null_where_something_else_stands() -> None:
    before = {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": True}}
    assert access(before, {Property.INBOUND_TRUST: None}).operations[0].body == {"inboundTrust": None}


def test_false_is_written_where_the_partner_inherits() -> None:
    before = {"tenantId": TENANT, "automaticUserConsentSettings": {"inboundAllowed": None}}
    plan = access(before, {Property.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=False)})
    assert plan.operations[0].body == {"automaticUserConsentSettings": {"inboundAllowed": False}}


@pytest.mark.parametrize(
    "before",
    [
        {"inboundTrust": {"isMfaAccepted": True}},
        {"inboundTrust": {"isMfaAccepted": True, "isCompliantDeviceAccepted": None}},
        {"inboundTrust": {"isMfaAccepted": True, "isCompliantDeviceAccepted": False, "@odata.type": "#t"}},
        {"inboundTrust": {"isMfaAccepted": True, "isNotDocumented": True}},
    ],
)
def test_a_partner_that_has_every_setting_already_needs_no_plan(before: dict[str, Any]) -> None:
    with worded_refusal(NothingToChange, match="already a partner with the settings of “trusted-partner”"):
        access({"tenantId": TENANT, **before}, TRUST_MFA)


def test_undeclared_fields_survive_in_the_image_and_are_never_written() -> None:
    before = {
        "tenantId": TENANT,
        "crossCloudMeetingConfiguration": {"inboundAllowed": True},
        "identitySynchronization": {"displayName": "Contoso", "userSyncInbound": {"isSyncAllowed": True}},
    }
    plan = access(before, TRUST_MFA)
    assert plan.configuration_after() == {**before, "inboundTrust": {"isMfaAccepted": True}}
    assert set(plan.operations[0].body) == {"inboundTrust"}


# --- Revocation -----------------------------------------------------------------------------------------------------


def test_a_revocation_blocks_four_directions_and_ends_trust_consent_and_synchronization() -> None:
    before = {
        "tenantId": TENANT,
        "inboundTrust": {"isMfaAccepted": True},
        "identitySynchronization": {"displayName": "Contoso", "userSyncInbound": {"isSyncAllowed": True}},
    }
    no_trust = {
        "isMfaAccepted": False,
        "isCompliantDeviceAccepted": False,
        "isHybridAzureADJoinedDeviceAccepted": False,
    }
    closed = {
        "b2bCollaborationInbound": BLOCK,
        "b2bCollaborationOutbound": BLOCK,
        "b2bDirectConnectInbound": BLOCK,
        "b2bDirectConnectOutbound": BLOCK,
        "inboundTrust": no_trust,
        "automaticUserConsentSettings": {"inboundAllowed": False, "outboundAllowed": False},
    }
    plan = revocation(before)
    assert plan == Plan(
        tenant_id=TENANT,
        operations=(
            Operation(method="PATCH", path=PARTNER, body=closed),
            Operation(method="PATCH", path=SYNCHRONIZATION, body={"userSyncInbound": {"isSyncAllowed": False}}),
        ),
        before=before,
        template="revoke",
        template_hash="",
        duration=None,
    )
    assert plan.configuration_after() == {
        "tenantId": TENANT,
        **closed,
        "identitySynchronization": {"displayName": "Contoso", "userSyncInbound": {"isSyncAllowed": False}},
    }
    assert plan.before == before, "computing the configuration changes nothing in place"


def test_a_tenant_without_a_configuration_of_its_own_is_created_closed() -> None:
    assert revocation(None).operations == (Operation(method="POST", path=PARTNERS, body=closed_document()),)


@pytest.mark.parametrize("name", [name.value for name in CLOSED])
def test_one_open_setting_is_enough_to_write_every_one(name: str) -> None:
    before = {key: value for key, value in closed_document().items() if key != name}
    (operation,) = revocation(before).operations
    assert {"tenantId": TENANT, **operation.body} == closed_document()


def test_a_closed_partner_that_synchronizes_is_only_kept_from_synchronizing() -> None:
    before = {**closed_document(), "identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}}}
    assert [operation.path for operation in revocation(before).operations] == [SYNCHRONIZATION]


@pytest.mark.parametrize(
    "synchronization",
    [
        {},
        {"identitySynchronization": None},
        {"identitySynchronization": {"userSyncInbound": {"isSyncAllowed": False}}},
    ],
)
def test_a_partner_that_is_closed_in_every_respect_needs_no_operation(synchronization: dict[str, Any]) -> None:
    """Only reading back remains, and that proves that everything is closed."""
    before = {**closed_document(), **synchronization}
    assert not is_synchronization_allowed(before)
    plan = revocation(before)
    assert plan == Plan(
        tenant_id=TENANT, operations=(), before=before, template="revoke", template_hash="", duration=None
    )
    assert (changes(plan), plan.configuration_after()) == ((), before)
    assert (count_written(plan, before), is_confirmed(plan, before)) == (0, True)
    assert count_written(plan, {**before, "inboundTrust": {"isMfaAccepted": True}}) is None
    assert count_written(plan, None) is None, "without a configuration of its own the defaults would apply"


@pytest.mark.parametrize(
    "policy",
    [
        {},
        "unreadable",
        {"userSyncInbound": "unreadable"},
        {"displayName": "x", "userSyncInbound": None},
        {"userSyncInbound": {"isSyncAllowed": None}},
        {"userSyncInbound": {"isSyncAllowed": True}},
    ],
)
def test_a_synchronization_policy_that_does_not_say_no_is_switched_off_by_a_revocation(policy: Any) -> None:
    before = {**closed_document(), "identitySynchronization": policy}
    assert is_synchronization_allowed(before)
    plan = revocation(before)
    assert [operation.path for operation in plan.operations] == [SYNCHRONIZATION]
    after = plan.configuration_after()
    assert after is not None
    assert not is_synchronization_allowed(after)


@pytest.mark.parametrize(
    "policy",
    [
        {},
        {"displayName": "x", "userSyncInbound": None},
        {"userSyncInbound": {"isSyncAllowed": None}},
        {"userSyncInbound": {"isSyncAllowed": "false"}},
        {"userSyncInbound": {"isSyncAllowed": 0}},
        {"userSyncInbound": "off"},
        "off",
        False,
    ],
)
def test_a_synchronization_policy_that_does_not_say_no_is_switched_off(policy: Any) -> None:
    before = {**closed_document(), "identitySynchronization": policy}
    plan = revocation(before)
    assert [operation.path for operation in plan.operations] == [SYNCHRONIZATION]
    after = plan.configuration_after() or {}
    assert after["identitySynchronization"]["userSyncInbound"] == {"isSyncAllowed": False}
    assert not is_synchronization_allowed(after)


# --- What is written, for any partner -------------------------------------------------------------------------------


@PROPERTY
@given(st.data(), TENANT_IDS, SETTINGS)
@pytest.mark.threats("D6")
def test_only_one_partners_own_configuration_is_ever_written(
    data: st.DataObject, tenant_id: TenantId, wanted: dict[Property, Setting]
) -> None:
    before = data.draw(st.none() | partner_documents(tenant_id))
    plans = [revocation(before, tenant_id)]
    try:
        plans.append(access(before, wanted, tenant_id))
    except NothingToChange:
        assert before is not None
    for plan in plans:
        for operation in plan.operations:
            assert WRITABLE.match(operation.path), operation.path
            assert tenant_id in operation.path or operation.body["tenantId"] == tenant_id
            is_created = operation.path == PARTNERS or operation.path.endswith("/m365Capabilities")
            assert (operation.method == "POST") is is_created
            assert operation.method != "PUT" or operation.path.endswith("/identitySynchronization")
            assert "devices" not in (operation.body.get("tenantRestrictions") or {})
        assert (plan.before is None) is (plan.operations[0].path == PARTNERS)


def capabilities_that_are_on(setting: Setting) -> list[Capability]:
    assert setting is None or isinstance(setting, Capabilities)
    return [one for one in (setting.items if setting is not None else ()) if one.people != NOBODY]


@PROPERTY
@given(partner_documents(TENANT), SETTINGS)
def test_a_plan_leads_to_the_settings_of_the_template_and_changes_nothing_else(
    before: dict[str, Any], wanted: dict[Property, Setting]
) -> None:
    try:
        after = access(before, wanted).configuration_after() or {}
    except NothingToChange:
        after = before
    for name, setting in wanted.items():
        if name is Property.IDENTITY_SYNCHRONIZATION:
            is_on = isinstance(setting, IdentitySynchronization) and setting.is_allowed is True
            assert is_synchronization_allowed(after) is is_on
            continue
        found = parse_setting(name, after[name])
        if name is Property.M365_CAPABILITIES:
            assert capabilities_that_are_on(found) == capabilities_that_are_on(setting)
            continue
        for flag in ("mfa", "compliant_device", "hybrid_joined_device", "inbound", "outbound"):
            named = getattr(setting, flag, None)
            assert named is None or getattr(found, flag) is named
        if setting is None or name in TARGET_PROPERTIES:
            assert is_equivalent({"v": to_document(found)}, {"v": to_document(setting)})
    assert {name: after[name] for name in after if name not in set(wanted)} == {
        name: before[name] for name in before if name not in set(wanted)
    }


@PROPERTY
@given(st.none() | partner_documents(TENANT))
def test_after_a_revocation_nothing_is_left_to_revoke(before: dict[str, Any] | None) -> None:
    assert revocation(revocation(before).configuration_after()).operations == ()


@pytest.mark.parametrize("name", ["", "contoso.com", "..", f"{TENANT}/../default", f" {TENANT}", f"{TENANT}\n"])
@pytest.mark.parametrize("before", [None, {"tenantId": TENANT}], ids=["create", "change"])
def test_a_plan_is_addressed_by_a_tenant_id_and_by_nothing_that_leads_elsewhere(
    name: str, before: dict[str, Any] | None
) -> None:
    with pytest.raises(ValueError, match="not a tenant id"):
        access(before, TRUST_MFA, TenantId(name))
    with pytest.raises(ValueError, match="not a tenant id"):
        revocation(before, TenantId(name))


# --- What is shown --------------------------------------------------------------------------------------------------


def test_the_changes_of_a_new_partner_start_from_inherited_settings() -> None:
    assert changes(access(None, TRUST_MFA)) == (Change("inboundTrust", None, {"isMfaAccepted": True}),)


def test_the_changes_name_each_written_setting_once_with_its_value_before_and_after() -> None:
    synchronizing = {"displayName": "Contoso", "userSyncInbound": {"isSyncAllowed": True}}
    before = {**closed_document(), "inboundTrust": {"isMfaAccepted": True}, "identitySynchronization": synchronizing}
    listed = changes(revocation(before))
    assert [change.name for change in listed] == [*(name.value for name in CLOSED), "identitySynchronization"]
    by_name = {change.name: change for change in listed}
    assert by_name["inboundTrust"].before == {"isMfaAccepted": True}
    assert by_name["inboundTrust"].after == closed_document()["inboundTrust"]
    assert by_name["b2bCollaborationInbound"] == Change("b2bCollaborationInbound", BLOCK, BLOCK)
    assert by_name["identitySynchronization"] == Change(
        "identitySynchronization",
        synchronizing,
        {"displayName": "Contoso", "userSyncInbound": {"isSyncAllowed": False}},
    )


def test_a_plan_without_operations_changes_nothing() -> None:
    empty = Plan(tenant_id=TENANT, operations=(), before=None, template="t", template_hash="", duration=None)
    assert changes(empty) == ()
    assert empty.configuration_after() is None


def test_the_capability_that_is_written_is_named_by_the_rest_of_the_address_after_its_first_mention() -> None:
    for name in ("freeBusy", "m365Capabilities"):
        path = f"/policies/crossTenantAccessPolicy/partners/{TENANT}/m365Capabilities/{name}"
        assert written_capability(Operation(method="PATCH", path=path, body={})) == name

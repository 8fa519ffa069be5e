"""How much of a plan is in the tenant: the beginning, all of it, or something else."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from tests.workflows.core.builders import TENANT, access_plan, closed_document
from tests.workflows.core.strategies import PROPERTY, partner_documents
from workflows.core.plans.plan import Operation, count_written, is_confirmed
from workflows.core.plans.planning import plan_revocation
from workflows.core.settings.block import unblocked_settings
from workflows.core.settings.documents import is_equivalent
from workflows.core.settings.model import Property
from workflows.core.settings.undocumented_members import documented_configuration

SYNCHRONIZING = {"displayName": "Contoso", "userSyncInbound": {"isSyncAllowed": True}}
OPEN = {
    "tenantId": TENANT,
    "inboundTrust": {"isMfaAccepted": True},
    "crossCloudMeetingConfiguration": {"inboundAllowed": False},
    "identitySynchronization": SYNCHRONIZING,
}
CLOSING = plan_revocation(tenant_id=TENANT, default={}, before=OPEN)
HALF_CLOSED = {**OPEN, **closed_document()}
WHOLLY_CLOSED = {
    **HALF_CLOSED,
    "identitySynchronization": {**SYNCHRONIZING, "userSyncInbound": {"isSyncAllowed": False}},
}

CREATED = {
    "tenantId": TENANT,
    "inboundTrust": {"isMfaAccepted": True},
    "automaticUserConsentSettings": {"inboundAllowed": True},
}
"""The configuration that `access_plan()` leads to."""


@pytest.mark.parametrize(("observed", "count"), [(OPEN, 0), (HALF_CLOSED, 1), (WHOLLY_CLOSED, 2)])
def test_each_prefix_of_a_plan_is_recognized(observed: dict[str, Any], count: int) -> None:
    assert len(CLOSING.operations) == 2
    assert CLOSING.configuration_after(count) == observed
    assert count_written(CLOSING, observed) == count
    assert [is_confirmed(CLOSING, observed, step) for step in range(3)] == [step == count for step in range(3)]
    assert is_confirmed(CLOSING, observed) is (count == 2)


@pytest.mark.parametrize("seen", [OPEN, HALF_CLOSED, WHOLLY_CLOSED])
@pytest.mark.parametrize(
    "change",
    [
        {"inboundTrust": {"isMfaAccepted": True, "isCompliantDeviceAccepted": True}},
        {"b2bCollaborationInbound": {"usersAndGroups": None, "applications": {"accessType": "allowed", "targets": []}}},
        {"automaticUserConsentSettings": {"inboundAllowed": False}},
        {"b2bDirectConnectInbound": None, "isInMultiTenantOrganization": True},
    ],
)
def test_a_change_that_the_plan_did_not_make_is_foreign(seen: dict[str, Any], change: dict[str, Any]) -> None:
    observed = {**seen, **change}
    assert count_written(CLOSING, observed) is None
    assert not any(is_confirmed(CLOSING, observed, step) for step in (0, 1, 2, None))


@pytest.mark.parametrize(("seen", "count"), [(OPEN, 0), (HALF_CLOSED, 1), (WHOLLY_CLOSED, 2)])
@pytest.mark.parametrize(
    "change",
    [
        {"crossCloudMeetingConfiguration": {"inboundAllowed": True}},
        {"crossCloudMeetingConfiguration": None},
        {"protectedContentSharing": {"inboundAllowed": True}, "places": [1]},
    ],
)
def test_a_member_that_is_not_described_makes_no_step_foreign(
    seen: dict[str, Any], count: int, change: dict[str, Any]
) -> None:
    nested = {**seen["inboundTrust"], "isPasskeyAccepted": True}
    policy = {**seen["identitySynchronization"], "groupSyncInbound": {"isSyncAllowed": True}}
    for observed in ({**seen, **change}, {**seen, "inboundTrust": nested, "identitySynchronization": policy}):
        assert count_written(CLOSING, observed) == count
        assert is_confirmed(CLOSING, observed) is (count == 2)


@pytest.mark.parametrize(
    "change",
    [
        {"identitySynchronization": {**WHOLLY_CLOSED["identitySynchronization"], "displayName": "Somebody else"}},
        {"identitySynchronization": None},
        {"isServiceProvider": True, "isInMultiTenantOrganization": True},
        {"m365CollaborationInbound": {"users": {"accessType": "allowed", "targets": []}}, "tenantRestrictions": 7},
    ],
)
def test_a_revocation_is_confirmed_by_its_block_whatever_else_stands(change: dict[str, Any]) -> None:
    assert is_confirmed(CLOSING, {**WHOLLY_CLOSED, **change})
    assert not is_confirmed(CLOSING, {**HALF_CLOSED, **change, "inboundTrust": None})


def test_a_partner_that_somebody_removed_is_foreign_to_a_plan_that_found_one() -> None:
    assert count_written(CLOSING, None) is None
    assert not is_confirmed(CLOSING, None)


@pytest.mark.parametrize(
    "noise",
    [
        {},
        {name.value: None for name in Property if name.value not in CREATED},
        {"b2bCollaborationInbound": None, "identitySynchronization": None, "tenantRestrictions": None},
        {"m365CollaborationInbound": None, "appServiceConnectInbound": {"applications": None}},
        {"inboundTrust": {"isMfaAccepted": True, "isCompliantDeviceAccepted": None}},
        {"automaticUserConsentSettings": {"inboundAllowed": True, "outboundAllowed": None}},
        {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#x", "isServiceProvider": False},
        {"crossCloudMeetingConfiguration": {"inboundAllowed": True}, "protectedContentSharing": {"x": 1}},
        {"tenantId": TENANT.upper()},
    ],
)
def test_a_created_partner_is_confirmed_through_nulls_and_the_services_own_fields(noise: dict[str, Any]) -> None:
    assert count_written(access_plan(), {**CREATED, **noise}) == 1
    assert is_confirmed(access_plan(), {**CREATED, **noise})


@pytest.mark.parametrize(
    "change",
    [
        {"inboundTrust": None},
        {"inboundTrust": {"isMfaAccepted": False}},
        {"inboundTrust": {"isMfaAccepted": True, "isCompliantDeviceAccepted": False}},
        {"automaticUserConsentSettings": {"inboundAllowed": True, "outboundAllowed": True}},
        {"b2bDirectConnectInbound": closed_document()["b2bDirectConnectInbound"]},
        {"identitySynchronization": SYNCHRONIZING},
        {"tenantRestrictions": {"applications": {"accessType": "allowed", "targets": []}}},
        {"m365CollaborationInbound": {"users": {"accessType": "allowed", "targets": []}}},
        {"m365CollaborationOutbound": {"usersAndGroups": {"accessType": "allowed", "targets": []}}},
        {"appServiceConnectInbound": {"applications": {"accessType": "allowed", "targets": []}}},
    ],
)
def test_a_created_partner_with_a_setting_that_was_not_approved_is_not_confirmed(change: dict[str, Any]) -> None:
    assert count_written(access_plan(), {**CREATED, **change}) is None
    assert not is_confirmed(access_plan(), {**CREATED, **change})


def test_a_partner_that_is_not_there_yet_shows_no_step_of_its_creation() -> None:
    assert count_written(access_plan(), None) == 0
    assert not is_confirmed(access_plan(), None)
    assert is_confirmed(access_plan(), None, 0)


def test_a_partner_that_somebody_else_created_first_is_foreign() -> None:
    assert count_written(access_plan(), {"tenantId": TENANT}) is None


@PROPERTY
@given(partner_documents(TENANT))
def test_a_plan_recognizes_each_of_its_images(before: dict[str, Any]) -> None:
    plan = plan_revocation(tenant_id=TENANT, default={}, before=before)
    for count in range(len(plan.operations) + 1):
        done = count_written(plan, plan.configuration_after(count))
        assert done is not None
        assert done >= min(count, len(plan.required_operations)), "an operation that changes nothing counts as done"
        assert is_confirmed(plan, plan.configuration_after(count), done)


@PROPERTY
@given(partner_documents(TENANT), partner_documents(TENANT))
def test_what_is_none_of_a_plans_images_is_foreign(before: dict[str, Any], other: dict[str, Any]) -> None:
    plan = plan_revocation(tenant_id=TENANT, default={}, before=before)
    configurations = [
        documented_configuration(plan.configuration_after(count) or {})
        for count in range(len(plan.required_operations))
    ]
    is_own = any(is_equivalent(configuration, documented_configuration(other)) for configuration in configurations)
    assert (count_written(plan, other) is not None) is (is_own or not unblocked_settings(other))


def test_a_state_between_operations_that_graph_may_refuse_is_no_state_of_the_plan() -> None:
    """Only required operations are counted. A plan with two optional ones is not read from its end."""
    optional = tuple(
        Operation(
            method="PATCH",
            path=CLOSING.operations[0].path,
            body={"b2bDirectConnectOutbound": body},
            may_be_refused=True,
        )
        for body in ({"applications": None}, {"usersAndGroups": None})
    )
    plan = replace(CLOSING, operations=(*CLOSING.operations[:1], *optional), template="trusted-partner")
    assert len(plan.required_operations) == 1
    observed = plan.configuration_after(2)
    assert is_confirmed(plan, observed, -1)
    assert count_written(plan, observed) is None

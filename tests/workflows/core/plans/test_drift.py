"""Outside changes after an approval: before, as approved, and now; and how far a plan was written."""

from typing import Any, Final

from tests.workflows.core.builders import TENANT, access_plan
from workflows.core.plans.drift import SettingDrift, three_way_difference
from workflows.core.settings.documents import to_document
from workflows.core.settings.model import BLOCK_ALL

BEFORE: Final[dict[str, Any]] = {
    "tenantId": TENANT,
    "inboundTrust": {"isMfaAccepted": False},
    "b2bCollaborationInbound": None,
    "crossCloudMeetingConfiguration": {"inboundAllowed": True},
}
SYNC: Final = {"identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}}}


def test_each_side_is_told_for_what_somebody_changed_and_for_what_the_plan_writes() -> None:
    plan = access_plan(BEFORE)
    now = {**BEFORE, "b2bDirectConnectInbound": to_document(BLOCK_ALL), "inboundTrust": {"isMfaAccepted": None}}
    drift = three_way_difference(plan, now)
    assert (drift.existed, drift.exists) == (True, True)
    assert drift.settings == (
        SettingDrift(
            name="inboundTrust",
            approved_from={"isMfaAccepted": False},
            approved_to={"isMfaAccepted": True},
            now={"isMfaAccepted": None},
        ),
        SettingDrift(
            name="automaticUserConsentSettings",
            approved_from=None,
            approved_to={"inboundAllowed": True},
            now=None,
        ),
        SettingDrift(name="b2bDirectConnectInbound", approved_from=None, approved_to=None, now=to_document(BLOCK_ALL)),
    )


def test_undeclared_fields_count_and_the_key_does_not() -> None:
    drift = three_way_difference(
        access_plan(BEFORE), {**BEFORE, "tenantId": TENANT.upper(), "crossCloudMeetingConfiguration": None}
    )
    assert [one.name for one in drift.settings] == [
        "inboundTrust",
        "crossCloudMeetingConfiguration",
        "automaticUserConsentSettings",
    ]


def plan_days() -> Any:
    """Ninety days."""
    return access_plan().duration


def test_an_outside_change_is_what_is_not_as_it_was_before_the_plan() -> None:
    drift = three_way_difference(
        access_plan(BEFORE),
        {**BEFORE, "b2bDirectConnectInbound": to_document(BLOCK_ALL), "isInMultiTenantOrganization": False},
    )
    assert [one.name for one in drift.settings if one.is_planned] == ["inboundTrust", "automaticUserConsentSettings"]
    assert [one.name for one in drift.outside_changes] == ["b2bDirectConnectInbound"], "a missing flag means false"

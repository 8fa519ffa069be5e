"""A partner that changed behind an approved plan, told from three sides; and how far a plan has come."""

from typing import Any, Final

from tests.workflows.core.builders import TENANT, access_plan
from workflows.core.plans.drift import NO_PARTNER, Divergence, drift_lines, three_way
from workflows.core.plans.plan import plan_revocation
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
    drift = three_way(plan, now)
    assert (drift.existed, drift.exists) == (True, True)
    assert drift.settings == (
        Divergence(
            name="inboundTrust",
            approved_from={"isMfaAccepted": False},
            approved_to={"isMfaAccepted": True},
            now={"isMfaAccepted": None},
        ),
        Divergence(
            name="automaticUserConsentSettings",
            approved_from=None,
            approved_to={"inboundAllowed": True},
            now=None,
        ),
        Divergence(name="b2bDirectConnectInbound", approved_from=None, approved_to=None, now=to_document(BLOCK_ALL)),
    )


def test_undeclared_fields_count_and_the_key_does_not() -> None:
    drift = three_way(
        access_plan(BEFORE), {**BEFORE, "tenantId": TENANT.upper(), "crossCloudMeetingConfiguration": None}
    )
    assert [one.name for one in drift.settings] == [
        "inboundTrust",
        "crossCloudMeetingConfiguration",
        "automaticUserConsentSettings",
    ]
    assert drift_lines(drift)[1][1:] == (
        '{"inboundAllowed": true} (this version cannot read this value)',
        '{"inboundAllowed": true} (this version cannot read this value)',
        "not set",
    )


def test_a_partner_that_appeared_or_vanished_comes_first() -> None:
    appeared = drift_lines(three_way(access_plan(), {"tenantId": TENANT, **SYNC}))
    assert appeared[0] == ("The partner", NO_PARTNER, "its own settings", "its own settings")
    assert appeared[-1][:3] == (
        "Identity synchronization into this tenant",
        "not allowed (not set)",
        "not allowed (not set)",
    )
    vanished = drift_lines(three_way(access_plan(BEFORE), None))
    assert vanished[0] == ("The partner", "its own settings", "its own settings", NO_PARTNER)


def test_settings_are_told_in_words() -> None:
    plan = plan_revocation(tenant_id=TENANT, default={}, before=BEFORE)
    (line,) = [one for one in drift_lines(three_way(plan, BEFORE)) if one.setting == "B2B collaboration, inbound"]
    assert line.approved_to == "blocked for everyone"
    assert line.now == line.approved_from


def plan_days() -> Any:
    """Ninety days."""
    return access_plan().duration

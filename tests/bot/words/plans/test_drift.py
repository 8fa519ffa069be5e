"""A drift in words: a partner that appeared or vanished first, then each setting that somebody else changed."""

from typing import Final

from bot.words.plans.drift import NO_PARTNER, OWN_SETTINGS, UNKNOWN_SETTING, drift_lines
from tests.workflows.core.builders import TENANT, access_plan
from tests.workflows.core.plans.test_drift import BEFORE, SYNC
from workflows.core.plans.drift import three_way_difference
from workflows.core.plans.planning import plan_revocation

ALL_USERS: Final = {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]}
ALL_APPLICATIONS: Final = {
    "accessType": "allowed",
    "targets": [{"target": "AllApplications", "targetType": "application"}],
}


def test_a_setting_that_gatehouse_does_not_know_is_shown_as_json() -> None:
    drift = three_way_difference(access_plan(BEFORE), {**BEFORE, "crossCloudMeetingConfiguration": None})
    (line,) = drift_lines(drift)
    assert line.before == '{"inboundAllowed": true} (this version cannot read this value)'
    assert (line.now, line.planned_value) == ("not set", None)


def test_a_partner_that_appeared_or_vanished_comes_first() -> None:
    appeared = drift_lines(three_way_difference(access_plan(), {"tenantId": TENANT, **SYNC}))
    assert appeared[0] == ("The partner", NO_PARTNER, OWN_SETTINGS, None)
    assert (appeared[-1].setting, appeared[-1].before) == (
        "Identity synchronization into this tenant",
        "not allowed (not set)",
    )
    vanished = drift_lines(three_way_difference(access_plan(BEFORE), None))
    assert vanished[0] == ("The partner", OWN_SETTINGS, NO_PARTNER, None)


def test_what_the_plan_writes_and_nobody_changed_is_not_listed() -> None:
    plan = plan_revocation(tenant_id=TENANT, default={}, before=BEFORE)
    assert drift_lines(three_way_difference(plan, BEFORE)) == ()


def test_a_changed_setting_that_the_plan_writes_is_shown_with_the_planned_value() -> None:
    plan = plan_revocation(tenant_id=TENANT, default={}, before=None)
    opened = {"usersAndGroups": ALL_USERS, "applications": ALL_APPLICATIONS}
    now = {"tenantId": TENANT, "b2bCollaborationInbound": opened}
    default = {"b2bCollaborationInbound": opened, "isServiceDefault": True}
    _, line = drift_lines(three_way_difference(plan, now), default)
    assert line == (
        "B2B collaboration, inbound",
        "Microsoft's default: everyone from the partner may use every application",
        "everyone from the partner may use every application",
        "blocked for everyone",
    )


def test_a_missing_flag_and_false_are_no_change() -> None:
    now = {"tenantId": TENANT, "isInMultiTenantOrganization": False}
    assert [line.setting for line in drift_lines(three_way_difference(access_plan(), now))] == ["The partner"]
    joined = drift_lines(three_way_difference(access_plan(), {**now, "isInMultiTenantOrganization": True}))
    assert [line.setting for line in joined] == ["The partner", UNKNOWN_SETTING]
    named = drift_lines(three_way_difference(access_plan(), {**now, "places": True}), with_graph_names=True)
    assert [line.setting for line in named] == ["The partner", f"{UNKNOWN_SETTING} (places)"]


def test_each_changed_flag_has_a_line_with_what_it_inherited() -> None:
    default = {"isServiceDefault": True, "inboundTrust": {"isMfaAccepted": False, "isCompliantDeviceAccepted": False}}
    now = {
        "tenantId": TENANT,
        "inboundTrust": {"isMfaAccepted": True},
        "automaticUserConsentSettings": {"inboundAllowed": False, "outboundAllowed": True},
    }
    lines = drift_lines(three_way_difference(access_plan({"tenantId": TENANT}), now), default)
    trust, *redemption = [one for one in lines if one.setting != "The partner"]
    assert trust == ("Trust in the partner's MFA", "Microsoft's default: not trusted", "trusted", "trusted")
    assert [one.setting for one in redemption] == ["Automatic redemption, inbound", "Automatic redemption, outbound"]
    assert all("value not known" not in part for one in lines for part in one if part)


def test_a_flag_of_another_type_is_shown_as_it_is() -> None:
    now = {"tenantId": TENANT, "inboundTrust": "on"}
    (line,) = drift_lines(three_way_difference(access_plan({"tenantId": TENANT}), now))
    assert (line.setting, line.now) == ("Inbound trust", '"on" (this version cannot read this value)')

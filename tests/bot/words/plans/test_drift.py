"""A drift in words: a partner that appeared or vanished first, then every setting from three sides."""

from bot.words.plans.drift import NO_PARTNER, drift_lines
from tests.workflows.core.builders import TENANT, access_plan
from tests.workflows.core.plans.test_drift import BEFORE, SYNC
from workflows.core.plans.drift import three_way_difference
from workflows.core.plans.plan import plan_revocation


def test_a_setting_that_gatehouse_does_not_know_is_shown_as_json() -> None:
    drift = three_way_difference(access_plan(BEFORE), {**BEFORE, "crossCloudMeetingConfiguration": None})
    assert drift_lines(drift)[1][1:] == (
        '{"inboundAllowed": true} (this version cannot read this value)',
        '{"inboundAllowed": true} (this version cannot read this value)',
        "not set",
    )


def test_a_partner_that_appeared_or_vanished_comes_first() -> None:
    appeared = drift_lines(three_way_difference(access_plan(), {"tenantId": TENANT, **SYNC}))
    assert appeared[0] == ("The partner", NO_PARTNER, "its own settings", "its own settings")
    assert appeared[-1][:3] == (
        "Identity synchronization into this tenant",
        "not allowed (not set)",
        "not allowed (not set)",
    )
    vanished = drift_lines(three_way_difference(access_plan(BEFORE), None))
    assert vanished[0] == ("The partner", "its own settings", "its own settings", NO_PARTNER)


def test_settings_are_told_in_words() -> None:
    plan = plan_revocation(tenant_id=TENANT, default={}, before=BEFORE)
    (line,) = [
        one for one in drift_lines(three_way_difference(plan, BEFORE)) if one.setting == "B2B collaboration, inbound"
    ]
    assert line.approved_to == "blocked for everyone"
    assert line.now == line.approved_from

"""What a partner inherits is compared with what was shown; what it sets itself is not."""

from datetime import timedelta
from typing import Any, Final

import pytest

from bot.words.plans.drift import default_lines, drift_lines
from tests.workflows.core.builders import TENANT
from tests.workflows.core.checks.test_home_tenant import BLOCKED, OPEN_DEFAULT
from workflows.core.plans.default_drift import default_drift, inherits_access, with_inheritance
from workflows.core.plans.plan import Plan
from workflows.core.plans.planning import plan_access, plan_revocation
from workflows.core.settings.model import (
    BLOCK_ALL,
    CLOSED,
    AutomaticRedemption,
    B2BSetting,
    InboundTrust,
    M365CollaborationInbound,
    Property,
    Setting,
)

INBOUND, TRUST = Property.B2B_COLLABORATION_INBOUND, Property.INBOUND_TRUST


def plan(settings: dict[Property, Setting], before: dict[str, Any] | None = None) -> Plan:
    """A plan that writes these settings."""
    return plan_access(
        tenant_id=TENANT,
        before=before,
        settings=settings,
        template="t",
        template_hash="h",
        duration=timedelta(days=30),
    )


NOTHING_SET: Final = plan({Property.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=True)})


def changed(which: Plan, **now: Any) -> list[str]:
    """The settings of the default that changed under a plan."""
    drift = default_drift(which, OPEN_DEFAULT, {**OPEN_DEFAULT, **now})
    return [] if drift is None else [one.name for one in drift.defaults]


def test_what_is_inherited_and_changed_is_named_with_both_values() -> None:
    drift = default_drift(NOTHING_SET, OPEN_DEFAULT, {**OPEN_DEFAULT, INBOUND.value: BLOCKED})
    assert drift is not None
    ((setting, shown, now),) = default_lines(drift)
    assert setting == "B2B collaboration, inbound"
    assert (shown, now) == ("everyone from the partner may use every application", "blocked for everyone")
    assert drift_lines(drift) == ()
    assert (drift.existed, drift.exists) == (False, False)


def test_what_means_the_same_is_no_change() -> None:
    assert changed(NOTHING_SET) == []
    assert changed(NOTHING_SET, isServiceDefault=False, displayName="x") == []
    assert changed(NOTHING_SET, inboundTrust={**OPEN_DEFAULT["inboundTrust"], "@odata.type": "x"}) == []


def test_what_the_partner_sets_itself_does_not_depend_on_the_default() -> None:
    assert changed(plan({INBOUND: BLOCK_ALL}), **{INBOUND.value: BLOCKED}) == []
    trusting = plan({TRUST: InboundTrust(mfa=True)})
    assert changed(trusting, inboundTrust={**OPEN_DEFAULT["inboundTrust"], "isMfaAccepted": True}) == []
    assert changed(trusting, inboundTrust={**OPEN_DEFAULT["inboundTrust"], "isCompliantDeviceAccepted": True}) == [
        TRUST.value
    ]


def test_half_a_setting_inherits_the_other_half() -> None:
    target_list = plan({INBOUND: B2BSetting(users_and_groups=BLOCK_ALL.users_and_groups, applications=None)})
    users = {**OPEN_DEFAULT[INBOUND.value], "usersAndGroups": None}
    assert changed(target_list, **{INBOUND.value: users}) == []
    assert changed(target_list, **{INBOUND.value: {**users, "applications": None}}) == [INBOUND.value]
    assert changed(target_list, **{INBOUND.value: None}) == [INBOUND.value]


def test_other_settings_count_where_the_plan_gives_them_back_to_the_default() -> None:
    name = Property.M365_COLLABORATION_INBOUND
    given_back = plan({name: None}, {"tenantId": TENANT, name.value: {"users": BLOCKED["usersAndGroups"]}})
    assert changed(given_back, **{name.value: {"users": None}}) == []
    assert changed(given_back, **{name.value: {"users": BLOCKED["usersAndGroups"]}}) == [name.value]
    assert changed(NOTHING_SET, **{name.value: {"users": BLOCKED["usersAndGroups"]}}) == []
    written = plan({name: M365CollaborationInbound(users=BLOCK_ALL.users_and_groups)})
    assert changed(written, **{name.value: {"users": BLOCKED["usersAndGroups"]}}) == []


def test_what_cannot_be_read_inherits_nothing() -> None:
    odd = plan({Property.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=True)}, {"tenantId": TENANT, TRUST.value: 7})
    assert changed(odd, inboundTrust=None) == []


@pytest.mark.parametrize(
    ("which", "inherits"),
    [
        (NOTHING_SET, True),
        (plan({INBOUND: BLOCK_ALL}), True),
        (plan(dict(CLOSED)), False),
        (plan_revocation(tenant_id=TENANT, default={}, before=None), False),
    ],
)
def test_a_plan_that_sets_everything_leaves_nothing_to_the_default(which: Plan, inherits: bool) -> None:
    assert inherits_access(which) is inherits


def test_what_is_inherited_is_part_of_what_is_approved_and_the_rest_of_the_default_is_not() -> None:
    shown = with_inheritance(NOTHING_SET, OPEN_DEFAULT)
    assert shown.digest != NOTHING_SET.digest
    assert shown.digest != with_inheritance(NOTHING_SET, {**OPEN_DEFAULT, INBOUND.value: BLOCKED}).digest
    assert shown.digest == with_inheritance(NOTHING_SET, {**OPEN_DEFAULT, "displayName": "Ours"}).digest
    own = plan(CLOSED)  # type: ignore[arg-type]
    closed = {**OPEN_DEFAULT, INBOUND.value: BLOCKED}
    assert with_inheritance(own, OPEN_DEFAULT).digest == with_inheritance(own, closed).digest


def test_the_same_default_in_another_order_is_the_same_approval() -> None:
    two = [{"target": "a", "targetType": "group"}, {"target": "b", "targetType": "group"}]
    one, other = (
        {INBOUND.value: {"usersAndGroups": {"accessType": "allowed", "targets": targets}, "applications": None}}
        for targets in (two, two[::-1])
    )
    assert with_inheritance(NOTHING_SET, one).digest == with_inheritance(NOTHING_SET, other).digest


def test_a_default_that_could_not_be_read_leaves_nothing_to_approve() -> None:
    assert with_inheritance(NOTHING_SET, None) == NOTHING_SET

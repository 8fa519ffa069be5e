"""The effect of a plan on each setting that it writes, and on the access as a whole."""

from dataclasses import replace
from typing import Any

import pytest

from tests.workflows.core.builders import TENANT
from workflows.core.plans.changes import (
    SettingChange,
    SettingPart,
    changed_kinds,
    plan_access_change,
    setting_changes,
)
from workflows.core.plans.plan import Operation, Plan
from workflows.core.settings.access_change import AccessChange
from workflows.core.settings.block import BLOCK
from workflows.core.settings.model import Property

PARTNER = f"/policies/crossTenantAccessPolicy/partners/{TENANT}"
INBOUND = Property.B2B_COLLABORATION_INBOUND.value
SHUT = BLOCK[Property.B2B_COLLABORATION_INBOUND]
USERS = {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]}
OFFICE = {"accessType": "allowed", "targets": [{"target": "Office365", "targetType": "application"}]}
HALF = {"usersAndGroups": USERS}
SYNCHRONIZES = {"userSyncInbound": {"isSyncAllowed": True}}

OPENED: dict[str, Any] = {"before": None, "after": None, "access": AccessChange.OPENS}


def made(name: str, before: Any, after: Any) -> Plan:
    """A plan that writes one setting of a partner, exactly as given."""
    return Plan(
        tenant_id=TENANT,
        operations=(Operation(method="PATCH", path=PARTNER, body={name: after}),),
        before={"tenantId": TENANT, name: before},
        template="t",
        template_hash="h",
        duration=None,
    )


def only(name: str, before: Any, after: Any, default: Any = None) -> SettingChange:
    """The one change of such a plan."""
    (change,) = setting_changes(made(name, before, after), default)
    return change


@pytest.mark.parametrize(
    ("before", "after", "access"),
    [
        ("an odd value", SHUT, AccessChange.CLOSES),
        ("an odd value", "another odd value", AccessChange.UNKNOWN),
        ("an odd value", "an odd value", AccessChange.SAME),
        (SHUT, "an odd value", AccessChange.UNKNOWN),
    ],
)
def test_where_a_value_cannot_be_read_only_the_value_after_it_counts(
    before: Any, after: Any, access: AccessChange
) -> None:
    change = only(INBOUND, before, after)
    assert (change.part, change.before, change.after, change.access) == (SettingPart.UNREADABLE, before, after, access)


@pytest.mark.parametrize(
    ("after", "access"),
    [
        ({"userSyncInbound": {"isSyncAllowed": False}}, AccessChange.CLOSES),
        ({"displayName": "Contoso", "userSyncInbound": {"isSyncAllowed": False}}, AccessChange.CLOSES),
        (SYNCHRONIZES, AccessChange.UNKNOWN),
    ],
)
def test_switching_synchronization_off_closes_whatever_it_was(after: Any, access: AccessChange) -> None:
    name = Property.IDENTITY_SYNCHRONIZATION.value
    path = f"{PARTNER}/{name}"
    plan = replace(made(name, "an odd value", None), operations=(Operation(method="PATCH", path=path, body=after),))
    (change,) = setting_changes(plan)
    assert (change.name, change.part, change.access) == (name, SettingPart.UNREADABLE, access)


def test_a_setting_that_this_version_does_not_know_has_an_unknown_effect() -> None:
    change = only("aSettingOfTomorrow", None, {"on": True})
    assert (change.part, change.access) == (SettingPart.UNREADABLE, AccessChange.UNKNOWN)


def test_two_values_that_are_only_partly_set_do_not_count_as_the_same() -> None:
    """Whether the list that is not set is inherited is not documented."""
    change = only(INBOUND, HALF, {"applications": OFFICE}, {INBOUND: SHUT})
    assert (change.part, change.access) == (SettingPart.TARGETS, AccessChange.UNKNOWN)


def test_flags_that_stay_unset_are_one_change_of_the_whole_setting() -> None:
    change = only("inboundTrust", None, {"isMfaAccepted": None})
    assert (change.part, change.key, change.before, change.after, change.access) == (
        SettingPart.NO_FLAGS,
        "",
        None,
        None,
        AccessChange.SAME,
    )


def test_a_member_that_is_not_known_makes_the_effect_unknown_unless_it_stays() -> None:
    known, more = {"isMfaAccepted": True}, {"isMfaAccepted": True, "isTomorrowAccepted": True}
    trust, other = setting_changes(made("inboundTrust", known, more))
    assert (trust.part, trust.access) == (SettingPart.FLAG, AccessChange.SAME)
    assert (other.part, other.before, other.after, other.access) == (
        SettingPart.UNKNOWN_MEMBERS,
        {},
        {"isTomorrowAccepted": True},
        AccessChange.UNKNOWN,
    )
    assert plan_access_change(made("inboundTrust", known, more)) is AccessChange.UNKNOWN
    assert {one.access for one in setting_changes(made("inboundTrust", more, more))} <= {AccessChange.SAME}


@pytest.mark.parametrize(
    ("before", "after", "access"),
    [
        ({"isMfaAccepted": False}, {"isMfaAccepted": True}, AccessChange.OPENS),
        ({"isMfaAccepted": True}, {"isMfaAccepted": False}, AccessChange.REDUCES),
        (
            {"isMfaAccepted": True, "isCompliantDeviceAccepted": False},
            {"isMfaAccepted": False, "isCompliantDeviceAccepted": True},
            AccessChange.OPENS,
        ),
        ({"isMfaAccepted": None}, {"isMfaAccepted": None}, AccessChange.SAME),
    ],
)
def test_a_plan_opens_where_any_part_does_and_narrows_only_where_none_may_open(
    before: Any, after: Any, access: AccessChange
) -> None:
    assert plan_access_change(made("inboundTrust", before, after)) is access


@pytest.mark.parametrize(
    ("item", "name"),
    [
        (SettingChange(name="inboundTrust", part=SettingPart.FLAG, key="mfa", **OPENED), "inboundTrust.isMfaAccepted"),
        (
            SettingChange(name="identitySynchronization", part=SettingPart.SYNCHRONIZATION, **OPENED),
            "identitySynchronization.userSyncInbound",
        ),
        (SettingChange(name="m365Capabilities", part=SettingPart.CAPABILITY, key="x", **OPENED), "m365Capabilities.x"),
        (
            SettingChange(name="b2bCollaborationInbound", part=SettingPart.TARGETS, **OPENED),
            "b2bCollaborationInbound",
        ),
    ],
)
def test_each_change_has_the_name_of_its_kind_of_access(
    monkeypatch: pytest.MonkeyPatch, item: SettingChange, name: str
) -> None:
    same = replace(item, access=AccessChange.SAME)
    closes = replace(item, access=AccessChange.CLOSES)
    for found, expected in (
        ((item,), {name: AccessChange.OPENS}),
        ((same,), {}),
        ((closes,), {name: AccessChange.REDUCES}),
        ((closes, item), {name: AccessChange.OPENS}),
    ):
        monkeypatch.setattr("workflows.core.plans.changes.setting_changes", lambda *_, found=found: found)
        assert changed_kinds(made(INBOUND, SHUT, None), None) == expected

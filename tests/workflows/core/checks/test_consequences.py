"""Whether the effect of a change depends on an unknown default: decided by values, never by words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from tests.workflows.core.builders import TENANT, access_plan
from workflows.core.checks.consequences import Consequence, consequences
from workflows.core.errors.facts import Fact
from workflows.core.plans.plan import AtEnd, Operation, Plan
from workflows.core.plans.renewal import plan_renewal
from workflows.core.settings.block import BLOCK
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import Property

DEPENDS: Final = Fact(Consequence.DEPENDS_ON_DEFAULT)
UNKNOWN: Final = Fact(Consequence.UNKNOWN_VALUES)
TOKENS: Final = Fact(Consequence.TOKENS)
OFFICE: Final = {
    "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
    "applications": {"accessType": "allowed", "targets": [{"target": "Office365", "targetType": "application"}]},
}
HALF: Final = {"usersAndGroups": OFFICE["usersAndGroups"]}
MFA_ONLY: Final = {"isMfaAccepted": True}
ALL_FLAGS: Final = {
    "isMfaAccepted": True,
    "isCompliantDeviceAccepted": True,
    "isHybridAzureADJoinedDeviceAccepted": True,
}
NO_TRUST: Final = dict.fromkeys(ALL_FLAGS, False)


def made(before: dict[str, Any], written: dict[str, Any]) -> Plan:
    return Plan(
        tenant_id=TENANT,
        operations=(
            Operation(method="PATCH", path=f"/policies/crossTenantAccessPolicy/partners/{TENANT}", body=written),
        ),
        before={"tenantId": TENANT, **before},
        template="t",
        template_hash="h",
        duration=None,
    )


@pytest.mark.parametrize(
    ("name", "before", "after", "default", "depends"),
    [
        ("b2bCollaborationInbound", None, OFFICE, None, True),
        ("b2bCollaborationInbound", None, OFFICE, {"b2bCollaborationInbound": OFFICE}, False),
        ("b2bCollaborationInbound", OFFICE, HALF, None, True),
        ("b2bCollaborationInbound", OFFICE, HALF, {"b2bCollaborationInbound": OFFICE}, False),
        ("b2bCollaborationInbound", "an odd value", None, None, True),
        ("b2bCollaborationInbound", "an odd value", HALF, None, True),
        ("b2bCollaborationInbound", "an odd value", OFFICE, None, False),
        ("inboundTrust", ALL_FLAGS, MFA_ONLY, None, True),
        ("inboundTrust", ALL_FLAGS, MFA_ONLY, {"inboundTrust": NO_TRUST}, False),
        ("inboundTrust", "an odd value", None, None, True),
        ("inboundTrust", "an odd value", MFA_ONLY, None, True),
        ("inboundTrust", "an odd value", ALL_FLAGS, None, False),
        ("automaticUserConsentSettings", "an odd value", None, None, False),
        ("automaticUserConsentSettings", "an odd value", {"inboundAllowed": True}, None, False),
        ("aSettingOfTomorrow", None, {"on": True}, None, False),
    ],
)
def test_an_unknown_effect_depends_on_the_default_only_where_something_unknown_is_inherited(
    name: str, before: Any, after: Any, default: JsonObject | None, depends: bool
) -> None:
    found = consequences(made({name: before}, {name: after}), default)
    assert (DEPENDS in found) is depends
    assert (UNKNOWN in found) is (before == "an odd value" or name == "aSettingOfTomorrow")


@pytest.mark.parametrize(
    ("name", "before", "after", "is_told"),
    [
        ("b2bCollaborationInbound", OFFICE, BLOCK[Property.B2B_COLLABORATION_INBOUND], True),
        ("inboundTrust", ALL_FLAGS, NO_TRUST, True),
        ("inboundTrust", None, NO_TRUST, False),
        ("automaticUserConsentSettings", {"inboundAllowed": True}, {"inboundAllowed": False}, True),
    ],
)
def test_tokens_are_told_of_where_something_closes_that_was_not_only_inherited(
    name: str, before: Any, after: Any, is_told: bool
) -> None:
    found = consequences(made({name: before}, {name: after}))
    assert (TOKENS in found) is is_told


PARTLY: Final = {
    "usersAndGroups": OFFICE["usersAndGroups"],
    "applications": {"accessType": "allowed", "targets": [{"target": "app-1", "targetType": "application"}]},
}


@pytest.mark.parametrize(
    ("name", "value", "codes"),
    [
        ("inboundTrust", MFA_ONLY, {Consequence.TRUST}),
        ("inboundTrust", NO_TRUST, set()),
        ("automaticUserConsentSettings", {"inboundAllowed": True}, {Consequence.REDEMPTION_INBOUND}),
        ("automaticUserConsentSettings", {"outboundAllowed": True}, {Consequence.REDEMPTION_OUTBOUND}),
        (
            "automaticUserConsentSettings",
            {"inboundAllowed": True, "outboundAllowed": True},
            {Consequence.REDEMPTION_INBOUND, Consequence.REDEMPTION_OUTBOUND},
        ),
        ("automaticUserConsentSettings", {"inboundAllowed": False}, set()),
        ("b2bCollaborationInbound", OFFICE, {Consequence.ONLY_NAMED}),
        ("b2bDirectConnectInbound", OFFICE, {Consequence.DIRECT_CONNECT, Consequence.ONLY_NAMED}),
        ("b2bDirectConnectOutbound", HALF, {Consequence.DIRECT_CONNECT}),
        ("b2bDirectConnectInbound", BLOCK[Property.B2B_DIRECT_CONNECT_INBOUND], set()),
    ],
)
def test_each_opening_has_its_own_consequence(name: str, value: Any, codes: set[Consequence]) -> None:
    found = {fact.code for fact in consequences(made({}, {name: value}), {})}
    assert found & OF_OPENING == codes


OF_OPENING: Final = {
    Consequence.TRUST,
    Consequence.REDEMPTION_INBOUND,
    Consequence.REDEMPTION_OUTBOUND,
    Consequence.SYNCHRONIZATION_THEIRS,
    Consequence.DIRECT_CONNECT,
    Consequence.ONLY_NAMED,
}


def test_a_renewal_says_until_when_and_that_nothing_closes_by_itself() -> None:
    before = {"tenantId": TENANT, "b2bCollaborationInbound": OFFICE}
    plan = plan_renewal(tenant_id=TENANT, before=before, template="t", template_hash="h", duration=timedelta(days=90))
    found = consequences(plan, {})
    assert Fact(Consequence.EXTENDS, {"seconds": 7_776_000}) in found
    assert Fact(Consequence.STAYS_OPEN, {"seconds": 7_776_000}) in found
    assert Consequence.EXTENDS not in {fact.code for fact in consequences(access_plan(before), {})}


def test_access_with_a_last_day_says_which_day_it_is() -> None:
    end = datetime(2027, 6, 1, 12, tzinfo=UTC)
    plan = replace(access_plan(), ends_at=end)
    assert plan.duration is not None
    lasts = {"seconds": int(plan.duration.total_seconds()), "ends_at": "2027-06-01T12:00:00+00:00"}
    assert Fact(Consequence.STAYS_OPEN, lasts) in consequences(plan, {})


BLOCKED: Final = {"b2bCollaborationInbound": BLOCK["b2bCollaborationInbound"]}
ALL_OPEN: Final = {
    "b2bCollaborationInbound": {
        "usersAndGroups": OFFICE["usersAndGroups"],
        "applications": {
            "accessType": "allowed",
            "targets": [{"target": "AllApplications", "targetType": "application"}],
        },
    }
}


@pytest.mark.parametrize(
    ("own", "default", "ends"),
    [
        ({}, ALL_OPEN, True),
        ({}, {"b2bCollaborationInbound": OFFICE}, True),
        ({}, BLOCKED, False),
        ({}, None, False),
        ({"b2bCollaborationInbound": OFFICE}, ALL_OPEN, False),
        (BLOCKED, ALL_OPEN, False),
    ],
)
def test_a_block_says_that_it_ends_guest_access_of_the_default_only_where_it_does(
    own: dict[str, Any], default: JsonObject | None, ends: bool
) -> None:
    opening = replace(made(own, {"inboundTrust": MFA_ONLY}), duration=timedelta(days=90))
    for plan, is_at_end in ((replace(opening, at_end=AtEnd.BLOCK), True), (made(own, dict(BLOCK)), False)):
        fact = Fact(Consequence.DEFAULT_GUESTS_END, {"is_at_end": is_at_end})
        assert (fact in consequences(plan, default)) is ends
    for plan in (
        replace(opening, at_end=AtEnd.ASK),
        replace(opening, duration=None, at_end=AtEnd.BLOCK),
        replace(opening, is_cross_cloud=True, before=None, at_end=AtEnd.BLOCK),
    ):
        assert Consequence.DEFAULT_GUESTS_END not in {fact.code for fact in consequences(plan, default)}


def test_capabilities_are_told_as_one_way_only_where_they_show_something() -> None:
    name = "crossTenantCalendarAvailabilityBasic"
    path = f"/policies/crossTenantAccessPolicy/partners/{TENANT}/m365Capabilities"

    def writing(*, is_allowed: bool) -> Plan:
        scopes = {"included": [{"resourceId": "All", "resourceType": "user"}], "excluded": []}
        access = {"isAllowed": is_allowed, "resourceScopes": scopes}
        body = {"@odata.type": f"#microsoft.graph.{name}", "inboundAccess": access}
        plan = made({"m365Capabilities": []}, {})
        return replace(plan, operations=(Operation(method="POST", path=path, body=body),))

    assert Fact(Consequence.ONE_WAY) in consequences(writing(is_allowed=True), {})
    assert Fact(Consequence.ONE_WAY) not in consequences(writing(is_allowed=False), {})
    assert Fact(Consequence.ONE_WAY) not in consequences(made({}, {"inboundTrust": MFA_ONLY}), {})


@pytest.mark.parametrize(("is_allowed", "is_told"), [(True, True), (False, False), (None, False)])
def test_closing_a_calendar_says_that_exchange_was_not_checked(is_allowed: bool | None, is_told: bool) -> None:
    name = "crossTenantCalendarAvailabilityBasic"
    scopes = {"included": [{"resourceId": "All", "resourceType": "user"}], "excluded": []}
    access = {"isAllowed": is_allowed, "resourceScopes": scopes}
    one = {"@odata.type": f"#microsoft.graph.{name}", "name": name, "inboundAccess": access}
    before = {} if is_allowed is None else {"m365Capabilities": [one]}
    assert (Fact(Consequence.EXCHANGE_UNCHECKED) in consequences(made(before, dict(BLOCK)), {})) is is_told
    opening = made(before, {"inboundTrust": MFA_ONLY})
    assert Fact(Consequence.EXCHANGE_UNCHECKED) not in consequences(opening, {})


def test_a_plan_with_a_setting_for_guests_shows_in_its_changes_what_they_had() -> None:
    opening = replace(made({}, {"b2bCollaborationInbound": OFFICE}), duration=timedelta(days=90), at_end=AtEnd.BLOCK)
    found = {fact.code for fact in consequences(opening, ALL_OPEN)}
    assert Consequence.BLOCKED_AT_END in found
    assert Consequence.DEFAULT_GUESTS_END not in found

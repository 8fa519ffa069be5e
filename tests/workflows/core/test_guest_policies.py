"""Conditional Access aimed at guests: whom a policy reaches, and what it means with and without trust."""

from typing import Any

import pytest

from tests.workflows.core.builders import TENANT
from workflows.core.findings import Severity
from workflows.core.guest_policies import (
    GuestPolicy,
    Trust,
    Visitor,
    against_trust,
    aimed_at_groups,
    asks_for_mfa,
    guest_policies,
)

BOTH = frozenset(Visitor)
GUEST, DIRECT = Visitor.COLLABORATION, Visitor.DIRECT_CONNECT
NOTHING = Trust(mfa=False, compliant_device=False, hybrid_joined_device=False)
UNREAD = Trust(mfa=None, compliant_device=None, hybrid_joined_device=None)


def document(users: dict[str, Any] | None = None, *controls: str, **changes: Any) -> dict[str, Any]:
    """A policy as Graph shows it: MFA for every guest in every application, unless said otherwise."""
    return {
        "id": "p-1",
        "displayName": "Guests",
        "state": "enabled",
        "conditions": {
            "clientAppTypes": ["all"],
            "applications": {"includeApplications": ["All"], "excludeApplications": []},
            "users": users or {"includeUsers": ["GuestsOrExternalUsers"]},
            **changes.pop("conditions", {}),
        },
        "grantControls": {"operator": "OR", "builtInControls": list(controls or ("mfa",))},
        **changes,
    }


def external(kinds: str, **tenants: Any) -> dict[str, Any]:
    """Visitors of these kinds, of all tenants or of those listed."""
    return {"guestOrExternalUserTypes": kinds, "externalTenants": tenants or {"membershipKind": "all"}}


def listed(*tenants: str) -> dict[str, Any]:
    """An enumeration of tenants."""
    return {"membershipKind": "enumerated", "members": list(tenants)}


@pytest.mark.parametrize(
    ("users", "reached"),
    [
        ({"includeUsers": ["All"]}, BOTH),
        ({"includeUsers": ["GuestsOrExternalUsers"]}, BOTH),
        ({"includeUsers": ["None"]}, frozenset()),
        ({"includeUsers": "All"}, frozenset()),
        ({"includeUsers": ["All"], "excludeUsers": ["GuestsOrExternalUsers"]}, frozenset()),
        ({"includeGuestsOrExternalUsers": external("b2bCollaborationGuest")}, {GUEST}),
        ({"includeGuestsOrExternalUsers": external("internalGuest, b2bDirectConnectUser")}, {DIRECT}),
        ({"includeGuestsOrExternalUsers": external("b2bDirectConnectUser", **listed(TENANT.upper()))}, {DIRECT}),
        ({"includeGuestsOrExternalUsers": external("b2bDirectConnectUser", **listed("x"))}, frozenset()),
        (
            {"includeUsers": ["All"], "excludeGuestsOrExternalUsers": external("b2bDirectConnectUser")},
            {GUEST},
        ),
        (
            {
                "includeUsers": ["All"],
                "excludeGuestsOrExternalUsers": external("b2bDirectConnectUser", **listed(TENANT)),
            },
            {GUEST},
        ),
        (
            {
                "includeUsers": ["All"],
                "excludeGuestsOrExternalUsers": external("b2bDirectConnectUser", membershipKind="unknownFutureValue"),
            },
            BOTH,
        ),
    ],
)
def test_whom_a_policy_reaches(users: dict[str, Any], reached: frozenset[Visitor]) -> None:
    found = guest_policies([document(users)], TENANT)
    assert (found[0].visitors if found else frozenset()) == reached


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "disabled"},
        {"state": "enabledForReportingButNotEnforced"},
        {"grantControls": None},
        {"conditions": None},
    ],
)
def test_what_is_not_enforced_asks_nothing(changes: dict[str, Any]) -> None:
    policy = document()
    policy.update(changes)
    assert guest_policies([policy], TENANT) == ()


@pytest.mark.parametrize(
    ("conditions", "is_partial"),
    [
        ({}, False),
        ({"applications": {"includeApplications": ["Office365"]}}, True),
        ({"applications": {"includeApplications": ["All"], "excludeApplications": ["x"]}}, True),
        ({"clientAppTypes": ["browser"]}, True),
        ({"clientAppTypes": []}, False),
        ({"locations": {"includeLocations": ["All"]}}, True),
        ({"signInRiskLevels": ["high"]}, True),
        ({"users": {"includeUsers": ["All"], "excludeGroups": ["g"]}}, True),
    ],
)
def test_a_policy_with_conditions_is_said_to_apply_only_there(conditions: dict[str, Any], is_partial: bool) -> None:
    (policy,) = guest_policies([document(conditions=conditions)], TENANT)
    assert policy.is_partial is is_partial
    (finding,) = against_trust([policy], NOTHING, frozenset({GUEST}))
    assert ("where it applies" in finding.text) is is_partial


def test_an_authentication_strength_is_mfa_and_a_nameless_policy_keeps_its_id() -> None:
    strong = document(displayName=None, grantControls={"operator": "OR", "authenticationStrength": {"id": "s"}})
    (policy,) = guest_policies([strong], TENANT)
    assert (policy.controls, policy.name, policy.needs_all) == (frozenset({"mfa"}), "p-1", True)


def policy(*controls: str, needs_all: bool = False) -> GuestPolicy:
    """A policy for everybody."""
    return GuestPolicy(
        name="P",
        visitors=BOTH,
        controls=frozenset(controls),
        needs_all=needs_all or len(controls) == 1,
        is_partial=False,
    )


def codes(found: tuple[Any, ...]) -> list[tuple[str, Severity]]:
    """What was found."""
    return [(finding.code, finding.severity) for finding in found]


W, N, U = Severity.WARNING, Severity.NOTE, Severity.UNCHECKED


@pytest.mark.parametrize(
    ("asks", "trust", "visitor", "expected"),
    [
        (policy("mfa"), NOTHING, GUEST, [("ca_asked_here", W)]),
        (policy("mfa"), NOTHING, DIRECT, [("ca_direct_connect_locked_out", W)]),
        (
            policy("mfa"),
            Trust(mfa=True, compliant_device=None, hybrid_joined_device=None),
            GUEST,
            [("ca_mfa_trusted", N)],
        ),
        (policy("mfa"), UNREAD, DIRECT, [("ca_mfa_unknown", U)]),
        (policy("compliantDevice"), NOTHING, GUEST, [("ca_locked_out", W)]),
        (policy("compliantDevice"), UNREAD, GUEST, [("ca_device_unknown", U)]),
        (
            policy("compliantDevice", "domainJoinedDevice"),
            Trust(mfa=False, compliant_device=False, hybrid_joined_device=True),
            GUEST,
            [("ca_device_trusted", N)],
        ),
        (
            policy("compliantDevice", "domainJoinedDevice", needs_all=True),
            Trust(mfa=False, compliant_device=True, hybrid_joined_device=False),
            GUEST,
            [("ca_locked_out", W)],
        ),
        (policy("mfa", "compliantDevice"), NOTHING, GUEST, []),
        (
            policy("mfa", "compliantDevice", needs_all=True),
            NOTHING,
            GUEST,
            [("ca_locked_out", W), ("ca_asked_here", W)],
        ),
        (policy("block"), NOTHING, GUEST, [("ca_blocks", W)]),
        (policy("passwordChange"), NOTHING, GUEST, []),
    ],
)
def test_what_a_policy_means(
    asks: GuestPolicy, trust: Trust, visitor: Visitor, expected: list[tuple[str, Severity]]
) -> None:
    assert codes(against_trust([asks], trust, frozenset({visitor}))) == expected


def test_who_cannot_come_in_is_not_spoken_of() -> None:
    assert against_trust([policy("mfa")], NOTHING, frozenset()) == ()


def test_mfa_is_asked_for_only_where_nothing_else_suffices() -> None:
    assert asks_for_mfa([policy("mfa")], DIRECT)
    assert not asks_for_mfa([policy("mfa", "compliantDevice")], DIRECT)
    assert not asks_for_mfa([], DIRECT)


def test_policies_aimed_at_groups_are_counted() -> None:
    groups = document({"includeGroups": ["g"]})
    roles = document({"includeRoles": ["r"]})
    assert aimed_at_groups([groups, roles, document(), document({"includeGroups": ["g"]}, state="disabled")]) == 2


def test_a_policy_is_said_once_for_each_meaning() -> None:
    mfa_trusted = Trust(mfa=True, compliant_device=False, hybrid_joined_device=False)
    assert codes(against_trust([policy("mfa")], mfa_trusted, BOTH)) == [("ca_mfa_trusted", N)]
    assert codes(against_trust([policy("mfa")], UNREAD, BOTH)) == [("ca_mfa_unknown", U)]
    assert codes(against_trust([policy("mfa")], NOTHING, BOTH)) == [
        ("ca_asked_here", W),
        ("ca_direct_connect_locked_out", W),
    ]
    for control, code in (("block", "ca_blocks"), ("compliantDevice", "ca_locked_out")):
        (one,) = against_trust([policy(control)], NOTHING, BOTH)
        assert (one.code, "guests and B2B direct connect users" in one.text) == (code, True)

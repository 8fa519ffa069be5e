"""The effective settings of a partner: every small case is compared with an independent computation."""

from itertools import product
from types import MappingProxyType
from typing import Any

import pytest

from workflows.core.checks.application_access import (
    AccessRule,
    ApplicationAccess,
    Capability,
    Direction,
    application_access,
)
from workflows.core.errors.facts import Fact
from workflows.core.settings.effective import EffectiveFlag, Origin, effective_settings
from workflows.core.settings.model import Property, configurations

G1, G2 = "00000000-0000-4000-8000-0000000000a1", "00000000-0000-4000-8000-0000000000a2"
A1, A2 = "00000000-0000-4000-8000-0000000000b1", "00000000-0000-4000-8000-0000000000b2"
INBOUND = Property.B2B_COLLABORATION_INBOUND


def listed(access: str, *ids: str) -> dict[str, Any]:
    types = {"AllUsers": "user", "AllApplications": "application", "Office365": "application"}
    targets = [{"target": i, "targetType": types.get(i, "application" if i in (A1, A2) else "group")} for i in ids]
    return {"accessType": access, "targets": targets}


USERS = [None, *(listed(access, *ids) for access in ("allowed", "blocked") for ids in (["AllUsers"], [G1], [G1, G2]))]
APPS = [
    None,
    *(listed(access, *ids) for access in ("allowed", "blocked") for ids in (["AllApplications"], [A1], [A1, A2])),
]


# --- The oracle: sets of pairs, nothing else ------------------------------------------------------------------------


def _members(target_list: dict[str, Any], everything: str, universe: list[str]) -> set[str]:
    named = {target["target"] for target in target_list["targets"]}
    chosen = set(universe) if everything in named else named & set(universe)
    return chosen if target_list["accessType"] == "allowed" else set(universe) - chosen


def _is_deny_list(target_list: dict[str, Any]) -> bool:
    return target_list["accessType"] == "blocked" and not target_list["targets"][0]["target"].startswith("All")


def _blocks_all(target_list: dict[str, Any]) -> bool:
    return bool(target_list["accessType"] == "blocked" and target_list["targets"][0]["target"].startswith("All"))


def oracle(users: dict[str, Any], apps: dict[str, Any], user: str, app: str) -> tuple[bool, bool]:
    """Tell whether the pair gets in, and whether that is certain."""
    if _blocks_all(users) != _blocks_all(apps):
        return True, False  # Graph wants both blocked or neither: what one alone does is not documented
    universe_of_users, universe_of_apps = [G1, G2, "somebody else"], [A1, A2, "something else"]
    both = set(
        product(
            _members(users, "AllUsers", universe_of_users),
            _members(apps, "AllApplications", universe_of_apps),
        )
    )
    if _is_deny_list(users) and _is_deny_list(apps):
        named = {t["target"] for t in users["targets"]}, {t["target"] for t in apps["targets"]}
        if (user in named[0]) != (app in named[1]):
            return True, False
    return (user, app) in both, True


@pytest.mark.no_cover
@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize("capability", list(Capability))
def test_every_pair_of_lists_own_and_inherited_lets_in_whom_the_oracle_lets_in(
    direction: Direction, capability: Capability
) -> None:
    kind = "Collaboration" if capability is Capability.B2B_COLLABORATION else "DirectConnect"
    name = f"b2b{kind}{direction.value.capitalize()}"
    checked = 0
    for own_users, own_apps, users, apps in product(USERS, APPS, USERS[1:5], APPS[1:5]):
        own = {name: {"usersAndGroups": own_users, "applications": own_apps}}
        effective = effective_settings(own, {name: {"usersAndGroups": users, "applications": apps}})
        for user, app in product((G1, G2, "somebody else"), (A1, A2, "something else")):
            expected = oracle(own_users or users or {}, own_apps or apps or {}, user, app)
            if (own_users is None) != (own_apps is None):
                expected = True, False  # a list that is null beside one that is set: not documented either
            found = application_access(
                effective,
                direction=direction,
                capability=capability,
                user=frozenset({user}),
                application=app,
            )
            assert (found.allowed, found.is_certain) == expected, (own, users, apps, user, app)
            checked += 1
    assert checked == 7 * 7 * 4 * 4 * 9


# --- What an answer says --------------------------------------------------------------------------------------------


def asked(own: Any, default: Any, user: str = G1, application: str = A1) -> ApplicationAccess:
    return application_access(
        effective_settings(None if own is None else {INBOUND: own}, None if default is None else {INBOUND: default}),
        direction=Direction.INBOUND,
        capability=Capability.B2B_COLLABORATION,
        user=frozenset({user}),
        application=application,
    )


ALL = {"usersAndGroups": listed("allowed", "AllUsers"), "applications": listed("allowed", "AllApplications")}


def test_an_answer_names_the_rule_and_where_it_comes_from() -> None:
    assert asked(None, ALL).rules == (
        Fact(AccessRule.ALL_ALLOWED, {"list": "people"}),
        Fact(AccessRule.ALL_ALLOWED, {"list": "applications"}),
    )
    nobody = {**ALL, "usersAndGroups": listed("blocked", "AllUsers")}
    assert asked({**nobody, "applications": listed("blocked", "AllApplications")}, None).rules == (
        Fact(AccessRule.ALL_BLOCKED, {"list": "people"}),
    )
    assert asked(None, ALL).origin is Origin.TENANT_DEFAULT
    only = {**ALL, "applications": listed("allowed", A2)}
    assert asked(only, ALL) == ApplicationAccess(
        allowed=False, rules=(Fact(AccessRule.NOT_NAMED_ALLOWED, {"list": "applications"}),), origin=Origin.SET_HERE
    )
    target_list = {"usersAndGroups": listed("blocked", G1), "applications": None}
    assert asked(target_list, ALL).rules == (Fact(AccessRule.NAMED_BLOCKED, {"list": "people"}),)
    assert asked(target_list, ALL, user=G2).origin is Origin.SET_HERE


def test_what_is_not_known_is_never_answered_blocked() -> None:
    assert asked(None, None) == ApplicationAccess(
        allowed=True,
        rules=(Fact(AccessRule.NOT_KNOWN, {"list": "people"}),),
        origin=Origin.UNREADABLE,
        is_certain=False,
    )
    assert asked("unreadable", ALL).is_certain is False
    alone = asked({"usersAndGroups": listed("blocked", "AllUsers")}, None)
    assert (alone.allowed, alone.is_certain) == (True, False)


def test_a_suite_of_applications_is_not_known_from_within() -> None:
    office = {**ALL, "applications": listed("allowed", "Office365")}
    assert asked(office, None, application="Office365").is_certain
    inside = asked(office, None)
    assert (inside.allowed, inside.is_certain) == (True, False)
    assert inside.rules == (Fact(AccessRule.SUITE, {"list": "applications", "suites": ["Office365"]}),)


def test_two_lists_of_exceptions_are_answered_with_the_doubt_said() -> None:
    pair = {"usersAndGroups": listed("blocked", G1), "applications": listed("blocked", A1)}
    assert asked(pair, None, application=A2) == ApplicationAccess(
        allowed=True, rules=(Fact(AccessRule.TWO_DENY_LISTS),), origin=Origin.SET_HERE, is_certain=False
    )
    assert not asked(pair, None).allowed
    assert asked(pair, None, user=G2, application=A2).is_certain


def test_ids_are_compared_whatever_their_case() -> None:
    only = {"usersAndGroups": listed("allowed", G1.upper()), "applications": listed("allowed", A1)}
    assert asked(only, None, application=A1.upper()).allowed


# --- Merging --------------------------------------------------------------------------------------------------------


def test_each_list_and_each_flag_is_merged_by_itself() -> None:
    own = {INBOUND: {"usersAndGroups": listed("allowed", G1)}, "inboundTrust": {"isMfaAccepted": False}}
    default = {INBOUND: ALL, "inboundTrust": {"isMfaAccepted": True, "isCompliantDeviceAccepted": True}}
    effective = effective_settings(own, default)
    users, applications = configurations(effective.targets[INBOUND].setting)
    assert users is not None
    assert users.targets[0].id == G1
    assert applications is not None
    assert applications.targets[0].id == "AllApplications"
    assert effective.targets[INBOUND].origins == (Origin.SET_HERE, Origin.TENANT_DEFAULT)
    trust = {key: effective.flags[Property.INBOUND_TRUST, key] for key in ("mfa", "compliant_device")}
    assert trust == {
        "mfa": EffectiveFlag(value=False, origin=Origin.SET_HERE),
        "compliant_device": EffectiveFlag(value=True, origin=Origin.TENANT_DEFAULT),
    }


@pytest.mark.parametrize(
    ("default", "origin"),
    [
        ({INBOUND: ALL, "isServiceDefault": True}, Origin.MICROSOFT_DEFAULT),
        ({INBOUND: ALL, "isServiceDefault": False}, Origin.TENANT_DEFAULT),
        ({INBOUND: "unreadable"}, Origin.UNREADABLE),
        (None, Origin.UNREADABLE),
    ],
)
def test_an_inherited_value_says_whose_default_it_is(default: Any, origin: Origin) -> None:
    assert effective_settings({}, default).targets[INBOUND].origins == (origin, origin)


@pytest.mark.parametrize("default", [None, {"automaticUserConsentSettings": {"inboundAllowed": True}}])
def test_automatic_redemption_and_synchronization_are_off_unless_set_here(default: Any) -> None:
    off = EffectiveFlag(value=False, origin=Origin.MICROSOFT_DEFAULT)
    flags = effective_settings(None, default).flags
    assert flags[Property.AUTOMATIC_REDEMPTION, "inbound"] == off
    assert flags[Property.AUTOMATIC_REDEMPTION, "outbound"] == off
    assert flags[Property.IDENTITY_SYNCHRONIZATION, "is_allowed"] == off
    on = effective_settings({"identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}}}, default).flags
    assert on[Property.IDENTITY_SYNCHRONIZATION, "is_allowed"].value is True


def test_what_cannot_be_read_is_not_replaced_by_the_default() -> None:
    default = {INBOUND: ALL, "inboundTrust": {"isMfaAccepted": True}}
    effective = effective_settings(
        {INBOUND: 7, "inboundTrust": 7, "identitySynchronization": {"userSyncInbound": 1}}, default
    )
    assert effective.targets[INBOUND].origins == (Origin.UNREADABLE, Origin.UNREADABLE)
    assert configurations(effective.targets[INBOUND].setting) == (None, None)
    unread = EffectiveFlag(value=None, origin=Origin.UNREADABLE)
    assert effective.flags[Property.INBOUND_TRUST, "mfa"] == unread
    assert effective.flags[Property.IDENTITY_SYNCHRONIZATION, "is_allowed"] == unread
    assert effective_settings({}, {"inboundTrust": 7}).flags[Property.INBOUND_TRUST, "mfa"] == unread


# --- What was asked before is remembered by its value ---------------------------------------------------------------


def test_a_document_that_changed_is_merged_again() -> None:
    own: dict[str, Any] = {"inboundTrust": {"isMfaAccepted": True}}
    flag = (Property.INBOUND_TRUST, "mfa")
    assert effective_settings(own, {}).flags[flag].value is True
    own["inboundTrust"]["isMfaAccepted"] = False
    assert effective_settings(own, {}).flags[flag].value is False
    assert effective_settings(own, {}) == effective_settings({"inboundTrust": {"isMfaAccepted": False}}, {})


def test_a_tenant_of_another_cloud_is_another_question() -> None:
    default = {INBOUND.value: {"usersAndGroups": listed("allowed", "AllUsers")}}
    here, elsewhere = effective_settings(None, default), effective_settings(None, default, is_cross_cloud=True)
    assert here.targets[INBOUND].origins != elsewhere.targets[INBOUND].origins


def test_what_is_remembered_cannot_be_changed_by_who_was_told() -> None:
    found = effective_settings({}, {})
    assert isinstance(found.targets, MappingProxyType)
    assert isinstance(found.flags, MappingProxyType)


@pytest.mark.parametrize(
    ("own", "default", "is_unset"),
    [
        (None, {}, True),
        ({}, {"isServiceDefault": True}, True),
        (None, None, False),
        (None, {"m365CollaborationOutbound": "of a later version"}, False),
    ],
)
def test_a_setting_is_not_set_only_where_the_default_was_read_and_does_not_have_it(
    own: Any, default: Any, is_unset: bool
) -> None:
    found = effective_settings(own, default)
    assert found.targets[Property.M365_COLLABORATION_OUTBOUND].is_unset is is_unset
    assert not any(one.is_unset for one in found.capabilities.values())

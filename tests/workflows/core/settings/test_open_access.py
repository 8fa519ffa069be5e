"""What a configuration leaves open: nothing is closed that was not read as closed."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.words.settings.open_access import (
    NOT_ALL_CLOSED,
    REST_UNKNOWN,
    access_kind_title,
    access_kinds_words,
    closing_rest_words,
    not_closed_words,
)
from tests.workflows.core.builders import TENANT, closed_document
from tests.workflows.core.strategies import JSON, PROPERTY
from workflows.core.plans.planning import plan_revocation
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import Property
from workflows.core.settings.open_access import (
    CAPABILITIES,
    DEFAULT,
    AccessCategory,
    AccessKind,
    AccessState,
    OpenAccess,
    access_kinds,
    closed_by_default,
    is_known_open,
    open_access,
    possibly_open,
)
from workflows.core.settings.undocumented_members import changed_undocumented_members, undocumented_members

EVERYBODY: Final = {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]}
NOBODY: Final = {"accessType": "blocked", "targets": [{"target": "AllUsers", "targetType": "user"}]}
SOMEBODY: Final = {"accessType": "allowed", "targets": [{"target": TENANT, "targetType": "user"}]}
EVERYTHING: Final = {"accessType": "allowed", "targets": [{"target": "AllApplications", "targetType": "application"}]}
NOTHING: Final = {"accessType": "blocked", "targets": [{"target": "AllApplications", "targetType": "application"}]}
CLOSED_DEFAULT: Final = {
    **closed_document(),
    "id": "x",
    "isServiceDefault": False,
    "invitationRedemptionIdentityProviderConfiguration": {"fallbackIdentityProvider": "microsoftAccount"},
}


def of(own: JsonObject | None, default: JsonObject | None = CLOSED_DEFAULT, **flags: bool) -> dict[str, AccessKind]:
    """The ways by name."""
    return {kind.name: kind for kind in access_kinds(own, default, **flags)}


def names(own: JsonObject | None, default: JsonObject | None = CLOSED_DEFAULT) -> list[str]:
    """What is not closed for certain."""
    return [kind.name for kind in possibly_open(access_kinds(own, default))]


def test_a_blocked_partner_leaves_nothing_open() -> None:
    found = access_kinds(closed_document(), CLOSED_DEFAULT)
    assert possibly_open(found) == ()
    by_default = {kind.name for kind in closed_by_default(found)}
    assert by_default == {
        *("m365CollaborationInbound", "m365CollaborationOutbound", "appServiceConnectInbound", CAPABILITIES),
        "identitySynchronization.userSyncInbound",
    }


def test_settings_of_services_that_nobody_set_are_off() -> None:
    assert "m365CollaborationInbound" not in names({**closed_document(), "m365CollaborationInbound": {"users": None}})
    both = {**CLOSED_DEFAULT, "m365CollaborationInbound": {"users": None}, "appServiceConnectInbound": None}
    assert names(closed_document(), both) == []


@pytest.mark.parametrize(
    ("own", "default", "opening", "is_explicit"),
    [
        ({"users": EVERYBODY}, None, AccessState.OPEN, True),
        ({"users": SOMEBODY}, None, AccessState.PARTLY, True),
        ({"users": NOBODY}, {"users": EVERYBODY}, AccessState.CLOSED, True),
        (None, {"users": EVERYBODY}, AccessState.OPEN, False),
        ({"users": None}, {"users": NOBODY}, AccessState.CLOSED, False),
        (7, None, AccessState.UNKNOWN, True),
        (None, [], AccessState.UNKNOWN, False),
        ({"users": {"accessType": "perhaps"}}, {"users": NOBODY}, AccessState.UNKNOWN, True),
    ],
)
def test_a_setting_of_a_service(own: Any, default: Any, opening: AccessState, is_explicit: bool) -> None:
    name = "m365CollaborationInbound"
    found = of({**closed_document(), name: own}, {**CLOSED_DEFAULT, name: default})
    assert (found[name].opening, found[name].is_explicit) == (opening, is_explicit)
    assert found[name].category is AccessCategory.SERVICE
    # Calendars and profiles ride on it, and are read at another address.
    is_closed = opening is AccessState.CLOSED
    assert found[CAPABILITIES].opening is (AccessState.CLOSED if is_closed else AccessState.UNKNOWN)


def test_capabilities_are_closed_for_this_partner_where_both_carriers_are() -> None:
    shut = {"m365CollaborationInbound": {"users": NOBODY}, "appServiceConnectInbound": {"applications": NOTHING}}
    assert of({**closed_document(), **shut})[CAPABILITIES].is_explicit
    target_list = {**shut, "appServiceConnectInbound": None}
    assert not of({**closed_document(), **target_list})[CAPABILITIES].is_explicit
    assert of({**target_list, "appServiceConnectInbound": {"applications": EVERYTHING}})[CAPABILITIES].opening is (
        AccessState.UNKNOWN
    )


@pytest.mark.parametrize(
    ("policy", "opened"),
    [
        (None, []),
        ({"tenantId": TENANT, "displayName": "x", "userSyncInbound": {"isSyncAllowed": False}}, []),
        ({"userSyncInbound": {"isSyncAllowed": True}}, ["userSyncInbound"]),
        ({"userSyncInbound": False}, ["userSyncInbound"]),
        ({"userSyncInbound": {"isSyncAllowed": "no"}}, ["userSyncInbound"]),
        ({"userSyncInbound": None, "groupSyncInbound": {"isSyncAllowed": True}}, ["groupSyncInbound"]),
        ({"userSyncInbound": None, "groupSyncInbound": {"isSyncAllowed": False}}, []),
        ({"userSyncInbound": {"isSyncAllowed": False, "newer": 1}}, ["userSyncInbound.newer"]),
        ({"newer": "x"}, ["newer"]),
        ("policy", ["userSyncInbound"]),
    ],
)
def test_synchronization_is_closed_only_where_every_part_of_the_policy_says_so(policy: Any, opened: list[str]) -> None:
    document = {**closed_document(), "identitySynchronization": policy}
    assert names(document) == [f"identitySynchronization.{name}" for name in opened]


@pytest.mark.parametrize(
    ("own", "default", "opening", "is_explicit"),
    [
        ({"inboundAllowed": True}, None, AccessState.UNKNOWN, True),
        ("anything", None, AccessState.UNKNOWN, True),
        (0, None, AccessState.UNKNOWN, True),
        ({"inboundAllowed": False, "outboundAllowed": False, "@odata.type": "#x"}, {"x": 1}, AccessState.CLOSED, True),
        ({"inboundAllowed": None}, None, AccessState.CLOSED, False),
        ({"inboundAllowed": None}, {"inboundAllowed": True}, AccessState.UNKNOWN, False),
        (None, {"inboundAllowed": True}, AccessState.UNKNOWN, False),
        (None, {"inboundAllowed": False}, AccessState.CLOSED, False),
        ({}, {"x": 1}, AccessState.UNKNOWN, False),
    ],
)
def test_a_member_that_is_not_described_is_closed_only_where_it_says_nothing(
    own: Any, default: Any, opening: AccessState, is_explicit: bool
) -> None:
    for name in ("crossCloudMeetingConfiguration", "inboundTrust.isPasskeyAccepted"):
        setting, _, member = name.partition(".")
        documents = [
            {**base, setting: {**base[setting], member: value} if member else value}
            for base, value in ((closed_document(), own), (CLOSED_DEFAULT, default))
        ]
        kind = of(*documents)[name]
        assert (kind.opening, kind.is_explicit, kind.category) == (opening, is_explicit, AccessCategory.UNDOCUMENTED)
        assert kind.setting == setting


def test_a_list_of_ones_own_replaces_the_defaults_with_its_unknown_members() -> None:
    default = {**CLOSED_DEFAULT, "m365CollaborationInbound": {"users": {**NOBODY, "except": ["x"]}}}
    assert names(closed_document(), default) == ["m365CollaborationInbound.users.except"]
    assert names({**closed_document(), "m365CollaborationInbound": {"users": NOBODY}}, default) == []


def test_an_unknown_member_next_to_a_block_is_named_wherever_it_is() -> None:
    """A block with exceptions that nobody understands is no certain block."""
    block = closed_document()["b2bCollaborationInbound"]
    entry = {"target": "AllUsers", "targetType": "user", "except": 1}
    users = {**block["usersAndGroups"], "targets": [entry, entry], "until": "tomorrow"}
    document = {**closed_document(), "b2bCollaborationInbound": {**block, "usersAndGroups": users}}
    assert names(document) == [
        "b2bCollaborationInbound.usersAndGroups.targets.except",
        "b2bCollaborationInbound.usersAndGroups.until",
    ]


def test_what_binds_our_own_people_or_is_no_setting_is_no_way_in() -> None:
    others = {
        "tenantRestrictions": {"usersAndGroups": EVERYBODY, "applications": EVERYTHING, "newer": 1},
        "isServiceProvider": True,
        "isInMultiTenantOrganization": True,
        "newer@odata.context": "x",
    }
    assert names({**closed_document(), **others}) == []


def test_a_default_that_could_not_be_read_leaves_open_whatever_it_may_open() -> None:
    assert names(closed_document(), None) == [
        *("m365CollaborationInbound", "m365CollaborationOutbound", "appServiceConnectInbound"),
        CAPABILITIES,
        DEFAULT,
    ]
    assert all(not kind.is_explicit for kind in possibly_open(access_kinds(closed_document(), None)))
    assert "b2bCollaborationInbound" in names(None, None)


def test_a_partner_of_another_cloud_is_barred_until_it_is_added() -> None:
    found = access_kinds(None, {"m365CollaborationInbound": {"users": EVERYBODY}, "newer": 1}, is_cross_cloud=True)
    assert possibly_open(found) == ()
    assert closed_by_default(found) == found
    added = access_kinds({"tenantId": TENANT}, {"m365CollaborationInbound": {"users": EVERYBODY}}, is_cross_cloud=True)
    assert "m365CollaborationInbound" in {kind.name for kind in possibly_open(added)}


def test_a_tenant_whose_every_member_is_null_or_absent_claims_nothing_that_nobody_said() -> None:
    nothing = dict.fromkeys(name.value for name in Property)
    opened = names(nothing, nothing)
    assert {"b2bCollaborationInbound", "b2bDirectConnectOutbound", "inboundTrust.isMfaAccepted"} <= set(opened)
    assert opened == names(None, {})


@PROPERTY
@given(
    st.dictionaries(st.sampled_from([*Property, "newer", "crossCloudMeetingConfiguration"]), JSON),
    st.none() | st.dictionaries(st.sampled_from([*Property, "newer"]), JSON),
    st.booleans(),
)
def test_no_document_is_called_closed_for_being_unreadable(own: Any, default: Any, is_cross_cloud: bool) -> None:
    found = of(own, default, is_cross_cloud=is_cross_cloud)
    assert (DEFAULT in found) is (default is None)
    for name in Property:
        form: type = list if name is Property.M365_CAPABILITIES else dict
        if own.get(name) is not None and not isinstance(own[name], form) and name != Property.TENANT_RESTRICTIONS:
            of_it = [
                kind
                for kind in found.values()
                if kind.setting == name and kind.category is not AccessCategory.UNDOCUMENTED
            ]
            assert {kind.opening for kind in of_it} == {AccessState.UNKNOWN}
            assert all(kind.is_explicit for kind in of_it)
    assert all(access_kind_title(name) for name in found)


# --- what the records keep, and the words ---


def test_the_records_keep_what_was_left_open() -> None:
    document = {**closed_document(), "m365CollaborationInbound": {"users": SOMEBODY}}
    assert open_access(document, CLOSED_DEFAULT) == (
        OpenAccess(name="m365CollaborationInbound", opening=AccessState.PARTLY),
        OpenAccess(name=CAPABILITIES, opening=AccessState.UNKNOWN),
    )


@pytest.mark.parametrize(
    ("openings", "is_open", "said"),
    [
        ([], False, ""),
        ([AccessState.UNKNOWN], False, REST_UNKNOWN),
        ([AccessState.PARTLY], True, NOT_ALL_CLOSED),
        ([AccessState.UNKNOWN, AccessState.OPEN], True, NOT_ALL_CLOSED),
    ],
)
def test_what_is_only_not_known_is_not_called_open(openings: list[AccessState], is_open: bool, said: str) -> None:
    left = [OpenAccess(name="inboundTrust.isMfaAccepted", opening=opening) for opening in openings]
    assert is_known_open(left) is is_open
    assert closing_rest_words(left) == said


def test_ways_are_named_by_their_titles_and_unknown_ones_are_counted() -> None:
    left = [
        OpenAccess(name="inboundTrust.isMfaAccepted", opening=AccessState.OPEN),
        OpenAccess(name="inboundTrust.isPasskeyAccepted", opening=AccessState.UNKNOWN),
        OpenAccess(name="new\u202eer", opening=AccessState.UNKNOWN),
    ]
    assert not_closed_words(left) == (
        "Still open or not known: Trust in the partner's MFA (open); Inbound trust, isPasskeyAccepted (not known); "
        "1 setting that Gatehouse does not know."
    )
    assert not_closed_words([]) == ""
    assert len(access_kind_title("x" * 500)) < 120
    many = [OpenAccess(name=f"inboundTrust.n{number}", opening=AccessState.OPEN) for number in range(30)]
    assert access_kinds_words(many).endswith("; 5 more")
    [closed] = [
        kind for kind in access_kinds(closed_document(), CLOSED_DEFAULT) if kind.name == "b2bCollaborationInbound"
    ]
    assert access_kinds_words([closed]) == "B2B collaboration, inbound"


# --- members that are not described ---


def test_a_change_of_what_a_member_says_is_named_and_one_to_nothing_is_not() -> None:
    before = {"newer": {"a": True}, "inboundTrust": {"isPasskeyAccepted": None}, "places": False}
    now = {"newer": {"a": False}, "inboundTrust": {"isPasskeyAccepted": False}, "places": None, "more": {}}
    assert changed_undocumented_members(before, before) == ()
    assert changed_undocumented_members(before, now) == ("newer",)
    assert changed_undocumented_members(None, {"inboundTrust": {"isPasskeyAccepted": True}}) == (
        "inboundTrust.isPasskeyAccepted",
    )
    assert changed_undocumented_members(None, None) == ()
    assert undocumented_members({"inboundTrust": 7, "identitySynchronization": [{"x": 1}]}) == {
        ("identitySynchronization", "x"): 1
    }


@pytest.mark.parametrize(
    ("value", "is_closed"),
    [(True, True), (None, True), (False, False), ({"a": True, "b": False}, False), ("on", False)],
)
def test_a_restriction_closes_by_a_yes_and_is_never_written(value: object, is_closed: bool) -> None:
    """GRAPH: `blockServiceProviderOutboundAccess`; what restricts is not set to null by a revocation."""
    own = {"tenantId": TENANT, "blockServiceProviderOutboundAccess": value}
    left = [
        kind.name
        for kind in possibly_open(access_kinds(own, {}))
        if kind.setting == "blockServiceProviderOutboundAccess"
    ]
    assert (left == []) is is_closed
    plan = plan_revocation(tenant_id=TENANT, before=own, default={})
    assert all("blockServiceProviderOutboundAccess" not in operation.body for operation in plan.operations)

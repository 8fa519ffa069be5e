"""Settings and Graph's documents: written, read back, compared."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.words.requests.notes import refusal_words
from tests.bot.words.refused import worded_refusal
from tests.workflows.core.strategies import B2B_SETTINGS, DOCUMENTS, GUIDS, PROPERTY, setting_of
from workflows.core.errors.raised import DomainError, UnreadableSetting
from workflows.core.settings.documents import is_equivalent, is_same_value, normalize, parse_setting, to_document
from workflows.core.settings.model import (
    ALL_USERS,
    OFFICE_365,
    AccessType,
    AutomaticRedemption,
    B2BSetting,
    InboundTrust,
    Property,
    Target,
    TargetConfiguration,
    TargetType,
)

INBOUND = Property.B2B_COLLABORATION_INBOUND
GUEST = "00aa00aa-0000-4000-8000-00000000AbCd"


def targets(document: object) -> dict[str, object]:
    """Return a setting with one list of applications."""
    return {"usersAndGroups": None, "applications": document}


def test_a_b2b_setting_is_written_with_both_lists() -> None:
    setting = B2BSetting(
        users_and_groups=TargetConfiguration(
            access=AccessType.ALLOWED,
            targets=(Target(type=TargetType.USER, id=ALL_USERS), Target(type=TargetType.GROUP, id=GUEST)),
        ),
        applications=TargetConfiguration(
            access=AccessType.BLOCKED, targets=(Target(type=TargetType.APPLICATION, id=OFFICE_365),)
        ),
    )
    assert to_document(setting) == {
        "usersAndGroups": {
            "accessType": "allowed",
            "targets": [
                {"target": "AllUsers", "targetType": "user"},
                {"target": GUEST, "targetType": "group"},
            ],
        },
        "applications": {
            "accessType": "blocked",
            "targets": [{"target": "Office365", "targetType": "application"}],
        },
    }
    target_list = B2BSetting(users_and_groups=None, applications=setting.applications)
    document = to_document(target_list)
    assert document is not None
    assert document["usersAndGroups"] is None


def test_only_flags_that_are_set_are_written_and_false_is_set() -> None:
    assert to_document(InboundTrust(mfa=True, compliant_device=False)) == {
        "isMfaAccepted": True,
        "isCompliantDeviceAccepted": False,
    }
    assert to_document(InboundTrust(hybrid_joined_device=True)) == {"isHybridAzureADJoinedDeviceAccepted": True}
    assert to_document(AutomaticRedemption(outbound=False)) == {"outboundAllowed": False}
    assert to_document(AutomaticRedemption(inbound=True)) == {"inboundAllowed": True}
    assert to_document(InboundTrust()) == {}
    assert to_document(None) is None


@PROPERTY
@given(st.data(), st.sampled_from(Property))
def test_what_is_written_is_read_back_as_the_same_setting(data: st.DataObject, name: Property) -> None:
    setting = data.draw(setting_of(name))
    written = to_document(setting)
    assert parse_setting(name, written) == setting
    assert parse_setting(name, json.loads(json.dumps(written))) == setting


@pytest.mark.parametrize("name", Property)
def test_null_is_read_as_inherits(name: Property) -> None:
    assert parse_setting(name, None) is None


def test_absent_lists_and_flags_are_read_as_inherits() -> None:
    assert parse_setting(INBOUND, {}) == B2BSetting(users_and_groups=None, applications=None)
    assert parse_setting(Property.INBOUND_TRUST, {"isMfaAccepted": False}) == InboundTrust(mfa=False)
    assert parse_setting(Property.AUTOMATIC_REDEMPTION, {"inboundAllowed": None}) == AutomaticRedemption()


def test_fields_this_version_does_not_know_are_read_over() -> None:
    document = {"@odata.type": "#microsoft.graph.x", "isPasskeyAccepted": True, "isMfaAccepted": True}
    assert parse_setting(Property.INBOUND_TRUST, document) == InboundTrust(mfa=True)


@pytest.mark.parametrize("name", [name for name in Property if name is not Property.M365_CAPABILITIES])
@pytest.mark.parametrize("document", ["allowed", 1, True, [], [{"isMfaAccepted": True}]])
def test_a_setting_of_another_shape_is_unreadable_never_absent(name: Property, document: object) -> None:
    with worded_refusal(UnreadableSetting, match=rf"{name.value}: expected an object, got {type(document).__name__}"):
        parse_setting(name, document)


@pytest.mark.parametrize(
    "document",
    [
        {"accessType": "unknownFutureValue", "targets": []},
        {"accessType": None, "targets": []},
        {"accessType": "Allowed", "targets": []},
        {"targets": []},
        {"accessType": "allowed"},
        {"accessType": "allowed", "targets": None},
        {"accessType": "allowed", "targets": [{"target": None, "targetType": "user"}]},
        {"accessType": "allowed", "targets": [{"target": 7, "targetType": "user"}]},
        {"accessType": "allowed", "targets": "AllUsers"},
        {"accessType": "allowed", "targets": [None]},
        {"accessType": "allowed", "targets": [{"target": "x"}]},
        {"accessType": "allowed", "targets": [{"targetType": "user"}]},
        {"accessType": "allowed", "targets": [{"target": "x", "targetType": "device"}]},
        {"accessType": "allowed", "targets": [{"target": "x", "targetType": "unknownFutureValue"}]},
    ],
)
def test_targets_in_an_unknown_vocabulary_are_unreadable(document: object) -> None:
    with worded_refusal(UnreadableSetting, match="cannot read the targets") as caught:
        parse_setting(INBOUND, targets(document))
    assert repr(document) in refusal_words(caught.value), "the error shows what was read"
    assert isinstance(caught.value, DomainError)


@pytest.mark.parametrize("document", ["AllUsers", ["AllUsers"], 0, False])
def test_a_list_that_is_no_object_is_unreadable(document: object) -> None:
    for target_list in (targets(document), {"usersAndGroups": document}):
        with worded_refusal(UnreadableSetting, match="expected an object with accessType and targets"):
            parse_setting(INBOUND, target_list)


@pytest.mark.parametrize("value", ["true", 1, 0, [], {}])
def test_a_flag_that_is_no_boolean_is_unreadable(value: object) -> None:
    with worded_refusal(UnreadableSetting, match=r"inboundTrust\.isMfaAccepted: expected true, false or null"):
        parse_setting(Property.INBOUND_TRUST, {"isMfaAccepted": value})
    with worded_refusal(UnreadableSetting, match=r"automaticUserConsentSettings\.outboundAllowed: expected"):
        parse_setting(Property.AUTOMATIC_REDEMPTION, {"outboundAllowed": value})


# --- Two documents that mean the same ------------------------------------------------------------------------------


def allow(*ids: str) -> dict[str, Any]:
    return {"accessType": "allowed", "targets": [{"target": name, "targetType": "user"} for name in ids]}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"v": None}, {}),
        ({"v": {"inboundAllowed": None, "outboundAllowed": None}}, {}),
        ({"v": {"inboundAllowed": None, "outboundAllowed": None}}, {"v": None}),
        ({"v": allow("a", "b")}, {"v": allow("b", "a")}),
        ({"v": allow(GUEST.upper())}, {"v": allow(GUEST.lower())}),
        ({"v": allow(GUEST.lower(), "b")}, {"v": allow("b", GUEST.upper())}),
        ({"@odata.context": "https://x", "v": 1}, {"v": 1}),
        ({"v": {"@odata.type": "#microsoft.graph.t", "b": True}}, {"v": {"b": True}}),
        ({"list@odata.context": "https://x", "v": 1}, {"v": 1}),
        ({"v": [{"a": 1, "@odata.type": "#t"}]}, {"v": [{"a": 1}]}),
        ({"v": ({"a": 1}, {"a": 2})}, {"v": [{"a": 2}, {"a": 1}]}),
        (None, None),
    ],
)
def test_documents_that_mean_the_same(left: dict[str, Any] | None, right: dict[str, Any] | None) -> None:
    assert is_equivalent(left, right)
    assert is_equivalent(right, left)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"v": False}, {"v": None}),
        ({"v": False}, {}),
        ({"v": {"inboundAllowed": False}}, {"v": {"inboundAllowed": None}}),
        ({"v": 0}, {"v": None}),
        ({"v": ""}, {"v": None}),
        ({"v": []}, {"v": None}),
        ({"v": allow()}, {"v": allow("a")}),
        ({"v": allow("a", "a")}, {"v": allow("a")}),
        ({"v": allow("AllUsers")}, {"v": allow("allusers")}),
        ({"v": {**allow("a"), "accessType": "blocked"}}, {"v": allow("a")}),
        ({"protectedContentSharing": {"inboundAllowed": True}}, {}),
        ({"v": "é"}, {"v": "e\u0301"}),
        ({}, None),
        (None, {}),
    ],
)
def test_documents_that_do_not_mean_the_same(left: dict[str, Any] | None, right: dict[str, Any] | None) -> None:
    assert not is_equivalent(left, right)
    assert not is_equivalent(right, left)


@pytest.mark.parametrize(
    "text",
    [
        GUEST[:-1] + "G",
        GUEST + "A",
        GUEST[:-1],
        GUEST.replace("-", "A"),
    ],
)
def test_only_guids_lose_their_case(text: str) -> None:
    assert normalize(text) == text
    assert normalize(GUEST) == GUEST.lower() != GUEST


@PROPERTY
@given(DOCUMENTS)
def test_normalizing_twice_changes_nothing_more(document: dict[str, Any]) -> None:
    once = normalize(document)
    assert normalize(once) == once


@PROPERTY
@given(B2B_SETTINGS, st.randoms(use_true_random=False))
def test_the_order_of_targets_means_nothing(setting: B2BSetting, chance: Random) -> None:
    document, shuffled = {"v": to_document(setting)}, {"v": to_document(setting)}
    for target_list in (shuffled["v"] or {}).values():
        chance.shuffle(target_list["targets"])
    assert is_equivalent(document, shuffled)


@PROPERTY
@given(B2B_SETTINGS, B2B_SETTINGS)
def test_two_settings_mean_the_same_only_when_they_list_the_same_targets(left: B2BSetting, right: B2BSetting) -> None:
    def meaning(setting: B2BSetting) -> list[object]:
        target_lists = (setting.users_and_groups, setting.applications)
        return [target_list and (target_list.access, sorted(target_list.targets)) for target_list in target_lists]

    documents = {"v": to_document(left)}, {"v": to_document(right)}
    assert is_equivalent(*documents) is (meaning(left) == meaning(right))


@PROPERTY
@given(GUIDS)
def test_a_guid_in_any_case_is_the_same_tenant(guid: str) -> None:
    assert is_equivalent({"tenantId": guid.upper()}, {"tenantId": guid})


@pytest.mark.parametrize(
    ("left", "right", "is_same"),
    [
        (None, None, True),
        (None, {}, True),
        (None, False, False),
        (True, False, False),
        (["b", "a"], ["a", "b"], True),
        ("5A5E1F50-1C1F-4A8A-9D30-1D2F00C0FFEE", "5a5e1f50-1c1f-4a8a-9d30-1d2f00c0ffee", True),
        ("All", "all", False),
        ({"a": 1, "@odata.type": "x"}, {"a": 1, "b": None}, True),
    ],
)
def test_single_values_are_compared_as_whole_documents_are(left: object, right: object, is_same: bool) -> None:
    assert is_same_value(left, right) is is_same
    assert is_equivalent({"member": left}, {"member": right}) is is_same

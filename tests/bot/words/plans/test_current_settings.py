"""A partner's current settings in words: its own, and what it inherits."""

from typing import Any

import pytest

from bot.words.plans.current_settings import (
    DEFAULT_UNREAD,
    CurrentLine,
    describe_current,
    describe_unchanged,
)
from bot.words.settings.values import DEFAULT_UNSET, UNREADABLE
from tests.workflows.core.builders import access_plan, closed_document
from workflows.core.settings.effective import Origin

ALLOW_ALL = {
    "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
    "applications": {"accessType": "allowed", "targets": [{"target": "AllApplications", "targetType": "application"}]},
}
DEFAULT = {"b2bCollaborationInbound": ALLOW_ALL, "inboundTrust": {"isMfaAccepted": True}}


def standing(setting: str, own: dict[str, Any] | None, default: dict[str, Any] | None = DEFAULT) -> CurrentLine:
    return next(one for one in describe_current(own, default) if one.setting == setting)


def test_without_a_configuration_of_its_own_everything_is_inherited() -> None:
    found = describe_current(None, DEFAULT)
    assert not any(one.is_own for one in found)
    assert standing("B2B collaboration, inbound", None).words == "everyone from the partner may use every application"
    assert standing("Trust in the partner's MFA", None).words == "trusted"
    assert standing("Trust in the partner's compliant devices", None).words == DEFAULT_UNSET
    assert standing("B2B collaboration, outbound", None).words == DEFAULT_UNSET


def test_what_has_no_default_is_not_called_inherited() -> None:
    for setting in ("Automatic redemption, inbound", "Identity synchronization into this tenant"):
        found = standing(setting, {})
        assert (found.is_own, found.fact.inherits) == (False, False)
        assert found.words.endswith("(not set)")


def test_a_default_that_could_not_be_read_is_not_guessed() -> None:
    assert standing("B2B collaboration, inbound", {}, None).words == DEFAULT_UNREAD
    assert standing("Trust in the partner's MFA", {}, None).words == DEFAULT_UNREAD


def test_its_own_settings_are_distinguished_from_inherited_ones() -> None:
    found = describe_current(closed_document(), DEFAULT)
    assert {one.words for one in found if one.is_own} == {"blocked for everyone", "not trusted", "off"}
    assert [one.setting for one in found if not one.is_own] == [
        "Identity synchronization into this tenant",
        "Tenant restrictions",
        "Microsoft 365 collaboration, inbound",
        "Microsoft 365 collaboration, outbound",
        "App Service connect, inbound",
    ]


@pytest.mark.parametrize(
    ("own", "default"),
    [
        ({"inboundTrust": "no"}, DEFAULT),
        ({"identitySynchronization": 7}, DEFAULT),
        ({}, {"inboundTrust": "no"}),
        ({"b2bCollaborationInbound": [1]}, DEFAULT),
    ],
)
def test_what_cannot_be_read_is_shown_as_json(own: dict[str, Any], default: dict[str, Any]) -> None:
    assert any(UNREADABLE in one.words for one in describe_current(own, default))


def test_members_of_later_versions_are_shown() -> None:
    found = standing("Inbound trust, other values", {"inboundTrust": {"isRobotAccepted": True}})
    assert found.words == f'{{"isRobotAccepted": true}} ({UNREADABLE})'


def test_an_inherited_setting_says_whose_default_it_is_and_a_mixed_one_says_it_by_list() -> None:
    assert standing("B2B collaboration, inbound", {}).fact.origin is Origin.TENANT_DEFAULT
    assert standing("B2B collaboration, inbound", {}, {**DEFAULT, "isServiceDefault": True}).fact.origin is (
        Origin.MICROSOFT_DEFAULT
    )
    target_list = {"b2bCollaborationInbound": {"applications": ALLOW_ALL["applications"]}}
    mixed = standing("B2B collaboration, inbound", target_list)
    assert (mixed.is_own, mixed.fact.origin) == (True, Origin.SET_HERE)
    assert mixed.words == (
        "people: Default: everyone from the partner; applications: every application (not certain: one list is set "
        "and the other is not; Microsoft does not document what then applies)"
    )


def test_what_a_plan_does_not_write_stays_and_is_named() -> None:
    """The usual plan writes trust and redemption: the blocks stay, and nothing that is merely inherited is listed."""
    kept = describe_unchanged(access_plan(closed_document()), DEFAULT)
    assert {one.setting for one in kept} == {
        "B2B collaboration, inbound",
        "B2B collaboration, outbound",
        "B2B direct connect, inbound",
        "B2B direct connect, outbound",
    }
    assert describe_unchanged(access_plan(), DEFAULT) == ()

"""A partner's current settings as facts: its own values, what it inherits, and what a plan leaves open."""

from tests.workflows.core.builders import TENANT, access_plan, closed_document
from tests.workflows.core.posture.test_posture import ALL, NOBODY, TRUST
from workflows.core.plans.changes import SettingPart
from workflows.core.plans.current_settings import (
    CurrentSetting,
    current_settings,
    settings_that_stay_open,
    unchanged_settings,
    unmanaged_settings,
)
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.effective import Origin
from workflows.core.settings.model import Property

DEFAULT = {"b2bCollaborationInbound": ALL, "inboundTrust": {"isMfaAccepted": True}}


def of(own: JsonObject | None, name: Property, key: str = "", default: JsonObject | None = DEFAULT) -> CurrentSetting:
    return next(one for one in current_settings(own, default) if (one.name, one.key) == (name, key))


def test_every_setting_and_flag_is_listed_once() -> None:
    subjects = [one.subject for one in current_settings(None, DEFAULT)]
    assert len(subjects) == len(set(subjects))
    # Capabilities are listed when they were read, and only those that are set.
    assert list(dict.fromkeys(one.name for one in subjects)) == list(Property)[:-1]
    assert [one.key for one in subjects if one.key] == [
        *("mfa", "compliant_device", "hybrid_joined_device"),
        *("inbound", "outbound"),
    ]


def test_an_own_value_is_kept_and_an_inherited_one_names_its_origin() -> None:
    inbound, mfa = Property.B2B_COLLABORATION_INBOUND, (Property.INBOUND_TRUST, "mfa")
    own = of({inbound: NOBODY}, inbound)
    assert (own.value, own.is_own, own.inherits, own.origin, own.may_allow_access) == (
        NOBODY,
        True,
        False,
        Origin.SET_HERE,
        False,
    )
    inherited = of({}, inbound)
    assert (inherited.value, inherited.inherits, inherited.origin) == (None, True, Origin.TENANT_DEFAULT)
    assert (inherited.part, inherited.may_allow_access) == (SettingPart.TARGETS, True)
    assert (of({"inboundTrust": TRUST}, *mfa).value, of({}, *mfa).inherits) == (True, True)


def test_what_cannot_be_read_counts_as_open() -> None:
    for name in (Property.B2B_COLLABORATION_INBOUND, Property.INBOUND_TRUST):
        found = of({name: 7}, name)
        assert (found.part, found.value, found.is_own, found.may_allow_access) == (
            SettingPart.UNREADABLE,
            7,
            True,
            True,
        )


def test_what_a_plan_does_not_write_stays() -> None:
    """The usual plan writes trust and redemption: the blocks stay, and nothing that is merely inherited is listed."""
    kept = unchanged_settings(access_plan(closed_document()), DEFAULT)
    assert [one.name for one in kept] == list(Property)[:4]
    assert unchanged_settings(access_plan(), DEFAULT) == ()


def test_what_stays_open_is_neither_closed_nor_changed() -> None:
    before = {**closed_document(), "b2bDirectConnectInbound": ALL, "inboundTrust": {"isMfaAccepted": True}}
    assert [one.name for one in settings_that_stay_open(access_plan(before), DEFAULT)] == [
        Property.B2B_DIRECT_CONNECT_INBOUND,
        Property.INBOUND_TRUST,
    ]


def test_what_gatehouse_does_not_manage_is_named() -> None:
    document = {"tenantId": TENANT, "protectedContentSharing": None, "isServiceProvider": True, "a@odata.type": "x"}
    assert unmanaged_settings(document) == ("isServiceProvider",)
    as_graph_shows_it = {
        "crossCloudMeetingConfiguration": {"inboundAllowed": None, "outboundAllowed": None},
        "protectedContentSharing": {"inboundAllowed": None, "outboundAllowed": False},
        "isInMultiTenantOrganization": False,
    }
    assert unmanaged_settings(as_graph_shows_it) == ()
    assert unmanaged_settings({"protectedContentSharing": {"inboundAllowed": True}}) == ("protectedContentSharing",)
    assert unmanaged_settings(None) == ()


def test_a_member_that_this_version_does_not_know_is_listed_and_counts_as_open_where_it_says_something() -> None:
    own = {"inboundTrust": {"isMfaAccepted": False, "isTomorrowAccepted": True, "note@odata.type": "x"}}
    (other,) = [one for one in current_settings(own, DEFAULT) if one.part is SettingPart.UNKNOWN_MEMBERS]
    assert (other.name, other.value, other.is_own, other.inherits, other.origin, other.may_allow_access) == (
        Property.INBOUND_TRUST,
        {"isTomorrowAccepted": True},
        True,
        False,
        Origin.SET_HERE,
        True,
    )
    empty = {"inboundTrust": {"isMfaAccepted": False, "isTomorrowAccepted": {}}}
    (nothing,) = [one for one in current_settings(empty, DEFAULT) if one.part is SettingPart.UNKNOWN_MEMBERS]
    assert not nothing.may_allow_access

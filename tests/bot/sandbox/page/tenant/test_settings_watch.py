"""The tenant pane says what the settings are, what they were, and where they were changed."""

from typing import Any

import pytest

from bot.sandbox.page.tenant.settings_table import settings_of
from bot.sandbox.page.tenant.settings_watch import SettingsWatch
from tests.bot.sandbox.page.samples import (
    CONTOSO,
    blocked_partner,
    default_configuration,
    organizations,
    trusted_partner,
)

Json = dict[str, Any]
WRITE = {"method": "PATCH", "path": "/graph/v1.0/x", "status": 204}


def state(contoso: Json | None = None) -> Json:
    partners = {CONTOSO: contoso} if contoso else {}
    return {"default": default_configuration(), "partners": partners, "organizations": organizations()}


def sides(users: Json | None, applications: Json | None) -> Json:
    return {"b2bCollaborationInbound": {"usersAndGroups": users, "applications": applications}}


def listed(access: str, kind: str, *targets: str) -> Json:
    return {"accessType": access, "targets": [{"target": target, "targetType": kind} for target in targets]}


ALL_USERS, ALL_APPS = ("user", "AllUsers"), ("application", "AllApplications")


@pytest.mark.parametrize(
    ("users", "applications", "value", "detail", "tone"),
    [
        (listed("allowed", *ALL_USERS), listed("allowed", "application", "Office365"), "Allowed", "Office 365", "open"),
        (listed("blocked", *ALL_USERS), listed("blocked", *ALL_APPS), "Blocked", "all applications", "closed"),
        (
            listed("allowed", "group", "g1", "g2"),
            listed("blocked", "application", "a1"),
            "Mixed",
            "application",
            "mixed",
        ),
        (None, None, "Not set", "", "off"),
        (listed("allowed", "user"), None, "Mixed", "no targets not set", "mixed"),
    ],
)
def test_a_pair_in_words(users: Json | None, applications: Json | None, value: str, detail: str, tone: str) -> None:
    row = settings_of(sides(users, applications))[0]
    assert (row.value, row.tone, row.inherited) == (value, tone, False)
    assert detail in row.detail


def test_listed_targets_are_counted() -> None:
    row = settings_of(sides(listed("allowed", "group", "g1", "g2"), listed("blocked", "application", "a1")))[0]
    assert row.detail == "2 groups allowed, 1 application blocked"


def test_null_inherits_property_by_property() -> None:
    rows = {row.key: row for row in settings_of(trusted_partner(), default_configuration())}
    assert rows["b2bCollaborationInbound"].says == "Allowed · all users, Office 365"
    assert rows["b2bDirectConnectInbound"].says == "Blocked · all users, all applications · from default"
    assert rows["inboundTrust.isMfaAccepted"].says == "Trusted"
    assert rows["inboundTrust.isHybridAzureADJoinedDeviceAccepted"].says == "Not trusted · from default"
    assert rows["automaticUserConsentSettings.inboundAllowed"].says == "On"


def test_rare_rows() -> None:
    config = {"isServiceProvider": True, "identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}}}
    assert [row.says for row in settings_of(config)][-2:] == ["Allowed", "Yes"]


def test_the_first_look_marks_nothing() -> None:
    pane = SettingsWatch().observe(state(trusted_partner()), [])
    assert (pane.changes.number, dict(pane.changes.was)) == (0, {})
    assert [(card.name, card.domain, card.state_words) for card in pane.partners] == [
        ("Contoso", "contoso.com", "Own settings")
    ]


def test_a_new_partner_by_the_bot() -> None:
    watch = SettingsWatch()
    watch.observe(state(), [])
    pane = watch.observe(state(trusted_partner()), [WRITE])
    assert pane.changes.by == "by the bot"
    assert pane.changes.was[CONTOSO, "inboundTrust.isMfaAccepted"] == "Not trusted · from default"
    assert (CONTOSO, "b2bDirectConnectInbound") not in pane.changes.was


def test_marks_stay_until_the_next_change() -> None:
    watch = SettingsWatch()
    watch.observe(state(trusted_partner()), [])
    watch.observe(state(blocked_partner()), [WRITE])
    still = watch.observe(state(blocked_partner()), [WRITE, WRITE])
    assert still.changes.was[CONTOSO, "inboundTrust.isMfaAccepted"] == "Trusted"
    assert still.partners[0].state_words == "Blocked"
    back = watch.observe(state(trusted_partner()), [WRITE, WRITE])
    assert (back.changes.number, back.changes.by) == (2, "in the portal")


def test_a_removed_partner_is_told_of_once() -> None:
    watch = SettingsWatch()
    watch.observe(state(trusted_partner()), [])
    gone = watch.observe(state(), [WRITE])
    assert [card.state_words for card in gone.partners] == ["Removed: the default applies"]
    changed_default = state()
    changed_default["default"]["inboundTrust"]["isMfaAccepted"] = True
    assert watch.observe(changed_default, [WRITE]).partners == ()

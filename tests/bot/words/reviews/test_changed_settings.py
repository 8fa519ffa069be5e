"""What was changed about a drifted partner: from what was approved to what is there."""

from typing import Any

from bot.words.reviews.changed_settings import changed_settings
from tests.workflows.core.posture.watch.drifts import found
from tests.workflows.core.posture.watch.test_comparison import ALLOW_ALL, BLOCK_ALL

TRUST = {"isMfaAccepted": True, "isCompliantDeviceAccepted": False, "isHybridAzureADJoinedDeviceAccepted": False}


def words(approved: dict[str, Any], current: dict[str, Any], *others: str) -> list[str]:
    settings = (*dict.fromkeys([*approved, *current]), *others)
    return list(changed_settings(found(settings=settings, approved_values=approved, current_values=current)))


def test_a_changed_setting_is_said_with_its_approved_value() -> None:
    assert words({"b2bDirectConnectInbound": BLOCK_ALL}, {"b2bDirectConnectInbound": ALLOW_ALL}) == [
        "➕ Shared channels here: all apps (approved: blocked)"
    ]
    assert words({"inboundTrust": TRUST}, {"inboundTrust": {**TRUST, "isCompliantDeviceAccepted": True}}) == [
        "➕ Accept their compliant devices (approved: no)"
    ]
    assert words({"inboundTrust": TRUST}, {"inboundTrust": {**TRUST, "isMfaAccepted": False}}) == [
        "➖ Do not accept their MFA (approved: yes)"
    ]


def test_what_is_not_stored_has_its_title_only() -> None:
    said = words({"b2bDirectConnectInbound": BLOCK_ALL}, {"b2bDirectConnectInbound": ALLOW_ALL}, "inboundTrust", "x.y")
    assert said[1:] == ["Inbound trust", "x"]
    assert words({}, {}, "inboundTrust") == [], "an alarm of an earlier version"


def test_values_that_cannot_be_compared_say_nothing() -> None:
    assert words({"b2bDirectConnectInbound": ALLOW_ALL}, {"b2bDirectConnectInbound": ALLOW_ALL}) == []
    assert words({"b2bDirectConnectInbound": BLOCK_ALL}, {"b2bDirectConnectInbound": "unknownFutureValue"}) == []

"""Properties that no description contains are accepted only where the object has them already."""

from typing import Any

from bot.sandbox.entra.types.undeclared_properties import split_undeclared, with_undeclared

DECLARED: dict[str, tuple[str, ...] | None] = {"inboundTrust": ("isMfaAccepted",), "tenantId": None}
BEFORE: dict[str, Any] = {
    "tenantId": "t",
    "inboundTrust": {"isMfaAccepted": True, "isPasskeyAccepted": True},
    "crossCloudMeetingConfiguration": {"inboundAllowed": True},
}


def test_what_the_object_has_is_distinguished_from_what_is_declared_and_from_what_is_neither() -> None:
    body = {
        "crossCloudMeetingConfiguration": None,
        "newer": None,
        "inboundTrust": {"isMfaAccepted": False, "isPasskeyAccepted": None, "isNewer": None},
    }
    declared, undeclared = split_undeclared(BEFORE, body, DECLARED)
    assert declared == {"newer": None, "inboundTrust": {"isMfaAccepted": False, "isNewer": None}}
    assert undeclared == {"crossCloudMeetingConfiguration": None, "inboundTrust": {"isPasskeyAccepted": None}}


def test_what_the_object_has_is_merged_one_level_deep() -> None:
    undeclared = {"crossCloudMeetingConfiguration": None, "inboundTrust": {"isPasskeyAccepted": None}}
    after = with_undeclared(
        {**BEFORE, "inboundTrust": {"isMfaAccepted": False, "isPasskeyAccepted": True}}, undeclared, DECLARED
    )
    assert after == {
        "tenantId": "t",
        "inboundTrust": {"isMfaAccepted": False, "isPasskeyAccepted": None},
        "crossCloudMeetingConfiguration": None,
    }

"""Which parts of a template can be left out, and that nothing else is."""

import pytest

from workflows.core.policy.left_out import known_parts, parts_that_open, without_parts
from workflows.core.settings.model import (
    BLOCK_ALL,
    NOBODY,
    AutomaticRedemption,
    B2BSetting,
    Capabilities,
    Capability,
    CapabilityName,
    IdentitySynchronization,
    InboundTrust,
    Property,
    Setting,
)

OPEN = B2BSetting(users_and_groups=None, applications=None)
MFA, DEVICES = "inboundTrust.isMfaAccepted", "inboundTrust.isCompliantDeviceAccepted"
SETTINGS: dict[Property, Setting] = {
    Property.B2B_COLLABORATION_INBOUND: OPEN,
    Property.B2B_COLLABORATION_OUTBOUND: BLOCK_ALL,
    Property.B2B_DIRECT_CONNECT_INBOUND: None,
    Property.INBOUND_TRUST: InboundTrust(mfa=True, compliant_device=True, hybrid_joined_device=False),
    Property.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=True),
    Property.IDENTITY_SYNCHRONIZATION: IdentitySynchronization(is_allowed=True),
}


def test_only_what_gives_access_is_a_part() -> None:
    assert parts_that_open(SETTINGS) == (
        "b2bCollaborationInbound",
        MFA,
        DEVICES,
        "automaticUserConsentSettings.inboundAllowed",
        "identitySynchronization",
    )
    assert parts_that_open({Property.IDENTITY_SYNCHRONIZATION: IdentitySynchronization(is_allowed=False)}) == ()
    assert parts_that_open({Property.INBOUND_TRUST: None}) == ()


def test_a_flag_that_is_left_out_is_not_written_and_the_others_are() -> None:
    left = without_parts(SETTINGS, (DEVICES,))
    assert left[Property.INBOUND_TRUST] == InboundTrust(mfa=True, hybrid_joined_device=False)
    assert {**left, Property.INBOUND_TRUST: None} == {**SETTINGS, Property.INBOUND_TRUST: None}


def test_a_setting_without_a_flag_left_is_not_written_at_all() -> None:
    left = without_parts(SETTINGS, ("automaticUserConsentSettings.inboundAllowed", "identitySynchronization"))
    assert Property.AUTOMATIC_REDEMPTION not in left
    assert Property.IDENTITY_SYNCHRONIZATION not in left


@pytest.mark.parametrize("code", ["b2bCollaborationOutbound", "inboundTrust.isHybridAzureADJoinedDeviceAccepted", "x"])
def test_what_gives_no_access_is_never_left_out(code: str) -> None:
    """Otherwise a block, or a flag that is switched off, could be left out, and access would stay open."""
    assert without_parts(SETTINGS, (code,)) == SETTINGS
    assert known_parts(SETTINGS, (code,)) == ()


def test_known_parts_are_in_the_order_of_the_settings() -> None:
    assert known_parts(SETTINGS, (DEVICES, MFA, MFA, "unknown")) == (MFA, DEVICES)


def test_capabilities_are_one_part() -> None:
    """Otherwise one that is left out would be switched off, instead of staying as it is."""
    on = Capabilities(items=(Capability(name=CapabilityName.FREE_BUSY, people=None),))
    off = Capabilities(items=(Capability(name=CapabilityName.FREE_BUSY, people=NOBODY),))
    assert parts_that_open({Property.M365_CAPABILITIES: on}) == ("m365Capabilities",)
    assert parts_that_open({Property.M365_CAPABILITIES: off}) == ()
    assert without_parts({Property.M365_CAPABILITIES: on}, ["m365Capabilities"]) == {}
    assert without_parts({Property.M365_CAPABILITIES: on}, []) == {Property.M365_CAPABILITIES: on}

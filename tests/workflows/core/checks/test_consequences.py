"""Whether the effect of a change depends on a default that is not known: from the values, never from their words."""

from typing import Any, Final

import pytest

from tests.workflows.core.builders import TENANT
from workflows.core.checks.consequences import Consequence, consequences
from workflows.core.errors.facts import Fact
from workflows.core.plans.plan import Operation, Plan
from workflows.core.settings.block import BLOCK
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import Property

DEPENDS: Final = Fact(Consequence.DEPENDS_ON_DEFAULT)
UNKNOWN: Final = Fact(Consequence.UNKNOWN_VALUES)
TOKENS: Final = Fact(Consequence.TOKENS)
OFFICE: Final = {
    "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
    "applications": {"accessType": "allowed", "targets": [{"target": "Office365", "targetType": "application"}]},
}
HALF: Final = {"usersAndGroups": OFFICE["usersAndGroups"]}
MFA_ONLY: Final = {"isMfaAccepted": True}
ALL_FLAGS: Final = {
    "isMfaAccepted": True,
    "isCompliantDeviceAccepted": True,
    "isHybridAzureADJoinedDeviceAccepted": True,
}
NO_TRUST: Final = dict.fromkeys(ALL_FLAGS, False)


def made(before: dict[str, Any], written: dict[str, Any]) -> Plan:
    return Plan(
        tenant_id=TENANT,
        operations=(
            Operation(method="PATCH", path=f"/policies/crossTenantAccessPolicy/partners/{TENANT}", body=written),
        ),
        before={"tenantId": TENANT, **before},
        template="t",
        template_hash="h",
        duration=None,
    )


@pytest.mark.parametrize(
    ("name", "before", "after", "default", "depends"),
    [
        ("b2bCollaborationInbound", None, OFFICE, None, True),
        ("b2bCollaborationInbound", None, OFFICE, {"b2bCollaborationInbound": OFFICE}, False),
        ("b2bCollaborationInbound", OFFICE, HALF, None, True),
        ("b2bCollaborationInbound", OFFICE, HALF, {"b2bCollaborationInbound": OFFICE}, False),
        ("b2bCollaborationInbound", "an odd value", None, None, True),
        ("b2bCollaborationInbound", "an odd value", HALF, None, True),
        ("b2bCollaborationInbound", "an odd value", OFFICE, None, False),
        ("inboundTrust", ALL_FLAGS, MFA_ONLY, None, True),
        ("inboundTrust", ALL_FLAGS, MFA_ONLY, {"inboundTrust": NO_TRUST}, False),
        ("inboundTrust", "an odd value", None, None, True),
        ("inboundTrust", "an odd value", MFA_ONLY, None, True),
        ("inboundTrust", "an odd value", ALL_FLAGS, None, False),
        ("automaticUserConsentSettings", "an odd value", None, None, False),
        ("automaticUserConsentSettings", "an odd value", {"inboundAllowed": True}, None, False),
        ("aSettingOfTomorrow", None, {"on": True}, None, False),
    ],
)
def test_an_unknown_effect_depends_on_the_default_only_where_something_unknown_is_inherited(
    name: str, before: Any, after: Any, default: JsonObject | None, depends: bool
) -> None:
    found = consequences(made({name: before}, {name: after}), default)
    assert (DEPENDS in found) is depends
    assert (UNKNOWN in found) is (before == "an odd value" or name == "aSettingOfTomorrow")


@pytest.mark.parametrize(
    ("name", "before", "after", "is_told"),
    [
        ("b2bCollaborationInbound", OFFICE, BLOCK[Property.B2B_COLLABORATION_INBOUND], True),
        ("inboundTrust", ALL_FLAGS, NO_TRUST, True),
        ("inboundTrust", None, NO_TRUST, False),
        ("automaticUserConsentSettings", {"inboundAllowed": True}, {"inboundAllowed": False}, True),
    ],
)
def test_tokens_are_told_of_where_something_closes_that_was_not_only_inherited(
    name: str, before: Any, after: Any, is_told: bool
) -> None:
    found = consequences(made({name: before}, {name: after}))
    assert (TOKENS in found) is is_told

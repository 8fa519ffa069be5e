"""A posture separates open access, access that is not known, and closed access without an explicit block."""

from typing import Any, Final

from bot.words.posture.concerns import concern_words
from tests.workflows.core.builders import TENANT, closed_document
from tests.workflows.core.posture.test_posture import ALL, CLOSED_DEFAULT, codes, inputs, judged
from tests.workflows.core.posture.test_record_concerns import REVOKED, kept
from workflows.core.posture.default_posture import default_posture
from workflows.core.posture.model import ConcernSeverity, PartnerPosture
from workflows.core.posture.partner_posture import evaluate_partner
from workflows.core.settings.canonical import JsonObject

EVERYBODY: Final = {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]}
SERVICES: Final = {"m365CollaborationInbound": {"users": EVERYBODY}}
MEETINGS: Final = {"crossCloudMeetingConfiguration": {"inboundAllowed": True}}


def revoked(default: JsonObject | None = CLOSED_DEFAULT, **changes: Any) -> PartnerPosture:
    """Return a partner that is recorded as revoked, with these settings besides its block."""
    return evaluate_partner(TENANT, {**closed_document(), **changes}, None, inputs(default, kept(REVOKED)))


def text(posture: PartnerPosture, code: str) -> str:
    return next(concern_words(one) for one in posture.concerns if one.code == code)


def test_one_reopened_direction_is_the_only_one_that_is_called_open() -> None:
    found = revoked(b2bCollaborationInbound=ALL, b2bDirectConnectInbound=None)
    assert text(found, "revoked_but_open") == (
        "Revoked earlier, but open now: B2B collaboration, inbound (open). Revoke it again."
    )
    assert "B2B direct connect, inbound" in text(found, "revoked_not_explicit")
    assert "B2B collaboration, inbound" not in text(found, "revoked_not_explicit")


def test_a_way_next_to_the_block_is_named_as_open_or_as_not_known() -> None:
    assert text(revoked(**SERVICES), "revoked_but_open") == (
        "Revoked earlier, but open now: Microsoft 365 collaboration, inbound (open). Maybe "
        "also open: Microsoft 365 capabilities (not known). Revoke it again."
    )
    found = revoked(**MEETINGS)
    assert "1 setting that Gatehouse does not know (crossCloudMeetingConfiguration)" in text(found, "revoked_not_known")
    assert [one.severity for one in found.concerns if one.code == "revoked_not_known"] == [ConcernSeverity.WARNING]
    assert not found.is_risk_certain


def test_what_only_an_unread_default_may_open_could_not_be_checked() -> None:
    found = revoked(None)
    assert [one.severity for one in found.concerns if one.code == "revoked_not_known"] == [ConcernSeverity.UNCHECKED]


def test_what_is_open_next_to_the_four_ways_is_named_for_any_partner() -> None:
    own = {"tenantId": TENANT, **SERVICES, **MEETINGS}
    found = judged(own)
    assert {"also_open", "not_known_closed"} <= set(codes(found))
    assert "Microsoft 365 collaboration, inbound (open)" in text(found, "also_open")
    assert "1 setting that Gatehouse does not know (crossCloudMeetingConfiguration)" in text(found, "not_known_closed")


def test_what_the_default_opens_next_to_them_is_named_once_for_the_default() -> None:
    found = default_posture({**CLOSED_DEFAULT, **SERVICES, **MEETINGS})
    by_code = {one.code.value: concern_words(one) for one in found.concerns}
    assert "Microsoft 365 collaboration, inbound (open)" in by_code["default_also_open"]
    assert (
        "1 setting that Gatehouse does not know (crossCloudMeetingConfiguration)" in by_code["default_not_known_closed"]
    )


def test_synchronization_is_not_called_off_while_groups_may_be_synchronized() -> None:
    policy = {"userSyncInbound": {"isSyncAllowed": False}, "groupSyncInbound": {"isSyncAllowed": True}}
    assert judged({"tenantId": TENANT, "identitySynchronization": policy}).synchronization.value is None
    quiet = {**policy, "groupSyncInbound": {"isSyncAllowed": False}}
    assert judged({"tenantId": TENANT, "identitySynchronization": quiet}).synchronization.value is False

"""A revocation closes or names every kind of access; unknown settings neither delay nor undo it."""

from typing import Any

import pytest

from tests.scenarios.stage import CONTOSO, Stage, words
from tests.scenarios.test_request_to_revoke import BLOCKED
from tests.scenarios.test_show_and_close import OPEN, shown

pytestmark = pytest.mark.story

EVERYBODY = {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]}
EVERYTHING = {"accessType": "allowed", "targets": [{"target": "AllApplications", "targetType": "application"}]}
SERVICES = {"m365CollaborationInbound": {"users": EVERYBODY}, "appServiceConnectInbound": {"applications": EVERYTHING}}
MEETINGS = {"crossCloudMeetingConfiguration": {"inboundAllowed": True}}
INVALID = {
    "error": {
        "code": "Request_BadRequest",
        "message": "Invalid property 'crossCloudMeetingConfiguration'.",
        "innerError": {"request-id": "11111111-2222-4333-8444-555555555555"},
    }
}


async def stands(stage: Stage, **settings: Any) -> None:
    """Let Contoso be a partner with these settings, made outside of the bot."""
    answer = await stage.call("PATCH", "graph/state", {"partners": {CONTOSO: {"tenantId": CONTOSO, **settings}}})
    assert answer["ok"], answer


async def told(stage: Stage, user: str = "admin") -> str:
    """What the bot last wrote to somebody."""
    return words((await stage.direct(user))[-1])


async def window(stage: Stage) -> str:
    """What the window of a revocation says."""
    await stage.do("command", user="admin", text="/partner revoke contoso.com")
    await stage.rest()
    view = (await stage.see("views", user="admin"))["views"][-1]
    await stage.do("close", user="admin", view_id=view["id"])
    return words(view)


def is_certainly_blocked(partner: dict[str, Any] | None) -> bool:
    """Return whether all four blocks are set."""
    assert partner is not None
    names = ("b2bCollaborationInbound", "b2bCollaborationOutbound", "b2bDirectConnectInbound")
    return all(partner[name] == BLOCKED for name in (*names, "b2bDirectConnectOutbound"))


async def test_every_way_is_closed_that_can_be_and_then_nothing_is_left(stage: Stage) -> None:
    await stands(stage, **SERVICES, **MEETINGS)
    said = await window(stage)
    assert "Sent last, because Microsoft may refuse it" in said
    assert (await stage.revoke())["errors"] == {}
    partner = await stage.partner()
    assert partner is not None
    assert is_certainly_blocked(partner)
    assert partner["m365CollaborationInbound"]["users"]["accessType"] == "blocked"
    assert partner["appServiceConnectInbound"]["applications"]["accessType"] == "blocked"
    assert partner["crossCloudMeetingConfiguration"] is None
    assert "is blocked (request " in await told(stage)
    assert "blocked (verified" in (await stage.card())["text"]
    assert "contoso.com is blocked already (verified" in await window(stage)
    assert "Nothing: every way in and out is closed." in await shown(stage, "contoso.com")


async def test_what_the_default_opens_is_blocked_for_the_partner(stage: Stage) -> None:
    await stage.call("PATCH", "graph/state", {"default": SERVICES})
    assert (await stage.revoke())["errors"] == {}
    partner = await stage.partner()
    assert partner is not None
    assert is_certainly_blocked(partner)
    assert partner["m365CollaborationInbound"]["users"]["accessType"] == "blocked"
    assert partner["appServiceConnectInbound"]["applications"]["accessType"] == "blocked"
    assert partner["m365CollaborationOutbound"] is None
    assert "is blocked (request " in await told(stage)


async def test_what_the_default_opens_and_no_write_can_close_is_named_everywhere(stage: Stage) -> None:
    await stage.call("PATCH", "graph/state", {"default": MEETINGS})
    said = await window(stage)
    assert "Still open or not known after this" in said
    assert "1 setting that Gatehouse does not know (crossCloudMeetingConfiguration)" in said
    assert (await stage.revoke())["errors"] == {}
    for text in (await told(stage), await stage.read()):
        assert "Still open or not known: 1 setting that Gatehouse does not know." in text
        assert "is blocked (request " not in text
    said = await window(stage)
    assert "already blocked" not in said
    assert "1 setting that Gatehouse does not know (crossCloudMeetingConfiguration)" in said
    said = " ".join((await shown(stage, "contoso.com")).split())
    assert "Not known, so perhaps open: 1 setting that Gatehouse does not know (crossCloudMeetingConfiguration)" in said


async def test_a_refused_optional_write_leaves_the_block_confirmed_and_what_stays_open_named(stage: Stage) -> None:
    await stands(stage, **SERVICES, **MEETINGS, protectedContentSharing={"inboundAllowed": True})
    # The block is the first PATCH; it is taken, and every later one refused.
    slow = {"target": "graph", "method": "PATCH", "times": 1, "delay_seconds": 0.01}
    refused = {"target": "graph", "method": "PATCH", "times": 3, "status": 400, "body": INVALID}
    for fault in (slow, refused):
        await stage.do("faults", **fault)
    assert (await stage.revoke())["errors"] == {}
    assert is_certainly_blocked(await stage.partner())
    patches = [entry for entry in await stage.writes() if entry["method"] == "PATCH"]
    assert [entry["status"] for entry in patches] == [204, 400, 400, 400], "every one was tried"
    card = await stage.card()
    assert "block verified, not everything closed" in card["text"]
    for text in (await told(stage), await stage.read()):
        for name in (
            "Microsoft 365 collaboration, inbound (open)",
            "App Service connect, inbound (open)",
            "2 settings that Gatehouse does not know",
        ):
            assert name in text
        assert "Invalid property 'crossCloudMeetingConfiguration' (400" in text
        assert "is blocked (request " not in text
    listed = await shown(stage, "contoso.com")
    assert "Recorded as revoked, not everything closed" in listed
    # Revoked again, without the fault, the rest is closed.
    assert (await stage.revoke())["errors"] == {}
    assert "is blocked (request " in await told(stage)
    assert "Recorded as revoked." in await shown(stage, "contoso.com")


async def test_the_synchronization_of_groups_is_switched_off_or_named(stage: Stage) -> None:
    policy = {
        "tenantId": CONTOSO,
        "displayName": None,
        "userSyncInbound": {"isSyncAllowed": False},
        "groupSyncInbound": {"isSyncAllowed": True},
    }
    await stands(stage, identitySynchronization=policy)
    assert "Group synchronization into this tenant" in await shown(stage, "contoso.com")
    assert (await stage.revoke())["errors"] == {}
    partner = await stage.partner()
    assert partner is not None
    assert partner["identitySynchronization"]["groupSyncInbound"] == {"isSyncAllowed": False}
    assert "is blocked (request " in await told(stage)
    await stands(stage, identitySynchronization=policy)
    await stage.do("faults", target="graph", method="PATCH", times=1, status=400, body=INVALID)
    assert (await stage.revoke())["errors"] == {}
    assert (
        "Still open or not known: Group synchronization into this tenant (groupSyncInbound) (not known)."
        in await told(stage)
    )


async def test_an_unknown_claim_is_cleared_by_a_revocation_and_restored_by_a_restore(stage: Stage) -> None:
    trust = {"isMfaAccepted": True, "isPasskeyAccepted": True}
    await stands(stage, inboundTrust=trust)
    assert (await stage.revoke())["errors"] == {}
    partner = await stage.partner()
    assert partner is not None
    assert partner["inboundTrust"]["isMfaAccepted"] is False
    assert partner["inboundTrust"]["isPasskeyAccepted"] is None
    assert "is blocked (request " in await told(stage)

    view_id = (await stage.do("command", user="requester", text="/partner restore contoso.com"))["view_id"]
    await stage.rest()
    view = (await stage.see("views", user="requester"))["views"][-1]
    [select] = [block for block in view["blocks"] if block.get("block_id") == "restores"]
    change = select["element"]["options"][0]["value"]
    values = {
        name: {name: value}
        for name, value in {
            "restores": change,
            "justification": "Needed again",
            "sponsor": "requester",
            "duration": "90",
        }.items()
    }
    answer = await stage.do("submit", user="requester", view_id=view_id, values=values)
    assert answer["errors"] == {}, answer
    await stage.rest()
    ts = (await stage.card())["ts"]
    for approver in ("approver1", "approver2", "approver3"):
        await stage.press(approver, "approve", ts)
    partner = await stage.partner()
    assert partner is not None
    assert partner["inboundTrust"]["isMfaAccepted"] is True
    assert partner["inboundTrust"]["isPasskeyAccepted"] is True


async def test_an_unknown_claim_survives_a_request_and_blames_nobody(stage: Stage) -> None:
    await stands(stage, inboundTrust={"isMfaAccepted": None, "isPasskeyAccepted": True}, **MEETINGS)
    ts = await stage.ask()
    for approver in ("approver1", "approver2"):
        await stage.press(approver, "approve", ts)
    # It says something else before the first write: asked again, and nobody is blamed.
    await stage.call(
        "PATCH", "graph/state", {"partners": {CONTOSO: {"protectedContentSharing": {"inboundAllowed": True}}}}
    )
    await stage.press("approver3", "approve", ts)
    card = await stage.read()
    assert "with an effect that is not known: 1 setting that Gatehouse does not know." in card
    assert "Somebody" not in card
    for approver in ("approver1", "approver2", "approver3"):
        await stage.press(approver, "approve", (await stage.card())["ts"])
    partner = await stage.partner()
    assert partner is not None
    assert partner["inboundTrust"]["isMfaAccepted"] is True
    assert partner["inboundTrust"]["isPasskeyAccepted"] is True
    assert partner["crossCloudMeetingConfiguration"] == {"inboundAllowed": True, "outboundAllowed": None} or partner[
        "crossCloudMeetingConfiguration"
    ] == {"inboundAllowed": True}
    assert "active (verified" in (await stage.card())["text"]


async def test_only_the_direction_that_was_reopened_is_called_open(stage: Stage) -> None:
    await stage.open_access()
    assert (await stage.revoke())["errors"] == {}
    await stage.call("PATCH", "graph/state", {"partners": {CONTOSO: {"b2bCollaborationInbound": OPEN}}})
    answer = await shown(stage, "contoso.com")
    assert "Revoked earlier, but open now: B2B collaboration, inbound (open). Revoke it again." in answer
    assert "but not blocked explicitly" not in answer

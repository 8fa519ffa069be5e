"""What an approver sees of the whole configuration: what is inherited, the risk with its reasons, and the checks."""

import pytest

from tests.scenarios.stage import CONTOSO, Stage, words

pytestmark = pytest.mark.story

ALL = {
    "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
    "applications": {"accessType": "allowed", "targets": [{"target": "AllApplications", "targetType": "application"}]},
}


async def shown(stage: Stage, domain: str = "contoso.com") -> str:
    """What `/partner show` answers to an approver."""
    answer = await stage.do("command", user="approver1", text=f"/partner show {domain}")
    messages = (await stage.see("messages", channel="partner-access", user="approver1"))["messages"]
    return words([*answer["ephemeral"], *(m for m in messages if m.get("is_ephemeral"))][-1])


async def test_a_card_says_what_is_inherited_and_decides_what_opens(stage: Stage) -> None:
    """The effect of every change is known when Microsoft's default is known; otherwise the card says so."""
    await stage.ask(template="guest-collaboration")
    card = await stage.read()
    now = "Microsoft's default: everyone from the partner may use every application"
    assert f"B2B collaboration, inbound\nNow: {now} Less access\nAfter: " in card
    assert "may open or narrow" not in card
    assert "Risk of this change: low" in card
    assert "Microsoft Entra ID P1" in card
    said = await shown(stage)
    assert "B2B direct connect, inbound :  blocked for everyone  · from Microsoft's default" in said
    assert "Tenant restrictions" in said

    await stage.do("faults", target="graph", match="crossTenantAccessPolicy/default", times=1000, status=403)
    await stage.ask(template="guest-collaboration", target="fabrikam.com")
    card = await stage.read()
    assert "Not known whether more or less access\nAfter: " in card
    assert "could not be checked" in card.lower()


async def test_a_subsidiary_synchronizes_only_after_its_redemption_and_is_shown_as_such(stage: Stage) -> None:
    """The partner first, its synchronization last, each at its own address; the revocation switches it off."""
    ts = await stage.ask(template="subsidiary-synchronization")
    card = await stage.read()
    assert "Risk of this change: high" in card
    assert "create and change user accounts in this tenant" in card
    assert "provisioning job" in card
    for approver in ("approver1", "approver2", "approver3"):
        assert await stage.press(approver, "approve", ts) == []
    writes = await stage.writes()
    assert [(entry["method"], entry["status"]) for entry in writes] == [("POST", 201), ("PUT", 204)]
    assert writes[1]["path"].endswith(f"/partners/{CONTOSO}/identitySynchronization")
    assert writes[1]["body"] == {"userSyncInbound": {"isSyncAllowed": True}}
    assert "verified" in (await stage.card())["text"]
    assert (await stage.revoke())["errors"] == {}
    assert [entry["method"] for entry in await stage.writes()] == ["POST", "PUT", "PATCH", "PATCH"]
    assert "blocked (verified" in (await stage.card())["text"]


async def test_a_service_provider_is_refused_at_the_field(stage: Stage) -> None:
    """It belongs to a delegated administration relationship; nothing is stored, nothing is written."""
    partner = {"tenantId": CONTOSO, "isServiceProvider": True}
    await stage.call("PATCH", "graph/state", {"partners": {CONTOSO: partner}})
    answer = await stage.fill_in(template="guest-collaboration")
    assert "service provider" in answer["errors"]["target"]
    assert await stage.writes() == []


async def test_what_somebody_else_set_survives_a_change_that_does_not_name_it(stage: Stage) -> None:
    """Only what the plan names is written; undeclared values of the service stay."""
    partner = {"tenantId": CONTOSO, "b2bCollaborationOutbound": ALL, "crossCloudMeetingConfiguration": {"x": True}}
    await stage.call("PATCH", "graph/state", {"partners": {CONTOSO: partner}})
    ts = await stage.ask(template="guest-collaboration")
    assert await stage.press("approver1", "approve", ts) == []
    assert (await stage.writes())[-1]["body"].keys() == {"b2bCollaborationInbound", "inboundTrust"}
    after = await stage.partner()
    assert after is not None
    assert after["crossCloudMeetingConfiguration"] == {"x": True}
